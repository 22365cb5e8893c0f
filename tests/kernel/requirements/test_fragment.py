"""Fragments: the fewest lines, dependencies included, nothing that already holds. Against real kernels: test_real_trees.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig, parse_config
from bringup.kernel.kconfig.source_tree import SourceTree, read_tree
from bringup.kernel.requirements.evidence import Evidence
from bringup.kernel.requirements.fragment import Fragment, make_fragment
from bringup.kernel.requirements.judge import judge, shipped_requirements
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Answer
from bringup.outcome import Outcome

BASE = {
    "MMU": "y",
    "HAVE_DMA_CONTIGUOUS": "y",
    "PROC_FS": "y",
    "SYSFS": "y",
    "ARM64": "y",
    "HAS_DMA": "y",
    "HAS_IOMEM": "y",
}
V6_12 = KernelVersion.parse("6.12.30")


def fragment_of(values: dict[str, str], only: str, evidence: Evidence | None = None) -> Fragment:
    wanted = [requirement for requirement in shipped_requirements() if requirement.id == only]
    config = KernelConfig({**BASE, **values}, "x")
    return make_fragment(config, V6_12, arch="arm64", evidence=evidence, requirements=wanted)


def lines(fragment: Fragment) -> list[str]:
    return [str(line) for line in fragment.lines]


def mine(need: object, **more: object) -> Requirement:
    return Requirement.from_data({"id": "mine", "title": "Mine", "need": need, "why": "x", **more})


def test_dependencies_come_along() -> None:
    fragment = fragment_of({}, only="heaps.cma")
    assert sorted(lines(fragment)) == [
        "CONFIG_CMA=y",
        "CONFIG_DMABUF_HEAPS=y",
        "CONFIG_DMABUF_HEAPS_CMA=y",
        "CONFIG_DMA_CMA=y",
    ]
    because = {line.symbol: line.because for line in fragment.lines}
    assert because == {
        "DMABUF_HEAPS_CMA": "",
        "DMABUF_HEAPS": "DMABUF_HEAPS_CMA",
        "DMA_CMA": "DMABUF_HEAPS_CMA",
        "CMA": "DMA_CMA",
    }


KCONFIG = """\
source "arch/$(SRCARCH)/Kconfig"
config BUS
\ttristate "Bus"
config DRIVER
\ttristate "Driver"
\tdepends on BUS
config SWITCH
\tbool "Switch"
\tdepends on BUS
config OLD
\tbool "Old"
config NEW
\tbool "New"
\tdepends on OLD = n
config HEN
\tbool "Hen"
\tdepends on EGG
config EGG
\tbool "Egg"
\tdepends on HEN
config OMELETTE
\tbool "Omelette"
\tdepends on EGG
"""


@pytest.mark.parametrize(
    ("config", "need", "expected"),
    [
        ("CONFIG_BUS=m", {"DRIVER": "y"}, ["CONFIG_DRIVER=y", "CONFIG_BUS=y"]),
        ("CONFIG_BUS=m", {"DRIVER": "m"}, ["CONFIG_DRIVER=m"]),
        ("CONFIG_BUS=m", {"SWITCH": "y"}, ["CONFIG_SWITCH=y"]),
        ("CONFIG_OLD=y", {"NEW": "y"}, ["CONFIG_NEW=y", "# CONFIG_OLD is not set"]),
        ("CONFIG_DRIVER=y", {"DRIVER": "y"}, ["CONFIG_BUS=y"]),
    ],
    ids=[
        "y needs y",
        "m is enough for m",
        "m is enough for a bool",
        "the other one goes off",
        "the line does not stand",
    ],
)
def test_what_a_symbol_of_the_tree_depends_on_is_set_with_it(
    tmp_path: Path, config: str, need: object, expected: list[str]
) -> None:
    given = parse_config(config, "fragment", complete=False)
    assert lines(make_fragment(given, requirements=[mine(need)], symbols=_tree(tmp_path))) == expected


def test_dependencies_in_a_circle_have_an_end(tmp_path: Path) -> None:
    whole = parse_config("# Linux/arm64 6.12.7 Kernel Configuration\nCONFIG_OMELETTE=y\n", "x", complete=True)
    (verdict,) = judge(whole, requirements=[mine({"OMELETTE": "y"})], symbols=_tree(tmp_path))
    assert verdict.outcome is Outcome.PASS, "nothing that it depends on is written as off"


def _tree(folder: Path) -> SourceTree:
    (folder / "arch/arm64").mkdir(parents=True)
    (folder / "arch/arm64/Kconfig").write_text("config ARM64\n\tdef_bool y\n")
    (folder / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\n")
    (folder / "Kconfig").write_text(KCONFIG)
    return read_tree(folder, "arm64")


def test_nothing_that_holds_is_repeated() -> None:
    assert lines(fragment_of({"DMABUF_HEAPS": "y", "CMA": "y", "DMA_CMA": "y"}, only="heaps.cma")) == [
        "CONFIG_DMABUF_HEAPS_CMA=y"
    ]
    assert lines(fragment_of({"DMABUF_HEAPS": "y"}, only="heaps.framework")) == []


def test_a_module_dependency_is_raised_where_the_symbol_wants_it_built_in() -> None:
    version = KernelVersion.parse("7.2")
    values = {"DMABUF_HEAPS": "y", "ARCH_HAS_MEM_ENCRYPT": "y", "DMABUF_HEAPS_SYSTEM": "m"}
    fragment = make_fragment(
        KernelConfig({**BASE, **values}, "x"), version, requirements=[mine({"DMABUF_HEAPS_SYSTEM_CC_SHARED": "y"})]
    )
    assert lines(fragment) == ["CONFIG_DMABUF_HEAPS_SYSTEM_CC_SHARED=y", "CONFIG_DMABUF_HEAPS_SYSTEM=y"]


def test_a_choice_is_moved_and_says_what_goes_off() -> None:
    values = {"CMA": "y", "DMA_CMA": "y", "CMA_SIZE_SEL_PERCENTAGE": "y", "CMA_SIZE_PERCENTAGE": "0"}
    fragment = make_fragment(
        KernelConfig({**BASE, **values}, "x"), V6_12, arch="arm64", requirements=[mine({"CMA_SIZE_MBYTES": "64.."})]
    )
    assert sorted(lines(fragment)) == [
        "# CONFIG_CMA_SIZE_SEL_PERCENTAGE is not set",
        "CONFIG_CMA_SIZE_MBYTES=64",
        "CONFIG_CMA_SIZE_SEL_MBYTES=y",
    ]
    because = {line.symbol: line.because for line in fragment.lines}
    assert because["CMA_SIZE_SEL_PERCENTAGE"] == "CMA_SIZE_MBYTES"


@pytest.mark.parametrize(
    ("need", "why"),
    [
        ({"DMA_SHARED_BUFFER": "n"}, "CONFIG_DMA_SHARED_BUFFER has no prompt: nobody can switch it off"),
        (
            {"DMABUF_HEAPS": "absent"},
            "CONFIG_DMABUF_HEAPS has to go from the source tree, which no configuration can do",
        ),
    ],
)
def test_what_no_line_can_do_says_why(need: object, why: str) -> None:
    values = {**BASE, "DMABUF_HEAPS": "y", "DMA_SHARED_BUFFER": "y"}
    fragment = make_fragment(KernelConfig(values, "x"), V6_12, requirements=[mine(need)])
    assert lines(fragment) == []
    ((id_, shown),) = fragment.impossible
    assert (id_, shown[: len(why)]) == ("mine", why)


def test_of_several_ways_the_shortest() -> None:
    need = {"any": [{"DMABUF_HEAPS_CMA": "y"}, {"UDMABUF": "y"}]}
    fragment = make_fragment(
        KernelConfig({**BASE, "DMA_SHARED_BUFFER": "y", "MEMFD_CREATE": "y"}, "x"), V6_12, requirements=[mine(need)]
    )
    assert lines(fragment) == ["CONFIG_UDMABUF=y"]


def test_what_has_no_prompt_comes_through_who_selects_it() -> None:
    fragment = make_fragment(KernelConfig(BASE, "x"), V6_12, requirements=[mine({"DMA_SHARED_BUFFER": "y"})])
    assert lines(fragment) in (["CONFIG_DMABUF_HEAPS=y"], ["CONFIG_SYNC_FILE=y"])


def test_what_a_requirement_switches_on_is_judged_again() -> None:
    """CMA brings the requirements about its size along; x86 has none by default."""
    values = {**BASE, "X86": "y"}
    del values["ARM64"]
    wanted = [one for one in shipped_requirements() if one.id.startswith("cma.")]
    fragment = make_fragment(KernelConfig(values, "x"), V6_12, arch="x86", requirements=wanted)
    assert "CONFIG_CMA_SIZE_MBYTES=16" in lines(fragment)
    arm = make_fragment(KernelConfig(BASE, "x"), V6_12, arch="arm64", requirements=wanted)
    assert "CONFIG_CMA_SIZE_MBYTES=16" not in lines(arm)


def test_switching_off() -> None:
    evidence = Evidence(is_user_build=True)
    fragment = fragment_of({"DMABUF_DEBUG": "y"}, only="debug.dmabuf-debug", evidence=evidence)
    assert lines(fragment) == ["# CONFIG_DMABUF_DEBUG is not set"]


@pytest.mark.parametrize(
    ("need", "version", "why"),
    [
        ({"DMABUF_HEAPS_SYSTEM_CC_SHARED": "y", "DMABUF_HEAPS": "y"}, "6.12", "exists in kernels 7.2.."),
        ({"MMU": "n"}, "6.12", "no prompt"),
        ({"DMABUF_HEAPS": "y", "DMA_SHARED_BUFFER": "n"}, "6.12", "no prompt"),
        ({"all": [{"CMA": "y"}, {"CMA": "n"}]}, "6.12", "would have to be"),
        ({"ION": "absent"}, "6.12", "has to go from the source tree"),
    ],
)
def test_what_no_line_can_fix_says_why(need: object, version: str, why: str) -> None:
    config = KernelConfig({**BASE, "ION": "n"}, "x")
    fragment = make_fragment(config, KernelVersion.parse(version), requirements=[mine(need)])
    assert fragment.impossible[0][0] == "mine"
    assert why in fragment.impossible[0][1]


def test_what_is_off_without_any_reason_cannot_be_fixed() -> None:
    """A configuration in which HAS_DMA is off on a machine that has DMA is damaged; no line makes it whole."""
    config = KernelConfig({"DMABUF_HEAPS": "y", "TEE": "y"}, "x")
    fragment = make_fragment(config, KernelVersion.parse("6.18"), requirements=[mine({"TEE_DMABUF_HEAPS": "y"})])
    assert "although everything that it depends on holds" in fragment.impossible[0][1]


def test_a_module_that_is_not_loaded_is_not_fixed_by_lines() -> None:
    config = KernelConfig({"DMABUF_HEAPS": "y", "DMABUF_HEAPS_SYSTEM": "n"}, "x")
    fragment = make_fragment(
        config,
        V6_12,
        Flavour.GKI,
        evidence=Evidence.of(heaps=[]),
        requirements=[one for one in shipped_requirements() if one.id == "heaps.system"],
    )
    assert (fragment.lines, fragment.impossible) == ((), ())


def test_an_unknown_symbol_of_ones_own_is_simply_set() -> None:
    fragment = make_fragment(KernelConfig(BASE, "x"), V6_12, requirements=[mine({"MY_DRIVER": ["m"]})])
    assert lines(fragment) == ["CONFIG_MY_DRIVER=m"]


def test_only_what_is_required() -> None:
    fragment = make_fragment(KernelConfig(BASE, "x"), V6_12, arch="arm64", outcomes=frozenset({Outcome.FAIL}))
    assert lines(fragment) == ["CONFIG_DMABUF_HEAPS=y", "CONFIG_DMABUF_HEAPS_SYSTEM=y"]


def test_the_text_is_ready_to_merge() -> None:
    text = fragment_of({}, only="heaps.cma").text()
    assert text.splitlines()[0] == "# heaps.cma"
    again = parse_config(text, "fragment", complete=False)
    assert again.get("DMABUF_HEAPS_CMA") == "y"


_SYMBOLS = ["DMABUF_HEAPS", "DMABUF_HEAPS_SYSTEM", "DMABUF_HEAPS_CMA", "CMA", "DMA_CMA", "CMA_SYSFS", "SYNC_FILE", "IKCONFIG", "IKCONFIG_PROC", "DMABUF_SYSFS_STATS", "DMABUF_DEBUG", "CMA_DEBUGFS", "TEE", "UDMABUF", "BPF_SYSCALL"]  # fmt: skip
_configs = st.dictionaries(st.sampled_from(_SYMBOLS), st.sampled_from(["y", "n"]))
_versions = st.sampled_from(["5.10.1", "6.1.1", "6.12.1", "6.17.1", "6.18.1", "6.19.1", "7.1.1", "7.2.1", "7.3.1"])


@settings(deadline=None, max_examples=60)
@given(_configs, _versions, st.sampled_from([Flavour.MAINLINE, Flavour.GKI]), st.booleans())
def test_a_fragment_makes_everything_hold_and_no_line_is_idle(
    values: dict[str, str], release: str, flavour: Flavour, user_build: bool
) -> None:
    version = KernelVersion.parse(release)
    config = KernelConfig({**BASE, **values}, "x")
    evidence = Evidence(is_user_build=user_build)
    fragment = make_fragment(config, version, flavour, "arm64", evidence)
    whole = {line.symbol: line.value for line in fragment.lines}
    given_up = {requirement for requirement, _ in fragment.impossible}
    assert not _wrong(config, whole, version, flavour, evidence) - given_up
    for symbol, value in whole.items():
        assert config.values.get(symbol) != value, f"CONFIG_{symbol} already was {value}"


def _wrong(
    config: KernelConfig, lines: dict[str, str], version: KernelVersion, flavour: Flavour, evidence: Evidence
) -> set[str]:
    from bringup.kernel.requirements.fragment import _settled
    from bringup.kernel.requirements.judge import Subject
    from bringup.kernel.requirements.planning import Plan

    kernel = Subject.of(config, version, flavour, "arm64").kernel
    merged = _settled(config, kernel, Plan(lines, {}), shipped_requirements())
    verdicts = judge(replace(merged, version=version), version, flavour, "arm64", evidence)
    return {
        one.id for one in verdicts if one.answer is Answer.SET_WRONG and one.outcome in {Outcome.FAIL, Outcome.WARN}
    }

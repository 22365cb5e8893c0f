"""Verdicts: four answers that are never confused, and evidence that stands in for a symbol."""

from __future__ import annotations

import msgspec
import pytest

from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig, parse_config
from bringup.kernel.requirements.evidence import Evidence, Unseen
from bringup.kernel.requirements.judge import judge, shipped_requirements
from bringup.kernel.requirements.requirement import Need, Requirement, SymbolNeed
from bringup.kernel.requirements.verdict import Answer, KconfigVerdict
from bringup.kernel.sources.modules_load import module_name
from bringup.outcome import Outcome

GKI = "6.1.75-android14-11-g0123456789ab"


def config_of(*lines: str, complete: bool = True) -> KernelConfig:
    text = "".join(f"# CONFIG_{line[1:]} is not set\n" if line[0] == "!" else f"CONFIG_{line}\n" for line in lines)
    return parse_config(text, "x", complete=complete)


def one(
    name: str,
    config: KernelConfig | None,
    release: str | None,
    evidence: Evidence | None = None,
    flavour: Flavour | None = None,
    arch: str | None = None,
) -> KconfigVerdict:
    version = KernelVersion.parse(release) if release else None
    wanted = [requirement for requirement in shipped_requirements() if requirement.id == name]
    (verdict,) = judge(config, version, flavour, arch, evidence, requirements=wanted)
    return verdict


def mine(need: object, **more: object) -> Requirement:
    return Requirement.from_data({"id": "mine", "title": "Mine", "need": need, "why": "x", **more})


def test_set_right() -> None:
    verdict = one("heaps.framework", config_of("DMABUF_HEAPS=y"), "6.12")
    assert (verdict.outcome, verdict.answer) == (Outcome.PASS, Answer.HOLDS)
    assert verdict.satisfied_by == "CONFIG_DMABUF_HEAPS=y"


@pytest.mark.parametrize("line", ["!DMABUF_HEAPS", "OTHER=y"])
def test_set_wrong(line: str) -> None:
    verdict = one("heaps.framework", config_of(line), "6.12")
    assert (verdict.outcome, verdict.answer) == (Outcome.FAIL, Answer.SET_WRONG)
    assert verdict.cause is not None
    assert verdict.cause.id == "kconfig.heaps-off"
    assert verdict.remedy == ("CONFIG_DMABUF_HEAPS=y",)


def test_does_not_exist_in_this_kernel_version() -> None:
    verdict = one("heaps.system", config_of("OTHER=y"), "4.14.190")
    assert (verdict.outcome, verdict.answer) == (Outcome.SKIP, Answer.NO_SUCH_SYMBOL)
    assert verdict.reason == "CONFIG_DMABUF_HEAPS_SYSTEM exists in kernels 5.6..; this is 4.14.190"


def test_a_symbol_that_the_configuration_names_exists_whatever_its_history_says() -> None:
    backported = one("heaps.framework", config_of("DMABUF_HEAPS=y"), "4.14.190")
    assert backported.answer is Answer.HOLDS
    switched_off = one("heaps.framework", config_of("!DMABUF_HEAPS"), "4.14.190")
    assert switched_off.answer is Answer.SET_WRONG


def test_the_android_tree_of_that_version_may_have_it() -> None:
    gone = one("heaps.framework", config_of("ANDROID_VENDOR_HOOKS=y"), "5.4.289")
    assert (gone.outcome, gone.answer) == (Outcome.FAIL, Answer.NO_SUCH_SYMBOL)
    part = one("heaps.framework", config_of("ANDROID_VENDOR_HOOKS=y", complete=False), "5.4.289")
    assert (part.outcome, part.answer) == (Outcome.FAIL, Answer.SET_WRONG)


def test_config_not_readable() -> None:
    verdict = one("sharing.sync-file", None, "6.12", flavour=Flavour.MAINLINE)
    assert (verdict.outcome, verdict.answer) == (Outcome.ERROR, Answer.UNREADABLE)
    assert verdict.reason is not None


def test_a_node_speaks_for_a_configuration_that_cannot_be_read() -> None:
    verdict = one("heaps.system", None, "6.12", Evidence.of(heaps=["system"]))
    assert (verdict.outcome, verdict.satisfied_by) == (Outcome.PASS, "/dev/dma_heap/system is there")


def test_a_missing_node_says_nothing_about_a_configuration_that_cannot_be_read() -> None:
    verdict = one("heaps.system", None, "6.12", Evidence.of(heaps=["reserved"]))
    assert (verdict.outcome, verdict.answer) == (Outcome.ERROR, Answer.UNREADABLE)


def test_present_but_unproven() -> None:
    verdict = one("heaps.system", config_of("DMABUF_HEAPS_SYSTEM=m"), "7.2")
    assert (verdict.outcome, verdict.answer) == (Outcome.WARN, Answer.UNPROVEN)
    assert "builds a module" in (verdict.reason or "")
    assert "system_heap.ko" in verdict.remedy[0]


@pytest.mark.parametrize(
    ("evidence", "by"),
    [
        (Evidence.of(modules=["system_heap"]), "module system_heap is in /proc/modules"),
        (Evidence.of(heaps=["system"]), "/dev/dma_heap/system is there"),
        (Evidence.of(modules_load=["kernel/drivers/dma-buf/heaps/system_heap.ko"]), "modules.load lists system_heap"),
    ],
)
def test_a_module_is_proven(evidence: Evidence, by: str) -> None:
    verdict = one("heaps.system", config_of("DMABUF_HEAPS_SYSTEM=m"), "7.2", evidence)
    assert (verdict.outcome, verdict.satisfied_by) == (Outcome.PASS, by)


def test_a_module_that_is_not_loaded_and_gives_no_node_fails() -> None:
    evidence = Evidence.of(modules=["other"], modules_load=["system_heap.ko"], heaps=["reserved"])
    verdict = one("heaps.system", config_of("DMABUF_HEAPS_SYSTEM=m"), "7.2", evidence)
    assert (verdict.outcome, verdict.answer) == (Outcome.FAIL, Answer.SET_WRONG)
    assert verdict.cause is not None
    assert verdict.cause.id == "kconfig.module-not-loaded"
    assert "though modules.load lists it" in verdict.cause.text


def test_a_module_that_is_not_loaded_where_nodes_are_not_known_is_unproven() -> None:
    verdict = one("heaps.system", config_of("DMABUF_HEAPS_SYSTEM=m"), "7.2", Evidence.of(modules=["other"]))
    assert (verdict.outcome, verdict.answer) == (Outcome.WARN, Answer.UNPROVEN)


def test_built_in_and_yet_no_node_is_another_kernels_configuration() -> None:
    verdict = one("heaps.system", config_of("DMABUF_HEAPS_SYSTEM=y"), "6.12", Evidence.of(heaps=[]))
    assert (verdict.outcome, verdict.answer) == (Outcome.WARN, Answer.UNPROVEN)
    assert "is this the configuration of the kernel that runs?" in (verdict.reason or "")


def test_on_gki_unset_is_right_and_the_module_decides() -> None:
    unset = config_of("ANDROID_VENDOR_HOOKS=y", "DMABUF_HEAPS=y", "!DMABUF_HEAPS_SYSTEM")
    assert one("heaps.system", unset, GKI).answer is Answer.UNPROVEN
    listed = one("heaps.system", unset, GKI, Evidence.of(modules_load=["system-heap.ko"]))
    assert (listed.outcome, listed.satisfied_by) == (Outcome.PASS, "modules.load lists system_heap")
    loaded = one("heaps.system", unset, GKI, Evidence.of(modules=["system_heap"], modules_load=[]))
    assert loaded.outcome is Outcome.PASS
    absent = one("heaps.system", unset, GKI, Evidence.of(heaps=["qcom,qseecom"], modules=["x"]))
    assert absent.outcome is Outcome.FAIL
    node = one("heaps.system", unset, GKI, Evidence.of(heaps=["system"], modules=["qcom_dma_heaps"]))
    assert (node.outcome, node.satisfied_by) == (Outcome.PASS, "/dev/dma_heap/system is there")


def test_on_mainline_unset_is_wrong() -> None:
    verdict = one("heaps.system", config_of("DMABUF_HEAPS=y", "!DMABUF_HEAPS_SYSTEM"), "6.1.75")
    assert verdict.outcome is Outcome.FAIL


def test_why_a_symbol_cannot_be_set_is_reported() -> None:
    verdict = one("heaps.cma", config_of("DMABUF_HEAPS=y", "!CMA"), "6.12")
    because = "CONFIG_DMABUF_HEAPS_CMA depends on DMA_CMA, which does not hold"
    assert because in verdict.evidence
    off = config_of("DMABUF_HEAPS=y", "!CMA")
    for accepted in ("y", "m"):
        (other,) = judge(off, KernelVersion(7, 2), requirements=[mine({"DMABUF_HEAPS_CMA": accepted})])
        assert because in other.evidence
    (number,) = judge(off, KernelVersion(7, 2), requirements=[mine({"DMABUF_HEAPS_CMA": "64"})])
    assert because not in number.evidence


def test_a_size_from_the_command_line_counts() -> None:
    config = config_of("CMA=y", "DMA_CMA=y", "CMA_SIZE_MBYTES=0")
    assert one("cma.size", config, "6.12").outcome is Outcome.WARN
    told = one("cma.size", config, "6.12", Evidence.of(cmdline="quiet cma=256M"))
    assert (told.outcome, told.satisfied_by) == (Outcome.PASS, "the kernel command line has cma=256M")
    measured = one("cma.size", config, "6.12", Evidence.of(cma_total=64 << 20))
    assert measured.satisfied_by == "CmaTotal in /proc/meminfo is 65536 kB"


def test_a_command_line_can_undo_a_right_size() -> None:
    config = config_of("CMA=y", "DMA_CMA=y", "CMA_SIZE_MBYTES=64")
    verdict = one("cma.size", config, "6.12", Evidence.of(cmdline="cma=0"))
    assert (verdict.outcome, verdict.answer) == (Outcome.WARN, Answer.UNPROVEN)
    assert one("cma.size", config, "6.12", Evidence.of(cmdline="cma=0 cma=32M")).outcome is Outcome.PASS


def test_numbers_are_compared_as_numbers() -> None:
    assert one("cma.areas", config_of("CMA=y", "CMA_AREAS=19"), "6.12").outcome is Outcome.PASS
    assert one("cma.areas", config_of("CMA=y", "CMA_AREAS=0x13"), "6.12").outcome is Outcome.PASS
    assert one("cma.areas", config_of("CMA=y", "CMA_AREAS=2"), "6.12").outcome is Outcome.WARN
    assert one("cma.areas", config_of("CMA=y", 'CMA_AREAS="19"'), "6.12").outcome is Outcome.WARN


def test_the_text_y_is_not_the_tristate_y() -> None:
    (verdict,) = judge(config_of('A="y"'), requirements=[mine({"A": "y"})])
    assert verdict.outcome is Outcome.FAIL
    (verdict,) = judge(config_of('A="board"'), requirements=[mine({"A": "board"})])
    assert verdict.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("lines", "wanted", "holds"),
    [
        (["B=y"], "n", True),
        (["!A"], "n", True),
        (["A=y"], "n", False),
        (["B=y"], "absent", True),
        (["!A"], "absent", False),
        (["!A"], ["m", "n"], True),
    ],
)
def test_off_and_absent(lines: list[str], wanted: object, holds: bool) -> None:
    (verdict,) = judge(config_of(*lines), requirements=[mine({"A": wanted})])
    assert (verdict.outcome is Outcome.PASS) is holds


def test_any_of_holds_by_one_and_fails_by_all() -> None:
    need = {"any": [{"A": "y"}, {"B": "1..4"}]}
    assert judge(config_of("B=3"), requirements=[mine(need)])[0].satisfied_by == "CONFIG_B=3"
    (verdict,) = judge(config_of("!A", "B=9"), requirements=[mine(need)])
    assert verdict.evidence == ("# CONFIG_A is not set", "CONFIG_B=9")
    assert verdict.cause is not None
    assert verdict.cause.text == "wanted CONFIG_A=y or CONFIG_B=1..4: x"


def test_asked_only_on_user_builds() -> None:
    config = config_of("DMABUF_DEBUG=y")
    assert one("debug.dmabuf-debug", config, "6.12", Evidence(is_user_build=True)).outcome is Outcome.FAIL
    assert one("debug.dmabuf-debug", config, "6.12", Evidence(is_user_build=False)).answer is Answer.NOT_ASKED
    assert one("debug.dmabuf-debug", config, "6.12").answer is Answer.UNPROVEN
    assert one("debug.dmabuf-debug", config_of("!DMABUF_DEBUG"), "6.12").outcome is Outcome.PASS


def test_informative_never_fails() -> None:
    verdict = one("sharing.udmabuf", config_of("!UDMABUF"), "6.12")
    assert (verdict.outcome, verdict.answer) == (Outcome.SKIP, Answer.SET_WRONG)
    assert verdict.reason == "for information: nothing is asked"


def test_asked_of_other_kernels_only() -> None:
    assert "asked of kernels 6.17..6.18 only" in (one("heaps.cma-legacy-name", config_of("A=y"), "6.12").reason or "")
    assert "asked of gki or vendor kernels" in (one("ikconfig.android", config_of("A=y"), "6.12").reason or "")
    arch_only = mine({"A": "y"}, arch=["arm64"])
    assert judge(config_of("B=y"), arch="x86", requirements=[arch_only])[0].answer is Answer.NOT_ASKED
    assert judge(config_of("B=y"), arch="arm64", requirements=[arch_only])[0].outcome is Outcome.FAIL


@pytest.mark.parametrize("requirement", ["ikconfig.android", "sharing.sync-file-android"])
def test_what_android_requires_is_not_asked_of_a_vendors_kernel_without_android(requirement: str) -> None:
    other = one(requirement, config_of("!ANDROID", "!IKCONFIG", "!SYNC_FILE"), "5.10.61", flavour=Flavour.VENDOR)
    assert other.answer is Answer.NOT_ASKED
    assert "here # CONFIG_ANDROID is not set" in (other.reason or "")
    android = one(requirement, config_of("ANDROID=y", "!IKCONFIG", "!SYNC_FILE"), "5.10.61", flavour=Flavour.VENDOR)
    assert android.outcome is Outcome.FAIL


@pytest.mark.parametrize(("complete", "version"), [(True, "6.6.30"), (False, "5.10.61"), (False, None)])
def test_a_configuration_that_does_not_speak_of_android_is_asked(complete: bool, version: str | None) -> None:
    config = config_of("!SYNC_FILE", complete=complete)
    verdict = one("sharing.sync-file-android", config, version, flavour=Flavour.VENDOR)
    assert verdict.outcome is (Outcome.FAIL if version else Outcome.ERROR)


def test_an_unknown_version_is_an_error_where_it_matters_and_only_there() -> None:
    narrow = one("heaps.cma-legacy-name", config_of("DMABUF_HEAPS_CMA=y"), None)
    assert (narrow.outcome, narrow.answer) == (Outcome.ERROR, Answer.VERSION_UNKNOWN)
    assert one("heaps.framework", config_of("DMABUF_HEAPS=y"), None).outcome is Outcome.PASS
    assert one("heaps.framework", config_of("OTHER=y"), None).outcome is Outcome.FAIL


def test_what_a_fragment_does_not_mention_has_its_default() -> None:
    fragment = config_of("DMA_CMA=y", "CMA=y", complete=False)
    verdict = one("cma.size", fragment, "6.12", arch="arm64")
    assert verdict.outcome is Outcome.PASS
    assert "(default 16)" in verdict.evidence[0]
    off = one("heaps.framework", fragment, "6.12")
    assert (off.outcome, off.evidence[0]) == (Outcome.FAIL, "CONFIG_DMABUF_HEAPS is not mentioned (default n)")


def test_a_number_that_a_fragment_makes_invisible_is_off() -> None:
    fragment = config_of("!CMA", complete=False)
    for accepted, outcome in ((["n", "64.."], Outcome.PASS), ("64..", Outcome.FAIL)):
        (verdict,) = judge(fragment, KernelVersion(6, 12), requirements=[mine({"CMA_SIZE_MBYTES": accepted})])
        assert (verdict.outcome, verdict.evidence[0]) == (
            outcome,
            "CONFIG_CMA_SIZE_MBYTES is not mentioned (default n)",
        )


def test_what_is_unknown_of_a_fragment_is_unproven() -> None:
    (verdict,) = judge(config_of("A=y", complete=False), requirements=[mine({"NOBODY_KNOWS": "y"})])
    assert (verdict.outcome, verdict.answer) == (Outcome.WARN, Answer.UNPROVEN)


@pytest.mark.parametrize(
    ("name", "lines", "kernel", "answer"),
    [
        # 8, or 20 with NUMA: both are enough. A size of 0, or of 16: it depends on the architecture.
        ("cma.areas", ["CMA=y"], "6.12", Answer.HOLDS),
        ("cma.size", ["CMA=y", "DMA_CMA=y"], "6.12", Answer.UNPROVEN),
        # In 7.3-rc7 the default is on with DEBUG_KERNEL, in 7.3.4 it is not.
        ("debug.dmabuf-debug", ["EXPERT=y"], "7.3.0", Answer.UNPROVEN),
        ("debug.dmabuf-debug", ["EXPERT=y"], "7.2.12", Answer.HOLDS),
        ("debug.dmabuf-debug", ["!DEBUG_KERNEL"], "7.3.0", Answer.HOLDS),
    ],
)
def test_a_default_that_is_not_known_is_never_taken_for_one(
    name: str, lines: list[str], kernel: str, answer: Answer
) -> None:
    assert one(name, config_of(*lines, complete=False), kernel, Evidence.of(is_user_build=True)).answer is answer


def test_every_requirement_has_a_configuration_that_passes_and_one_that_does_not() -> None:
    """Each shipped requirement on its own terms: its own kernel and flavour, with what it wants and without."""
    for requirement in shipped_requirements():
        series = requirement.kernel.first or requirement.kernel.last or (6, 12)
        version = KernelVersion(*series)
        flavour = min(requirement.flavours) if requirement.flavours else Flavour.MAINLINE
        if requirement.id.startswith("vendor."):
            flavour = Flavour.VENDOR
        evidence = Evidence(is_user_build=True)
        right, wrong = dict(_when(requirement)), dict(_when(requirement))
        for wanted in _wanted(requirement.need):
            value: str | None = next((value for value in ("y", "n") if value in wanted.values), None)
            if value is None:
                value = str(wanted.ranges[0][0]) if wanted.ranges else None
            if value is not None:
                right[wanted.symbol] = value
            if wanted.symbol not in _when(requirement):
                wrong[wanted.symbol] = {"y": "n", "n": "y"}.get(value or "y", "0")
        (good,) = judge(KernelConfig(right, "x"), version, flavour, None, evidence, requirements=[requirement])
        assert good.outcome is Outcome.PASS, (requirement.id, good)
        if wrong == _when(requirement):
            continue  # the vendors' own: they only say what is there
        (bad,) = judge(KernelConfig(wrong, "x"), version, flavour, None, evidence, requirements=[requirement])
        assert bad.outcome is not Outcome.PASS, (requirement.id, bad)
        assert bad.answer is Answer.SET_WRONG, (requirement.id, bad)


def _wanted(need: Need) -> list[SymbolNeed]:
    return [need] if isinstance(need, SymbolNeed) else [symbol for part in need.parts for symbol in _wanted(part)]


def _when(requirement: Requirement) -> dict[str, str]:
    return {} if requirement.when is None else {one.symbol: "y" for one in _wanted(requirement.when)}


def test_a_verdict_as_json_has_the_common_fields() -> None:
    document = msgspec.to_builtins(one("heaps.system", config_of("!DMABUF_HEAPS_SYSTEM"), "6.12"))
    assert document["id"] == "heaps.system"
    assert document["outcome"] == "fail"
    assert document["heap"] == "system"
    assert document["cause"] == {
        "id": "kconfig.system-heap-off",
        "text": "DMABUF_HEAPS_SYSTEM is off, and nothing else is known to provide /dev/dma_heap/system",
    }
    assert "reason" not in document


@pytest.mark.parametrize("entry", ["system_heap.ko", "kernel/drivers/dma-buf/heaps/system-heap.ko.zst", "system_heap"])
def test_modules_have_one_spelling(entry: str) -> None:
    assert module_name(entry) == "system_heap"


def test_what_a_lost_board_may_have_in_spite_of_its_configuration_is_unknown() -> None:
    config, cut_off = config_of("!DMABUF_HEAPS", "!IKCONFIG"), Evidence.of(lost_before=[Unseen.HEAPS])
    verdict = one("heaps.framework", config, "6.12", cut_off)
    assert (verdict.outcome, verdict.answer, verdict.cause) == (Outcome.ERROR, Answer.UNPROVEN, None)
    assert "before its heaps were listed" in str(verdict.reason)
    assert one("heaps.framework", config, "6.12", Evidence.of(heaps=())).outcome is Outcome.FAIL
    assert one("heaps.framework", config, "6.12", Evidence.of(heaps=("system",))).outcome is Outcome.PASS
    unproven = next(entry for entry in shipped_requirements() if not entry.proofs and entry.id.startswith("ikconfig"))
    assert one(unproven.id, config, "6.12", cut_off).outcome == one(unproven.id, config, "6.12").outcome
    right = config_of("DMABUF_HEAPS=y", "DMABUF_HEAPS_SYSTEM=y")
    assert one("heaps.system", right, "6.12").outcome is Outcome.PASS
    assert one("heaps.system", right, "6.12", cut_off).outcome is Outcome.ERROR, "it may be another kernel's"


def test_information_that_a_lost_board_did_not_give_is_not_missed() -> None:
    cut_off = Evidence.of(lost_before=[Unseen.HEAPS])
    for severity, outcome in (("informative", Outcome.SKIP), ("recommended", Outcome.ERROR)):
        asked = mine({"DMABUF_HEAPS": "y"}, severity=severity, proof=[{"node": "system"}])
        (verdict,) = judge(config_of("!DMABUF_HEAPS"), evidence=cut_off, requirements=[asked])
        assert (verdict.outcome, verdict.answer) == (outcome, Answer.UNPROVEN)


def test_whether_a_lost_board_has_a_user_build_is_unknown() -> None:
    lost = Evidence.of(heaps=("system",), lost_before=[Unseen.PROPERTIES])
    verdict = one("debug.dmabuf-debug", config_of("!DMABUF_DEBUG"), "6.12", lost)
    assert verdict.outcome is Outcome.ERROR
    assert "before its properties were read" in str(verdict.reason)


@pytest.mark.parametrize(
    ("name", "cmdline", "value"),
    [
        ("cma", None, None),
        ("cma", "quiet cma", None),
        ("cma", "xcma=64M cma.x=1", None),
        ("cma", "cma=64M quiet cma=0 cma", "0"),
        ("root", "quiet root=PARTUUID=1-02 ro", "PARTUUID=1-02"),
    ],
)
def test_the_last_value_of_a_parameter_counts(name: str, cmdline: str | None, value: str | None) -> None:
    assert Evidence(cmdline=cmdline).parameter(name) == value

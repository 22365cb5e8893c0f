"""Configurations as people have them: what was reported in public, made anew in its facts.

Each case carries where it was seen. What is judged is the kind: belief in lines, trees that differ, vendors' modules.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.errors import ConfigError
from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig, parse_config
from bringup.kernel.kconfig.source_tree import read_tree
from bringup.kernel.kconfig.tree_check import check_against_tree
from bringup.kernel.requirements.check import CheckOptions, KconfigCheck, check_source, fragment_for
from bringup.kernel.requirements.evidence import Evidence
from bringup.kernel.requirements.verdict import Answer, KconfigVerdict
from bringup.kernel.sources.source import Source, SourceKind, config_from_bytes
from bringup.outcome import Outcome
from tests.support.kernel.source_tree import SOURCE_TREE

GKI = "IKCONFIG=y IKCONFIG_PROC=y ANDROID_VENDOR_HOOKS=y GKI_HACKS_TO_FIX=y CMA=y CMA_DEBUGFS=y CMA_AREAS=16 DMA_CMA=y DMABUF_HEAPS=y DMABUF_HEAPS_DEFERRED_FREE=y DMABUF_HEAPS_PAGE_POOL=y DMABUF_SYSFS_STATS=y SYNC_FILE=y"  # fmt: skip
ARM64 = (
    "ARM64=y IKCONFIG=y IKCONFIG_PROC=y CMA=y DMA_CMA=y CMA_AREAS=7 CMA_SIZE_MBYTES=16 DMA_SHARED_BUFFER=y SYNC_FILE=y"
)


def config_of(words: str, head: str | None = None) -> KernelConfig:
    """``A=y !B`` as lines; a whole configuration with the head comment of that release, else a fragment."""
    lines = (f"# CONFIG_{word[1:]} is not set" if word[0] == "!" else f"CONFIG_{word}" for word in words.split())
    top = f"# Linux/arm64 {head} Kernel Configuration\n" if head else ""
    return config_from_bytes((top + "".join(f"{line}\n" for line in lines)).encode(), "config")


UNSEEN = Evidence()


def options(release: str | None = None, flavour: Flavour | None = None, evidence: Evidence = UNSEEN) -> CheckOptions:
    version = KernelVersion.parse(release) if release else None
    return CheckOptions(version, flavour, "arm64", evidence)


def source(config: KernelConfig) -> Source:
    return Source("config", SourceKind.CONFIG, config)


def checked(
    config: KernelConfig, release: str | None = None, flavour: Flavour | None = None, seen: Evidence = UNSEEN
) -> KconfigCheck:
    return check_source(source(config), options(release, flavour, seen))


def verdict(check: KconfigCheck, name: str) -> KconfigVerdict:
    return next(verdict for verdict in check.verdicts if verdict.id == name)


def lines(config: KernelConfig, release: str | None = None, flavour: Flavour | None = None) -> list[str]:
    return [str(line) for line in fragment_for(source(config), options(release, flavour)).lines]


# -- a line is believed only where its type and its dependencies let it stand ---------------------------------------


def test_a_line_whose_dependency_is_off_is_dropped() -> None:
    """qualcomm-linux/kernel-topics#193, #751, #1452: DMABUF_HEAPS_CMA without DMA_CMA."""
    part = config_of("IKCONFIG=y IKCONFIG_PROC=y DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=y DMABUF_HEAPS_CMA=y CMA=y")
    cma = verdict(checked(part, "6.18"), "heaps.cma")
    assert (cma.outcome, cma.answer) == (Outcome.WARN, Answer.SET_WRONG)
    assert cma.remedy == ("CONFIG_DMA_CMA=y",)
    assert verdict(checked(part, "6.18"), "heaps.cma-legacy-name").answer is Answer.NOT_ASKED
    assert "CONFIG_DMA_CMA=y" in lines(part, "6.18")
    fixed = config_of("DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=y DMABUF_HEAPS_CMA=y CMA=y DMA_CMA=y")
    assert verdict(checked(fixed, "6.18"), "heaps.cma").outcome is Outcome.PASS


def test_a_whole_configuration_that_contradicts_itself_is_not_believed() -> None:
    edited = config_of(f"{ARM64} DMABUF_HEAPS=y DMABUF_HEAPS_CMA=y !DMA_CMA".replace("DMA_CMA=y ", "", 1), "6.12.9")
    cma = verdict(checked(edited), "heaps.cma")
    assert (cma.outcome, cma.answer) == (Outcome.WARN, Answer.UNPROVEN)
    assert "edited by hand" in (cma.reason or "")


@pytest.mark.parametrize(("release", "outcome"), [("6.12", Outcome.FAIL), ("7.2", Outcome.WARN)])
def test_m_is_not_valid_for_a_bool(release: str, outcome: Outcome) -> None:
    """The arm64 defconfig's =m of 7.2, taken to 6.12, where the heap is a bool: conf drops the line."""
    part = config_of("CMA=y DMA_CMA=y DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=m DMABUF_HEAPS_CMA=m")
    system = verdict(checked(part, release), "heaps.system")
    assert system.outcome is outcome
    assert system.remedy == (
        ("CONFIG_DMABUF_HEAPS_SYSTEM=y",)
        if outcome is Outcome.FAIL
        else ("list system_heap.ko in modules.load of vendor_boot or vendor_dlkm",)
    )
    assert ("CONFIG_DMABUF_HEAPS_SYSTEM=y" in lines(part, release)) is (outcome is Outcome.FAIL)


def test_a_whole_configuration_proves_that_its_tree_has_a_module() -> None:
    """NXP's 6.12 has the heap tristate (nxp-imx/linux-imx 3534d0e)."""
    whole = config_of(f"{ARM64} DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=m", "6.12.20")
    assert verdict(checked(whole), "heaps.system").answer is Answer.UNPROVEN


@pytest.mark.parametrize("already", ["", "DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=y"])
@pytest.mark.parametrize("release", ["5.10", "5.15"])
def test_what_the_system_heap_of_android_trees_depends_on_comes_along(already: str, release: str) -> None:
    """freak07/Kirisakura_Raviole, nyanmisaka/linux-rockchip; GloDroid's android-extra.config sets all four."""
    part = config_of(f"IKCONFIG=y IKCONFIG_PROC=y CMA=y DMA_CMA=y SYNC_FILE=y {already}")
    wanted = {"CONFIG_DMABUF_HEAPS_DEFERRED_FREE=y", "CONFIG_DMABUF_HEAPS_PAGE_POOL=y"}
    assert wanted <= set(lines(part, release, Flavour.VENDOR))
    assert not wanted & set(lines(part, release, Flavour.MAINLINE))
    system = verdict(checked(part, release, Flavour.VENDOR), "heaps.system")
    assert system.outcome is (Outcome.WARN if already else Outcome.FAIL)
    assert wanted <= set(system.remedy)


_ANDROID_HEAPS = """\
menuconfig DMABUF_HEAPS_DEFERRED_FREE
\tbool "Deferred free"

menuconfig DMABUF_HEAPS_PAGE_POOL
\tbool "Page pool"

config DMABUF_HEAPS_SYSTEM
\ttristate "System"
\tdepends on DMABUF_HEAPS && DMABUF_HEAPS_DEFERRED_FREE && DMABUF_HEAPS_PAGE_POOL
"""
_PLAIN_HEAPS = 'config DMABUF_HEAPS_SYSTEM\n\ttristate "System"\n\tdepends on DMABUF_HEAPS\n'


@pytest.mark.parametrize("heaps", [_ANDROID_HEAPS, _PLAIN_HEAPS])
def test_the_fragment_survives_in_either_tree(tmp_path: Path, heaps: str) -> None:
    """Written from history alone; then both kinds of 5.10 trees keep the heap, as their own Kconfig says."""
    before, _, rest = SOURCE_TREE["drivers/Kconfig"].partition("if DMABUF_HEAPS\n")
    files = {**SOURCE_TREE, "drivers/Kconfig": f"{before}{heaps}\n{rest.partition('endif')[2]}"}
    for name, text in {**files, "Makefile": "VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 66\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    tree = read_tree(tmp_path, "arm64")
    words = " ".join(line.removeprefix("CONFIG_") for line in lines(config_of("CMA=y"), "5.10", Flavour.VENDOR))
    dropped = {problem.symbol for problem in check_against_tree(config_of(words.replace("# CONFIG_", "!")), tree)}
    assert "DMABUF_HEAPS_SYSTEM" not in dropped
    alone = {problem.symbol for problem in check_against_tree(config_of("DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=y"), tree)}
    assert ("DMABUF_HEAPS_SYSTEM" in alone) is (heaps is _ANDROID_HEAPS)


def test_a_whole_configuration_says_whether_its_tree_has_the_page_pool() -> None:
    on = f"{ARM64} DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=y DMABUF_HEAPS_CARVEOUT=y"
    assert verdict(checked(config_of(on, "5.10.66")), "heaps.system").outcome is Outcome.PASS
    off = f"{ARM64} !DMABUF_HEAPS !DMABUF_HEAPS_CARVEOUT"
    assert "CONFIG_DMABUF_HEAPS_PAGE_POOL=y" not in lines(config_of(off, "5.10.66"))
    has_it = f"{off} !DMABUF_HEAPS_PAGE_POOL !DMABUF_HEAPS_DEFERRED_FREE"
    assert "CONFIG_DMABUF_HEAPS_PAGE_POOL=y" in verdict(checked(config_of(has_it, "5.10.66")), "heaps.system").remedy
    assert "CONFIG_DMABUF_HEAPS_PAGE_POOL=y" in lines(config_of(has_it, "5.10.66"))


# -- old kernels and trees without the option -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "more"),
    [
        ("4.9.200", "ION=y ION_MSM=y ASHMEM=y QCOM_KGSL=y"),  # 361 configurations of pmaports
        ("4.19.110", "ION=y ASHMEM=y !GKI_HACKS_TO_FIX"),  # pmaports: oneplus-kebab, -instantnoodlep
        ("3.18.35", ""),
        ("5.5.0", ""),
        ("5.4.61", "ANDROID_VENDOR_HOOKS=y"),  # android11-5.4
    ],
)
def test_a_kernel_without_the_option_fails_and_no_line_fixes_it(release: str, more: str) -> None:
    whole = config_of(f"{ARM64} {more}", release)
    check = checked(whole)
    framework = verdict(check, "heaps.framework")
    assert (check.outcome, framework.outcome, framework.answer) == (Outcome.FAIL, Outcome.FAIL, Answer.NO_SUCH_SYMBOL)
    assert framework.cause is not None
    assert framework.cause.id == "kernel.too-old"
    assert not any(line.startswith("CONFIG_") for line in framework.remedy)
    fragment = fragment_for(source(whole), options())
    assert "heaps.framework" in dict(fragment.impossible)
    assert not any("DMABUF_HEAPS" in str(line) for line in fragment.lines)


def test_what_the_board_shows_goes_before_the_release() -> None:
    check = checked(config_of(f"{ARM64} ION=y", "4.19.110"), seen=Evidence.of(heaps=["system"]))
    assert verdict(check, "heaps.framework").satisfied_by == "/dev/dma_heap/system is there"


@pytest.mark.parametrize("release", ["4.19.232", "5.4.61"])
def test_a_line_that_says_off_proves_that_the_tree_has_the_option(release: str) -> None:
    """airockchip/librga#125; iocodev/kernel-4.19 has the options."""
    whole = config_of(f"{ARM64} ION=y !DMABUF_HEAPS", release)
    framework = verdict(checked(whole), "heaps.framework")
    assert (framework.outcome, framework.answer) == (Outcome.FAIL, Answer.SET_WRONG)
    assert framework.remedy == ("CONFIG_DMABUF_HEAPS=y",)
    assert "CONFIG_DMABUF_HEAPS=y" in lines(whole)


def test_a_fragment_for_an_old_kernel_is_not_believed_without_its_tree() -> None:
    check = checked(config_of("DMABUF_HEAPS=y"), "4.9")
    assert verdict(check, "heaps.framework").answer is Answer.UNPROVEN
    assert checked(config_of("CMA=y"), "4.19", Flavour.VENDOR).outcome is Outcome.FAIL


@given(
    st.sampled_from(["3.18.1", "4.4.9", "4.14.190", "4.19.110", "5.4.61", "5.5.0"]),
    st.sampled_from(list(Flavour)),
    st.booleans(),
)
def test_no_kernel_before_5_6_passes_without_heaps(release: str, flavour: Flavour, whole: bool) -> None:
    config = config_of(f"{ARM64} ION=y", release if whole else None)
    assert checked(config, release, flavour).outcome is Outcome.FAIL


def test_heaps_that_are_off_get_the_three_lines() -> None:
    """siderolabs/pkgs#1649, qualcomm-linux/qcom-deb-images#103, remote-android/redroid-doc#186."""
    whole = config_of(f"{ARM64} BPF_SYSCALL=y CMA_SYSFS=y !DMABUF_HEAPS", "6.18.30")
    assert lines(whole) == ["CONFIG_DMABUF_HEAPS=y", "CONFIG_DMABUF_HEAPS_SYSTEM=y", "CONFIG_DMABUF_HEAPS_CMA=y"]


# -- whose module provides the heap ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "symbols", "module"),
    [
        ("6.1.75-android14-11-g1", "DMABUF_SAMSUNG_HEAPS=m DMABUF_HEAPS_SAMSUNG_SYSTEM=y", "samsung_dma_heap"),
        ("5.15.78-android13-8-g1", "QCOM_DMABUF_HEAPS=m QCOM_DMABUF_HEAPS_SYSTEM=y", "qcom_dma_heaps"),
        ("6.6.30-android15-8-g1", "DEVICE_MODULES_DMABUF_HEAPS_SYSTEM=m", "system_heap"),
    ],
)
def test_the_module_of_this_board_is_named(release: str, symbols: str, module: str) -> None:
    """GrapheneOS zuma's ripcurrent_gki.fragment; modules.list.msm.* of Qualcomm's trees."""
    config = config_of(f"{GKI} {symbols}")
    missing = verdict(checked(config, release), "heaps.system")
    assert (missing.outcome, missing.answer) == (Outcome.WARN, Answer.UNPROVEN)
    assert missing.remedy == (f"list {module}.ko in modules.load of vendor_boot or vendor_dlkm",)
    listed = verdict(checked(config, release, seen=Evidence.of(modules_load=[f"{module}.ko", "x.ko"])), "heaps.system")
    assert (listed.outcome, listed.satisfied_by) == (Outcome.PASS, f"modules.load lists {module}")
    other = verdict(checked(config, release, seen=Evidence.of(modules_load=["x.ko"])), "heaps.system")
    assert f"modules.load does not list {module}" in (other.reason or "")


def test_where_no_vendor_is_known_all_modules_are_named() -> None:
    (fix,) = verdict(checked(config_of(GKI), "6.1.75-android14-11-g1"), "heaps.system").remedy
    assert all(
        name in fix for name in ("system_heap.ko", "qcom_dma_heaps.ko", "samsung_dma_heap.ko", "rk_system_heap.ko")
    )


def test_rockchips_name_of_the_cma_heap_counts() -> None:
    config = config_of(f"{ARM64} DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=y DMABUF_HEAPS_CMA=y", "6.1.75")
    assert verdict(checked(config, seen=Evidence.of(heaps=["system", "cma"])), "heaps.cma").outcome is Outcome.PASS
    none = verdict(checked(config, seen=Evidence.of(heaps=["system"])), "heaps.cma")
    assert none.outcome is Outcome.WARN
    assert "/dev/dma_heap has none of default_cma_region, linux,cma*, reserved, default-pool*, cma" in none.evidence


# -- GKI: the image is Google's -------------------------------------------------------------------------------------


def test_a_gki_user_build_is_not_blamed_for_what_every_gki_image_has() -> None:
    check = checked(config_of(GKI), "6.6.30-android15-8-g1", seen=Evidence.of(is_user_build=True))
    assert [one.id for one in check.verdicts if one.outcome is Outcome.FAIL] == []
    assert verdict(check, "debug.cma-debugfs").answer is Answer.NOT_ASKED
    own = checked(
        config_of("CMA=y DEBUG_FS=y CMA_DEBUGFS=y"), "6.6", Flavour.VENDOR, seen=Evidence.of(is_user_build=True)
    )
    assert verdict(own, "debug.cma-debugfs").outcome is Outcome.FAIL


def test_a_module_is_no_fix_without_the_framework() -> None:
    """CoreELEC's Amlogic 5.4, with GKI's symbols on and heaps off; pmaports: samsung-gta7litewifi 4.19, without the option."""
    gki = f"{ARM64} GKI_HACKS_TO_FIX=y ION=y"
    off = verdict(checked(config_of(f"{gki} !DMABUF_HEAPS", "5.4.210")), "heaps.system")
    assert (off.outcome, off.remedy) == (Outcome.FAIL, ("CONFIG_DMABUF_HEAPS_SYSTEM=y", "CONFIG_DMABUF_HEAPS=y"))
    lacking = verdict(checked(config_of(gki, "4.19.191")), "heaps.system")
    assert (lacking.outcome, lacking.answer) == (Outcome.SKIP, Answer.NO_SUCH_SYMBOL)


def test_what_a_gki_user_cannot_set_comes_with_what_to_do_instead() -> None:
    sysfs = verdict(checked(config_of(GKI), "6.1.75-android14-11-g1"), "cma.sysfs")
    assert sysfs.outcome is Outcome.WARN
    assert "its image is Google's" in sysfs.remedy[0]
    assert sysfs.remedy[-1] == "only in a kernel that you build yourself: CONFIG_CMA_SYSFS=y"
    own = verdict(checked(config_of(f"{ARM64} DMABUF_HEAPS=y"), "6.1.75"), "cma.sysfs")
    assert own.remedy == ("CONFIG_CMA_SYSFS=y",)
    assert fragment_for(source(config_of(GKI)), options("6.1.75-android14-11-g1")).for_gki
    assert not fragment_for(source(config_of(ARM64)), options("6.1.75")).for_gki


@pytest.mark.parametrize(
    ("words", "flavour"),
    [
        ("!GKI_HACKS_TO_FIX", Flavour.VENDOR),
        ("GKI_HACKS_TO_FIX=y", Flavour.GKI),
        ("!ANDROID_VENDOR_HOOKS", Flavour.VENDOR),
        ("ION_MSM=y", Flavour.VENDOR),
        ("QCOM_KGSL=y", Flavour.VENDOR),
        ("DMABUF_SAMSUNG_HEAPS=m", Flavour.VENDOR),
        ("DMABUF_HEAPS=y", Flavour.MAINLINE),
    ],
)
def test_whose_tree(words: str, flavour: Flavour) -> None:
    assert config_of(words).flavour is flavour


# -- statistics -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("release", "asked"), [("6.12", "statistics.sysfs"), ("6.16", "statistics.bpf-iterator")])
def test_statistics_are_advised_with_their_price_and_the_iterator_first(release: str, asked: str) -> None:
    check = checked(config_of("DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=y"), release)
    found = {one.id for one in check.verdicts if one.id.startswith("statistics.") and one.outcome is Outcome.WARN}
    assert found == {asked}
    cause = verdict(check, asked).cause
    assert cause is not None
    assert ("39%" in cause.text) is (asked == "statistics.sysfs")


# -- odd lines, leftovers, symbols that nobody has ------------------------------------------------------------------


def test_a_second_value_stops_only_where_it_is_about_what_is_asked() -> None:
    """pmaports: xiaomi-cereus, huawei-alice, motorola-perry, bq-frieza, qcom-apq8064."""
    text = f"# Linux/arm64 6.12.1 Kernel Configuration\n{'%s'}+CONFIG_STRAY=y\nCONFIG_DMABUF_HEAPS=y\n"
    unrelated = source(parse_config(text % "# CONFIG_DEVTMPFS is not set\nCONFIG_DEVTMPFS=y\n", "config"))
    check = check_source(unrelated, options())
    assert verdict(check, "heaps.framework").outcome is Outcome.PASS
    assert [note.split(":")[1] for note in check.notes] == ["3", "4"]
    asked = source(parse_config(text % "# CONFIG_DMABUF_HEAPS is not set\n", "config"))
    for judged in (check_source, fragment_for):
        with pytest.raises(ConfigError, match=r"two values: n in line 2, y here") as error:
            judged(asked, options())
        assert error.value.line == 4


def test_a_leftover_of_ion_is_called_what_it_is() -> None:
    """GloDroid's android-extra.config for 6.6."""
    left = verdict(checked(config_of("ION=y ION_SYSTEM_HEAP=y DMABUF_HEAPS=y"), "6.6"), "ion.removed")
    assert left.outcome is Outcome.WARN
    assert any("the line is dropped" in line for line in left.evidence)
    assert left.cause is not None
    assert "leftover" in left.cause.text


@pytest.mark.parametrize(
    ("symbol", "nearest"),
    [
        ("DMABUF_HEAPS_NPU_SYSTEM", "DMABUF_HEAPS_SYSTEM"),  # deepin-community/kernel#1641
        ("DMA_HEAP", "DMABUF_HEAPS"),  # seven public files
        ("DMA_HEAP_SYSTEM", "DMABUF_HEAPS_SYSTEM"),
        ("DMA_HEAP_CMA", "DMABUF_HEAPS_CMA"),
    ],
)
def test_a_symbol_that_no_tree_has_is_named_with_the_nearest(symbol: str, nearest: str) -> None:
    words = f"DMABUF_HEAPS=y {symbol}=y"
    unknown = verdict(checked(config_of(words), "6.18"), "lines.unknown-symbols")
    assert (unknown.outcome, unknown.evidence) == (Outcome.WARN, (f"CONFIG_{symbol}=y",))
    assert (unknown.title, unknown.symbols) == ("Every symbol about heaps is one that a kernel has", (symbol,))
    assert unknown.remedy[0].startswith(f"instead of CONFIG_{symbol}: did you mean {nearest}")
    whole = checked(config_of(words, "6.18.1"))
    assert not any(one.id == "lines.unknown-symbols" for one in whole.verdicts)


def test_symbols_of_vendors_are_known() -> None:
    words = (
        "QCOM_DMABUF_HEAPS=m DMABUF_HEAPS_SAMSUNG_CHUNK=y DMABUF_HEAPS_ROCKCHIP_SYSTEM_HEAP=y ROCKCHIP_RKNPU_DMA_HEAP=y"
    )
    assert not any(one.id == "lines.unknown-symbols" for one in checked(config_of(words), "6.1").verdicts)


# -- what is not known ----------------------------------------------------------------------------------------------


def test_what_is_off_in_every_kernel_needs_no_version() -> None:
    check = check_source(source(config_of("CMA=y DMA_CMA=y")), CheckOptions())
    assert verdict(check, "heaps.framework").outcome is Outcome.FAIL
    assert "pass --kernel" in (verdict(check, "cma.size").reason or "")


@pytest.mark.parametrize(("flavour", "outcome"), [(Flavour.MAINLINE, Outcome.SKIP), (Flavour.VENDOR, Outcome.WARN)])
def test_only_android_has_user_builds(flavour: Flavour, outcome: Outcome) -> None:
    check = checked(config_of("SYNC_FILE=y DEBUG_FS=y SW_SYNC=y"), "6.12", flavour)
    assert verdict(check, "debug.sw-sync").outcome is outcome


def test_a_default_that_hangs_on_the_architecture_is_not_known_without_it() -> None:
    config = config_of("CMA=y DMA_CMA=y")
    version = KernelVersion.parse("6.6")
    size = verdict(check_source(source(config), CheckOptions(version, Flavour.GKI)), "cma.size")
    assert (size.outcome, size.answer) == (Outcome.WARN, Answer.UNPROVEN)
    assert "pass --arch" in (size.reason or "")
    assert verdict(checked(config, "6.6", Flavour.GKI), "cma.size").outcome is Outcome.PASS
    in_tree = Source("common/arch/arm64/configs/gki_defconfig", SourceKind.FRAGMENT, config)
    assert verdict(check_source(in_tree, CheckOptions(version, Flavour.GKI)), "cma.size").outcome is Outcome.PASS
    assert verdict(checked(config, "6.12"), "cma.areas").outcome is Outcome.PASS

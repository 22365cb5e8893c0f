"""What a later kernel renames, retypes and drops, and what it calls the heaps."""

from __future__ import annotations

import pytest

from bringup.kernel.history.heap_names import heaps_of
from bringup.kernel.history.symbols import symbol_type
from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.requirements.judge import judge
from bringup.kernel.requirements.later_kernel import ChangeKind, KernelChange, carry_over, changes_until
from bringup.outcome import Outcome


def changes(values: str, now: str, then: str, flavour: Flavour | None = None) -> list[KernelChange]:
    entries = (entry.partition("=") for entry in values.split())
    named = {name: value or "y" for name, _, value in entries}
    config = KernelConfig({**named, "MMU": "y", "HAS_DMA": "y"}, "x")
    return changes_until(config, KernelVersion.parse(now), KernelVersion.parse(then), flavour)


def texts(changed: list[KernelChange], kind: ChangeKind) -> dict[str, str]:
    return {change.subject: change.text for change in changed if change.kind is kind}


HEAPS = "DMABUF_HEAPS DMABUF_HEAPS_CMA CMA DMA_CMA"
SYSTEM, STATS = "CONFIG_DMABUF_HEAPS_SYSTEM", "CONFIG_DMABUF_SYSFS_STATS"


@pytest.mark.parametrize(
    ("symbols", "now", "then", "kind", "subject", "text", "fix"),
    [
        (
            "DMABUF_HEAPS DMABUF_HEAPS_SYSTEM", "6.12", "7.2", ChangeKind.RETYPED, SYSTEM,
            f"{SYSTEM} changes from bool to tristate; as m it builds system_heap.ko, which has to be loaded before its heap is there",
            f"keep {SYSTEM}=y, or list system_heap.ko in modules.load",
        ),
        (
            "DMABUF_HEAPS DMABUF_HEAPS_SYSTEM=m", "7.2", "6.12", ChangeKind.RETYPED, SYSTEM,
            f"{SYSTEM} changes from tristate to bool", f"set {SYSTEM}=y",
        ),
        ("DMABUF_HEAPS DMABUF_HEAPS_SYSTEM", "7.2", "6.12", ChangeKind.RETYPED, SYSTEM, f"{SYSTEM} changes from tristate to bool", ""),
        (
            "DMABUF_SYSFS_STATS", "6.12", "7.0", ChangeKind.REMOVED, STATS,
            f"{STATS} exists in kernels 5.15..6.19 only; the BPF iterator dmabuf (6.16, with BPF_SYSCALL) takes its place", "",
        ),
        (
            "DMA_PERNUMA_CMA", "6.1", "6.6", ChangeKind.RENAMED, "CONFIG_DMA_PERNUMA_CMA",
            "CONFIG_DMA_PERNUMA_CMA is called CONFIG_DMA_NUMA_CMA since 6.6",
            "set CONFIG_DMA_NUMA_CMA; olddefconfig drops CONFIG_DMA_PERNUMA_CMA",
        ),
        (
            "DMABUF_SELFTESTS", "6.1", "7.2", ChangeKind.RENAMED, "CONFIG_DMABUF_SELFTESTS",
            "CONFIG_DMABUF_SELFTESTS is called CONFIG_DMABUF_KUNIT_TEST since 7.2",
            "set CONFIG_DMABUF_KUNIT_TEST; olddefconfig drops CONFIG_DMABUF_SELFTESTS",
        ),
        (
            HEAPS, "6.12", "6.17", ChangeKind.ADDED, "CONFIG_DMABUF_HEAPS_CMA_LEGACY",
            ("CONFIG_DMABUF_HEAPS_CMA_LEGACY is new in 6.17 and on by default: A second node for the default CMA heap under its "
            "name from before 6.17"), "",
        ),
        (
            HEAPS, "6.12", "6.17", ChangeKind.HEAP_NAME, "default CMA area",
            "reserved or linux,cma* or default-pool* becomes default_cma_region",
            "open default_cma_region where it is there, else the old name",
        ),
        (
            HEAPS, "6.12", "6.17", ChangeKind.HEAP_NAME, "default CMA area, old name",
            "new below /dev/dma_heap: reserved, linux,cma*, default-pool*", "",
        ),
        (
            f"{HEAPS} DMABUF_HEAPS_CMA_LEGACY", "6.18", "6.19", ChangeKind.HEAP_NAME, "default CMA area, old name",
            "reserved, linux,cma*, default-pool* now comes with every CMA area's own node", "",
        ),
        (
            "DMABUF_HEAPS TEE TEE_DMABUF_HEAPS", "6.18", "6.12", ChangeKind.HEAP_NAME, "protected memory",
            "no longer below /dev/dma_heap: protected,secure-video, protected,trusted-ui, protected,secure-video-record",
            "change what opens it",
        ),
    ],
)  # fmt: skip
def test_what_changes_and_what_to_do(
    symbols: str, now: str, then: str, kind: ChangeKind, subject: str, text: str, fix: str
) -> None:
    assert KernelChange(kind, subject, text, fix) in changes(symbols, now, then)


@pytest.mark.parametrize(
    ("symbols", "then", "kind"),
    [
        ("DMABUF_HEAPS DMABUF_HEAPS_SYSTEM", "7.1", ChangeKind.RETYPED),
        ("DMABUF_SYSFS_STATS", "6.19", ChangeKind.REMOVED),
    ],
)
def test_before_that_nothing_changes(symbols: str, then: str, kind: ChangeKind) -> None:
    assert not texts(changes(symbols, "6.12", then), kind)


def test_what_is_off_does_not_change() -> None:
    config = KernelConfig({"DMABUF_SYSFS_STATS": "n", "DMABUF_SELFTESTS": "n"}, "x")
    assert changes_until(config, KernelVersion.parse("6.12"), KernelVersion.parse("7.2")) == []


def test_from_6_19_on_every_cma_area_has_its_heap() -> None:
    later = texts(changes(f"{HEAPS} DMABUF_HEAPS_CMA_LEGACY", "6.18", "6.19"), ChangeKind.HEAP_NAME)
    assert later["every CMA area"].startswith(
        "new below /dev/dma_heap: reserved, linux,cma*, default-pool*, *@* (one for"
    )


def test_protected_heaps_come_with_6_18_where_there_is_a_tee() -> None:
    assert "protected memory" in texts(changes("DMABUF_HEAPS TEE", "6.12", "6.18"), ChangeKind.HEAP_NAME)
    assert "protected memory" not in texts(changes("DMABUF_HEAPS", "6.12", "6.18"), ChangeKind.HEAP_NAME)


def test_android_trees_change_elsewhere() -> None:
    changed = changes("DMABUF_HEAPS DMABUF_HEAPS_PAGE_POOL", "6.6", "6.12", Flavour.GKI)
    assert "exists in kernels 5.4..6.6 only" in texts(changed, ChangeKind.REMOVED)["CONFIG_DMABUF_HEAPS_PAGE_POOL"]
    assert not texts(changes("DMABUF_HEAPS_SYSTEM", "6.12", "7.2", Flavour.GKI), ChangeKind.RETYPED)
    assert not texts(changes("DMABUF_HEAPS_PAGE_POOL", "5.10", "6.1", Flavour.GKI), ChangeKind.REMOVED)


def test_a_configuration_carried_over_is_judged_like_any_other() -> None:
    config = KernelConfig(
        {"DMABUF_HEAPS": "y", "DMABUF_HEAPS_SYSTEM": "m", "DMABUF_SYSFS_STATS": "y", "TEE": "y", "HAS_DMA": "y"}, "x"
    )
    carried = carry_over(config, KernelVersion.parse("7.2"), KernelVersion.parse("6.12"))
    assert carried.get("DMABUF_HEAPS_SYSTEM") == "y", "6.12 cannot build it as a module"
    forward = carry_over(config, KernelVersion.parse("6.12"), KernelVersion.parse("7.0"))
    assert "DMABUF_SYSFS_STATS" not in forward
    assert forward.get("TEE_DMABUF_HEAPS") == "y"
    verdicts = {one.id: one.outcome for one in judge(forward, KernelVersion.parse("7.0"))}
    assert verdicts["heaps.framework"] is Outcome.PASS
    assert verdicts["statistics.bpf-iterator"] is Outcome.WARN


@pytest.mark.parametrize(
    ("symbol", "release", "flavour", "expected"),
    [
        ("DMABUF_HEAPS_SYSTEM", "5.5", None, None),
        ("DMABUF_HEAPS_SYSTEM", "5.6", None, "bool"),
        ("DMABUF_HEAPS_SYSTEM", "7.1.13", None, "bool"),
        ("DMABUF_HEAPS_SYSTEM", "7.2", None, "tristate"),
        ("DMABUF_HEAPS_SYSTEM", "6.1.75-android14-11", Flavour.GKI, "tristate"),
        ("DMABUF_HEAPS", "5.4.289", Flavour.GKI, "bool"),
        ("DMABUF_HEAPS", "5.4.289", None, None),
        ("DMABUF_HEAPS_CMA_LEGACY", "6.16", None, None),
        ("DMABUF_HEAPS_CMA_LEGACY", "6.18", None, "bool"),
        ("DMABUF_HEAPS_CMA_LEGACY", "6.19", None, None),
        ("DMABUF_SYSFS_STATS", "5.14", None, None),
        ("DMABUF_SYSFS_STATS", "5.15", None, "bool"),
        ("DMABUF_SYSFS_STATS", "6.19", None, "bool"),
        ("DMABUF_SYSFS_STATS", "7.0", None, None),
        ("TEE_DMABUF_HEAPS", "6.17.13", None, None),
        ("TEE_DMABUF_HEAPS", "6.18", None, "bool"),
        ("DMABUF_HEAPS_SYSTEM_CC_SHARED", "7.1", None, None),
        ("DMABUF_HEAPS_SYSTEM_CC_SHARED", "7.2", None, "bool"),
        ("ION", "5.10.223", None, "bool"),
        ("ION", "5.11", None, None),
        ("CMA_SIZE_MBYTES", "6.12", None, "int"),
        ("DMABUF_MOVE_NOTIFY", "7.0", None, "bool"),
        ("DMABUF_MOVE_NOTIFY", "7.1", None, None),
    ],
)
def test_types_by_kernel(symbol: str, release: str, flavour: Flavour | None, expected: str | None) -> None:
    assert symbol_type(symbol, KernelVersion.parse(release), flavour) == expected


def test_heaps_by_kernel() -> None:
    names = {
        release: {name for entry in heaps_of(KernelVersion.parse(release)) for name in entry.names}
        for release in ("5.5", "6.12", "6.17", "7.1", "7.3")
    }
    assert names["5.5"] == set()
    assert "default_cma_region" not in names["6.12"]
    assert {"default_cma_region", "reserved"} <= names["6.17"]
    assert "system_cc_shared" in names["7.1"]
    assert {"default_cma_region", "reserved", "protected,secure-video", "system_cc_shared"} <= names["7.3"]

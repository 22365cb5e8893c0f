"""Each check: a board that passes it and a board that does not, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bringup.checks.judge import judge
from bringup.checks.registry import checks, find_check
from bringup.config.schema import BoardConfig, Heap, Memory
from bringup.errors import UsageError
from bringup.facts.board import Facts
from bringup.results.verdict import Change, Outcome, Verdict
from tests.support.scripted_record import (
    BOARD_CONFIG,
    DENIED,
    HELLO,
    MISSING,
    RESERVED,
    ScriptedBoard,
    broken,
    files,
    node,
    result,
)
from tests.support.traced import TRACING, cma_buffer, exhaustion, page_buffer

Ask = Callable[..., list[Verdict]]


@pytest.fixture
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask one check of a scripted board."""

    def asked(
        check: str, board: ScriptedBoard | None = None, config: BoardConfig | None = BOARD_CONFIG
    ) -> list[Verdict]:
        record = (board or ScriptedBoard()).record(tmp_path_factory.mktemp("board") / "record")
        return list(find_check(check).ask(Facts(record, config, "as the test says")))

    return asked


def outcomes(verdicts: list[Verdict]) -> set[str]:
    assert verdicts, "a check that says nothing answers nothing"
    return {one.outcome.value for one in verdicts}


HEALTHY_SKIPS = {"heap.addresses", "heap.label", "selinux.denials", "kernel.heap-modules", "heap.latency"}
#: Where nothing was traced, and no heap was asked for all it has.
HEALTHY_SKIPS |= {"pages.contiguous", "pages.region", "pages.promised", "pages.runs", "pages.counters"}
HEALTHY_SKIPS |= {"exhaustion.clean", "exhaustion.cma"}
#: On a board without ION; test_ion.py asks one that has it.
HEALTHY_SKIPS |= {"ion.heaps", "ion.replaced"}


@pytest.mark.parametrize("check", [one.id for one in checks()])
def test_a_healthy_board_passes(ask: Ask, check: str) -> None:
    expected = {"skip"} if check in HEALTHY_SKIPS else {"pass"}
    seen = outcomes(ask(check))
    if check == "kconfig":
        assert "fail" not in seen
        assert "pass" in seen
    else:
        assert seen == expected


def lines(*more: dict[str, Any], counted: int | None = None, area: int = 0) -> ScriptedBoard:
    """A board with these lines; its CMA area begins at the frame ``area``, and its counters grow by ``counted``."""
    debugfs = "/sys/kernel/debug/cma/linux,cma"
    told = {f"{debugfs}/base_pfn": f"{area}\n", f"{debugfs}/count": "16384\n"} if area else {}
    path = "/sys/kernel/mm/cma/linux,cma/alloc_pages_success"
    before = {} if counted is None else {path: "5\n"}
    after = {} if counted is None else {path: f"{5 + counted}\n"}
    return broken(latencies=list(more), files=files() | told | before, files_after=after)


FULL = "MemTotal:        2014208 kB\nCmaTotal:          65536 kB\nCmaFree:              64 kB\n"
NO_CMA = "MemTotal:        2014208 kB\nCmaTotal:              0 kB\nCmaFree:               0 kB\n"
SELINUX = {"__sys__fs__selinux__enforce": "1"}
AVC = (
    '[    9.1] type=1400 audit(9.1:7): avc:  denied  { read open } for  pid=400 comm="camera" '
    'name="linux,cma" dev="tmpfs" scontext=u:r:hal_camera_default:s0 tcontext=u:object_r:vendor_cma_heap_device:s0 '
    "tclass=chr_file permissive=0\n"
)
SLOW = {
    "t": "latency",
    "heap": "system",
    "size": 1 << 20,
    "alloc_ns": [900, 1000, 1100],
    "free_ns": [9, 9, 9],
    "memset_ns": [100, 100, 100],
}
QUICK = SLOW | {"alloc_ns": [110, 120, 130]}
MODULAR = "CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=m\n"

BROKEN: list[tuple[str, str, str, ScriptedBoard, str | None]] = [
    # what is wrong, check, outcome, board, cause
    ("cut off", "board.observed", "error", broken(end={"t": "end", "complete": False, "why": "cable"}), None),
    ("rebooted", "board.observed", "error", broken(bye_boot_id="another"), None),
    ("no root", "board.root", "warn", broken(hello=HELLO | {"uid": 2000}), "board.no-root"),
    ("5.4", "kernel.version", "fail", broken(hello=HELLO | {"release": "5.4.210"}), "kernel.too-old"),
    ("no config.gz", "kconfig", "error", broken(config=None), None),
    ("module not loaded", "kernel.heap-modules", "fail", broken(config=MODULAR), "module.not-loaded"),
    ("no folder", "heap.folder", "fail", broken(heap_folder="missing", config="CONFIG_ARM64=y\n# CONFIG_DMABUF_HEAPS is not set\n"), "kconfig.heaps-off"),
    ("folder denied", "heap.folder", "error", broken(heap_folder="denied"), None),
    ("no system", "heap.expected", "fail", broken(heaps={"linux,cma": {}}, config=MODULAR), "module.not-loaded"),
    ("heap renamed", "heap.expected", "fail", broken(heaps={"system": {}, "reserved": {}}), "heap.renamed"),
    ("no CMA heap", "heap.expected", "fail", broken(heaps={"system": {}}, files=files(__proc__meminfo=NO_CMA)), "cma.size-zero"),
    ("heaps unreadable", "heap.expected", "error", broken(heap_folder="denied"), None),
    ("stranger", "heap.unexpected", "warn", broken(heaps={"system": {}, "video@42000000": {}}), "heap.unplanned"),
    ("mode", "heap.mode", "fail", broken(heaps={"system": {"mode": 0o600}}), "node.mode"),
    ("owner", "heap.owner", "fail", broken(heaps={"system": {"uid": 0, "gid": 0}}), "node.owner"),
    ("label", "heap.label", "fail", broken(files=files(**SELINUX), heaps={"linux,cma": {"label": "u:object_r:dmabuf_heap_device:s0"}}), "node.label"),
    ("no ueventd line", "heap.ueventd", "warn", broken(heaps={"video": {}}), "ueventd.no-line"),
    ("test fails", "allocator", "fail", broken(results=[result("system", "zeroed", "fail", seen="byte 5 is 0xaa"), result("linux,cma", "open")]), None),
    ("test errs", "allocator", "error", broken(results=[result("system", "open", "error", seen="killed"), result("linux,cma", "open")]), None),
    ("not tested", "allocator", "error", broken(results=[result("system", "open")]), None),
    ("not asked for", "allocator", "skip", broken(results=[result("system", "open")], asked="system"), None),
    ("open refused", "allocator", "fail", broken(results=[result("system", "open", "fail", errno=13)], heaps={"system": {"mode": 0o600, "uid": 0}}, hello=HELLO | {"uid": 2000}), "node.mode"),
    ("CMA is full", "allocator", "fail", broken(results=[result("system", "open"), result("linux,cma", "alloc.1m", "fail", errno=12)], files=files(__proc__meminfo=FULL)), "cma.exhausted"),
    ("another pool", "drift", "fail", broken(files=files(**{f"{RESERVED}/linux,cma/size": "\0\0\0\0\2\0\0\0"})), "drift.device-tree"),
    ("another command line", "drift", "fail", broken(files=files(__proc__cmdline="quiet cma=16M\n")), "drift.cmdline"),
    ("no command line", "drift", "error", broken(files=files(__proc__cmdline=DENIED)), None),
    ("heap wanted", "clients.heaps", "warn", broken(logcat="E DMABUFHEAPS: Could not open DMA-BUF heap named: qcom,display\n"), "clients.no-such-heap"),
    ("heap refused", "clients.heaps", "warn", broken(logcat="E DMABUFHEAPS: Unable to allocate from DMA-BUF heap: system\n"), "clients.refused"),
    ("no log", "clients.heaps", "skip", broken(logcat=None), None),
    ("ION wanted", "clients.ion", "warn", broken(logcat="E ion     : open /dev/ion failed: No such file or directory\n"), "ion.client"),
    ("ION's old interface", "clients.ion", "warn", broken(logcat="E mpp: ION_IOC_FREE failed with code -1: Inappropriate ioctl for device\n"), "ion.client"),
    ("slow", "heap.latency", "warn", broken(latencies=[SLOW]), "heap.slow"),
    ("quick", "heap.latency", "pass", broken(latencies=[QUICK]), None),
    ("no CMA", "cma.size", "fail", broken(files=files(__proc__meminfo=NO_CMA)), "cma.size-zero"),
    ("small CMA", "cma.size", "fail", broken(files=files(__proc__meminfo="CmaTotal: 16384 kB\n")), "cma.too-small"),
    ("no meminfo", "cma.size", "error", broken(files=files(__proc__meminfo=DENIED)), None),
    ("region rejected", "cma.rejected", "fail", broken(files=files(dmesg="[    0.0] Reserved memory: incorrect alignment of CMA region\n")), "cma.region-misaligned"),
    ("no dmesg", "cma.rejected", "error", broken(files=files(dmesg=DENIED)), None),
    ("pieces", "pages.contiguous", "fail", lines(TRACING, cma_buffer("linux,cma", (0x7C000, 8), (0x7D000, 8))), "heap.not-contiguous"),
    ("not aligned", "pages.contiguous", "fail", lines(TRACING, cma_buffer("linux,cma", (0x7C008, 16), align=4)), "heap.not-contiguous"),
    ("outside", "pages.region", "fail", lines(TRACING, cma_buffer("linux,cma", (0x7FFFF, 2)), area=0x7C000), "heap.outside-region"),
    ("events lost", "pages.runs", "error", lines(TRACING, page_buffer("system", (9, 0)), page_buffer("system", (1, 0)) | {"state": "failed", "errno": 5}), None),
    ("counters", "pages.counters", "fail", lines(TRACING, cma_buffer("linux,cma", (0x7C000, 8)), counted=7, area=0x7C000), "cma.counters"),
    ("wrong errno", "exhaustion.clean", "fail", lines(exhaustion(stopped="error", errno=5)), "heap.wrong-errno"),
    ("keeps memory", "exhaustion.clean", "fail", lines(exhaustion(free_after=1 << 20)), "heap.leak"),
    ("died", "exhaustion.clean", "error", lines(exhaustion(stopped="died")), None),
    ("half an area", "exhaustion.cma", "warn", lines(exhaustion(held=32 << 20)), "cma.unusable"),
    ("stays in pieces", "exhaustion.cma", "warn", lines(exhaustion(largest_after=1 << 20)), "cma.fragmented"),
    ("CMA used up", "cma.exhausted", "warn", broken(files=files(dmesg="[   70.2] cma: cma_alloc: reserved: alloc failed, req-size: 6075 pages, ret: -12\n", __proc__meminfo=FULL)), "cma.exhausted"),
    ("ION there", "ion.node", "warn", broken(nodes=[node("/dev/ion")]), "ion.left"),
    ("ION line", "ion.ueventd", "warn", broken(files=files() | {"/vendor/etc/ueventd.rc": "/dev/ion 0664 system system\n"}), "ion.left-in-ueventd"),
    ("beyond reach", "heap.addresses", "fail", broken(files=files(dmesg="[  9.0] rga: RGA_MMU unsupported memory larger than 4G!\n")), "heap.above-limit"),
    ("denied", "selinux.denials", "fail", broken(files=files(dmesg=AVC, **SELINUX)), "selinux.denied"),
    ("nothing denied", "selinux.denials", "pass", broken(files=files(**SELINUX)), None),
    ("no statistics", "dmabuf.statistics", "warn", broken(files=files(__sys__kernel__debug__dma_buf__bufinfo=MISSING)), "dmabuf.no-statistics"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "outcome", "board", "cause"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_a_broken_board_does_not(ask: Ask, check: str, outcome: str, board: ScriptedBoard, cause: str | None) -> None:
    found = [one for one in ask(check, board) if one.outcome.value == outcome]
    assert found, f"no {outcome} verdict"
    if cause is not None:
        assert cause in {one.cause.id for one in found if one.cause}
    if outcome == "error":
        assert all(one.reason for one in found)


def test_no_config_is_told(ask: Ask) -> None:
    (verdict,) = ask("board.config", config=None)
    assert verdict.outcome is Outcome.WARN
    assert verdict.evidence == ("as the test says",)


def test_every_check_is_broken_by_some_board() -> None:
    """A check that no board here fails could not fail at all."""
    seen = {row[1] for row in BROKEN if row[2] in ("fail", "warn", "error")} | {"board.config", "pages.promised"}
    elsewhere = {"ion.heaps", "ion.replaced"}  # tests/facts/test_ion_equivalence.py
    assert seen | elsewhere == {one.id for one in checks()}


def test_a_record_without_hello_passes_nothing_but_what_was_seen(tmp_path: Path) -> None:
    end = {"t": "end", "complete": False, "why": "the board was lost"}
    run = judge(Facts(broken(hello=None, end=end).record(tmp_path / "r"), BOARD_CONFIG))
    passed = [one.id for one in run.verdicts if one.outcome is Outcome.PASS]
    assert passed == ["board.config"]
    assert run.outcome is Outcome.ERROR


def test_an_avc_line_becomes_the_rule_it_needs(ask: Ask) -> None:
    (verdict,) = ask("selinux.denials", broken(files=files(dmesg=AVC, **SELINUX)))
    assert verdict.changes == (
        Change("sepolicy/heaps.te", ("allow hal_camera_default vendor_cma_heap_device:chr_file r_file_perms;",)),
    )


def test_later_ueventd_files_override(ask: Ask) -> None:
    both = files() | {"/odm/etc/ueventd.rc": "/dev/dma_heap/linux,cma 0600 root root\n"}
    verdicts = ask("heap.mode", broken(files=both))
    assert {one.heap: one.outcome.value for one in verdicts} == {"system": "pass", "linux,cma": "fail"}


def test_unknown_check_suggests(ask: Ask) -> None:
    with pytest.raises(UsageError) as caught:
        find_check("heap.exepcted")
    assert "heap.expected" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("system-uncached", "heap.no-uncached"),
        ("vendor", "heap.vendor-driver-missing"),
        ("carveout", "heap.vendor-driver-missing"),
        ("protected", "heap.no-protected"),
    ],
)
def test_a_heap_that_mainline_never_had(ask: Ask, kind: str, cause: str) -> None:
    """A new kernel that left a vendor's heap behind."""
    vendor = BOARD_CONFIG.model_copy(update={"heaps": (Heap.model_validate({"name": "mine", "kind": kind}),)})
    (verdict,) = ask("heap.expected", config=vendor)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.cause is not None
    assert verdict.cause.id == cause
    assert "mine" in verdict.cause.text


IOMEM = "00000000-0009ffff : Reserved\n40000000-{:x} : System RAM\n"


@pytest.mark.parametrize(
    ("iomem", "outcome"),
    [
        (IOMEM.format(0xBFFFFFFF), "pass"),
        (IOMEM.format(0x1BFFFFFFF), "warn"),
        ("00000000-00000000 : System RAM\n", "error"),  # what others than root see
    ],
)
def test_memory_beyond_a_device(ask: Ask, iomem: str, outcome: str) -> None:
    limited = BOARD_CONFIG.model_copy(update={"memory": Memory(dma_limit=4 << 30)})
    (verdict,) = ask("heap.addresses", broken(files=files(__proc__iomem=iomem)), limited)
    assert verdict.outcome.value == outcome


def test_a_pool_that_the_command_line_replaces_was_not_rejected(ask: Ask) -> None:
    said = (
        "[    0.0] Reserved memory: bypass linux,cma node, using cmdline CMA params instead\n"
        "[    0.0] OF: reserved mem: node linux,cma compatible matching fail\n"
    )
    (verdict,) = ask("cma.rejected", broken(files=files(dmesg=said)))
    assert verdict.outcome is Outcome.PASS
    (verdict,) = ask("cma.rejected", broken(files=files(dmesg=said.splitlines()[1])))
    assert verdict.outcome is Outcome.FAIL


def test_allocations_that_we_made_fail_are_not_the_boards(ask: Ask) -> None:
    failed = "cma: __cma_alloc: linux,cma: alloc failed, req-size: 16 pages, ret: -12\n"
    ours = (
        f"[    8.1] bringup: exhausts heap linux,cma on purpose\n[    8.2] {failed}"
        "[    8.3] bringup: has exhausted heap linux,cma on purpose\n"
    )
    (verdict,) = ask("cma.exhausted", broken(files=files(dmesg=ours)))
    assert verdict.outcome is Outcome.PASS
    (verdict,) = ask("cma.exhausted", broken(files=files(dmesg=f"{ours}[    9.1] {failed}")))
    assert verdict.outcome is Outcome.WARN
    assert sum("alloc failed" in line for line in verdict.evidence) == 1


def test_what_an_earlier_runs_tests_could_not_have_is_not_the_boards(ask: Ask) -> None:
    failed = "[    8.2] cma: __cma_alloc: linux,cma: alloc failed, req-size: 256 pages, ret: -16\n"
    begun, ended = "[    8.1] bringup: tests heaps\n", "[    8.9] bringup: has tested heaps\n"
    exhausted = "[    8.3] bringup: exhausts heap a on purpose\n[    8.4] bringup: has exhausted heap a on purpose\n"
    (verdict,) = ask("cma.exhausted", broken(files=files(dmesg=begun + failed + exhausted + failed + ended)))
    assert verdict.outcome is Outcome.PASS
    for others in (failed + begun + ended, begun + ended + failed, begun + failed, begun + failed + begun + ended):
        (verdict,) = ask("cma.exhausted", broken(files=files(dmesg=others)))
        assert verdict.outcome is Outcome.WARN, others
        assert verdict.cause is not None
        assert verdict.cause.id == "cma.busy"


@pytest.mark.parametrize(
    ("pfn", "outcome"), [(0xFFFFE, Outcome.PASS), (0xFFFFF, Outcome.FAIL), (0x100000, Outcome.FAIL)]
)
def test_a_buffer_has_to_lie_where_the_config_promises_it(ask: Ask, pfn: int, outcome: Outcome) -> None:
    board = lines(TRACING, cma_buffer("linux,cma", (pfn, 2)), page_buffer("system", (0x200000, 0)))
    limited = BOARD_CONFIG.model_copy(update={"memory": Memory(dma_limit=4 << 30)})
    (verdict,) = ask("pages.promised", board, config=limited)
    assert (verdict.heap, verdict.outcome) == ("linux,cma", outcome), "of a system heap nothing is promised"
    assert ask("pages.promised", board)[0].outcome is Outcome.SKIP

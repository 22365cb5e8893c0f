"""Facts of two runs compared: what differs is told once, what every run has anew is not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bringup.compare.facts import FactChange, Subject, fact_changes
from bringup.compare.runs import compare
from bringup.compare.timings import Untimed
from bringup.results.holders import HoldersFacts, HoldingProcess, UnheldBuffer
from bringup.results.memory import MemoryFacts, MemoryRegion, RegionKind, Unplaced
from bringup.results.requirements import RequirementFacts
from bringup.results.run import BoardRun, HeapFacts, Run
from bringup.results.timing import TimingFacts, UntimedFacts
from bringup.results.verdict import Outcome
from tests.support.documents import read_back

_MIB = 1 << 20
_ASKED = RequirementFacts("heaps.cma", "t", "required", Outcome.PASS, "holds", "CONFIG_DMABUF_HEAPS_CMA=y")
_POOL = MemoryRegion("video", RegionKind.CMA, 0x5000_0000, 0x5100_0000, "dmesg")
BOARD = BoardRun(
    serial="s",
    verdicts=(),
    config="one",
    kernel="6.12.1",
    identity={"model": "m", "observed": "2026-11-22T16:00:00Z", "Boot": "3f0c"},
    heaps=(HeapFacts("system", True, "system", "0444", "0:0", "u:object_r:dmabuf_system_heap_device:s0"),),
    memory=MemoryFacts(((0, 1 << 31),), (_POOL,)),
    requirements=(_ASKED,),
)


def told(after: BoardRun, before: BoardRun = BOARD) -> list[tuple[str, str, str | None, str | None]]:
    changes = list(fact_changes(before, after))
    assert all(read_back(one) == one for one in changes)
    return [(one.subject.value, f"{one.name} {one.aspect}".strip(), one.before, one.after) for one in changes]


def heap(**fields: object) -> BoardRun:
    return replace(BOARD, heaps=(replace(BOARD.heaps[0], **fields),))


def memory(*regions: MemoryRegion, unplaced: tuple[Unplaced, ...] = ()) -> BoardRun:
    return replace(BOARD, memory=MemoryFacts(((0, 1 << 31),), regions, unplaced))


def asked(**fields: object) -> BoardRun:
    return replace(BOARD, requirements=(replace(_ASKED, **fields),))


def test_of_equal_boards_nothing_is_reported() -> None:
    assert told(BOARD) == []
    again = {"model": "m", "observed": "2026-11-23T08:00:00Z", "Boot": "9b41"}
    assert told(replace(BOARD, identity=again)) == [], "when it was looked at is no fact of the board"


@pytest.mark.parametrize(
    ("after", "change"),
    [
        (replace(BOARD, kernel="6.12.2"), ("board", "kernel", "6.12.1", "6.12.2")),
        (replace(BOARD, config=None), ("board", "board config", "one", None)),
        (replace(BOARD, serial="t"), ("board", "serial", "s", "t")),
        (heap(mode="0600"), ("heap", "system mode", "0444", "0600")),
        (heap(owner="1000:1000"), ("heap", "system owner", "0:0", "1000:1000")),
        (heap(label=None), ("heap", "system SELinux label", "u:object_r:dmabuf_system_heap_device:s0", None)),
        (heap(present=False), ("heap", "system", "present", None)),
        (
            asked(outcome=Outcome.FAIL, answer="set wrong", found="# CONFIG_DMABUF_HEAPS_CMA is not set"),
            (
                "kernel configuration",
                "heaps.cma",
                "holds: CONFIG_DMABUF_HEAPS_CMA=y",
                "set wrong: # CONFIG_DMABUF_HEAPS_CMA is not set",
            ),
        ),
        (
            memory(replace(_POOL, end=0x5200_0000)),
            ("memory region", "video", "cma, 16 MiB at 0x50000000", "cma, 32 MiB at 0x50000000"),
        ),
        (
            memory(unplaced=(Unplaced("video", 16 * _MIB, "tree"),)),
            ("memory region", "video", "cma, 16 MiB at 0x50000000", "asked for, but not known to be set aside"),
        ),
    ],
)
def test_each_fact_that_changed_is_reported(after: BoardRun, change: tuple[str, str, str | None, str | None]) -> None:
    assert told(after) == [change]


def test_what_one_run_never_looked_at_did_not_change() -> None:
    assert told(replace(BOARD, memory=None, requirements=())) == []
    assert told(BOARD, replace(BOARD, memory=None, requirements=())) == []


def test_why_a_requirement_is_not_asked_names_the_kernel_and_is_no_change() -> None:
    before, after = (
        asked(outcome=Outcome.SKIP, answer="not asked", found=f"5.11.. only; this is {kernel}")
        for kernel in ("5.4", "5.10")
    )
    assert told(after, before) == []


def test_what_the_kernel_takes_for_itself_may_move() -> None:
    before = memory(_POOL, MemoryRegion("kernel", RegionKind.KERNEL, 0, _MIB, "/proc/iomem"))
    after = memory(_POOL, MemoryRegion("kernel", RegionKind.KERNEL, _MIB, 2 * _MIB, "/proc/iomem"))
    assert told(after, before) == []


def test_two_regions_of_one_name_are_two() -> None:
    second = replace(_POOL, begin=0x6000_0000, end=0x6100_0000)
    assert told(memory(_POOL, second)) == [("memory region", "video (2)", None, "cma, 16 MiB at 0x60000000")]


def test_a_comparison_holds_them() -> None:
    found = compare(Run(boards=(BOARD,), tool="0", started=""), Run(boards=(heap(mode="0600"),), tool="0", started=""))
    assert found.facts == (FactChange("s", Subject.HEAP, "system", "mode", "0444", "0600"),)
    assert not found.regressed


def test_what_was_timed_before_and_not_now_is_reported_once_with_its_reason() -> None:
    timing = TimingFacts("heap", "system", 0, "fill", 4096, 1, 9, 1.0, 1.0, 1.0, 1.0, (1.0,), 1.0, 1.0, 0.5)
    gone = UntimedFacts("heap", "system", 0, 4096, 1, "out of memory")
    other = UntimedFacts("heap", "system", 0, 1 << 26, 1, "never was timed")
    kept = replace(timing, size=8192)

    def run(timings: tuple[TimingFacts, ...], untimed: tuple[UntimedFacts, ...] = ()) -> Run:
        return Run(boards=(BoardRun(serial="s", verdicts=(), timings=timings, untimed=untimed),), tool="0", started="")

    found = compare(run((timing, kept)), run((kept,), (gone, gone, other, replace(gone, size=8192))))
    assert found.untimed == (Untimed("heap", "system", 0, 4096, 1, "out of memory", "s"),)


def holders(*processes: HoldingProcess, unheld: tuple[UnheldBuffer, ...] | None = ()) -> BoardRun:
    held = sum(one.pss for one in processes)
    rest = unheld or ()
    facts = HoldersFacts(
        buffers=sum(one.buffers for one in processes) + len(rest),
        bytes=held + sum(one.size or 0 for one in rest),
        held=held,
        unheld=unheld,
        processes=processes,
        sources=(),
    )
    return replace(BOARD, holders=facts)


def test_who_holds_more_is_told_by_name_and_not_by_process_id() -> None:
    before = holders(HoldingProcess(7, 1, "camera", 1, 4096, 4096), HoldingProcess(8, 1, "media", 1, 4096, 4096))
    again = holders(HoldingProcess(70, 9, "camera", 1, 4096, 4096), HoldingProcess(80, 9, "media", 1, 4096, 4096))
    assert told(again, before) == []
    after = holders(HoldingProcess(70, 9, "camera", 3, 12288, 12288), unheld=(UnheldBuffer(1, 8192),))
    assert told(after, before) == [
        ("board", "buffers held all", "8,192 bytes in 2", "20,480 bytes in 4"),
        ("board", "buffers held camera", "4,096 bytes in 1", "12,288 bytes in 3"),
        ("board", "buffers held media", "4,096 bytes in 1", None),
        ("board", "buffers held no process", "0 bytes in 0", "8,192 bytes in 1"),
    ]
    assert told(after) == [], "the first run did not look"

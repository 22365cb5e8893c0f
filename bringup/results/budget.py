"""Whether heaps have enough memory for the streams that run at the same time. Sizes are in bytes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bringup.document import Count, computed, require_finite, set_computed
from bringup.outcome import Outcome, worst
from bringup.results.verdict import Change

__all__ = [
    "Budget",
    "BudgetFacts",
    "HeapBudget",
    "HeapCapacity",
    "HeapFix",
    "PlaneFacts",
    "ScenarioBudget",
    "StreamFacts",
]


class PlaneFacts(msgspec.Struct, frozen=True):
    """A plane of a frame.

    :param stride: Bytes of a row.
    :param lines: Rows.
    :param bytes: Of the whole plane.
    """

    stride: Count
    lines: Count
    bytes: Count


class StreamFacts(msgspec.Struct, frozen=True):
    """A stream and what its buffers take.

    :param frames: How many frames there are at a time.
    :param format: The pixel format; null where a buffer has no frame.
    :param rules: The driver whose layout the frames have: packed, align (of the board config), or its name.
    :param source: Where these rules were read; empty where the board config gives them.
    :param buffers: Bytes of each buffer that a frame takes: one, or one per plane.
    :param bytes: Of all frames.
    """

    name: str
    heap: str
    frames: Count
    format: str | None
    width: Count
    height: Count
    rules: str
    source: str
    planes: tuple[PlaneFacts, ...]
    buffers: tuple[Count, ...]
    bytes: Count


class HeapCapacity(msgspec.Struct, frozen=True):
    """What a heap gave when it was asked for all that it has.

    :param held: The most that was held at one time.
    :param stopped: What ended it: ENOMEM (nothing was left), budget (no more was tried), or another.
    :param free: What was free for it before.
    :param size: Of its CMA area; null: it has none, or that is unknown.
    :param pinned: What was free and could not be had, because pages there could not be moved; null: unknown.
    :param largest: The largest single buffer; null: it was not looked for, or any page will do.
    :param largest_fragmented: The same while every second of the small buffers that filled the heap was held.
    :param step: How exactly the largest buffer is known.
    """

    held: Count
    stopped: str
    free: Count
    size: Count | None = None
    pinned: Count | None = None
    largest: Count | None = None
    largest_fragmented: Count | None = None
    step: Count = 0


class HeapBudget(msgspec.Struct, frozen=True):
    """What the streams of a scenario need of one heap, beside what it could give.

    :param buffers: How many buffers.
    :param bytes: Of all buffers, in whole pages.
    :param area: The smallest area that holds them all, each contiguous and aligned, whatever their order.
    :param alignment: The strictest alignment of a buffer.
    :param largest: The largest buffer: of a heap of contiguous memory the free run that is needed.
    :param is_contiguous: Whether the heap's buffers are contiguous.
    :param with_margin: The area and the margin.
    :param region: What a region for it should have at least, in whole alignments of CMA, with what others hold there
        and what cannot be moved, as far as that was measured; null: the heap has no region.
    :param capacity: What it could give; null: that was not measured.
    :param outcome: pass: it gave that much, with the margin. warn: without the margin. fail: it did not. error:
        unknown. Null: there is no board.
    :param reason: Why, in a sentence.
    """

    heap: str
    buffers: Count
    bytes: Count
    area: Count
    alignment: Count
    largest: Count
    is_contiguous: bool
    with_margin: Count
    region: Count | None = None
    capacity: HeapCapacity | None = None
    outcome: Outcome | None = None
    reason: str = ""


class ScenarioBudget(msgspec.Struct, frozen=True):
    """Streams that run at the same time.

    :param outcome: The worst of its heaps; null: there is no board.
    """

    name: str
    streams: tuple[str, ...]
    heaps: tuple[HeapBudget, ...]
    outcome: Outcome | None = computed()

    def __post_init__(self) -> None:
        known = [heap.outcome for heap in self.heaps if heap.outcome is not None]
        set_computed(self, outcome=worst(known) if known else None)


class BudgetFacts(msgspec.Struct, frozen=True):
    """Streams, what they need, and whether the heaps have it.

    :param page_size: Of the board, or the one that was assumed.
    :param margin: The share of the need that has to be left over.
    """

    page_size: Count
    margin: Annotated[float, msgspec.Meta(ge=0, le=10)]
    streams: tuple[StreamFacts, ...]
    scenarios: tuple[ScenarioBudget, ...]
    outcome: Outcome | None = computed()

    def __post_init__(self) -> None:
        require_finite(self)
        known = [scenario.outcome for scenario in self.scenarios if scenario.outcome is not None]
        set_computed(self, outcome=worst(known) if known else None)

    def of_heap(self, heap: str) -> list[tuple[ScenarioBudget, HeapBudget]]:
        """What each scenario needs of a heap, with the scenario; those that take nothing from it are left out."""
        return [(each, own) for each in self.scenarios for own in each.heaps if own.heap == heap]

    @property
    def heaps(self) -> tuple[str, ...]:
        """The heaps that streams take from, in their order."""
        return tuple(dict.fromkeys(heap.heap for scenario in self.scenarios for heap in scenario.heaps))


class HeapFix(msgspec.Struct, frozen=True):
    """Lines that give a heap enough memory for every scenario.

    :param size: Of the region.
    :param title: In which way: any one of several ways for a heap is enough.
    :param changes: The lines.
    """

    heap: str
    size: Count
    title: str
    changes: tuple[Change, ...]


class Budget(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag="bringup.budget/1"):
    """The memory that streams need of heaps, and whether a board has it.

    :param serial: The board whose record it was held against; null: none.
    :param config: The board config; null: none.
    :param kernel: The kernel's release, as uname -r says it; null where it is unknown.
    :param assumed: What was assumed because nothing shows it.
    :param fixes: Lines that give enough.
    """

    serial: str | None = None
    config: str | None = None
    kernel: str | None = None
    assumed: tuple[str, ...] = ()
    budget: BudgetFacts
    fixes: tuple[HeapFix, ...] = ()

"""A run: the verdicts on one or many boards, and what a report shows beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from bringup.document import Count, computed, require_finite, set_computed
from bringup.errors import Blame
from bringup.kernel.history.gap import UpstreamGap
from bringup.outcome import Outcome, worst
from bringup.results.budget import BudgetFacts
from bringup.results.holders import HoldersFacts
from bringup.results.ion import IonFacts
from bringup.results.memory import MemoryFacts
from bringup.results.pages import ExhaustionFacts, PageFacts
from bringup.results.requirements import RequirementFacts
from bringup.results.timing import TimingFacts, UntimedFacts
from bringup.results.verdict import Verdict

__all__ = ["SCHEMA", "BoardRun", "HeapFacts", "LatencyFacts", "Run", "Step"]

SCHEMA = "bringup.run/1"


class LatencyFacts(msgspec.Struct, frozen=True):
    """Allocation latency of one size beside memset of the same size on the same board, in nanoseconds.

    :param size: Bytes.
    :param samples: How many allocations the percentiles are taken over.
    """

    size: int
    samples: int
    alloc_p50: int
    alloc_p95: int
    free_p50: int
    free_p95: int
    memset_p50: int
    memset_p95: int


class HeapFacts(msgspec.Struct, frozen=True):
    """One heap at a glance.

    :param name: NAME of /dev/dma_heap/NAME.
    :param mode: Permission bits in octal, as ueventd writes them; null where they are unknown.
    :param owner: UID:GID; null where it is unknown.
    :param label: The SELinux context; null where there is none.
    :param tests: How many of the test allocator's tests ended in which outcome.
    :param pages: Where the pages of buffers of several sizes lay, one entry per buffer; empty where that could not be
        traced.
    :param exhaustion: How much the heap could give; null where that was not tried.
    """

    name: str
    present: bool
    kind: str | None = None
    mode: Annotated[str, msgspec.Meta(pattern="^[0-7]{4,}$")] | None = None
    owner: str | None = None
    label: str | None = None
    tests: Mapping[str, Count] = msgspec.field(default_factory=dict)
    latency: tuple[LatencyFacts, ...] = ()
    pages: tuple[PageFacts, ...] = ()
    exhaustion: ExhaustionFacts | None = None


class Step(msgspec.Struct, frozen=True):
    """One step of a board's observation.

    :param at: Seconds since the run's start, by the host's monotonic clock.
    :param seconds: Seconds taken.
    """

    step: str
    at: float
    seconds: float

    def __post_init__(self) -> None:
        require_finite(self)


class BoardRun(msgspec.Struct, frozen=True, kw_only=True):
    """One board's part of a run.

    :param serial: As adb lists the board. Of a place of labgrid whose board could not be asked: the place's name.
    :param place: The place of labgrid where the board is; null where this host's adb lists it.
    :param config: The board config it was judged against; null where none matched.
    :param kernel: The kernel's release, as uname -r says it; null where it is unknown.
    :param outcome: The worst of the verdicts: fail, then error, then warn, then pass. A board of which nothing was
        judged is an error.
    :param unusable: Of a board that adb lists and that could not be used: adb's word for its state. It has no record,
        and one verdict, an error, which says why. Null for a board that was observed.
    :param blame: Who has to act where the board was not observed to its end; null where it was, or where it is unknown.
    :param record: Where the record is, relative to the run's folder.
    :param identity: What the board says of itself, in the order in which to show it.
    :param ion: What /dev/ion says, and the comparisons; null where there is no ION.
    :param ion_heaps: Each ION heap as its tests and timings name it: ion/NAME, followed by the flags.
    :param timings: The benchmark's operations; empty where it was not run.
    :param untimed: What the benchmark was to measure and did not, or not to the end.
    :param steps: What was done when.
    :param memory: Where memory lies and what of it is set aside; null: unknown.
    :param budget: What the board config's streams need of the heaps, and whether they have it; null: it has no streams.
    :param holders: Who held buffers before anything was tested; null: it was not looked for.
    :param requirements: What was asked of the kernel's configuration.
    :param upstream_gap: What the board has or asks for that mainline does not have; null where it was not looked for.
    """

    serial: str
    place: str | None = None
    config: str | None = None
    kernel: str | None = None
    outcome: Outcome = computed()
    unusable: str | None = None
    blame: Blame | None = None
    record: str | None = None
    identity: Mapping[str, str] = msgspec.field(default_factory=dict)
    heaps: tuple[HeapFacts, ...] = ()
    ion: IonFacts | None = None
    ion_heaps: tuple[HeapFacts, ...] = ()
    timings: tuple[TimingFacts, ...] = ()
    untimed: tuple[UntimedFacts, ...] = ()
    steps: tuple[Step, ...] = ()
    memory: MemoryFacts | None = None
    holders: HoldersFacts | None = None
    budget: BudgetFacts | None = None
    requirements: tuple[RequirementFacts, ...] = ()
    upstream_gap: UpstreamGap | None = None
    verdicts: tuple[Verdict, ...]

    def __post_init__(self) -> None:
        set_computed(self, outcome=worst(verdict.outcome for verdict in self.verdicts))


class Run(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=SCHEMA):
    """The verdicts on one or many boards.

    :param tool: The version of bringup that judged.
    :param started: When the run began, by the host's clock: ISO 8601 in UTC.
    :param chosen_by: The options that chose its boards, where adb does not list them for the next command: places of
        labgrid, a virtual board. Empty: adb listed them.
    :param outcome: The worst of the boards. A run in which nothing was judged is an error.
    """

    tool: str
    started: str
    chosen_by: tuple[str, ...] = ()
    outcome: Outcome = computed()
    boards: tuple[BoardRun, ...]

    def __post_init__(self) -> None:
        set_computed(self, outcome=worst(board.outcome for board in self.boards))

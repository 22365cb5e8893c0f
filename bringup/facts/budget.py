"""The memory that streams need of heaps, beside what a board's heaps could give."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bringup.config.rules import cma_granule as granule_of_config
from bringup.config.schema import BoardConfig, Heap, HeapKind
from bringup.config.streams import Scenario, StreamConfig, make_stream
from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.memory.cma_areas import cma_granule
from bringup.facts.memory.default_cma import is_cma_heap
from bringup.facts.memory.heap_capacity import capacity_of
from bringup.kernel.history.heap_names import default_cma_names
from bringup.outcome import Outcome
from bringup.results.budget import BudgetFacts, HeapBudget, HeapCapacity, PlaneFacts, ScenarioBudget, StreamFacts
from bringup.streams.layout import Stream, frame_of, round_up
from bringup.streams.need import CMA_ORDER, HeapNeed, needs
from bringup.text import parse_number

__all__ = ["MARGIN", "USUAL_GRANULE", "BudgetQuestion", "budget_of", "budget_of_config", "largest_need", "show_mib"]

#: The share of the need that has to be left over, where nobody says otherwise.
MARGIN = 0.1
#: CMA's alignment with pages of 4 KiB, where nothing shows another.
USUAL_GRANULE = 2 << 20
_CONTIGUOUS = (HeapKind.CMA, HeapKind.CARVEOUT)


@dataclass(frozen=True, slots=True)
class BudgetQuestion:
    """What is asked: do these streams fit?

    :param scenarios: which run at the same time; empty: all of them.
    :param facts: what is known of a board; ``None``: only the need is wanted.
    :param config: the board config; ``None``: none.
    :param page_size: in bytes, where there is no board.
    """

    streams: tuple[StreamConfig, ...]
    scenarios: tuple[Scenario, ...] = ()
    margin: float = MARGIN
    facts: Facts | None = None
    config: BoardConfig | None = None
    page_size: int = 4096

    @property
    def granule(self) -> int:
        """CMA's alignment, in bytes."""
        known = cma_granule(self.facts) if self.facts is not None else None
        return known or (granule_of_config(self.config) if self.config is not None else USUAL_GRANULE)

    def heap(self, name: str) -> Heap | None:
        """What the board config says of a heap."""
        return self.config.heap(name) if self.config is not None else None

    def names(self, name: str) -> tuple[str, ...]:
        """Every name of a heap on this kernel; the one that is asked for is the first."""
        known, version = self.heap(name), self.facts.version if self.facts is not None else None
        others = known.names_on(version.release if version is not None else None) if known is not None else ()
        return tuple(dict.fromkeys((name, *others)))

    def is_contiguous(self, name: str) -> bool:
        """Whether a heap's buffers are contiguous: by the board config, the board, or the heap's name."""
        known = self.heap(name)
        if known is not None:
            return known.kind in _CONTIGUOUS
        by_name = name in default_cma_names() or "cma" in name.lower() or "carveout" in name.lower()
        return by_name or (self.facts is not None and is_cma_heap(self.facts, name))


def budget_of_config(facts: Facts) -> BudgetFacts | None:
    """The budget of a board whose config has streams; ``None``: it has none."""
    config = facts.config
    if config is None or not config.streams:
        return None
    return budget_of(BudgetQuestion(config.streams, config.scenarios, facts=facts, config=config))


def budget_of(question: BudgetQuestion) -> BudgetFacts:
    """What the streams of each scenario need of their heaps, and whether the board has it."""
    facts = question.facts
    page = facts.page_size if facts is not None else question.page_size
    streams = {config.name: make_stream(config) for config in question.streams}
    everything = Scenario(name="all", streams=tuple(streams))
    scenarios = [_scenario(each, streams, question, page) for each in question.scenarios or (everything,)]
    return BudgetFacts(page, question.margin, tuple(map(_stream, streams.values())), tuple(scenarios))


def _stream(stream: Stream) -> StreamFacts:
    frame = frame_of(stream)
    return StreamFacts(
        name=stream.name,
        heap=stream.heap,
        frames=stream.buffers,
        format=stream.pixels.name if stream.pixels is not None else None,
        width=stream.width,
        height=stream.height,
        rules=stream.rules.name if stream.pixels is not None else "",
        source=stream.rules.source if stream.pixels is not None else "",
        planes=tuple(PlaneFacts(plane.stride, plane.lines, plane.bytes) for plane in frame.planes),
        buffers=frame.buffers,
        bytes=sum(frame.buffers) * stream.buffers,
    )


def _scenario(scenario: Scenario, streams: Mapping[str, Stream], question: BudgetQuestion, page: int) -> ScenarioBudget:
    running = [streams[name] for name in scenario.streams]
    contiguous = [heap for heap in dict.fromkeys(stream.heap for stream in running) if question.is_contiguous(heap)]
    found = needs(running, contiguous, page, _cma_order(question.facts))
    return ScenarioBudget(
        scenario.name, scenario.streams, tuple(_heap(need, need.heap in contiguous, question) for need in found)
    )


def _cma_order(facts: Facts | None) -> int:
    """CONFIG_CMA_ALIGNMENT of the kernel."""
    config = facts.kernel_config if facts is not None else None
    value = parse_number((config.get("CMA_ALIGNMENT") if config is not None else None) or "")
    return value if value is not None and 2 <= value <= 12 else CMA_ORDER


def _heap(need: HeapNeed, is_contiguous: bool, question: BudgetQuestion) -> HeapBudget:
    capacity = capacity_of(question.facts, question.names(need.heap)) if question.facts is not None else None
    with_margin = math.ceil(need.area * (1 + question.margin))
    outcome, reason = (None, "") if question.facts is None else _judge(need, with_margin, is_contiguous, capacity)
    return HeapBudget(
        heap=need.heap,
        buffers=need.buffers,
        bytes=need.bytes,
        area=need.area,
        alignment=need.alignment,
        largest=need.largest,
        is_contiguous=is_contiguous,
        with_margin=with_margin,
        region=_region(with_margin, capacity, question.granule) if is_contiguous else None,
        capacity=capacity,
        outcome=outcome,
        reason=reason,
    )


def _region(wanted: int, capacity: HeapCapacity | None, granule: int) -> int:
    """A region in which ``wanted`` can be had, if others hold as much and the same share cannot be moved."""
    if capacity is None or capacity.size is None:
        return round_up(wanted, granule)
    others = max(0, capacity.size - capacity.free)
    share = (capacity.pinned or 0) / capacity.size
    return round_up(math.ceil((wanted + others) / (1 - min(share, 0.9))), granule)


def _judge(need: HeapNeed, with_margin: int, is_contiguous: bool, capacity: HeapCapacity | None) -> tuple[Outcome, str]:
    if capacity is None:
        return Outcome.ERROR, "nothing shows how much it can give: it was not used up"
    if need.area > capacity.held:
        short = f"{show_mib(need.area)} are needed, {show_mib(capacity.held)} could be held"
        if capacity.stopped == "ENOMEM":
            return Outcome.FAIL, short
        return Outcome.ERROR, f"{short}; no more was tried ({capacity.stopped})"
    if is_contiguous and (run := _run(need.largest, capacity)) is not None:
        return run
    if with_margin <= capacity.held:
        return Outcome.PASS, f"{show_mib(capacity.held)} could be held, {show_mib(with_margin)} with the margin"
    left = f"{show_mib(capacity.held - need.area)} are left over, less than the margin"
    if capacity.stopped == "ENOMEM":
        return Outcome.WARN, left
    return Outcome.ERROR, f"{left}; no more was tried ({capacity.stopped})"


def _run(largest: int, capacity: HeapCapacity) -> tuple[Outcome, str] | None:
    """What is wrong with the longest run of a heap of contiguous memory; ``None``: nothing."""
    if capacity.largest is None:
        return Outcome.ERROR, "nothing shows how large a single buffer can be"
    if largest <= capacity.largest:
        return None
    seen = f"a buffer of {show_mib(largest)} is needed, the largest that could be had was {show_mib(capacity.largest)}"
    if largest <= capacity.largest + capacity.step:
        return Outcome.ERROR, f"{seen}, which is known to within {show_mib(capacity.step)}"
    return Outcome.FAIL, seen


def show_mib(size: int) -> str:
    """Bytes in MiB with four digits, or exactly where a unit divides them."""
    return show_size(size) if size % (1 << 20) == 0 or size < 1 << 20 else f"{size / (1 << 20):.4g} MiB"


def largest_need(budget: BudgetFacts, heaps: Sequence[str]) -> dict[str, int]:
    """The region that each of these heaps should have for every scenario; heaps without a region are left out."""
    regions = {heap: [own.region for _, own in budget.of_heap(heap)] for heap in heaps}
    return {heap: max(known) for heap, sizes in regions.items() if (known := [size for size in sizes if size])}

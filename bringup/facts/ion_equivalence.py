"""An ION heap and the DMA-BUF heap that replaces it, compared point by point from one record.

A point that this board does not show is ``UNKNOWN``, and never counts as equal.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bringup.allocator.answer import ReadTimes, Result, State
from bringup.config.schema import Heap, HeapKind
from bringup.config.schema import IonHeap as Replaced
from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.latency import latency_facts, percentile
from bringup.facts.memory.buffer_placement import pages_of
from bringup.kernel.history.version import Flavour
from bringup.outcome import Outcome
from bringup.results.ion import IonComparison, IonFacts, IonHeap, IonPoint, PointResult
from bringup.results.pages import PageFacts
from bringup.results.run import LatencyFacts

__all__ = ["ION_LEGACY", "comparisons", "ion_facts", "ion_sources", "legacy_note", "mappings"]

ION_LEGACY = "legacy"
ION_FLAG_CACHED = 1
#: ``enum ion_heap_type`` (drivers/staging/android/uapi/ion.h of Linux 5.10).
_TYPES = ("system", "system-contig", "carveout", "chunk", "dma", "custom")
#: Reading that takes at least the first figure times as long as cached memory is uncached: on the boards that ION ran
#: on, uncached memory is slower than that, and noise is smaller. Up to the second figure it is cached, if the board
#: shows a difference.
_UNCACHED_FROM, _CACHED_TO = 4.0, 2.0
#: Medians that differ by a smaller factor count as equal: the two heaps are not timed in the same turns.
_LATENCY_BAND = 2.0
_MIB = 1 << 20


class _Cache(enum.StrEnum):
    CACHED = "cached"
    UNCACHED = "uncached"


@dataclass(frozen=True, slots=True)
class _Side:
    """What is known about one of the two heaps."""

    tests: Mapping[str, Result]
    reads: ReadTimes | None
    latency: Mapping[int, LatencyFacts]
    pages: Mapping[int, PageFacts]


def ion_facts(facts: Facts) -> IonFacts | None:
    """What a report shows of ION; ``None`` if there is no ION, or it was not observed."""
    ion = facts.record.ion
    if ion is None or ion.state is not State.OK:
        return None
    heaps = tuple(IonHeap(name, _type(number), id_) for name, number, id_ in ion.heaps)
    return IonFacts(ion.abi, heaps, tuple(comparisons(facts)))


def _type(number: int) -> str:
    return _TYPES[number] if number < len(_TYPES) else str(number)


def ion_sources(facts: Facts) -> dict[str, str]:
    """Each heap of ION by its name in test results, with its type."""
    ion = facts.record.ion
    types = {} if ion is None else {name: _type(number) for name, number, _ in ion.heaps}
    names = sorted(name for name in facts.record.tested_heaps if name.startswith("ion/"))
    return {name: types.get(name.split("/")[1], "") for name in names}


def legacy_note(facts: Facts) -> tuple[str, ...]:
    """A note for verdicts that depend on ION's interface before 4.12."""
    if facts.record.ion is None or facts.record.ion.abi != ION_LEGACY:
        return ()
    return ("pre-4.12 ION support has not been tested on hardware",)


def mappings(facts: Facts) -> Iterator[tuple[Heap, Replaced]]:
    """The heaps whose board config names the ION heap that they replace."""
    for heap in facts.config.heaps if facts.config else ():
        if heap.replaces is not None:
            yield heap, heap.replaces


def comparisons(facts: Facts) -> Iterator[IonComparison]:
    """One comparison per mapping whose two heaps are both on the board, as far as known."""
    ion = facts.record.ion
    if ion is None or ion.state is not State.OK:
        return
    release = facts.version.release if facts.version else None
    for heap, mapping in mappings(facts):
        name = next((name for name in heap.names_on(release) if name in (facts.heap_nodes or {})), None)
        source, known, flags = _source(mapping, ion.abi)
        if name is not None and known in {ion_name for ion_name, _, _ in ion.heaps}:
            yield IonComparison(name, known, flags, source, tuple(_points(facts, heap, name, source, flags)))


def _source(mapping: Replaced, abi: str | None) -> tuple[str, str, int]:
    """The heap's name in test results, its name in ION, and the flags."""
    legacy = abi == ION_LEGACY
    name = f"0x{mapping.legacy_mask:x}" if legacy else mapping.name
    flags = mapping.legacy_flags if legacy else mapping.flags
    behind = "" if flags == 0 else "/cached" if flags == ION_FLAG_CACHED else f"/0x{flags:x}"
    return f"ion/{name}{behind}", name, flags


def _points(facts: Facts, heap: Heap, name: str, source: str, flags: int) -> Iterator[IonPoint]:
    scattered = ion_sources(facts).get(source) == "system"
    old, new = _side(facts, source), _side(facts, name)
    yield _asserted("size", ("size.lseek", "size.rounding"), "each size comes in whole pages", old, new)
    yield _asserted("zeroing", ("zero.fresh", "zero.reuse"), "buffers come zeroed", old, new)
    yield _cacheability(facts, heap, flags, old, new)
    if scattered:
        why = "an ION heap of type system is neither contiguous nor aligned to more than pages"
        pieces = "; ".join(_pieces(pages) for _, pages in sorted(new.pages.items())) or "not traced"
        yield IonPoint("contiguity", PointResult.SAME, "not contiguous", pieces, why)
        yield IonPoint("alignment", PointResult.SAME, "pages", "pages", why)
    else:
        yield _contiguity(old, new)
        yield _alignment(old, new)
    yield _latency(old, new)


def _side(facts: Facts, name: str) -> _Side:
    record = facts.record
    timed = (latency_facts(sample) for sample in record.latencies if sample.heap == name)
    return _Side(
        tests={result.test: result for result in record.results if result.heap == name},
        reads=next((reads for reads in record.reads if reads.heap == name and reads.read_ns), None),
        latency={times.size: times for times in timed if times is not None},
        pages={pages.size: pages for pages in pages_of(facts, name)},
    )


# -- what tests assert about both -------------------------------------------------------------------------------------


def _holds(tests: Mapping[str, Result], ids: Sequence[str]) -> tuple[bool | None, str]:
    """Whether all of these tests passed (``None``: not known), and why they failed or why it is not known."""
    for id_ in ids:
        result = tests.get(id_)
        if result is not None and result.outcome is Outcome.FAIL:
            return False, f"{id_}: {result.seen}"
    for id_ in ids:
        result = tests.get(id_)
        if result is None:
            return None, f"{id_} was not run"
        if result.outcome not in (Outcome.PASS, Outcome.WARN):
            return None, f"{id_}: {result.seen}"
    return True, ""


def _asserted(name: str, ids: Sequence[str], assertion: str, old: _Side, new: _Side) -> IonPoint:
    (was, of_old), (is_now, of_new) = _holds(old.tests, ids), _holds(new.tests, ids)
    why = f"the tests {' and '.join(ids)} on both"
    if was is None or is_now is None:
        return IonPoint(name, PointResult.UNKNOWN, of_old, of_new, why)
    result = PointResult.SAME if was == is_now else PointResult.BETTER if is_now else PointResult.WORSE
    return IonPoint(name, result, assertion if was else of_old, assertion if is_now else of_new, why)


# -- cacheability ----------------------------------------------------------------------------------------------------


def _slower(reads: ReadTimes) -> float:
    """The median time of reading the buffer, divided by that of reading the process's own memory."""
    return percentile(reads.read_ns, 0.5) / max(1, percentile(reads.memory_ns, 0.5))


def _cacheability(facts: Facts, heap: Heap, flags: int, old: _Side, new: _Side) -> IonPoint:
    ratios = [None if reads is None else _slower(reads) for reads in (old.reads, new.reads)]
    words = [
        "not timed" if ratio is None else f"read in {ratio:.1f} times the time of cached memory" for ratio in ratios
    ]
    shows = any(_slower(reads) >= _UNCACHED_FROM for reads in facts.record.reads if reads.read_ns)
    was, is_now = (_judged(ratio, shows) for ratio in ratios)
    if was is not None and is_now is not None:
        result = PointResult.SAME if was is is_now else PointResult.DIFFERENT
        rule = f"heuristic: {_UNCACHED_FROM:g} times and more is uncached, up to {_CACHED_TO:g} times cached"
        return IonPoint("cacheability", result, f"{was}: {words[0]}", f"{is_now}: {words[1]}", rule)
    requested, expected = _Cache.CACHED if flags & ION_FLAG_CACHED else _Cache.UNCACHED, _expected_cache(facts, heap)
    evidence = (f"asked for {requested}; {words[0]}", f"by its kind {expected or 'not known'}; {words[1]}")
    blind = "no mapping on this board reads slower than cached memory, so time does not show it" if not shows else (
        "the times are neither a cached nor an uncached mapping's"
    )  # fmt: skip
    if expected is not None and expected is not requested:
        return IonPoint("cacheability", PointResult.DIFFERENT, *evidence, f"by the kind of each; {blind}")
    return IonPoint("cacheability", PointResult.UNKNOWN, *evidence, blind)


def _judged(ratio: float | None, shows: bool) -> _Cache | None:
    if ratio is None:
        return None
    if ratio >= _UNCACHED_FROM:
        return _Cache.UNCACHED
    return _Cache.CACHED if shows and ratio <= _CACHED_TO else None


def _expected_cache(facts: Facts, heap: Heap) -> _Cache | None:
    """Mainline's heaps map cached (drivers/dma-buf/heaps of 5.10 to 7.3 change no protection); a vendor's may not."""
    kernel = facts.config.kernel if facts.config else None
    if heap.kind is HeapKind.SYSTEM_UNCACHED or heap.name.endswith("-uncached"):
        return _Cache.UNCACHED
    own = kernel is None or kernel.flavour in (None, Flavour.MAINLINE)
    if heap.kind is HeapKind.SYSTEM or (heap.kind is HeapKind.CMA and own):
        return _Cache.CACHED
    return None


# -- where the pages lie ---------------------------------------------------------------------------------------------


def _common(old: _Side, new: _Side) -> list[tuple[PageFacts, PageFacts]]:
    """Buffers of more than a page that were traced on both heaps."""
    sizes = sorted(old.pages.keys() & new.pages.keys())
    return [(old.pages[size], new.pages[size]) for size in sizes if size > old.pages[size].page_size]


_UNTRACED = "the pages of both heaps' buffers were not traced (that needs root and tracefs)"


def _is_contiguous(pages: PageFacts) -> bool:
    return sum(count for _, count in pages.runs) == 1


def _contiguity(old: _Side, new: _Side) -> IonPoint:
    pairs = _common(old, new)
    if not pairs:
        return IonPoint("contiguity", PointResult.UNKNOWN, why=_UNTRACED)
    was, is_now = (all(_is_contiguous(pair[side]) for pair in pairs) for side in (0, 1))
    result = PointResult.SAME if was == is_now else PointResult.BETTER if is_now else PointResult.WORSE
    ion, heap = ("; ".join(_pieces(pair[side]) for pair in pairs) for side in (0, 1))
    return IonPoint("contiguity", result, ion, heap, "runs of physical pages, by the kernel's trace events")


def _pieces(pages: PageFacts) -> str:
    pieces = sum(count for _, count in pages.runs)
    return f"{show_size(pages.size)} in {pieces} piece{'s' if pieces > 1 else ''}"


def _alignment(old: _Side, new: _Side) -> IonPoint:
    pairs = [pair for pair in _common(old, new) if _is_contiguous(pair[0])]
    if not _common(old, new):
        return IonPoint("alignment", PointResult.UNKNOWN, why=_UNTRACED)
    if not pairs:
        why = "the ION heap's buffers are not contiguous, although its type is"
        return IonPoint("alignment", PointResult.UNKNOWN, "pages", "", why)
    was, is_now = (all(_is_aligned(pair[side]) for pair in pairs) for side in (0, 1))
    result = PointResult.SAME if was == is_now else PointResult.BETTER if is_now else PointResult.WORSE
    ion, heap = ("; ".join(_aligned(pair[side]) for pair in pairs) for side in (0, 1))
    why = "to the buffer's own size, at most 1 MiB (CONFIG_CMA_ALIGNMENT's default): as CMA aligns it"
    return IonPoint("alignment", result, ion, heap, why)


def _own_alignment(size: int) -> int:
    return min(1 << (size - 1).bit_length(), _MIB)


def _is_aligned(pages: PageFacts) -> bool:
    return _is_contiguous(pages) and pages.lowest % _own_alignment(pages.size) == 0


def _aligned(pages: PageFacts) -> str:
    natural = pages.lowest & -pages.lowest if pages.lowest else _MIB
    return f"{show_size(pages.size)} at 0x{pages.lowest:x}, aligned to {show_size(natural)}"


# -- latency ---------------------------------------------------------------------------------------------------------


def _latency(old: _Side, new: _Side) -> IonPoint:
    sizes = sorted(old.latency.keys() & new.latency.keys())
    large = [size for size in sizes if size >= _MIB]
    if not large:
        return IonPoint("latency", PointResult.UNKNOWN, why="no buffers of 1 MiB or more were timed for both")
    ratios = [new.latency[size].alloc_p50 / max(1, old.latency[size].alloc_p50) for size in large]
    result = PointResult.SAME
    if max(ratios) > _LATENCY_BAND:
        result = PointResult.WORSE
    elif max(ratios) < 1 / _LATENCY_BAND:
        result = PointResult.BETTER
    ion, heap = ("; ".join(_times(side.latency[size]) for size in sizes) for side in (old, new))
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    why = f"median of allocating from 1 MiB on, heap / ION: {shown}; more than {_LATENCY_BAND:g} times counts as worse"
    return IonPoint("latency", result, ion, heap, why)


def _times(latency: LatencyFacts) -> str:
    alloc = f"{latency.alloc_p50 / 1000:.0f} (p95 {latency.alloc_p95 / 1000:.0f})"
    free = f"{latency.free_p50 / 1000:.0f} (p95 {latency.free_p95 / 1000:.0f})"
    return f"{show_size(latency.size)}: alloc {alloc}, free {free} µs"

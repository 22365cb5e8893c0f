"""What replaces a use: by what its call asks for, by who runs the code, and by the heaps of the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from bringup.scan.asked import Asked
from bringup.scan.document import Side
from bringup.scan.knowledge.entry import Entry, Kind
from bringup.scan.rule import Rule

if TYPE_CHECKING:  # pydantic is imported only where a board is named
    from bringup.config.schema import BoardConfig, Heap

__all__ = ["CMA_NAME", "Advice", "advise"]

CMA_NAME = (
    "the CMA heap; on mainline it is called after its area up to 6.16 (reserved, linux,cma, default-pool), "
    "default_cma_region from 6.17 on"
)
_CACHED = "system: it asks for ION_FLAG_CACHED"
_UNCACHED = "system-uncached: it does not ask for ION_FLAG_CACHED (Android Common Kernels and vendors have this heap)"
_CACHED_MASK = "this call: the heap that replaces its mask, which stands elsewhere; the memory is cached"
_UNCACHED_MASK = "this call: the heap that replaces its mask, which stands elsewhere; the memory is uncached"
_NO_UNCACHED = (
    "mainline has no uncached heap: there system fits only where each access by the CPU stands "
    "between DMA_BUF_SYNC_START and DMA_BUF_SYNC_END"
)
_BY_FLAG = (
    "system, where ION_FLAG_CACHED is set",
    "system-uncached, where it is not set (Android Common Kernels and vendors; mainline has no such heap)",
)
_PROTECTED = (
    "a protected heap, never system: protected memory is a heap of its own, the vendor's",
    "Android calls it system-secure or system-secure-NAME, mainline from 6.18 on protected,secure-video",
)
_VENDOR = "a heap of the vendor, whose name depends on the board: ls /dev/dma_heap lists it there"
_NAME = "the name of the heap, as for libdmabufheap's Alloc(): system, system-uncached or a heap of the board"
_FLAGS = "heaps have no flags: choose the heap by its name, and pass 0 as heap_flags"
_HEAP_KINDS = frozenset({Kind.MASK, Kind.ID, Kind.FLAG, Kind.HEAP_NAME})
_IN_KERNEL = (
    "in the kernel: dma_heap_find(NAME), then dma_heap_buffer_alloc() (Android Common Kernels; mainline has neither)"
)


class Advice(NamedTuple):
    """What to print, and the heap by itself where one is known (several: separated by ``", "``)."""

    heap: str | None
    lines: tuple[str, ...]


def advise(entry: Entry, word: str, asked: Asked, side: Side, rule: Rule, board: BoardConfig | None) -> Advice:
    """What replaces ``word``.

    :param asked: what its call asks for, the word itself included.
    """
    own = entry.kernel or rule.kernel if side is Side.KERNEL else entry.user
    if not rule.ion:
        return Advice(None, rule.replacement)
    if entry.asks.nothing:
        return Advice(None, (f"for {word}:", *own))
    if entry.kind in _HEAP_KINDS or word == "heap_id_mask" or word.startswith("ION_HEAP("):
        heap, lines = _heap(entry, word, asked, board)
        extra = (_FLAGS,) if entry.kind is Kind.FLAG else ()
        kernel = (_IN_KERNEL,) if side is Side.KERNEL else ()
        return Advice(heap, (f"for {word}:", *lines, *extra, *kernel))
    lines = own or rule.replacement
    if entry.rule == "ion.alloc" and (asked.heap or asked.protected or asked.cached is not None):
        if asked.heap is None and not (asked.protected or asked.contiguous):
            return Advice(None, (*lines, _CACHED_MASK if asked.cached else _UNCACHED_MASK))
        heap, more = _heap(entry, word, asked, board)
        return Advice(heap, (*lines, *(f"this call: {line}" for line in more[:1])))
    return Advice(entry.heap, lines)


def _heap(entry: Entry, word: str, asked: Asked, board: BoardConfig | None) -> Advice:
    if asked.may_be_protected:
        lines = _heap(entry, word, replace(asked, may_be_protected=False), board).lines
        return Advice(None, (*lines, f"where the flags ask for protected memory: {_PROTECTED[0]}"))
    if asked.heap == "named" and not asked.protected:
        return Advice(None, (_NAME,))
    general = _general(entry, asked)
    if board is None:
        return general
    heaps = _on_board(word, asked, board)
    if heaps:
        names = ", ".join(heap.name for heap in heaps)
        return Advice(names, tuple(_described(heap, board) for heap in heaps))
    lines = (f"{board.name} names no heap that replaces {word}; in general:", *general.lines)
    return Advice(None, lines)


def _general(entry: Entry, asked: Asked) -> Advice:
    fits = entry.heap is not None and (entry.asks.protected or not asked.protected)
    vendor = f"{entry.heap}: the heap that the vendor's own code uses instead" if fits else None
    if asked.protected:
        return Advice(entry.heap if vendor else "protected", ((vendor,) if vendor else ()) + _PROTECTED)
    if vendor:
        return Advice(entry.heap, (vendor,))
    if asked.heap == "cma" or (asked.contiguous and asked.heap in (None, "system", "vendor")):
        return Advice("cma", (CMA_NAME,))
    if asked.heap in ("system-contig", "carveout", "chunk"):
        return Advice(None, (f"mainline has no heap of this kind; for contiguous memory: {CMA_NAME}",))
    if asked.heap == "vendor" or (asked.heap is None and asked.cached is None):
        return Advice(None, (_VENDOR,))
    if asked.cached is None:
        return Advice(None, _BY_FLAG)
    return Advice("system", (_CACHED,)) if asked.cached else Advice("system-uncached", (_UNCACHED, _NO_UNCACHED))


def _on_board(word: str, asked: Asked, board: BoardConfig) -> Sequence[Heap]:
    """The board's heaps that fit: for protected memory only protected ones, for uncached memory no cached one."""
    if asked.protected:
        return [heap for heap in board.heaps if heap.kind.value == "protected"]
    heaps = [heap for heap in board.heaps if heap.replaces is not None and _replaces(word, asked, heap)]
    if asked.cached is False:
        heaps = [heap for heap in heaps if not _is_cached(heap)]
    elif asked.cached:
        heaps = [heap for heap in heaps if _is_cached(heap)] or heaps
    return heaps or _by_kind(asked, board)


def _by_kind(asked: Asked, board: BoardConfig) -> Sequence[Heap]:
    """Android's own two heaps, which need no ``replaces``."""
    if asked.heap not in (None, "system") or asked.contiguous or asked.cached is None:
        return []
    kind = "system" if asked.cached else "system-uncached"
    return [heap for heap in board.heaps if heap.kind.value == kind and heap.replaces is None]


def _is_cached(heap: Heap) -> bool:
    from bringup.config.units import ION_FLAGS

    flags = 0 if heap.replaces is None else heap.replaces.flags | heap.replaces.legacy_flags
    return bool(flags & ION_FLAGS["ION_FLAG_CACHED"])


_MASKS = {
    "system": ("ION_HEAP_SYSTEM_MASK", "system"),
    "system-contig": ("ION_HEAP_SYSTEM_CONTIG_MASK", None),
    "carveout": ("ION_HEAP_CARVEOUT_MASK", "carveout"),
    "chunk": ("ION_HEAP_CHUNK_MASK", None),
    "cma": ("ION_HEAP_TYPE_DMA_MASK", "cma"),
}


def _replaces(word: str, asked: Asked, heap: Heap) -> bool:
    from bringup.config.units import ION_HEAP_MASKS

    assert heap.replaces is not None
    if heap.kind.value == "protected":
        return False
    if word == heap.replaces.name:
        return True
    if asked.heap is None:
        return asked.cached is not None
    if asked.heap not in _MASKS:
        return False
    mask, kind = _MASKS[asked.heap]
    legacy = heap.replaces.legacy_mask
    return bool(legacy & ION_HEAP_MASKS.get(mask, 0)) if legacy else heap.kind.value == kind


def _described(heap: Heap, board: BoardConfig) -> str:
    names = [f"{heap.name}{_span(heap.first, heap.last)}"]
    names += [f"{alias.name}{_span(alias.first, alias.last)}" for alias in heap.aliases]
    if heap.replaces is None:
        return f"{', '.join(names)}: a heap of {board.name}, {heap.kind.value}"
    caching = "cached" if _is_cached(heap) else "without ION_FLAG_CACHED"
    return f"{', '.join(names)}: on {board.name} it replaces the ION heap {heap.replaces.name} ({caching})"


def _span(first: str | None, last: str | None) -> str:
    words = [f"from {first} on"] if first else []
    words += [f"up to {last}"] if last else []
    return f" ({', '.join(words)})" if words else ""

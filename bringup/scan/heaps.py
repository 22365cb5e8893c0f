"""Which DMA-BUF heap replaces the ION heap that a line names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pydantic is imported only where a board is named
    from bringup.config.schema import BoardConfig, Heap

__all__ = ["CMA_NAME", "heap_for"]

CMA_NAME = (
    "the CMA heap; on mainline it is called after its area up to 6.16 (reserved, linux,cma, default-pool), "
    "default_cma_region from 6.17 on"
)
_SYSTEM = "system, where ION_FLAG_CACHED is set"
_UNCACHED = "system-uncached, where it is not set (Android Common Kernels and vendors; mainline has no such heap)"
_VENDOR = "a vendor heap, whose name depends on the board: ls /dev/dma_heap lists it there"
_NAME = "the name of the heap, as for libdmabufheap's Alloc(): system, system-uncached or a heap of the board"
_FLAG = re.compile(r"\bION_FLAG_CACHED\b")
_WORDS = (
    (r"ION_HEAP_(?:TYPE_)?SYSTEM(?:_MASK)?|ion_system_heap", "ION_HEAP_SYSTEM_MASK", "system"),
    (r"ION_HEAP_(?:TYPE_)?SYSTEM_CONTIG(?:_MASK)?", "ION_HEAP_SYSTEM_CONTIG_MASK", None),
    (r"ION_HEAP_(?:TYPE_)?CARVEOUT(?:_MASK)?", "ION_HEAP_CARVEOUT_MASK", "carveout"),
    (r"ION_HEAP_(?:TYPE_)?CHUNK(?:_MASK)?", "ION_HEAP_CHUNK_MASK", None),
    (r"ION_HEAP_(?:TYPE_)?DMA(?:_MASK|_START)?", "ION_HEAP_TYPE_DMA_MASK", "cma"),
)


def heap_for(word: str, line: str, board: BoardConfig | None) -> tuple[str, ...]:
    """The heap to name instead of ``word``, which is a mask, a flag or an ION heap's name in ``line``."""
    if word == "heap_id_mask" or word.startswith("ION_HEAP("):
        return (_NAME,)
    if board is not None and (heaps := _on_board(word, line, board)):
        return tuple(_named(heap, board) for heap in heaps)
    general = _general(word, line)
    return general if board is None else (f"{board.name} names no heap that replaces {word}; in general:", *general)


def _general(word: str, line: str) -> tuple[str, ...]:
    if word.startswith("ION_FLAG_"):
        return ("choose it by the name of the heap, and pass 0 as heap_flags:", _SYSTEM, _UNCACHED)
    mask = _mask(word)
    if mask == "ION_HEAP_SYSTEM_MASK":
        return ("system: the line sets ION_FLAG_CACHED",) if _FLAG.search(line) else (_SYSTEM, _UNCACHED)
    if mask == "ION_HEAP_TYPE_DMA_MASK":
        return (CMA_NAME,)
    if mask is not None:
        return (f"mainline has no heap of this kind; for contiguous memory: {CMA_NAME}",)
    return (_VENDOR,)


def _mask(word: str) -> str | None:
    return next((mask for pattern, mask, _ in _WORDS if re.fullmatch(pattern, word)), None)


def _on_board(word: str, line: str, board: BoardConfig) -> list[Heap]:
    """The heaps whose ``replaces`` fits; only cached heaps where the line asks for caching."""
    heaps = [heap for heap in board.heaps if heap.replaces is not None and _fits(word, heap)]
    if _FLAG.search(line):
        return [heap for heap in heaps if _is_cached(heap)] or heaps
    return heaps


def _is_cached(heap: Heap) -> bool:
    from bringup.config.units import ION_FLAGS

    flags = 0 if heap.replaces is None else heap.replaces.flags | heap.replaces.legacy_flags
    return bool(flags & ION_FLAGS["ION_FLAG_CACHED"])


def _fits(word: str, heap: Heap) -> bool:
    from bringup.config.units import ION_HEAP_MASKS

    assert heap.replaces is not None
    if word == "ION_FLAG_CACHED":
        return _is_cached(heap)
    if word == heap.replaces.name:
        return True
    for pattern, mask, kind in _WORDS:
        if re.fullmatch(pattern, word) and not word.islower():
            legacy = heap.replaces.legacy_mask
            return bool(legacy & ION_HEAP_MASKS.get(mask, 0)) if legacy else heap.kind.value == kind
    return False


def _named(heap: Heap, board: BoardConfig) -> str:
    assert heap.replaces is not None
    names = [f"{heap.name}{_span(heap.first, heap.last)}"]
    names += [f"{alias.name}{_span(alias.first, alias.last)}" for alias in heap.aliases]
    caching = "cached" if _is_cached(heap) else "without ION_FLAG_CACHED"
    return f"{', '.join(names)}: on {board.name} it replaces the ION heap {heap.replaces.name} ({caching})"


def _span(first: str | None, last: str | None) -> str:
    words = [f"from {first} on"] if first else []
    words += [f"up to {last}"] if last else []
    return f" ({', '.join(words)})" if words else ""

"""What streams need of each heap: bytes, alignment, and the longest contiguous run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bringup.streams.layout import Stream, frame_of, round_up

__all__ = ["CMA_ORDER", "HeapNeed", "cma_buffer_alignment", "needs"]

#: CONFIG_CMA_ALIGNMENT where nobody sets it: the largest order that a buffer is aligned to (kernel/dma/Kconfig).
CMA_ORDER = 8


@dataclass(frozen=True, slots=True)
class HeapNeed:
    """What streams that run at the same time need of one heap, in bytes.

    :param buffers: how many buffers.
    :param bytes: of all buffers, each in whole pages.
    :param area: the smallest area that holds them all whatever their order, if each is contiguous and aligned.
    :param alignment: the strictest alignment of a buffer.
    :param largest: the largest buffer: of a contiguous heap the longest free run that is needed.
    """

    heap: str
    buffers: int
    bytes: int
    area: int
    alignment: int
    largest: int


def cma_buffer_alignment(size: int, page_size: int, order: int = CMA_ORDER) -> int:
    """The alignment of a CMA heap's buffer: the power of two that holds it, at most ``order``, in bytes.

    Source: drivers/dma-buf/heaps/cma_heap.c: cma_heap_allocate, of Linux 5.10 to 7.3.
    """
    pages = -(-size // page_size)
    return page_size << min((pages - 1).bit_length(), order)


def needs(
    streams: Iterable[Stream], contiguous: Iterable[str], page_size: int, order: int = CMA_ORDER
) -> tuple[HeapNeed, ...]:
    """What streams need of each of their heaps when they run at the same time, in the order of the streams.

    :param contiguous: heaps whose buffers are contiguous; of the others every page will do.
    """
    by_heap: dict[str, list[int]] = {}
    for stream in streams:
        sizes = [round_up(size, page_size) for size in frame_of(stream).buffers]
        by_heap.setdefault(stream.heap, []).extend(sizes * stream.buffers)
    aligned = set(contiguous)
    return tuple(_need(heap, sizes, page_size, order, heap in aligned) for heap, sizes in by_heap.items())


def _need(heap: str, sizes: Sequence[int], page_size: int, order: int, is_contiguous: bool) -> HeapNeed:
    """CMA takes the first free place, so a smaller buffer may push a larger one to its next multiple.

    Sizes up to the largest alignment count as the power of two that holds them, larger ones as multiples of it. Then
    the holes before the last buffer have different sizes, each a power of two below the largest alignment, so all
    together are smaller than that.
    """
    alignments = [cma_buffer_alignment(size, page_size, order) if is_contiguous else page_size for size in sizes]
    taken = sum(round_up(size, step) for size, step in zip(sizes, alignments, strict=True))
    holes = max(alignments) - min(alignments)
    return HeapNeed(heap, len(sizes), sum(sizes), taken + holes, max(alignments), max(sizes))

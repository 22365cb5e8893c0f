"""ION on one board, and each of its heaps beside the DMA-BUF heap that replaces it: as a report shows them."""

from __future__ import annotations

import enum

import msgspec

from bringup.document import computed, set_computed

__all__ = ["IonComparison", "IonFacts", "IonHeap", "IonPoint", "PointResult"]


class PointResult(enum.StrEnum):
    """How the DMA-BUF heap does on one point, measured by the ION heap.

    better: it promises or gives more. worse: less. different: neither is less, and they are not alike. unknown: it
    could not be found out, which never counts as the same.
    """

    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class IonPoint(msgspec.Struct, frozen=True):
    """One point on which two heaps were compared.

    :param name: size, zeroing, cacheability, contiguity, alignment or latency.
    :param ion: What was seen of the ION heap; empty where nothing was.
    :param heap: What was seen of the DMA-BUF heap; empty where nothing was.
    :param why: How that was found out, or why it was not.
    """

    name: str
    result: PointResult
    ion: str = ""
    heap: str = ""
    why: str = ""


class IonComparison(msgspec.Struct, frozen=True):
    """An ION heap with its flags beside the DMA-BUF heap that replaces it, point by point.

    :param heap: NAME of /dev/dma_heap/NAME.
    :param ion: The ION heap's name, or its legacy mask as 0x1.
    :param flags: What buffers were allocated with.
    :param source: Its name in ion_heaps: ion/NAME, followed by the flags.
    :param equivalent: Whether the heap can replace the ION heap; null: unknown. Latency does not count.
    """

    heap: str
    ion: str
    flags: int
    source: str
    points: tuple[IonPoint, ...] = ()
    equivalent: bool | None = computed()

    def __post_init__(self) -> None:
        results = [point.result for point in self.points if point.name != "latency"]
        equivalent: bool | None = True
        if PointResult.WORSE in results or PointResult.DIFFERENT in results:
            equivalent = False
        elif PointResult.UNKNOWN in results or not results:
            equivalent = None
        set_computed(self, equivalent=equivalent)


class IonHeap(msgspec.Struct, frozen=True):
    """A heap that ION lists.

    :param type: As enum ion_heap_type names it (system, system-contig, dma, …), or its number.
    :param id: Its bit in a heap id mask.
    """

    name: str
    type: str
    id: int


class IonFacts(msgspec.Struct, frozen=True):
    """What /dev/ion says, and each of its heaps beside the DMA-BUF heap that replaces it.

    :param abi: 4.12: buffers are descriptors, and heaps are listed. legacy: handles, before 4.12; support for it was
        never tested on hardware. null: unknown.
    :param comparisons: One for each heap whose board config names the ION heap that it replaces.
    """

    abi: str | None
    heaps: tuple[IonHeap, ...] = ()
    comparisons: tuple[IonComparison, ...] = ()

"""ION on one board, and each of its heaps beside the DMA-BUF heap that replaces it: as a report shows them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["IonComparison", "IonFacts", "IonHeap", "IonPoint", "PointResult"]


class PointResult(enum.StrEnum):
    """How the DMA-BUF heap does on one point, measured by the ION heap.

    ``BETTER``: it promises or gives more. ``WORSE``: less. ``DIFFERENT``: neither is less, and they are not alike.
    ``UNKNOWN``: it could not be found out, which is never taken for the same.
    """

    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class IonPoint:
    """One point on which two heaps were compared.

    :param name: ``size``, ``zeroing``, ``cacheability``, ``contiguity``, ``alignment`` or ``latency``.
    :param ion: what was seen of the ION heap, in words; ``heap``: of the DMA-BUF heap. Empty where nothing was.
    :param why: how that was found out, or why it was not.
    """

    name: str
    result: PointResult
    ion: str = ""
    heap: str = ""
    why: str = ""

    def to_json(self) -> dict[str, str]:
        """All fields."""
        return {
            "name": self.name,
            "result": self.result.value,
            "ion": self.ion,
            "heap": self.heap,
            "why": self.why,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> IonPoint:
        """The reverse of :meth:`to_json`."""
        texts = {name: str(data.get(name, "")) for name in ("ion", "heap", "why")}
        return cls(str(data["name"]), PointResult(data["result"]), **texts)


@dataclass(frozen=True, slots=True)
class IonComparison:
    """An ION heap with its flags beside the DMA-BUF heap that replaces it, point by point.

    :param heap: the name in ``/dev/dma_heap``.
    :param ion: the ION heap's name, or its legacy mask as ``0x1``; ``flags``: what buffers were allocated with.
    :param source: the name under which its tests and timings stand, ``ion/NAME`` with the flags behind it.
    """

    heap: str
    ion: str
    flags: int
    source: str
    points: tuple[IonPoint, ...] = ()

    @property
    def equivalent(self) -> bool | None:
        """Whether the heap can stand in for the ION heap; ``None``: not known. How fast it is does not count."""
        asked = [one.result for one in self.points if one.name != "latency"]
        if PointResult.WORSE in asked or PointResult.DIFFERENT in asked:
            return False
        return None if PointResult.UNKNOWN in asked or not asked else True

    def to_json(self) -> dict[str, Any]:
        """All fields, and whether they are equivalent."""
        return {
            "heap": self.heap,
            "ion": self.ion,
            "flags": self.flags,
            "source": self.source,
            "equivalent": self.equivalent,
            "points": [one.to_json() for one in self.points],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> IonComparison:
        """The reverse of :meth:`to_json`."""
        return cls(
            heap=str(data["heap"]),
            ion=str(data["ion"]),
            flags=int(data["flags"]),
            source=str(data["source"]),
            points=tuple(IonPoint.from_json(one) for one in data["points"]),
        )


@dataclass(frozen=True, slots=True)
class IonHeap:
    """One heap that ION told of.

    :param type: as ``enum ion_heap_type`` names it (``system``, ``system-contig``, ``dma``, …) or its number.
    :param id: its bit in a heap id mask.
    """

    name: str
    type: str
    id: int

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {"name": self.name, "type": self.type, "id": self.id}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> IonHeap:
        """The reverse of :meth:`to_json`."""
        return cls(str(data["name"]), str(data["type"]), int(data["id"]))


@dataclass(frozen=True, slots=True)
class IonFacts:
    """ION on one board.

    :param abi: ``4.12`` (buffers are descriptors, heaps are told) or ``legacy`` (handles, before 4.12; what is said of
        it was never run on hardware); ``None``: not known.
    :param comparisons: one for each heap whose board config names the ION heap it replaces.
    """

    abi: str | None
    heaps: tuple[IonHeap, ...] = ()
    comparisons: tuple[IonComparison, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "abi": self.abi,
            "heaps": [one.to_json() for one in self.heaps],
            "comparisons": [one.to_json() for one in self.comparisons],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> IonFacts:
        """The reverse of :meth:`to_json`."""
        return cls(
            abi=data.get("abi"),
            heaps=tuple(IonHeap.from_json(one) for one in data.get("heaps", ())),
            comparisons=tuple(IonComparison.from_json(one) for one in data.get("comparisons", ())),
        )

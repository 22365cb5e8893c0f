"""The benchmark's facts: one operation of one source at one size, beside the limit of the same board."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["TimingFacts", "UntimedFacts", "finite"]


@dataclass(frozen=True, slots=True)
class UntimedFacts:
    """What was to be timed and was not, and why. ``name`` is empty where that holds for every source."""

    source: str
    name: str
    flags: int
    size: int
    threads: int
    why: str

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> UntimedFacts:
        """The reverse of :meth:`to_json`."""
        numbers = {name: int(data[name]) for name in ("flags", "size", "threads")}
        return cls(str(data["source"]), str(data["name"]), **numbers, why=str(data["why"]))


@dataclass(frozen=True, slots=True)
class TimingFacts:
    """One operation, in nanoseconds a call.

    :param source: ``heap``, ``ion``, or ``limit``: the process's own memory and files.
    :param flags: of ION (1: cached); 0 for others.
    :param op: ``alloc``, ``touch``, ``fill``, ``read``, ``copy``, ``sync_start``, ``sync_end``, ``free``; of the limit
        also ``memfd``, ``close``, ``memset``, ``ioctl``, ``ioctl_again`` (docs/benchmark.md says what each is).
    :param size: bytes a buffer; ``threads``: how many did the same at the same time.
    :param samples: how many there are; ``p50`` to ``max`` are over all of them, by nearest rank.
    :param medians: the median of each pass. ``low`` to ``high`` is the noise band of their median, which it holds with
        probability ``confidence`` (:func:`bringup.results.noise.median_band`).
    :param overhead: the timing loop's share of ``p50``, by an empty loop of as many calls.
    :param mb_per_s: 10^6 bytes a second at ``p50``, where the operation goes over the whole buffer.
    :param limit: which of the limit's operations bound this one; ``None``: nothing does, and the rest is empty.
    :param limit_p50: what they take together. ``ratios``: each pass's median over theirs; ``ratio``: the median of
        these; ``ratio_low`` to ``ratio_high``: its noise band.
    """

    source: str
    name: str
    flags: int
    op: str
    size: int
    threads: int
    samples: int
    p50: float
    p95: float
    p99: float
    max: float
    medians: tuple[float, ...]
    low: float
    high: float
    confidence: float
    overhead: float | None = None
    mb_per_s: float | None = None
    limit: str | None = None
    limit_p50: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    ratios: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[str, str, int, str, int, int]:
        """What it is a timing of."""
        return self.source, self.name, self.flags, self.op, self.size, self.threads

    @property
    def label(self) -> str:
        """The source as a person calls it: ``system``, ``ION ion_system_heap``, ``limit``."""
        if self.source == "limit":
            return "limit"
        return self.name if self.source == "heap" else f"ION {self.name}{'' if self.flags & 1 else ' uncached'}"

    @property
    def passes(self) -> int:
        """How many passes it was measured in."""
        return len(self.medians)

    def to_json(self) -> dict[str, Any]:
        """All fields, and the number of passes."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        values["passes"] = self.passes
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TimingFacts:
        """The reverse of :meth:`to_json`.

        :raises KeyError, ValueError, TypeError: it is not that shape.
        """
        read: dict[str, Any] = {name: str(data[name]) for name in ("source", "name", "op")}
        read |= {name: int(data[name]) for name in ("flags", "size", "threads", "samples")}
        read |= {name: finite(data[name]) for name in ("p50", "p95", "p99", "max", "low", "high", "confidence")}
        read |= {name: None if data.get(name) is None else finite(data[name]) for name in _MAYBE}
        read |= {name: tuple(finite(one) for one in data.get(name, ())) for name in ("medians", "ratios")}
        limit = data.get("limit")
        return cls(limit=None if limit is None else str(limit), **read)


_MAYBE = ("overhead", "mb_per_s", "limit_p50", "ratio", "ratio_low", "ratio_high")


def finite(value: object) -> float:
    """A finite number: Python's reader takes NaN and Infinity, which are no JSON and no time.

    :raises ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number")
    return float(value)

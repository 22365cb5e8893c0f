"""One walk over a board's processes, put together from the lines of the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bringup.allocator.answer import HeldBuffer, Holder, HoldersEnd

__all__ = ["HoldersWalk", "WalkUnderWay"]


@dataclass(frozen=True, slots=True)
class HoldersWalk:
    """What one walk saw.

    :param readings: how often each file had been read, and each program been run, before it ended.
    :param unchanged: nobody was looked at again: the kernel's list had no buffer that the walk before did not know, and
        the rest is what that walk saw.
    """

    buffers: tuple[HeldBuffer, ...]
    holders: tuple[Holder, ...]
    end: HoldersEnd
    readings: Mapping[str, int]
    unchanged: bool = False


@dataclass(slots=True)
class WalkUnderWay:
    """The lines of a walk until its last one."""

    buffers: list[HeldBuffer] = field(default_factory=list)
    holders: list[Holder] = field(default_factory=list)

    def ended(
        self, end: HoldersEnd, readings: Mapping[str, int], earlier: Sequence[HoldersWalk]
    ) -> Iterator[HoldersWalk]:
        """The walk, and the next one begins empty; none where it says that nothing changed since none."""
        if end.unchanged:
            yield from (replace(walk, readings=readings, unchanged=True) for walk in earlier)
        else:
            yield HoldersWalk(tuple(self.buffers), tuple(self.holders), end, readings)
        self.buffers, self.holders = [], []

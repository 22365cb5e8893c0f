"""Who held the board's DMA-BUFs: the walks over its processes, and the kernel's own lists read after them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from bringup.allocator.answer import Holder
from bringup.facts.board import Facts
from bringup.facts.holders.buffer_lists import Buffer, BufferList, list_from, sysfs_list
from bringup.record.holders import HoldersWalk
from bringup.record.questions import BUFFER_LISTS

__all__ = ["Held", "Snapshot", "snapshots"]


@dataclass(frozen=True, slots=True)
class Held:
    """A buffer as one process holds it: descriptors, mappings, bytes mapped."""

    process: Holder
    fds: int
    maps: int
    mapped: int


@dataclass(frozen=True)
class Snapshot:
    """One walk over the processes, and what the kernel listed after it.

    :param lists: the kernel's lists that could be read; the first is the one that is used.
    """

    walk: HoldersWalk
    lists: tuple[BufferList, ...]

    @property
    def processes(self) -> tuple[Holder, ...]:
        """The processes that hold buffers or have ION's things open or mapped."""
        return self.walk.holders

    @cached_property
    def used(self) -> BufferList | None:
        """The list that is used: the first that names its buffers; ``None``: the kernel has none such."""
        return next((found for found in self.lists if found.buffers or not found.count), None)

    @property
    def listed(self) -> Mapping[int, Buffer] | None:
        """The buffers that the kernel lists; ``None``: it has no list that can be used."""
        return None if self.used is None else self.used.buffers

    @cached_property
    def holders(self) -> Mapping[int, tuple[Held, ...]]:
        """Who holds each buffer, by inode."""
        holders: dict[int, list[Held]] = defaultdict(list)
        for process in self.processes:
            for inode, fds, maps, mapped in zip(process.inodes, process.fds, process.maps, process.mapped, strict=True):
                holders[inode].append(Held(process, fds, maps, mapped))
        return {inode: tuple(found) for inode, found in holders.items()}

    @cached_property
    def held(self) -> Mapping[int, Buffer]:
        """The buffers that processes hold. What a walk cannot say of one that is only mapped, the list does.

        Where processes were not looked at again, those of the walk before that are still listed.
        """
        listed = self.listed or {}
        held = {}
        for seen in self.walk.buffers:
            if self.walk.unchanged and seen.inode not in listed:
                continue
            more = listed.get(seen.inode)
            held[seen.inode] = Buffer(
                seen.inode,
                seen.size or (more.size if more else None),
                seen.exporter or (more.exporter if more else None),
                seen.name or (more.name if more else None),
                seen.references if seen.references is not None else more.references if more else None,
                more.devices if more else (),
            )
        return held

    def unheld(self, before: Snapshot | None = None) -> tuple[Buffer, ...] | None:
        """The buffers that the kernel lists and no process holds, largest first; ``None``: it has no list.

        :param before: a snapshot just before this one: a buffer that it did not list, or found held, was on its way.
        """
        if self.listed is None:
            return None
        earlier = None if before is None else before.listed
        unheld = [
            buffer
            for inode, buffer in self.listed.items()
            if inode not in self.holders
            and (before is None or inode not in before.holders)
            and (earlier is None or inode in earlier)
        ]
        return tuple(sorted(unheld, key=lambda buffer: (-(buffer.size or 0), buffer.inode)))


def snapshots(facts: Facts) -> tuple[Snapshot, ...]:
    """The walks of a record in their order, each with the lists that were read after it."""
    return tuple(Snapshot(walk, tuple(_lists(facts, walk))) for walk in facts.record.walks)


def _lists(facts: Facts, walk: HoldersWalk) -> Iterator[BufferList]:
    for source in reversed(BUFFER_LISTS):
        readings = facts.record.readings(source)[walk.readings.get(source, 0) :]
        found = list_from(source, readings[0]) if readings else None
        if found is not None:
            yield found
    if (found := sysfs_list(facts)) is not None:
        yield found

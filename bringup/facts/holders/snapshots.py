"""Who held the board's DMA-BUFs: the walks over its processes, and the kernel's own lists read after them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest

from bringup.allocator.answer import Holder, State
from bringup.facts.board import Facts
from bringup.facts.holders.buffer_lists import Buffer, BufferList, list_from, sysfs_list
from bringup.record.holders import HoldersWalk
from bringup.record.questions import BUFFER_LISTS, BUFFERS_IN_SYSFS, SHELL

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
        """The list that is used: the first that names its buffers, a whole one if there is; ``None``: there is none."""
        named = [found for found in self.lists if found.buffers or not found.count]
        return next((found for found in named if not found.why_not), named[0] if named else None)

    @property
    def listed(self) -> Mapping[int, Buffer] | None:
        """The buffers that the kernel lists; ``None``: it has no list that can be used."""
        return None if self.used is None else self.used.buffers

    @property
    def why_failed(self) -> str:
        """Why the walk ended before it had looked at every process; empty: it did look at each."""
        end = self.walk.end
        if end.state is not State.OK:
            return f"the board's processes could not be looked at: /proc is {end.state.value}"
        return "the walk ended early: there was more than it may report, or the time was up" if end.truncated else ""

    @property
    def why_hidden(self) -> str:
        """Why processes of others may hold buffers that were not seen; empty: none is hidden.

        The kernel's own threads are in /proc of every board. Without them it has no processes of others either.
        """
        end = self.walk.end
        if end.denied:
            return (
                f"the descriptors of {end.denied} of {end.processes - end.kernel} processes may not be seen: "
                "that takes root"
            )
        if not end.kernel and end.state is State.OK:
            return "/proc shows no processes of others (hidepid, or adbd has a PID namespace of its own)"
        return ""

    @property
    def sees_all(self) -> bool:
        """Whether every process was looked at: what is held by none of them is held by no process."""
        return not (self.why_failed or self.why_hidden)

    @cached_property
    def devices(self) -> Mapping[int, tuple[str, ...]]:
        """The devices that are attached to each buffer, by inode: only bufinfo lists them."""
        return {
            inode: buffer.devices for found in self.lists for inode, buffer in found.buffers.items() if buffer.devices
        }

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

        Where processes were not looked at again, those of the walk before that are still listed. What is only mapped
        and not in a whole list is left out: it was freed meanwhile, or is a file that is called like a buffer.
        """
        listed = self.listed or {}
        is_whole = self.used is not None and not self.used.why_not
        held = {}
        for seen in self.walk.buffers:
            is_open = any(holder.fds for holder in self.holders.get(seen.inode, ()))
            if seen.inode not in listed and (self.walk.unchanged or (is_whole and not is_open)):
                continue
            more = listed.get(seen.inode)
            held[seen.inode] = Buffer(
                seen.inode,
                seen.size or (more.size if more else None),
                seen.exporter or (more.exporter if more else None),
                seen.name or (more.name if more else None),
                seen.references if seen.references is not None else more.references if more else None,
                self.devices.get(seen.inode, ()),
            )
        return held

    def unheld(self, before: Snapshot | None = None) -> tuple[Buffer, ...] | None:
        """The buffers that the kernel lists and no process that was looked at holds, largest first.

        ``None``: the kernel has no list.

        :param before: a snapshot just before this one: a buffer that it did not list, or found held, was on its way.
        """
        if self.listed is None:
            return None
        earlier = None if before is None else before.listed
        unheld = [
            replace(buffer, devices=self.devices.get(inode, ()))
            for inode, buffer in self.listed.items()
            if inode not in self.holders
            and (before is None or inode not in before.holders)
            and (earlier is None or inode in earlier)
        ]
        return tuple(sorted(unheld, key=lambda buffer: (-(buffer.size or 0), buffer.inode)))


def snapshots(facts: Facts) -> tuple[Snapshot, ...]:
    """The walks of a record in their order, each with the lists that were read after it."""
    walks = facts.record.walks
    return tuple(Snapshot(walk, tuple(_lists(facts, walk, after))) for walk, after in zip_longest(walks, walks[1:]))


def _lists(facts: Facts, walk: HoldersWalk, after: HoldersWalk | None) -> Iterator[BufferList]:
    """What was read between this walk and the one after it."""

    def since(source: str) -> slice:
        return slice(walk.readings.get(source, 0), None if after is None else after.readings.get(source, 0))

    for source in reversed(BUFFER_LISTS):
        readings = facts.record.readings(source)[since(source)]
        found = list_from(source, readings[0]) if readings else None
        if found is not None:
            yield found
    scripts = {run.argv for run in BUFFERS_IN_SYSFS}
    runs = facts.record.runs(SHELL)[since(SHELL)]
    run = next((run for run in runs if run.argv in scripts), None)
    if run is not None and (found := sysfs_list(run)) is not None:
        yield found

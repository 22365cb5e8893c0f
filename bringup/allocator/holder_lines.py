"""The lines about who holds DMA-BUFs: one per buffer, one per process that holds any, one at the end of the walk."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bringup.allocator.line import U32, AnswerLine, Count, State, require_same_length

__all__ = ["HeldBuffer", "Holder", "HoldersEnd"]

Numbers = Annotated[tuple[Count, ...], msgspec.Meta(max_length=65536)]
#: ``MAX_PATHS`` of the program's source.
_PerPath = Annotated[tuple[Count, ...], msgspec.Meta(max_length=16)]


class HeldBuffer(AnswerLine, frozen=True, tag="buffer"):
    """A buffer that a process holds, each once per walk.

    :param inode: what tells it from others, until the board reboots.
    :param size: in bytes; 0: unknown, for one that is only mapped.
    :param exporter: as fdinfo names it; ``None``: it is only mapped, and a map does not say.
    :param references: how many open files the kernel counts: descriptors, mappings and the kernel's own.
    """

    inode: Count
    size: Count
    exporter: str | None = None
    name: str | None = None
    references: Count | None = None


class Holder(AnswerLine, frozen=True, tag="holder"):
    """A process that holds buffers, or has a path open or mapped that was asked for.

    :param start: when it began, in ticks since the board booted: with ``pid``, which process it is.
    :param inodes: of its buffers; ``fds``, ``maps``, ``mapped``: of each its descriptors, mappings, and bytes mapped.
    :param paths: that match; ``paths_opened`` and ``paths_mapped``: of each its descriptors and mappings.
    :param ended: it ended while it was looked at; ``changed``: it closed or replaced a descriptor meanwhile.
    """

    pid: U32
    start: Count
    comm: str
    inodes: Numbers
    fds: Numbers
    maps: Numbers
    mapped: Numbers
    paths: tuple[str, ...]
    paths_opened: _PerPath
    paths_mapped: _PerPath
    ended: bool
    changed: bool
    uid: U32 | None = None
    command: str | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        require_same_length(self.inodes, self.fds, self.maps, self.mapped)
        require_same_length(self.paths, self.paths_opened, self.paths_mapped)


class HoldersEnd(AnswerLine, frozen=True, tag="holders"):
    """The end of a walk.

    :param processes: looked at, threads of the kernel among them (``kernel``).
    :param denied: whose descriptors may not be looked at.
    :param truncated: there were more than was asked for, or the time was up.
    :param ns: nanoseconds taken.
    :param unchanged: no process was looked at: the kernel's list has no buffer that was not there at the walk before.
    """

    state: State
    errno: U32
    processes: Count
    kernel: Count
    denied: Count
    truncated: bool
    ns: Count
    unchanged: bool = False

"""Who holds the DMA-BUFs of a board: as a report shows it. Sizes are in bytes."""

from __future__ import annotations

from typing import Final

import msgspec

from bringup.document import Count

__all__ = [
    "NOT_SEEN",
    "BufferFacts",
    "BufferSource",
    "BufferSum",
    "HeapLibrary",
    "HeldShare",
    "HoldersDocument",
    "HoldersFacts",
    "HoldingProcess",
    "MemoryUse",
    "UnheldBuffer",
]


#: Who holds what the kernel lists and no process that could be looked at holds.
NOT_SEEN: Final = "holder not seen"


class HeldShare(msgspec.Struct, frozen=True):
    """What a process holds of one exporter's buffers with one name.

    :param exporter: Null: unknown, as for a buffer that is only mapped where the kernel has no list.
    :param buffers: How many; rss: their bytes.
    :param pss: Bytes, of which a buffer that n processes hold counts 1/n.
    :param mapped: Bytes of those that are mapped; the others are only held by a descriptor.
    """

    exporter: str | None
    name: str | None
    buffers: Count
    rss: Count
    pss: Count
    mapped: Count


class HoldingProcess(msgspec.Struct, frozen=True):
    """A process that holds buffers, or has ION or libdmabufheap open or mapped.

    :param start: When it began, in ticks since the board booted.
    :param service: The init service whose process it is; null: none, or the board does not say.
    :param package: The Android package, by its uid and command line.
    :param pss: Bytes, of which a buffer that n processes hold counts 1/n: those of all processes add up to held.
    :param mapped: Bytes of the buffers that are mapped; the others are only held by a descriptor.
    :param shares: By exporter and name, largest first.
    :param ion: Descriptors of /dev/ion.
    :param libraries: Libraries of ION and libdmabufheap that it has mapped.
    :param ended: It ended while it was looked at; changed: it closed or replaced descriptors meanwhile.
    """

    pid: int
    start: int
    name: str
    buffers: Count = 0
    rss: Count = 0
    pss: Count = 0
    mapped: Count = 0
    shares: tuple[HeldShare, ...] = ()
    uid: int | None = None
    command: str | None = None
    label: str | None = None
    service: str | None = None
    package: str | None = None
    ion: Count = 0
    libraries: tuple[str, ...] = ()
    ended: bool = False
    changed: bool = False


class UnheldBuffer(msgspec.Struct, frozen=True):
    """A buffer that no process holds: a driver does, or a descriptor is in flight in a socket.

    :param devices: That are attached to it, as bufinfo lists them.
    """

    inode: int
    size: int | None
    exporter: str | None = None
    name: str | None = None
    devices: tuple[str, ...] = ()


class BufferSource(msgspec.Struct, frozen=True):
    """One of the kernel's own lists of buffers.

    :param state: ok, missing, denied, or another reason why it was not read.
    :param cost: What it costs a board to have it and to read it.
    :param used: Whether the buffers that no process holds were found by it.
    :param wrong: Why its list is not whole; empty: it is.
    """

    path: str
    state: str
    cost: str
    buffers: Count | None = None
    bytes: Count | None = None
    used: bool = False
    wrong: str = ""


class BufferSum(msgspec.Struct, frozen=True):
    """The buffers of one exporter, or those that one device is attached to, each counted once.

    :param name: Of the exporter or device; null: unknown.
    """

    name: str | None
    buffers: Count
    bytes: Count


class HeapLibrary(msgspec.Struct, frozen=True):
    """A libdmabufheap on the board, by its symbols and strings.

    :param uses_ion: Whether it goes back to ION where a heap is missing, as Android 12 to 16 have it; null: unknown.
    :param names_buffers: Whether it names each buffer after its heap; null: unknown.
    """

    path: str
    uses_ion: bool | None = None
    names_buffers: bool | None = None


class MemoryUse(msgspec.Struct, frozen=True):
    """Memory that buffers are taken from, beside the buffers in it.

    :param name: MemTotal, CmaTotal, or the name of a CMA area.
    :param used: Bytes in use; null: unknown.
    :param buffers: Bytes of the buffers in it; of CMA those of its heaps, and a driver's own may lie in it, too. Null:
        which are in it is unknown.
    """

    name: str
    total: Count
    used: Count | None = None
    buffers: Count | None = None


class HoldersFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the buffers of a board at one time.

    :param buffers: How many there are, each counted once; bytes: their sizes.
    :param held: Bytes of those that processes hold that were looked at.
    :param unheld: Buffers that no process holds, largest first; null: unknown, because the kernel has no list of all,
        or because not every process could be looked at.
    :param not_seen: Where not every process could be looked at: buffers that the kernel lists and none of those that
        were looked at holds.
    :param processes: Largest share (pss) first.
    :param looked_at: How many processes were looked at; denied: whose descriptors may not be looked at.
    :param notes: What could not be seen, and what changed while it was looked.
    :param milliseconds: What the walk took on the board.
    :param heap_libraries: Each libdmabufheap on the board.
    :param exporters: The buffers of each exporter, most bytes first; devices: those that each device is attached to, as
        bufinfo lists them.
    """

    buffers: Count
    bytes: Count
    held: Count
    unheld: tuple[UnheldBuffer, ...] | None
    processes: tuple[HoldingProcess, ...]
    sources: tuple[BufferSource, ...]
    memory: tuple[MemoryUse, ...] = ()
    looked_at: Count = 0
    denied: Count = 0
    milliseconds: float = 0.0
    notes: tuple[str, ...] = ()
    heap_libraries: tuple[HeapLibrary, ...] = ()
    not_seen: tuple[UnheldBuffer, ...] = ()
    exporters: tuple[BufferSum, ...] = ()
    devices: tuple[BufferSum, ...] = ()


class BufferFacts(msgspec.Struct, frozen=True):
    """One buffer and who holds it.

    :param holders: [process id, descriptors, mappings, bytes mapped] of each; empty: none that was looked at holds it.
    :param devices: That are attached to it, as bufinfo lists them.
    """

    inode: int
    size: int | None
    exporter: str | None
    name: str | None
    holders: tuple[tuple[int, int, int, int], ...]
    devices: tuple[str, ...] = ()


class HoldersDocument(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag="bringup.holders/1"):
    """Who holds the buffers of one board.

    :param serial: As adb lists the board.
    :param kernel: The kernel's release.
    :param list: Every buffer, largest first.
    """

    serial: str
    kernel: str | None
    holders: HoldersFacts
    list: tuple[BufferFacts, ...]

"""Who holds the board's buffers, added up per process, exporter and name: nothing counted twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from bringup.allocator.answer import Holder, State
from bringup.facts.board import Facts
from bringup.facts.holders.buffer_lists import BUFFERS_FOLDER, BUFINFO, ITERATOR, Buffer
from bringup.facts.holders.libdmabufheap import heap_libraries
from bringup.facts.holders.snapshots import Snapshot, snapshots
from bringup.facts.memory.cma_usage import area_names, area_uses
from bringup.facts.memory.default_cma import area_of, default_names, is_default
from bringup.results.holders import (
    BufferFacts,
    BufferSource,
    BufferSum,
    HeldShare,
    HoldersFacts,
    HoldingProcess,
    MemoryUse,
    UnheldBuffer,
)
from bringup.text import pluralize

__all__ = ["buffer_facts", "holders_facts", "sees_each_buffer", "shares_of"]

ION: Final = "/dev/ion"
#: Android's first uid of an app; a user's apps have 100,000 times the user's number more
#: (system/core/libcutils/include/private/android_filesystem_config.h, AID_APP_START, AID_USER_OFFSET).
_FIRST_APP, _LAST_APP, _USER = 10_000, 19_999, 100_000

#: Exporters that do not say which heap a buffer is of: heap_helpers is that of all heaps until Linux 5.10.
_ANY_AREA: Final = frozenset({None, "heap_helpers", "ion"})

_COSTS: Final = {
    ITERATOR: "nothing until it is read (from Linux 6.16)",
    BUFINFO: "nothing until it is read; then it waits for each buffer's lock (debugfs: as a rule for root alone)",
    BUFFERS_FOLDER: "memory and time whenever a buffer is made (CONFIG_DMABUF_SYSFS_STATS, until Linux 6.19)",
}


def holders_facts(facts: Facts, last: int = -1) -> HoldersFacts | None:
    """Who held buffers when the record's ``last`` walk was made, checked against the first; ``None``: it has none."""
    taken = snapshots(facts)
    if not taken:
        return None
    snapshot = taken[last]
    before = taken[0] if taken[0] is not snapshot else None
    unheld = snapshot.unheld(before)
    rest = unheld or ()
    shown = tuple(map(_unheld, rest))
    buffers = (*snapshot.held.values(), *rest)
    held = sum(buffer.size or 0 for buffer in snapshot.held.values())
    return HoldersFacts(
        buffers=len(snapshot.held) + len(rest),
        bytes=held + sum(buffer.size or 0 for buffer in rest),
        held=held,
        unheld=shown if snapshot.sees_all and unheld is not None else None,
        not_seen=() if snapshot.sees_all else shown,
        processes=tuple(_processes(facts, snapshot)),
        sources=tuple(_sources(facts, snapshot)),
        memory=tuple(_memory(facts, buffers)),
        exporters=tuple(_sums_by(buffers, lambda buffer: (buffer.exporter,))),
        devices=tuple(_sums_by(buffers, lambda buffer: dict.fromkeys(buffer.devices))),
        looked_at=snapshot.walk.end.processes - snapshot.walk.end.kernel,
        denied=snapshot.walk.end.denied,
        milliseconds=round(snapshot.walk.end.ns / 1e6, 1),
        notes=tuple(_notes(snapshot, before)),
        heap_libraries=tuple(heap_libraries(facts)),
    )


def sees_each_buffer(facts: Facts) -> bool:
    """Whether the record's last walk, or the kernel's list after it, has every buffer that a process holds."""
    return any(
        snapshot.sees_all or (snapshot.used is not None and not snapshot.used.why_not)
        for snapshot in snapshots(facts)[-1:]
    )


def buffer_facts(facts: Facts) -> tuple[BufferFacts, ...]:
    """Every buffer of the record's last walk with its holders, largest first."""
    taken = snapshots(facts)
    if not taken:
        return ()
    snapshot = taken[-1]
    buffers = [*snapshot.held.values(), *(snapshot.unheld(taken[0] if len(taken) > 1 else None) or ())]
    return tuple(
        BufferFacts(
            buffer.inode,
            buffer.size,
            buffer.exporter,
            buffer.name,
            tuple(
                (held.process.pid, held.fds, held.maps, held.mapped) for held in snapshot.holders.get(buffer.inode, ())
            ),
            buffer.devices,
        )
        for buffer in sorted(buffers, key=lambda buffer: (-(buffer.size or 0), buffer.inode))
    )


def shares_of(snapshot: Snapshot) -> Mapping[tuple[int, int], Mapping[int, int]]:
    """Each process' share of each of its buffers in bytes: (pid, start) → inode → bytes.

    What does not divide goes to the first holders, a byte each, so that shares add up to what is held.
    """
    shares: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for inode, holders in snapshot.holders.items():
        size = snapshot.held[inode].size or 0 if inode in snapshot.held else 0
        whole, over = divmod(size, len(holders))
        for number, held in enumerate(holders):
            shares[held.process.pid, held.process.start][inode] = whole + (number < over)
    return shares


def _processes(facts: Facts, snapshot: Snapshot) -> Iterable[HoldingProcess]:
    shares = shares_of(snapshot)
    services = {
        pid: name.removeprefix("init.svc_debug_pid.")
        for name, pid in facts.properties.items()
        if name.startswith("init.svc_debug_pid.")
    }
    found = [_process(process, snapshot.held, shares.get((process.pid, process.start), {}), services)
             for process in snapshot.processes]  # fmt: skip
    return sorted(found, key=lambda process: (-process.pss, -process.rss, process.pid))


def _process(
    process: Holder, buffers: Mapping[int, Buffer], shares: Mapping[int, int], services: Mapping[str, str]
) -> HoldingProcess:
    by_kind: dict[tuple[str | None, str | None], list[int]] = defaultdict(list)
    mapped = {inode for inode, maps in zip(process.inodes, process.maps, strict=True) if maps}
    known = [inode for inode in process.inodes if inode in buffers]
    for inode in known:
        by_kind[buffers[inode].exporter, buffers[inode].name].append(inode)
    by_size = [
        HeldShare(
            exporter,
            name,
            len(inodes),
            sum(buffers[inode].size or 0 for inode in inodes),
            sum(shares[inode] for inode in inodes),
            sum(buffers[inode].size or 0 for inode in inodes if inode in mapped),
        )
        for (exporter, name), inodes in by_kind.items()
    ]
    by_size.sort(key=lambda share: (-share.pss, -share.rss, share.exporter or "", share.name or ""))
    paths = dict(zip(process.paths, process.paths_opened, strict=True))
    return HoldingProcess(
        process.pid,
        process.start,
        process.comm,
        len(known),
        sum(share.rss for share in by_size),
        sum(share.pss for share in by_size),
        sum(share.mapped for share in by_size),
        tuple(by_size),
        process.uid,
        process.command,
        process.label,
        services.get(str(process.pid)),
        _package(process),
        paths.get(ION, 0),
        tuple(sorted(path for path in paths if path != ION)),
        process.ended,
        process.changed,
    )


def _package(process: Holder) -> str | None:
    """An app's process is named after its package; ``:NAME`` follows where the app has several."""
    is_app = process.uid is not None and _FIRST_APP <= process.uid % _USER <= _LAST_APP
    name = (process.command or "").partition(" ")[0].partition(":")[0]
    return name if is_app and "." in name and "/" not in name else None


def _unheld(buffer: Buffer) -> UnheldBuffer:
    return UnheldBuffer(buffer.inode, buffer.size, buffer.exporter, buffer.name, buffer.devices)


def _sums_by(buffers: Iterable[Buffer], names: Callable[[Buffer], Iterable[str | None]]) -> Iterator[BufferSum]:
    """Number and bytes of the buffers of each name, largest first; a buffer may have several names."""
    sizes: dict[str | None, list[int]] = defaultdict(list)
    for buffer in buffers:
        for name in names(buffer):
            sizes[name].append(buffer.size or 0)
    found = [BufferSum(name, len(each), sum(each)) for name, each in sizes.items()]
    return iter(sorted(found, key=lambda one: (-one.bytes, one.name or "")))


def _sources(facts: Facts, snapshot: Snapshot) -> Iterator[BufferSource]:
    lists = {found.source: found for found in snapshot.lists}
    for path, cost in _COSTS.items():
        entry = facts.record.file(path)
        found = lists.get(path)
        if found is not None:
            yield BufferSource(
                path, State.OK.value, cost, found.count, found.size, found is snapshot.used, found.why_not
            )
        elif entry is not None and entry.state is not State.MISSING:
            yield BufferSource(path, entry.state.value, cost)


def _memory(facts: Facts, buffers: Iterable[Buffer]) -> Iterator[MemoryUse]:
    """All memory, all CMA, and each area, with the buffers in it: those that its heap exports."""
    by_exporter: dict[str | None, int] = defaultdict(int)
    for buffer in buffers:
        by_exporter[buffer.exporter] += buffer.size or 0
    known = facts.meminfo
    if (total := known.get("MemTotal")) is not None:
        free = known.get("MemFree")
        yield MemoryUse("MemTotal", total, None if free is None else total - free, sum(by_exporter.values()))
    areas = area_uses(facts)
    in_areas = _in_areas(facts, by_exporter)
    if total := known.get("CmaTotal"):
        free = known.get("CmaFree")
        yield MemoryUse(
            "CmaTotal",
            total,
            None if free is None else total - free,
            None if in_areas is None else sum(in_areas.values()),
        )
    for name, use in areas.items():
        yield MemoryUse(name, use.total, use.total - use.free, None if in_areas is None else in_areas.get(name, 0))


def _in_areas(facts: Facts, by_exporter: Mapping[str | None, int]) -> Mapping[str, int] | None:
    """Bytes of buffers by CMA area; ``None``: unknown, because an exporter may be of any, or no area is known.

    From Linux 6.17 on the heap of the default area is not called as the area is.
    """
    names = area_names(facts)
    if not names or by_exporter.keys() & _ANY_AREA:
        return None
    usual = [name for name in names if name in default_names(facts)]
    sums: dict[str, int] = defaultdict(int)
    for exporter, size in by_exporter.items():
        name = area_of(exporter or "")
        if name in names:
            sums[name] += size
        elif is_default(facts, name) and len(usual) == 1:
            sums[usual[0]] += size
        elif is_default(facts, name):
            return None
    return sums


def _notes(snapshot: Snapshot, before: Snapshot | None) -> Iterator[str]:
    yield from filter(None, (snapshot.why_failed, snapshot.why_hidden))
    if snapshot.listed is None:
        yield "the kernel has no list of all buffers that can be read: those that no process holds are not seen"
    elif snapshot.used is not None and snapshot.used.why_not:
        yield f"{snapshot.used.source}: {snapshot.used.why_not}: not all that no process holds may be seen"
    ended = sum(process.ended for process in snapshot.processes)
    changed = sum(process.changed for process in snapshot.processes)
    if ended:
        yield f"{pluralize(ended, 'process')} ended while being looked at; what was held then is shown"
    if changed:
        yield f"{pluralize(changed, 'process')} closed or replaced descriptors while being looked at"
    if snapshot.listed is not None and (gone := len(snapshot.held.keys() - snapshot.listed.keys())):
        yield f"freed between the walk and the kernel's list: {pluralize(gone, 'buffer')}"
    if before is not None and (new := len(snapshot.held.keys() - before.held.keys())):
        yield f"made between the two walks: {pluralize(new, 'buffer')}"

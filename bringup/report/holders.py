"""Who holds the buffers, as a tree on a terminal: processes, and below each what it holds by exporter and name."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bringup.record.questions import ION_LIBRARIES
from bringup.report.units import size
from bringup.results.holders import (
    NOT_SEEN,
    BufferSource,
    BufferSum,
    HeapLibrary,
    HeldShare,
    HoldersDocument,
    HoldersFacts,
    HoldingProcess,
    MemoryUse,
    UnheldBuffer,
)
from bringup.text import pluralize, visible, visible_name

__all__ = ["buffer_rows", "heap_library_line", "holders_tree", "process_name", "share_name", "unseen_holders"]

_DEVICES, _HOLDERS, _SUMS = 8, 8, 12


def holders_tree(facts: HoldersFacts) -> RenderableType:
    """All of it: the tree, the sums, where the kernel's figures come from, and what could not be seen."""
    parts: list[RenderableType] = [_tree(facts), Text(), _sums(facts)]
    ion = [process for process in facts.processes if process.ion or _ion_libraries(process)]
    if ion:
        parts += [Text(), _ion_users(ion)]
    if facts.heap_libraries:
        parts += [Text(), Text("\n".join(map(heap_library_line, facts.heap_libraries)))]
    parts += [Text(f"note: {note}", "yellow") for note in facts.notes]
    return Group(*parts)


def unseen_holders(facts: HoldersFacts) -> tuple[str, tuple[UnheldBuffer, ...]]:
    """The buffers that no process holds that was looked at, and what they are called."""
    return (NOT_SEEN, facts.not_seen) if facts.not_seen else ("held by no process", facts.unheld or ())


def buffer_rows(document: HoldersDocument) -> Iterator[tuple[str, ...]]:
    """Each buffer: inode, size, exporter, name, who holds it, and what is attached to it."""
    names = {process.pid: process_name(process) for process in document.holders.processes}
    label, _ = unseen_holders(document.holders)
    for buffer in document.list:
        by = [f"{names.get(pid, str(pid))}{_how(fds, maps)}" for pid, fds, maps, _ in buffer.holders[:_HOLDERS]]
        more = [f"{len(buffer.holders) - _HOLDERS} more"] if len(buffer.holders) > _HOLDERS else []
        yield (
            str(buffer.inode),
            "unknown" if buffer.size is None else size(buffer.size),
            visible_name(buffer.exporter or "unknown"),
            visible_name(buffer.name or ""),
            ", ".join([*by, *more]) or label,
            " ".join(buffer.devices[:_DEVICES]),
        )


def _how(fds: int, maps: int) -> str:
    """One descriptor is the usual and not said."""
    words = [f"{fds} fds"] if fds > 1 else []
    words += ["mapped" if fds else "only mapped"] if maps else []
    return f" ({', '.join(words)})" if words else ""


def process_name(process: HoldingProcess) -> str:
    """A process as people know it: its service or package, and its name and number."""
    known = process.package or process.service
    name = visible_name(process.name)[:32]
    return f"{visible_name(known)[:64]} ({name} {process.pid})" if known else f"{name} {process.pid}"


def share_name(exporter: str | None, name: str | None) -> str:
    """An exporter, and the name of its buffers where they have one."""
    known = visible_name(exporter)[:64] if exporter else "exporter unknown"
    return f"{known} “{visible_name(name)[:64]}”" if name else known


def _tree(facts: HoldersFacts) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("process and exporter", overflow="fold")
    for heading in ("buffers", "RSS", "PSS", "mapped"):
        table.add_column(heading, justify="right", no_wrap=True)
    for process in facts.processes:
        if process.buffers:
            table.add_row(
                Text(process_name(process), "bold"),
                *_figures(process.buffers, process.rss, process.pss, process.mapped),
            )
            for branch, share in _branches(process.shares):
                table.add_row(Text(branch + share_name(share.exporter, share.name)),
                              *_figures(share.buffers, share.rss, share.pss, share.mapped))  # fmt: skip
    for label, buffers in _unheld(facts):
        bytes_ = sum(buffer.size or 0 for buffer in buffers)
        table.add_row(Text(label, "bold yellow" if not label.startswith(" ") else ""),
                      *_figures(len(buffers), bytes_, bytes_, None))  # fmt: skip
    return table


def _branches(shares: tuple[HeldShare, ...]) -> Iterator[tuple[str, HeldShare]]:
    for number, share in enumerate(shares, start=1):
        yield ("  └ " if number == len(shares) else "  ├ "), share


def _figures(buffers: int, rss: int, pss: int, mapped: int | None) -> tuple[str, ...]:
    return str(buffers), size(rss), size(pss), "" if mapped is None else size(mapped) if mapped else "–"


def _unheld(facts: HoldersFacts) -> Iterator[tuple[str, tuple[UnheldBuffer, ...]]]:
    label, unheld = unseen_holders(facts)
    if facts.unheld is None and not unheld:
        return
    yield label, unheld
    kinds: dict[str, list[UnheldBuffer]] = {}
    for buffer in unheld:
        devices = f", attached to {visible(' '.join(buffer.devices[:_DEVICES]))[:200]}" if buffer.devices else ""
        kinds.setdefault(share_name(buffer.exporter, buffer.name) + devices, []).append(buffer)
    for number, (kind, buffers) in enumerate(kinds.items(), start=1):
        yield ("  └ " if number == len(kinds) else "  ├ ") + kind, tuple(buffers)


def _sums(facts: HoldersFacts) -> RenderableType:
    lines = [f"{pluralize(facts.buffers, 'buffer')}, {_bytes(facts.bytes)}, each counted once"]
    lines += [f"  exporter {_sum_line(one)}" for one in facts.exporters[:_SUMS]]
    lines += [f"  attached to {_sum_line(one)}" for one in facts.devices[:_SUMS]]
    lines += [f"  {line}" for line in map(_memory_line, facts.memory)]
    for source in facts.sources:
        lines += [f"  {source.path}: {_source_sum(source, facts)}", f"    costs {source.cost}"]
    processes = pluralize(facts.looked_at, "process")
    lines.append(f"  looked at {processes} in {facts.milliseconds:g} ms on the board")
    return Text("\n".join(lines))


def _bytes(number: int) -> str:
    """As people and as programs write it."""
    return f"{size(number)} ({number} bytes)" if number else "0 bytes"


def _source_sum(source: BufferSource, facts: HoldersFacts) -> str:
    """What the kernel says itself, and whether that is the sum above."""
    if source.buffers is None or source.bytes is None:
        return "it is there" if source.state == "ok" else source.state
    if source.wrong:
        same = source.wrong
    elif (source.buffers, source.bytes) == (facts.buffers, facts.bytes):
        same = "the same"
    else:
        same = "not the same"
    return f"{pluralize(source.buffers, 'buffer')}, {_bytes(source.bytes)}: {same}"


def _sum_line(one: BufferSum) -> str:
    return f"{visible(one.name or 'unknown')[:64]}: {pluralize(one.buffers, 'buffer')}, {size(one.bytes)}"


def _memory_line(use: MemoryUse) -> str:
    used = "" if use.used is None else f", {size(use.used)} in use"
    share = f", {use.buffers / use.total:.1%} of it" if use.buffers and use.buffers * 1000 >= use.total else ""
    whose = "" if use.name == "MemTotal" else "its heaps' "
    buffers = "" if use.buffers is None else f"; {whose}buffers: {size(use.buffers)}{share}"
    return f"{visible(use.name)}: {size(use.total)}{used}{buffers}"


def _ion_users(processes: list[HoldingProcess]) -> RenderableType:
    lines = ["who still has ION:"]
    for process in processes:
        opened = [f"/dev/ion open {process.ion}×"] if process.ion else []
        lines.append(f"  {process_name(process)}: {', '.join((*opened, *map(visible, _ion_libraries(process))))}")
    return Text("\n".join(lines))


def heap_library_line(library: HeapLibrary) -> str:
    """What a libdmabufheap is, in a sentence."""
    ion = {
        True: "goes back to ION where a heap is missing (as in Android 12 to 16)",
        False: "uses heaps alone, without a way back to ION",
        None: "could not be read: whether it goes back to ION is unknown",
    }[library.uses_ion]
    return f"{visible(library.path)}: {ion}{'; names each buffer after its heap' if library.names_buffers else ''}"


def _ion_libraries(process: HoldingProcess) -> list[str]:
    """Its libraries that are called as ION's; the folders that they are in say nothing."""
    names = [(path, path.rpartition("/")[2]) for path in process.libraries]
    return [path for path, name in names if any(fnmatchcase(name, pattern) for pattern in ION_LIBRARIES)]

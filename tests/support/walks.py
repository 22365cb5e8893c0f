"""Records with walks over a board's processes, made by hand: for states that nothing here can produce at will."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bringup.facts.board import Facts
from tests.support.scripted_record import ScriptedBoard

__all__ = ["bufinfo", "process", "scripted_walks", "walk"]

Entry = tuple[int, int, str, str]


def bufinfo(*buffers: Entry, devices: tuple[str, ...] = (), total: tuple[int, int] | None = None) -> str:
    """The file as Linux 6.12 writes it (drivers/dma-buf/dma-buf.c, dma_buf_debug_show): (inode, size, exporter, name)."""
    lines = ["", "Dma-buf Objects:", "size    \tflags   \tmode    \tcount   \texp_name\tino     \tname"]
    for inode, size, exporter, name in buffers:
        lines.append(f"{size:08d}\t{2:08x}\t{0x80007:08x}\t{1:08d}\t{exporter}\t{inode:08d}\t{name or '<none>'}")
        lines += ["\tAttached Devices:", *(f"\t{device}" for device in devices)]
        lines += [f"Total {len(devices)} devices attached", ""]
    count, size = total or (len(buffers), sum(buffer[1] for buffer in buffers))
    return "\n".join([*lines, "", f"Total {count} objects, {size} bytes", ""])


def process(pid: int, *held: tuple[int, int, int, int], **more: Any) -> dict[str, Any]:
    """A ``holder`` line: (inode, descriptors, mappings, bytes mapped) of each buffer."""
    columns = list(zip(*held, strict=True)) or [(), (), (), ()]
    lists = {name: list(column) for name, column in zip(("inodes", "fds", "maps", "mapped"), columns, strict=True)}
    own = {"t": "holder", "pid": pid, "start": pid * 10, "comm": f"p{pid}", "uid": 1000, "command": None, "label": None}
    paths: dict[str, list[str]] = {"paths": [], "paths_opened": [], "paths_mapped": []}
    return own | lists | paths | {"ended": False, "changed": False} | more


def walk(buffers: list[Entry], *processes: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The lines of one walk. A buffer without an exporter is one that was only seen in a map."""
    lines: list[dict[str, Any]] = [
        {"t": "buffer", "inode": inode, "size": size, "exporter": exporter or None, "name": name or None,
         "references": 1 if exporter else None}
        for inode, size, exporter, name in buffers
    ]  # fmt: skip
    end = {"t": "holders", "state": "ok", "errno": 0, "processes": 20, "kernel": 10, "denied": 0, "truncated": False}
    return [*lines, *processes, end | {"ns": 1_500_000} | more]


def scripted_walks(
    folder: Path, *steps: list[dict[str, Any]] | list[tuple[str, int]] | str, meminfo: str = "", **properties: str
) -> Facts:
    """A record of these steps: a walk's lines, a text that bufinfo had then, or what was read of sysfs."""
    files: dict[str, Any] = {"/proc/meminfo": meminfo} if meminfo else {}
    board = ScriptedBoard(files=files, config=None, heaps={}, results=[], walks=list(steps), properties=properties)
    return Facts(board.record(folder))

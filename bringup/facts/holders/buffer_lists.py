"""The kernel's own lists of DMA-BUFs: debugfs bufinfo, Android's iterator of BPF, and sysfs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bringup.allocator.answer import State
from bringup.record.load import FileEntry, RanEntry
from bringup.record.questions import BUFFER_LISTS
from bringup.text import parse_number

__all__ = ["BUFFERS_FOLDER", "BUFINFO", "ITERATOR", "Buffer", "BufferList", "list_from", "parse_bufinfo",
           "parse_iterator", "sysfs_list"]  # fmt: skip

BUFINFO, ITERATOR = BUFFER_LISTS
BUFFERS_FOLDER: Final = "/sys/kernel/dmabuf/buffers/"

# drivers/dma-buf/dma-buf.c, dma_buf_debug_show: size, flags, mode, count, exporter, and since 5.3 inode and name.
_OBJECT = re.compile(
    r"([0-9]{8,20})\t[0-9a-f]{8}\t[0-9a-f]{8}\t([0-9]{8,20})\t([^\t]{0,256})(?:\t([0-9]{8,20})(?:\t(.{0,256}))?)?"
)
_TOTAL = re.compile(r"Total ([0-9]{1,20}) objects, ([0-9]{1,20}) bytes")
_IN_SYSFS = re.compile(r"^([0-9]{1,20})/(size|exporter_name):(.{0,256})$", re.MULTILINE)
_DEVICES = re.compile(r"Total [0-9]{1,20} devices attached")


@dataclass(frozen=True, slots=True)
class Buffer:
    """A buffer as a list of the kernel or a process' fdinfo has it.

    :param size: in bytes; ``None``: unknown.
    :param references: how many open files the kernel counts; ``None``: the source does not say.
    :param devices: that are attached to it.
    """

    inode: int
    size: int | None
    exporter: str | None = None
    name: str | None = None
    references: int | None = None
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BufferList:
    """The buffers that the kernel lists.

    :param buffers: by inode; empty where the source has no inodes (bufinfo before 5.3).
    :param count: how many there are, and ``size``: their bytes, as the source itself adds them up, or as they add up.
    :param why_not: why the list is not whole or contradicts itself; empty: it is right.
    """

    source: str
    buffers: Mapping[int, Buffer]
    count: int
    size: int
    why_not: str = ""


def list_from(source: str, entry: FileEntry) -> BufferList | None:
    """The list in a file that was read; ``None``: it was not read."""
    if entry.state is not State.OK:
        return None
    parse = parse_bufinfo if source == BUFINFO else parse_iterator
    found = parse(entry.text())
    if entry.truncated:
        return BufferList(source, found.buffers, found.count, found.size, "it is longer than what was read")
    return found


def parse_bufinfo(text: str) -> BufferList:
    """debugfs ``dma_buf/bufinfo``. A buffer's name may hold anything, a line's end too: the total shows such a one."""
    buffers: dict[int, Buffer] = {}
    sizes: list[int] = []
    devices: list[str] | None = None
    last: Buffer | None = None
    total = None
    for line in text.split("\n"):
        if match := _OBJECT.fullmatch(line):
            size, references, exporter, inode, name = match.groups()
            sizes.append(int(size))
            devices = None
            last = Buffer(int(inode or 0), int(size), exporter, _name(name), int(references))
            if inode is not None:
                buffers[last.inode] = last
        elif line == "\tAttached Devices:":
            devices = []
        elif match := _TOTAL.fullmatch(line):
            total = int(match[1]), int(match[2])
        elif _DEVICES.fullmatch(line):
            if last is not None and last.inode in buffers and devices:
                buffers[last.inode] = Buffer(
                    last.inode, last.size, last.exporter, last.name, last.references, tuple(devices)
                )
            devices = None
        elif devices is not None and line.startswith("\t"):
            devices.append(line[1:])
    own = len(sizes), sum(sizes)
    why_not = "" if own == total else f"its lines add up to {own[0]} buffers, {own[1]} bytes"
    if total is None:
        why_not = "it ends before its total"
    count, size = total or own
    return BufferList(BUFINFO, buffers, count, size, why_not)


def _name(text: str | None) -> str | None:
    return None if text in (None, "", "<none>") else text


def parse_iterator(text: str) -> BufferList:
    """Four lines per buffer (inode, size, name, exporter), as the selftest dmabuf_iter.c and Android print them."""
    lines = text.split("\n")
    buffers: dict[int, Buffer] = {}
    why_not = "" if len(lines) % 4 == 1 and lines[-1] == "" else "it is not four lines per buffer"
    for at in range(0, len(lines) - 3, 4):
        inode, size = parse_number(lines[at]), parse_number(lines[at + 1])
        if inode is None or size is None:
            why_not = f"line {at + 1} is not a buffer's inode and size"
            break
        buffers[inode] = Buffer(inode, size, lines[at + 3], _name(lines[at + 2]))
    return BufferList(ITERATOR, buffers, len(buffers), sum(buffer.size or 0 for buffer in buffers.values()), why_not)


def sysfs_list(run: RanEntry) -> BufferList | None:
    """``/sys/kernel/dmabuf/buffers``: the files of each buffer, its size or size and exporter, as grep prints them.

    ``None``: the kernel has no such folder, or it was not read. A buffer that was freed meanwhile has not all files.
    """
    if run.state is not State.OK or run.exit != 0:
        return None
    text = run.stdout.text()
    if run.stdout.truncated:  # the last line may have a part of a number
        text = text.rpartition("\n")[0]
    keys = {key for _, key, _ in _IN_SYSFS.findall(text)}
    values: dict[str, dict[str, str]] = defaultdict(dict)
    for inode, key, value in _IN_SYSFS.findall(text):
        values[inode][key] = value
    buffers: dict[int, Buffer] = {}
    for name, found in values.items():
        inode, size = parse_number(name), parse_number(found.get("size", ""))
        if found.keys() == keys and inode is not None and size is not None:
            buffers[inode] = Buffer(inode, size, found.get("exporter_name") or None)
    sizes = sum(buffer.size or 0 for buffer in buffers.values())
    why_not = "it is longer than what was read" if run.stdout.truncated else ""
    return BufferList(BUFFERS_FOLDER, buffers, len(buffers), sizes, why_not)

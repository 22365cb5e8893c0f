"""What a board keeps of the kernel's log of an earlier boot: pstore, and /proc/last_kmsg of older Android kernels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bringup.allocator.answer import State
from bringup.facts.log.kernel_line import LogLine, read_lines
from bringup.record.load import FileEntry, Record

__all__ = ["KeptLog", "kept_logs"]

_DUMPS, _CONSOLE, _LAST_KMSG = "/sys/fs/pstore/dmesg-", "/sys/fs/pstore/console-", "/proc/last_kmsg"
#: First line of a dump. A long log is dumped in parts, the newest lines in part 1 (fs/pstore/platform.c of Linux 5.10
#: and 7.3: pstore_dump).
_PART = re.compile(r"[A-Z][a-z]{2,15}#(\d{1,6}) Part(\d{1,6})(?:\n|$)")


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log that was kept: whole, its parts joined.

    :param path: of the file with its newest lines.
    """

    path: str
    lines: tuple[LogLine, ...]


def kept_logs(record: Record, since: Record | None = None) -> tuple[KeptLog, ...]:
    """The logs that a record has of earlier boots: first what the kernel dumped when it crashed, its last dump last.

    :param since: without what this record has, too: it was there before.
    """
    dumps: dict[int, list[tuple[int, FileEntry, str]]] = {}
    others = []
    for entry in _entries(record, since):
        text = entry.text()
        part = _PART.match(text) if entry.path.startswith(_DUMPS) else None
        if part is not None:
            dumps.setdefault(int(part[1]), []).append((int(part[2]), entry, text[part.end() :]))
        else:
            others.append(KeptLog(entry.path, tuple(read_lines(text))))
    return (*(_joined(dumps[number]) for number in sorted(dumps)), *others)


def _entries(record: Record, since: Record | None) -> Iterator[FileEntry]:
    for prefix in (_DUMPS, _CONSOLE, _LAST_KMSG):
        for entry in record.files(prefix):
            before = since.file(entry.path) if since is not None else None
            if entry.state is State.OK and entry.size and (before is None or before.sha256 != entry.sha256):
                yield entry


def _joined(parts: list[tuple[int, FileEntry, str]]) -> KeptLog:
    ordered = sorted(parts, key=lambda part: part[0], reverse=True)
    lines = tuple(line for _, _, text in ordered for line in read_lines(text))
    return KeptLog(ordered[-1][1].path, lines)

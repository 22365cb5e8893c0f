"""Writing cpio archives in the "newc" format, the one that Linux unpacks as an initramfs.

Source: Documentation/driver-api/early-userspace/buffer-format.rst in the kernel tree. The kernel accepts several
archives one after another; a later file replaces an earlier one of the same path.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

__all__ = ["Entry", "device", "directory", "file", "newc", "symlink", "with_parents"]

_ALIGN = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of an archive.

    :param mode: type and permission bits, as ``st_mode``.
    :param data: a file's content or a link's target.
    :param rdev: major and minor of a device node.
    """

    mode: int
    data: bytes = b""
    uid: int = 0
    gid: int = 0
    rdev: tuple[int, int] = (0, 0)


def file(data: bytes, permissions: int = 0o644, *, uid: int = 0, gid: int = 0) -> Entry:
    """A regular file."""
    return Entry(stat.S_IFREG | permissions, data, uid, gid)


def directory(permissions: int = 0o755, *, uid: int = 0, gid: int = 0) -> Entry:
    """A directory."""
    return Entry(stat.S_IFDIR | permissions, b"", uid, gid)


def symlink(target: str) -> Entry:
    """A symbolic link."""
    return Entry(stat.S_IFLNK | 0o777, target.encode())


def device(major: int, minor: int, permissions: int = 0o600) -> Entry:
    """A character device node."""
    return Entry(stat.S_IFCHR | permissions, rdev=(major, minor))


def with_parents(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The same entries with each missing parent directory added (0755, root)."""
    complete = dict(entries)
    for path in entries:
        for parent in PurePosixPath(path).parents:
            if str(parent) != ".":
                complete.setdefault(str(parent), directory())
    return complete


def newc(entries: Mapping[str, Entry]) -> bytes:
    """Write an archive; the same entries give the same bytes (sorted, no times, inode numbers in order).

    :param entries: by path, without a leading slash; parents have to be among them.
    :raises ValueError: a path is absolute or leaves the archive.
    """
    parts: list[bytes] = []
    for inode, (path, entry) in enumerate(sorted(entries.items()), start=1):
        if path.startswith("/") or ".." in PurePosixPath(path).parts or "\0" in path or not path:
            raise ValueError(f"not a path inside an archive: {path!r}")
        parts.extend(_member(path, entry, inode))
    parts.extend(_member("TRAILER!!!", Entry(0), 0))
    return b"".join(parts)


def _member(path: str, entry: Entry, inode: int) -> Iterable[bytes]:
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    numbers = (
        *(inode, entry.mode, entry.uid, entry.gid, links),
        *(0, len(entry.data), 0, 0, *entry.rdev, len(name), 0),  # mtime, size, device, rdev, name, no checksum
    )
    header = b"070701" + b"".join(b"%08X" % number for number in numbers) + name
    return header, _padding(len(header)), entry.data, _padding(len(entry.data))


def _padding(length: int) -> bytes:
    return b"\0" * (-length % _ALIGN)

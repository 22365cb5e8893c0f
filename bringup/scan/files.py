"""The files of a tree that a rule looks at, in a fixed order, and those that could not be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bringup.errors import UsageError, os_reason
from bringup.scan.document import Unread
from bringup.scan.rule import Kind, kind_of
from bringup.text import from_board, visible

__all__ = ["LARGEST", "Source", "files_of"]

#: Larger files are not read, in bytes: they are not written by a person.
LARGEST = 16 << 20
_HEAD = 8192
_NOT_OURS = frozenset({".git", ".repo", ".svn", ".hg"})


@dataclass(frozen=True, slots=True)
class Source:
    """A file to scan. ``path`` is relative to the tree and safe to print."""

    path: str
    kind: Kind
    data: bytes


#: Of folders in each other; source trees have about 20, and Python's walk takes a frame of the stack for each.
_DEPTH = 200


def files_of(tree: Path) -> Iterator[Source | Unread]:
    """Every file below ``tree`` of a kind that a rule looks at, folder by folder, names in byte order.

    Symbolic links are never followed: their targets inside the tree are read where they are.

    :raises UsageError: ``tree`` is not a folder that can be listed.
    """
    root = os.path.realpath(tree)
    try:
        with os.scandir(root):
            pass
    except OSError as error:
        hint = "name a folder: bringup scan TREE"
        raise UsageError(f"scan {visible(str(tree))}", os_reason(error), hint=hint) from error
    failed: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=failed.append):
        yield from _failures(root, failed)
        linked = [name for name in folders if os.path.islink(_join(folder, name))]  # noqa: PTH114
        folders[:] = sorted((name for name in folders if name not in _NOT_OURS), key=os.fsencode)
        if folders and folder.count(os.sep) - root.count(os.sep) >= _DEPTH:
            yield Unread(_shown(root, folder), f"deeper than {_DEPTH} folders", outside=False)
            folders.clear()
        for name in sorted([*names, *linked], key=os.fsencode):
            yield from _file(root, _join(folder, name), name)
    yield from _failures(root, failed)


def _join(folder: str, name: str) -> str:
    return os.path.join(folder, name)  # noqa: PTH118 - hundreds of thousands of files


def _shown(root: str, path: str) -> str:
    return visible(from_board(os.fsencode(os.path.relpath(path, root)))).replace("\n", "\\x0a").replace("\t", "\\x09")


def _failures(root: str, failed: list[OSError]) -> Iterator[Unread]:
    while failed:
        error = failed.pop(0)
        yield Unread(_shown(root, str(error.filename)), os_reason(error), outside=False)


def _file(root: str, path: str, name: str) -> Iterator[Source | Unread]:
    kind = kind_of(name)
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            yield from _link(root, path, kind)
        elif kind is not None:
            yield _read(_shown(root, path), path, kind, status)
    except OSError as error:
        yield Unread(_shown(root, path), os_reason(error), outside=False)


def _link(root: str, path: str, kind: Kind | None) -> Iterator[Unread]:
    target = os.path.realpath(path)
    if os.path.isdir(target):  # noqa: PTH112
        has_content = True
    elif os.path.isfile(target):  # noqa: PTH113
        has_content = kind is not None
    else:
        return  # its target does not exist: there is nothing to read
    inside = os.path.commonpath((root, target)) == root
    if has_content and not inside:
        yield Unread(_shown(root, path), "a symbolic link out of the tree", outside=True)
    elif has_content and os.path.isfile(target) and kind_of(os.path.basename(target)) is None:  # noqa: PTH113, PTH119
        yield Unread(_shown(root, path), "a symbolic link to a file of another kind", outside=False)


def _read(shown: str, path: str, kind: Kind, status: os.stat_result) -> Source | Unread:
    if not stat.S_ISREG(status.st_mode):
        return Unread(shown, "not a regular file", outside=False)
    if status.st_size > LARGEST:
        return Unread(shown, f"larger than {LARGEST >> 20} MiB", outside=False)
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        return Unread(shown, f"larger than {LARGEST >> 20} MiB", outside=False)
    if b"\0" in data[:_HEAD]:
        return Unread(shown, "binary: a NUL byte near its start", outside=False)
    return Source(shown, kind, data)

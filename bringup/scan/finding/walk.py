"""The files of trees, in a fixed order: folder by folder, names in byte order; and what is left out."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from bringup.errors import UsageError, os_reason
from bringup.scan.document import Unread
from bringup.scan.finding.globs import compile_globs
from bringup.scan.finding.ignored import ignored_by_git, in_repository
from bringup.scan.finding.ripgrep import BUILD_OUTPUT, NOT_SOURCES
from bringup.text import from_board, visible, visible_name

__all__ = ["DEPTH", "Listed", "Listing", "Walk", "is_file", "shown"]

#: Of folders in each other; source trees have about 20.
DEPTH = 200
_NAME = attrgetter("name")


class Listed(NamedTuple):
    """A regular file: its path, and the path that reports name."""

    path: str
    name: str

    @property
    def shown(self) -> str:
        """``name``, safe to print."""
        return shown(self.name)


class Listing(NamedTuple):
    """One folder: its path, what names of its files begin with in reports, and their own names, sorted.

    :param unread: what is in it and no regular file, or that it could not be listed.
    """

    path: str
    start: str
    names: list[str]
    unread: list[Unread]

    @property
    def all(self) -> Iterator[Listed | Unread]:
        """Its files, and what is unread."""
        return chain(self.files(self.names), self.unread)

    def has(self, name: str) -> bool:
        """Whether one of its files is called so."""
        at = bisect_left(self.names, name)
        return at < len(self.names) and self.names[at] == name

    def files(self, names: Iterable[str]) -> Iterator[Listed]:
        """Some of its files."""
        return (Listed(os.path.join(self.path, name), self.start + name) for name in names)  # noqa: PTH118


class _Folder(NamedTuple):
    path: str
    #: From the tree; empty: the tree.
    relative: str
    depth: int
    #: What git ignores, relative to ``repository``, which is a beginning of ``relative``.
    ignored: frozenset[str]
    repository: str


def is_file(tree: Path) -> bool:
    """Whether a tree to scan is a single file.

    :raises UsageError: it is not there, or cannot be listed.
    """
    try:
        if os.path.isfile(tree):  # noqa: PTH113
            return True
        with os.scandir(tree):
            return False
    except OSError as error:
        hint = "name a folder or a file: bringup scan TREE"
        raise UsageError(f"scan {visible(str(tree))}", os_reason(error), hint=hint) from error


class Walk:
    """Goes through trees.

    :param is_source: whether a file of this name is one that a reader reads.
    :param exclude: globs of what is left out.
    :param include: globs of the only files that are read, even where they would be left out; empty: all.
    :ivar left_out: how many files and folders were left out, by reason. A folder counts once.
    :ivar headers: of the files, those that may be named as a header of ION.
    """

    def __init__(
        self, is_source: Callable[[str], bool], exclude: Sequence[str] = (), include: Sequence[str] = ()
    ) -> None:
        self._is_source = is_source
        self._excluded = compile_globs(exclude)
        self._included = compile_globs(include)
        self.left_out: Counter[str] = Counter()
        self.headers: list[Listed] = []

    @property
    def takes_only_globs(self) -> bool:
        """Whether it takes only what some globs match, also from folders that are no sources."""
        return self._included is not None

    def files_of(self, tree: Path, prefix: str = "") -> Iterator[Listed | Unread]:
        """Every file below a folder, or the file itself.

        :param prefix: what names begin with in reports.
        :raises UsageError: see :func:`is_file`.
        """
        if is_file(tree):
            yield self._listed(os.path.realpath(tree), prefix or str(tree))
            return
        for listing in self.folders_of(tree, prefix):
            yield from listing.all

    def folders_of(self, tree: Path, prefix: str = "") -> Iterator[Listing]:
        """Every folder below a folder, itself first; an object per file would double the time of a large tree."""
        root = os.path.realpath(tree)
        start = f"{prefix}/" if prefix else ""
        ignored = frozenset[str]() if self._included or not in_repository(root) else ignored_by_git(root)
        left = [_Folder(root, "", 0, ignored, "")]
        while left:
            folder = left.pop()
            try:
                listing, folders = self._list(root, start, folder)
            except OSError as error:
                reason = os_reason(error)
                listing, folders = Listing(folder.path, "", [], [_unread(start, folder, reason)]), []
            if folders and folder.depth >= DEPTH:
                listing.unread.append(_unread(start, folder, f"deeper than {DEPTH} folders"))
                folders = []
            yield listing
            left += reversed(folders)

    def named(self, names: Sequence[str], tree: Path | None) -> Iterator[Listed | Unread]:
        """The files of a list, in its order; what it names that is no regular file is counted.

        :param tree: what the names are relative to; ``None``: the working folder.
        """
        for name in dict.fromkeys(names):
            path = os.path.join(tree, name) if tree is not None else name  # noqa: PTH118
            if self._leaves_out(os.path.normpath(name)):
                continue
            try:
                if os.path.isfile(path):  # noqa: PTH113
                    yield self._listed(os.path.realpath(path), name)
                elif os.path.lexists(path):
                    yield Unread(shown(name), "not a regular file", outside=False)
                else:
                    self.left_out["no longer there"] += 1
            except OSError as error:
                yield Unread(shown(name), os_reason(error), outside=False)

    def _list(self, root: str, start: str, folder: _Folder) -> tuple[Listing, list[_Folder]]:
        """What is in one folder, and the folders in it.

        :raises OSError: it cannot be listed.
        """
        with os.scandir(folder.path) as scan:
            entries = list(scan)
        below = f"{folder.relative}/" if folder.relative else ""
        if below and not self._included and any(entry.name == ".git" for entry in entries):
            folder = folder._replace(ignored=ignored_by_git(folder.path), repository=below)
        names = sorted([entry.name for entry in entries if entry.is_file(follow_symlinks=False)])
        others = [entry for entry in entries if not entry.is_file(follow_symlinks=False)]
        if self._excluded or self._included or folder.ignored:
            names = [name for name in names if self._takes(below + name, folder)]
        listing = Listing(folder.path, start + below, names, [])
        self.headers += listing.files([name for name in names if "ion" in name and name.endswith(".h")])
        folders: list[_Folder] = []
        for entry in sorted(others, key=_NAME):
            relative = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in NOT_SOURCES and not self._leaves_out_folder(relative, folder):
                    folders.append(_Folder(entry.path, relative, folder.depth + 1, folder.ignored, folder.repository))
            elif self._takes(relative, folder):
                listing.unread.extend(self._special(root, entry, start + relative))
        return listing, folders

    def _listed(self, path: str, name: str) -> Listed:
        file = Listed(path, name)
        if name.endswith(".h") and "ion" in name:
            self.headers.append(file)
        return file

    def _special(self, root: str, entry: os.DirEntry[str], name: str) -> Sequence[Unread]:
        if entry.is_symlink():
            return _link(root, entry, name)
        return (Unread(shown(name), "not a regular file", outside=False),) if self._is_source(entry.name) else ()

    def _takes(self, relative: str, folder: _Folder) -> bool:
        return not (self._leaves_out(relative) or self._is_ignored(relative, folder))

    def _leaves_out_folder(self, relative: str, folder: _Folder) -> bool:
        if self._excluded is not None and self._excluded.fullmatch(relative):
            self.left_out["excluded"] += 1
            return True
        if relative == BUILD_OUTPUT and self._included is None:
            self.left_out["the folder out, where builds write"] += 1
            return True
        return self._is_ignored(relative, folder)

    def _leaves_out(self, relative: str) -> bool:
        if self._excluded is not None and self._excluded.fullmatch(relative):
            self.left_out["excluded"] += 1
            return True
        if self._included is not None and not self._included.fullmatch(relative):
            self.left_out["not included"] += 1
            return True
        return False

    def _is_ignored(self, relative: str, folder: _Folder) -> bool:
        if not folder.ignored or relative[len(folder.repository) :] not in folder.ignored:
            return False
        self.left_out["ignored by git"] += 1
        return True


def _unread(start: str, folder: _Folder, reason: str) -> Unread:
    return Unread(shown(start + folder.relative or "."), reason, outside=False)


def shown(name: str) -> str:
    """A name on disk as text of one line."""
    return visible_name(from_board(os.fsencode(name)))


def _link(root: str, entry: os.DirEntry[str], name: str) -> Sequence[Unread]:
    """A link out of the tree. One into the tree is read where it leads, and one to nothing is nothing."""
    target = os.path.realpath(entry.path)
    if not os.path.exists(target) or os.path.commonpath((root, target)) == root:  # noqa: PTH110
        return ()
    return (Unread(shown(name), "a symbolic link out of the tree", outside=True),)

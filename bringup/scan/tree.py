"""Scanning trees: uses with their lines and components, what was not read and what was left out."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from bringup.scan.accepted.marks import marked_lines
from bringup.scan.component import Place, component_of
from bringup.scan.document import Component, Hit, LeftOut, Scan, Status, Unread, count_lines
from bringup.scan.finding.find import find, find_in_tree
from bringup.scan.finding.walk import Listed, Walk, is_file
from bringup.scan.language import language_of
from bringup.scan.load import load
from bringup.scan.readers.candidates import finder_forms
from bringup.scan.readers.read import read
from bringup.scan.readers.source import FileReading, Source
from bringup.scan.rule import Rule
from bringup.scan.rules import RULES
from bringup.scan.settle import settle
from bringup.text import visible

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig
    from bringup.scan.accepted.suppress import Suppression
    from bringup.scan.finding.ripgrep import TreeSearch

__all__ = ["ScanRequest", "scan_tree", "scan_trees"]

_ION_HEADER = re.compile(r"(?:.*/)?(?:\w+_)?ion(?:_\w+)?\.h")


@dataclass(frozen=True)
class ScanRequest:
    """What to scan.

    :param trees: folders and files.
    :param names: files of a list, relative to the only tree or to the working folder; ``None``: all of the trees.
    :param exclude: globs of what is left out.
    :param include: globs of the only files that are read; empty: all.
    :param suppressions: uses that are left.
    :param begun: ripgrep's search of the only tree, where it has begun already.
    """

    trees: Sequence[Path]
    names: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    include: Sequence[str] = ()
    suppressions: Sequence[Suppression] = ()
    begun: TreeSearch | None = None


class _Looked(NamedTuple):
    """What was seen in one file; nothing: it holds nothing of interest, as prose."""

    unread: Unread | None = None
    reading: FileReading | None = None
    marks: Mapping[int, str] | None = None


@dataclass
class _Read:
    """What was read so far."""

    readings: list[FileReading] = field(default_factory=list)
    #: By the path that reports name.
    paths: dict[str, str] = field(default_factory=dict)
    marks: dict[str, Mapping[int, str]] = field(default_factory=dict)
    of_ion: set[str] = field(default_factory=set)
    skipped: list[Unread] = field(default_factory=list)
    #: By path on disk: files whose turn has not come.
    early: dict[str, _Looked] = field(default_factory=dict)
    files: int = 0


def scan_tree(
    tree: Path,
    rules: Sequence[Rule] = RULES,
    board: BoardConfig | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """Scan one tree; see :func:`scan_trees`."""
    return scan_trees(ScanRequest((tree,)), rules, board, progress)


def scan_trees(
    asked: ScanRequest,
    rules: Sequence[Rule] = RULES,
    board: BoardConfig | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """Scan trees.

    :param board: names the heaps that replace ION's.
    :param progress: is called now and then with the number of files that were searched.
    :raises UsageError: a tree is not there, or cannot be listed.
    """
    walk = Walk(lambda name: language_of(name) is not None, asked.exclude, asked.include)
    seen = _Read()

    def searched(files: int) -> None:
        seen.files += files
        if progress is not None:
            progress(seen.files)

    def look_early(file: Listed) -> None:
        seen.early[file.path] = _look(file, board)

    for file in _found(asked, walk, searched, look_early):
        if isinstance(file, Unread):
            seen.skipped.append(file)
        else:
            _add(file, seen.early.pop(file.path) if file.path in seen.early else _look(file, board), seen)
    ids = {rule.id for rule in rules}
    root = _root(asked)
    hits, components = _with_components(
        [hit for hit in settle(seen.readings, _own_headers(walk, seen)) if hit.rule in ids], seen, root, asked
    )
    return Scan(
        tree=visible(", ".join(map(str, asked.trees)) or "."),
        board=None if board is None else board.name,
        rules=tuple(rule.id for rule in rules),
        files=seen.files,
        hits=tuple(hits),
        skipped=tuple(seen.skipped),
        components=components,
        left_out=tuple(LeftOut(reason, count) for reason, count in sorted(walk.left_out.items())),
        listed=asked.names is not None,
    )


def _found(
    asked: ScanRequest, walk: Walk, searched: Callable[[int], None], early: Callable[[Listed], None]
) -> Iterator[Listed | Unread]:
    forms = finder_forms()
    if asked.names is not None:
        listed = walk.named(asked.names, asked.trees[0] if asked.trees else None)
        yield from find(listed, forms, searched)
        return
    for tree in asked.trees:
        is_file(tree)  # before the first is scanned, which takes long
    for tree in asked.trees:
        prefix = "" if len(asked.trees) == 1 else os.path.normpath(tree)
        yield from find_in_tree(walk, tree, prefix, forms, searched, asked.begun, early)


def _root(asked: ScanRequest) -> str:
    """The folder that components are looked for in: all trees are in it."""
    folders = [os.path.realpath(tree) for tree in asked.trees] or [str(Path.cwd())]
    common = os.path.commonpath(folders)
    return os.path.dirname(common) if os.path.isfile(common) else common  # noqa: PTH113, PTH120


def _own_headers(walk: Walk, seen: _Read) -> list[str]:
    """Headers that are named as ION's: where nothing in them is ION's, an ``#include`` of one is not ION's either."""
    named = [file.shown for file in walk.headers if _ION_HEADER.fullmatch(file.name)]
    return [path for path in named if path not in seen.of_ion]


def _look(file: Listed, board: BoardConfig | None) -> _Looked:
    """What one file says. Its text is not kept."""
    source = load(file)
    if not isinstance(source, Source):
        return _Looked(source)
    reading = read(source, board)
    return _Looked(reading=reading, marks=marked_lines(source.data) if reading.uses else None)


def _add(file: Listed, looked: _Looked, seen: _Read) -> None:
    if looked.unread is not None:
        seen.skipped.append(looked.unread)
    reading = looked.reading
    if reading is None:
        return
    if not reading.foreign:
        seen.of_ion.add(reading.path)
    if reading.uses or reading.defines or reading.builds:
        seen.readings.append(reading)
    if reading.uses:
        seen.paths[reading.path] = file.path
        if looked.marks:
            seen.marks[reading.path] = looked.marks


def _with_components(
    hits: Sequence[Hit], seen: _Read, root: str, asked: ScanRequest
) -> tuple[list[Hit], tuple[Component, ...]]:
    """The hits with component, fingerprint and reason; the components, those with most to do first."""
    done: list[Hit] = []
    places: dict[str, Place] = {}
    uses: dict[str, list[Hit]] = defaultdict(list)
    alike: Counter[tuple[str, str, str, str]] = Counter()
    for hit in hits:
        place = component_of(root, seen.paths[hit.path], hit.line)
        key = (hit.path, hit.rule, hit.word, hit.text)
        alike[key] += 1
        suppressed = seen.marks.get(hit.path, {}).get(hit.line, "") or _reason(hit, asked)
        done.append(
            msgspec.structs.replace(
                hit, component=place.name, fingerprint=_fingerprint(*key, alike[key]), suppressed=suppressed
            )
        )
        places[place.name] = place
        if hit.ion and not suppressed:
            uses[place.name].append(hit)
    components = [_component(places[name], part) for name, part in uses.items()]
    return done, tuple(sorted(components, key=lambda one: (-one.to_do - one.test, -one.moved, one.name)))


def _reason(hit: Hit, asked: ScanRequest) -> str:
    if not asked.suppressions:
        return ""
    from bringup.scan.accepted.suppress import reason_for  # pydantic

    return reason_for(hit, asked.suppressions)


def _fingerprint(*parts: str | int) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def _component(place: Place, uses: Sequence[Hit]) -> Component:
    left = [use for use in uses if use.is_left]
    tests = [use for use in left if use.status == Status.TEST]

    def count(*statuses: Status) -> int:
        return count_lines((use for use in uses if use.status in statuses), but=left)

    return Component(
        name=place.name,
        kind=place.kind,
        owners=place.owners,
        to_do=count_lines(left, but=tests),
        moved=count(Status.MOVED, Status.WAY_BACK),
        frozen=count(Status.FROZEN),
        itself=count(Status.ION_ITSELF),
        test=count_lines(tests),
    )

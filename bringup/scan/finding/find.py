"""Finds the files that may hold a word: listing and searching at the same time, on all processors."""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

from bringup.scan.document import Unread
from bringup.scan.finding.forms import Forms
from bringup.scan.finding.ripgrep import TreeSearch, find_ripgrep
from bringup.scan.finding.searchers import Answer, InProcess, OwnProcesses
from bringup.scan.finding.walk import Listed, Listing, Walk, is_file

__all__ = ["find", "find_in_tree"]

_BATCH = 2_000
#: Below this there is nothing to gain from processes.
_FEW_FILES = 300
#: Files that are listed while ripgrep searches; more than that wait for it.
_MOST_WAITING = 200_000

_Files = Iterable[Listed | Unread]


def find_in_tree(
    walk: Walk,
    tree: Path,
    prefix: str,
    forms: Forms,
    searched: Callable[[int], None],
    begun: TreeSearch | None = None,
    early: Callable[[Listed], None] | None = None,
) -> Iterator[Listed | Unread]:
    """Of the files of a tree those that hold a form, and all that were not read; in their order.

    With ripgrep where it is installed and can read all of the tree, else with :func:`find`.

    :param prefix: see :meth:`Walk.files_of`.
    :param searched: is called with the number of files that were searched since its last call.
    :param begun: ripgrep's search of this tree, where it has begun already.
    :param early: is called with files that will be yielded, in no order, while others are still searched.
    """
    program = find_ripgrep()
    if is_file(tree) or program is None or walk.takes_only_globs:
        yield from find(walk.files_of(tree, prefix), forms, searched)
        return
    folders = walk.folders_of(tree, prefix)
    first = list(_some(folders, _FEW_FILES))
    if sum(len(listing.names) for listing in first) < _FEW_FILES:
        yield from find(_files(first), forms, searched)
        return
    with closing(begun or TreeSearch(program, os.path.realpath(tree), forms)) as search:
        first += _some(folders, _MOST_WAITING)
        holders = _names_by_folder(search, {listing.path: listing for listing in first}, early)
        if not search.is_whole():
            yield from find(_files(chain(first, folders)), forms, searched)
            return
        listed = 0
        for listing in chain(first, folders):
            listed += len(listing.names)
            if (holding := holders.get(listing.path)) is not None:
                yield from listing.files(name for name in listing.names if name in holding)
            yield from listing.unread
        searched(listed)


def _some(folders: Iterator[Listing], files: int) -> Iterator[Listing]:
    """Folders until they have so many files."""
    while files > 0 and (listing := next(folders, None)) is not None:
        yield listing
        files -= len(listing.names)


def _files(folders: Iterable[Listing]) -> Iterator[Listed | Unread]:
    return chain.from_iterable(listing.all for listing in folders)


def _names_by_folder(
    search: TreeSearch, listed: Mapping[str, Listing], early: Callable[[Listed], None] | None
) -> Mapping[str, set[str]]:
    """Path of a folder → its files that ripgrep found, also those that the walk leaves out."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in search.names():
        below, _, name = path.rpartition("/")
        folder = os.path.join(search.root, below) if below else search.root  # noqa: PTH118
        found[folder].add(name)
        listing = listed.get(folder)
        if early is not None and listing is not None and listing.has(name):
            for file in listing.files((name,)):
                early(file)
    return found


def find(files: Iterable[Listed | Unread], forms: Forms, searched: Callable[[int], None]) -> Iterator[Listed | Unread]:
    """Of these files those that hold a form, and all that were not read; in their order.

    With a process of our own per processor. Memory does not grow with the number of files, nor with their size.

    :param searched: is called with the number of files that were searched since its last call.
    """
    rest = iter(files)
    batches = iter(lambda: list(islice(rest, _BATCH)), [])
    first = next(batches, [])
    if len(first) < _FEW_FILES:
        yield from _holders(first, InProcess(forms)(_paths(first)), searched)
        return
    processors = len(os.sched_getaffinity(0))
    with closing(OwnProcesses(forms)) as search, ThreadPoolExecutor(processors) as threads:
        waiting: deque[tuple[Sequence[Listed | Unread], Future[Answer]]] = deque()

        def first_answer() -> Iterator[Listed | Unread]:
            batch, future = waiting.popleft()
            return _holders(batch, future.result(), searched)

        try:
            for batch in chain([first], batches):
                waiting.append((batch, threads.submit(search, _paths(batch))))
                if len(waiting) > 2 * processors:
                    yield from first_answer()
            while waiting:
                yield from first_answer()
        finally:
            for _, future in waiting:
                future.cancel()


def _paths(batch: Iterable[Listed | Unread]) -> list[str]:
    return [file.path for file in batch if isinstance(file, Listed)]


def _holders(
    batch: Sequence[Listed | Unread], answer: Answer, searched: Callable[[int], None]
) -> Iterator[Listed | Unread]:
    """The files of a batch that hold a form, and those that were not read."""
    holders = set(answer.holders)
    listed = 0
    for file in batch:
        if isinstance(file, Unread):
            yield file
            continue
        if listed in answer.errors:
            yield Unread(file.shown, answer.errors[listed], outside=False)
        elif listed in holders:
            yield file
        listed += 1
    searched(listed - len(answer.errors))

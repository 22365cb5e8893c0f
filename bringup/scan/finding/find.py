"""Finds the files that may hold a word: listing and searching at the same time, on all processors."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

from bringup.scan.document import Unread
from bringup.scan.finding.forms import Forms
from bringup.scan.finding.ripgrep import TreeSearch, find_ripgrep
from bringup.scan.finding.searchers import Answer, InProcess, OwnProcesses
from bringup.scan.finding.walk import Listed, Walk

__all__ = ["find", "find_in_tree"]

_BATCH = 2_000
#: Below this there is nothing to gain from processes.
_FEW_FILES = 300
#: Files that are listed while ripgrep searches; more than that wait for it.
_MOST_WAITING = 200_000

_Files = Iterable[Listed | Unread]


def find_in_tree(
    walk: Walk, tree: Path, prefix: str, forms: Forms, searched: Callable[[int], None]
) -> Iterator[Listed | Unread]:
    """Of the files of a tree those that hold a form, and all that were not read; in their order.

    With ripgrep where it is installed and can read all of the tree, else with :func:`find`.

    :param prefix: see :meth:`Walk.files_of`.
    :param searched: is called with the number of files that were searched since its last call.
    """
    files = walk.files_of(tree, prefix)
    first = list(islice(files, _FEW_FILES))
    program = find_ripgrep()
    if len(first) < _FEW_FILES or program is None or walk.takes_only_globs:
        yield from find(chain(first, files), forms, searched)
        return
    with closing(TreeSearch(program, os.path.realpath(tree), forms)) as search:
        waiting = list(islice(files, _MOST_WAITING))
        every = chain(first, waiting, files)
        holders = search.result()
        if holders is None:
            yield from find(every, forms, searched)
            return
        listed = 0
        for file in every:
            listed += isinstance(file, Listed)
            if isinstance(file, Unread) or file.path in holders:
                yield file
        searched(listed)


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

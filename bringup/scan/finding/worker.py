"""A process that searches files: lines of JSON in, lines of JSON out.

The first line has the words; each other line has paths, and is answered by the positions of those that hold a form and
by the errors of those that could not be read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from bringup.errors import os_reason
from bringup.scan.finding.forms import Forms
from bringup.scan.finding.search import Searcher

__all__ = ["main", "search"]


def search(searcher: Searcher, paths: Sequence[str]) -> tuple[list[int], dict[int, str]]:
    """The positions of the files that hold a form, and why files could not be read, by position."""
    holders: list[int] = []
    errors: dict[int, str] = {}
    for position, path in enumerate(paths):
        try:
            if searcher.holds(path):
                holders.append(position)
        except OSError as error:
            errors[position] = os_reason(error)
    return holders, errors


def main() -> None:
    """Answer until the input ends."""
    searcher = Searcher(Forms(json.loads(sys.stdin.buffer.readline())))
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(search(searcher, json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):  # the one who asked says what happened
        sys.stdout = None

"""What ``bringup heap bench`` does: read its options, measure one board, show or keep the result."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.errors import UsageError

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.record.observe import Observation

__all__ = ["bench", "parse_sizes", "parse_threads"]

_SIZE = re.compile(r"([0-9]+) ?([KMG]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def parse_sizes(text: str | None) -> tuple[int, ...]:
    """``4K,1M`` as bytes, in ascending order; nothing for nothing.

    :raises UsageError: one is no size, or larger than can be measured.
    """
    from bringup.allocator.items import MAX_MEASURED

    sizes = set()
    for word in text.split(",") if text is not None else ():
        match = _SIZE.fullmatch(word.strip())
        size = int(match[1]) * _UNITS[match[2].upper()] if match else 0
        if not 1 <= size <= MAX_MEASURED:
            raise UsageError("read --sizes", f"{word!r} is no size from 1 byte to 1 GiB", hint="for example 4K,64K,1M")
        sizes.add(size)
    return tuple(sorted(sizes))


def parse_threads(text: str | None) -> tuple[int, ...] | None:
    """``1,2,all`` as numbers; ``None`` for nothing.

    :raises UsageError: one is no number of threads.
    """
    from bringup.allocator.items import MAX_THREADS
    from bringup.record.benchmark import ALL_CPUS

    if text is None:
        return None
    found = []
    for word in (word.strip() for word in text.split(",")):
        if word == "all":
            found.append(ALL_CPUS)
        elif word.isascii() and word.isdigit() and 1 <= int(word) <= MAX_THREADS:
            found.append(int(word))
        else:
            raise UsageError(
                "read --threads", f"{word!r} is neither 1 to {MAX_THREADS} nor all", hint="for example 1,all"
            )
    return tuple(dict.fromkeys(found))


def bench(selection: Selection, how: Observation, output: Path | None, *, replace: bool, as_json: bool) -> int:
    """Measure the one board; 0, or the status of what ended it early.

    :raises BringupError: no board can be had, or the folder cannot be written.
    """
    from bringup.cli.console import out, print_error, print_json
    from bringup.cli.progress import live_steps
    from bringup.cli.results import prepare_folder, write_reports
    from bringup.cli.selecting import selected_boards
    from bringup.lab.run import Job, run_boards
    from bringup.report.benchmark import summary
    from bringup.report.bounded import shown

    boards = selected_boards(selection)
    with tempfile.TemporaryDirectory(prefix="bringup-") as scratch:
        folder = Path(scratch, "run") if output is None else prepare_folder(output, replace)
        with live_steps([board.serial for board in boards]) as on_step:
            run, errors = run_boards(boards, Job(folder, how=how), on_step)
        if output is not None:
            write_reports(run, folder)
    if as_json:
        print_json(run.to_json())
    else:
        for board in shown(run).boards:
            out().print(summary(board))
        if output is not None:
            out().print(f"kept in {output}", soft_wrap=True)
    for error in errors:
        print_error(error)
    return int(errors[0].exit_code) if errors else 0

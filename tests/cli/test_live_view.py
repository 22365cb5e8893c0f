"""The time that is left, as the live view works it out."""

from __future__ import annotations

import io
import re
from typing import cast

import pytest
from rich.console import Console

from bringup.cli.live_view import LiveView, _Line, _time_left
from bringup.results.run import BoardRun
from tests.support.lying_board import lying_board

DONE = cast("BoardRun", object())


def line(began: float | None, ended: float = 0.0) -> _Line:
    return _Line("board", began=began, done=DONE if ended else None, ended=ended)


@pytest.mark.parametrize(
    ("lines", "seconds", "left"),
    [
        ([line(None)], 120, ""),  # nothing has begun
        ([line(70.0)], 120, "at most 1:30 left"),
        ([line(70.0), line(90.0), line(None), line(None), line(None)], 120, "at most 5:50 left"),
        ([line(0.0, 50.0), line(50.0), line(None)], 120, "about 0:50 left"),  # no quicker than one board
        ([line(70.0)], None, ""),
        ([line(0.0, 40.0), line(0.0, 60.0), line(90.0)], 120, "about 0:40 left"),
        ([line(0.0, 50.0), line(80.0), line(80.0), line(None), line(None)], 120, "about 1:20 left"),
        ([line(0.0, 10.0), line(20.0)], 120, "about 0:00 left"),  # slower than the others
        ([line(0.0, 10.0)], 120, ""),
    ],
)
def test_time_left(lines: list[_Line], seconds: float | None, left: str) -> None:
    assert _time_left(lines, seconds, 100.0) == left


def test_one_board_is_a_line_and_the_time_that_is_left() -> None:
    board = lying_board(serial="board")
    view, screen = LiveView([board], seconds=120), Console(file=io.StringIO(), width=60, height=12)
    screen.print(view)
    view(board, "push")
    screen.print(view)
    assert isinstance(screen.file, io.StringIO)
    waiting, pushing, left = (line.split() for line in screen.file.getvalue().splitlines())
    assert waiting[1:] == ["board", "0:00", "waiting"]
    assert pushing[1:] == ["board", "0:00", "push"]
    assert re.fullmatch(r"at most [12]:\d\d left", " ".join(left))


def test_two_boards_of_one_serial_have_a_line_each() -> None:
    """As two adb servers list them."""
    first, second = lying_board(serial="board"), lying_board(serial="board")
    view, screen = LiveView([first, second]), Console(file=io.StringIO(), width=60, height=12)
    view(first, "push")
    view(second, "facts")
    view.board(first, BoardRun(serial="board", verdicts=()))
    screen.print(view)
    assert isinstance(screen.file, io.StringIO)
    at_work, done, count = screen.file.getvalue().splitlines()
    assert at_work.split()[1:] == ["board", "0:00", "facts"]
    assert done.split()[1:3] == ["board", "0:00"]
    assert count.startswith("1 of 2 boards done")

"""The board of a pytest session, without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest

from bringup.board import Board, RootPolicy, Selection
from bringup.board.shell import Completed
from bringup.deadline import Deadline
from bringup.errors import BoardLost, BoardNotReady, HostError
from bringup.lab.places import PlaceRequest
from bringup.testing import session
from tests.support.lying_board import lying_board


def test_what_labgrid_says_does_not_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def connected(_request: object, _server: object, say: Callable[[str], None]) -> NoReturn:
        say("rack1: \x1b[2Jall passed")
        raise HostError("use the place rack1", "made up")

    monkeypatch.setattr(session, "connected_places", connected)
    place = PlaceRequest(names=("rack1",))
    used = session.BoardSession(Selection(), virtual=None, place=place, root=RootPolicy.AUTO, seconds=1.0, output=None)
    with pytest.raises(pytest.fail.Exception, match="made up"):
        _ = used.board
    (line,) = used.summary
    assert "all passed" in line
    assert "\x1b" not in line


def test_a_board_that_cannot_be_used_is_asked_once_for_all_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Selection] = []

    def connect(selection: Selection, _deadline: Deadline) -> Board:
        asked.append(selection)
        raise BoardNotReady("connect", "the board answers nothing for 3 s", board="x")

    monkeypatch.setattr(session, "connect", connect)
    used = session.BoardSession(Selection(), virtual=None, place=None, root=RootPolicy.AUTO, seconds=1.0, output=None)
    assert "answers nothing" in str(used.heap_names_or_problem())
    assert "answers nothing" in str(used.heap_names_or_problem())
    for ask in (lambda: used.board, used.heap_names, lambda: used.is_root):
        with pytest.raises(pytest.fail.Exception, match="answers nothing"):
            ask()
    assert len(asked) == 1


def test_a_board_that_is_lost_while_its_heaps_are_listed_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = lying_board(BoardLost("run 'ls'", "made up", board="lying"))
    asked: list[str] = []

    def shell(*_: object) -> Completed:
        asked.append("ls")
        raise BoardLost("run 'ls'", "made up", board="lying")

    monkeypatch.setattr(lost, "shell", shell)
    monkeypatch.setattr(session, "connect", lambda *_: lost)
    used = session.BoardSession(Selection(), virtual=None, place=None, root=RootPolicy.AUTO, seconds=1.0, output=None)
    assert used.heap_names_or_problem() == used.heap_names_or_problem()
    with pytest.raises(BoardLost):
        used.heap_names()
    assert asked == ["ls"]

from __future__ import annotations

import pytest

from tests import virtual_board


@pytest.fixture(autouse=True)
def no_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_board, "obstacle", lambda profile: f"{profile}: no QEMU")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BRINGUP_REQUIRE_BOARD", raising=False)


def test_without_a_board_the_test_skips_and_says_why() -> None:
    with pytest.raises(pytest.skip.Exception, match="no virtual board: amd64: no QEMU"):
        virtual_board.require_virtual_board()


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("BRINGUP_REQUIRE_BOARD", "1")])
def test_where_a_board_is_required_the_test_fails(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(pytest.fail.Exception, match="required here: amd64: no QEMU"):
        virtual_board.require_virtual_board()

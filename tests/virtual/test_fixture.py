from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import virtual_board


@pytest.fixture(autouse=True)
def no_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_board, "obstacle", lambda profile: f"{profile}: no QEMU")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BRINGUP_REQUIRE_BOARD", raising=False)
    monkeypatch.delenv("BRINGUP_REQUIRE_KERNELS", raising=False)


def test_without_a_board_the_test_skips_and_says_why() -> None:
    with pytest.raises(pytest.skip.Exception, match="no virtual board: amd64: no QEMU"):
        virtual_board.require_virtual_board()


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("BRINGUP_REQUIRE_BOARD", "1")])
def test_where_a_board_is_required_the_test_fails(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(pytest.fail.Exception, match="required here: amd64: no QEMU"):
        virtual_board.require_virtual_board()


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRINGUP_CACHE", str(tmp_path))


@pytest.mark.usefixtures("no_kernel")
def test_a_kernel_that_is_not_built_is_a_reason_to_skip_even_where_boards_are_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.skip.Exception, match=r"the kernel of arm64-6\.12 has not been built; make kernels"):
        virtual_board.require_virtual_board("arm64-6.12")


@pytest.mark.usefixtures("no_kernel")
def test_where_kernels_are_required_the_test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRINGUP_REQUIRE_KERNELS", "1")
    with pytest.raises(pytest.fail.Exception, match=r"required here: the kernel of arm64-6\.12"):
        virtual_board.require_virtual_board("arm64-6.12")

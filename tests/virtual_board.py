"""Virtual boards for tests: a real kernel with real DMA-BUF heaps and a real adbd, in QEMU.

Use as a pytest plugin: ``pytest_plugins = ["tests.virtual_board"]`` gives the fixtures ``amd64_board`` (one a test
session and worker, shared: leave it as it is) and ``fresh_board`` (for tests that break theirs or need options).
Every board ends with its test or session; if the test process is killed, its QEMU is too.

Where QEMU or Debian's packages cannot be had, such tests skip and say so; with ``CI=true`` or
``BRINGUP_REQUIRE_BOARD=1`` they fail instead. A board that is there and does not boot always fails.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator

import pytest

from bringup.deadline import Deadline
from bringup.errors import BringupError
from bringup.virtual import VirtualBoard, find_profile, running_board, setup
from bringup.virtual.qemu import find_qemu
from bringup.virtual.qmp import require_qmp

SETUP_SECONDS = 300.0
BOOT_SECONDS = 90.0

MakeBoard = Callable[..., VirtualBoard]


@functools.cache
def obstacle(profile: str = "amd64") -> str:
    """Why no virtual board can be had here; empty when one can."""
    try:
        require_qmp()
        find_qemu(find_profile(profile))
        setup(find_profile(profile), Deadline.after(SETUP_SECONDS))
    except BringupError as error:
        return f"{error}; {error.hint}" if error.hint else str(error)
    return ""


def board_is_required() -> bool:
    """Whether a test may not skip for want of a board."""
    return os.environ.get("CI", "").lower() == "true" or os.environ.get("BRINGUP_REQUIRE_BOARD") == "1"


def require_virtual_board(profile: str = "amd64") -> None:
    """Skip the test where no virtual board can be had, or fail it where one has to be."""
    reason = obstacle(profile)
    if not reason:
        return
    if board_is_required():
        pytest.fail(f"a virtual board is required here: {reason}", pytrace=False)
    pytest.skip(f"no virtual board: {reason}")


@pytest.fixture(scope="session")
def amd64_board() -> Iterator[VirtualBoard]:
    """A running amd64 board, shared by the session's tests."""
    require_virtual_board()
    with running_board(find_profile("amd64"), Deadline.after(BOOT_SECONDS)) as board:
        yield board


@pytest.fixture
def fresh_board() -> Iterator[MakeBoard]:
    """Boots boards of the test's own: ``fresh_board(append="bringup.noheaps=1", memory=256)``."""
    with contextlib.ExitStack() as boards:

        def make(profile: str = "amd64", **options: object) -> VirtualBoard:
            require_virtual_board(profile)
            started = running_board(find_profile(profile), Deadline.after(BOOT_SECONDS), **options)  # type: ignore[arg-type]
            return boards.enter_context(started)

        yield make

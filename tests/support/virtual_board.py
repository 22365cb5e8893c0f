"""Virtual boards for tests: a real kernel with real DMA-BUF heaps and a real adbd, in QEMU.

Use as a pytest plugin: ``pytest_plugins = ["tests.support.virtual_board"]`` gives the fixtures ``amd64_board`` and
``shared_board("arm64-6.12")`` (one per test session and worker, shared: leave it as it is) and ``fresh_board`` (for tests
that break theirs or need options).
A board boots once per session; then its state is in a file, and each board with the same options continues from there: a
tenth of a boot. What boots for real every time: boards with other options than ``memory``, and those of tests/virtual.
Every board ends with its test or session; if the test process is killed, its QEMU is too.

Where QEMU or Debian's packages cannot be had, such tests skip and say so; with ``CI=true`` or
``BRINGUP_REQUIRE_BOARD=1`` they fail instead. A board that is there and does not boot always fails.
Kernels are never built here: where a board's kernel has not been built, the test skips, or fails with
``BRINGUP_REQUIRE_KERNELS=1``. ``make kernels`` builds them, ``make test-kernels`` builds them and requires them.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, Unpack

import pytest

from bringup.deadline import Deadline
from bringup.errors import BringupError
from bringup.virtual import (
    BuiltKernel,
    Options,
    VirtualBoard,
    find_image,
    find_kernel,
    find_profile,
    running_board,
    save_snapshot,
    setup,
)
from bringup.virtual.running.qemu import find_qemu
from bringup.virtual.running.qmp import require_qmp
from tests.support.once import made_once

SETUP_SECONDS = 900.0
BOOT_SECONDS = 300.0

#: How the folders of a session's snapshots are named.
SNAPSHOT = "snapshot-"


class MakeBoard(Protocol):
    """Boots a board of a profile."""

    def __call__(self, profile: str = "amd64", **options: Unpack[Options]) -> VirtualBoard: ...


class Boot(Protocol):
    """Boots a board of a profile that runs until the stack is closed."""

    def __call__(self, boards: contextlib.ExitStack, profile: str, **options: Unpack[Options]) -> VirtualBoard: ...


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


def kernel_is_missing(profile: str) -> bool:
    """Whether the board's kernel is one that has to be built, and has not been."""
    board = find_profile(profile)
    return isinstance(board.kernel, BuiltKernel) and find_image(board) is None and find_kernel(board) is None


def board_is_required() -> bool:
    """Whether a test may not skip for want of a board."""
    return os.environ.get("CI", "").lower() == "true" or os.environ.get("BRINGUP_REQUIRE_BOARD") == "1"


def require_virtual_board(profile: str = "amd64") -> None:
    """Skip the test where no virtual board can be had, or fail it where one has to be."""
    if kernel_is_missing(profile):
        reason = f"the kernel of {profile} has not been built; make kernels"
        required = os.environ.get("BRINGUP_REQUIRE_KERNELS") == "1"
    else:
        reason = obstacle(profile)
        required = board_is_required()
    if not reason:
        return
    if required:
        pytest.fail(f"a virtual board is required here: {reason}", pytrace=False)
    pytest.skip(f"no virtual board: {reason}")


def booted(
    boards: contextlib.ExitStack, profile: str, *, snapshot: Path | None = None, **options: Unpack[Options]
) -> VirtualBoard:
    """A board that runs until the stack is closed; where none can be had, the test skips."""
    require_virtual_board(profile)
    deadline = Deadline.after(BOOT_SECONDS)
    return boards.enter_context(running_board(find_profile(profile), deadline, snapshot=snapshot, **options))


@pytest.fixture(scope="session")
def boot_or_resume(tmp_path_factory: pytest.TempPathFactory) -> Boot:
    """As :func:`booted`, but no board boots twice in a session only to be the same."""

    def make(boards: contextlib.ExitStack, profile: str, **options: Unpack[Options]) -> VirtualBoard:
        if options.keys() - {"memory"}:
            return booted(boards, profile, **options)
        require_virtual_board(profile)

        def save(folder: Path) -> None:
            with contextlib.ExitStack() as first:
                save_snapshot(booted(first, profile, **options), folder / "state", Deadline.after(BOOT_SECONDS))

        name = f"{SNAPSHOT}{profile}-{options.get('memory', '')}"
        snapshot = made_once(tmp_path_factory, name, save) / "state"
        return booted(boards, profile, snapshot=snapshot, **options)

    return make


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Snapshots are large, and of no use to a later session."""
    if not hasattr(session.config, "workerinput"):
        factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined] # pytest has no other
        for folder in factory.getbasetemp().glob(f"{SNAPSHOT}*/"):
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shared_board(boot_or_resume: Boot) -> Iterator[Callable[[str], VirtualBoard]]:
    """Running boards by profile, shared by the session's tests: ``shared_board("arm64-6.12")``."""
    with contextlib.ExitStack() as boards:

        @functools.cache
        def get(profile: str) -> VirtualBoard:
            return boot_or_resume(boards, profile)

        yield get


@pytest.fixture(scope="session")
def amd64_board(shared_board: Callable[[str], VirtualBoard]) -> VirtualBoard:
    """A running amd64 board, shared by the session's tests."""
    return shared_board("amd64")


@pytest.fixture
def fresh_board(boot_or_resume: Boot) -> Iterator[MakeBoard]:
    """Boots boards of the test's own: ``fresh_board(append="bringup.noheaps=1", memory=256)``."""
    with contextlib.ExitStack() as boards:

        def make(profile: str = "amd64", **options: Unpack[Options]) -> VirtualBoard:
            return boot_or_resume(boards, profile, **options)

        yield make

"""A board's memory and devices in a file, and boards that continue from there instead of booting.

This is QEMU's migration, with a file in between. The file is for the same QEMU with the same options: make one for a
test session, do not keep it. Source: docs/devel/migration.rst in QEMU 7.2.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from threading import Event

from bringup.deadline import Deadline
from bringup.errors import VirtualBoardError
from bringup.text import from_board, visible
from bringup.virtual.running.qemu import Guard
from bringup.virtual.running.qmp import Qmp
from bringup.virtual.running.state import Folder, VirtualBoard

__all__ = ["await_resumed", "resume_arguments", "save_snapshot"]

_POLL = 0.02
_BYTES_PER_SECOND = 1 << 40  # as fast as the disk; QEMU's default is a network's 128 MiB


def save_snapshot(board: VirtualBoard, path: Path, deadline: Deadline) -> None:
    """Write the state of a running board to ``path``: about 100 MB for a board that has just booted.

    The board is paused by that and stays so. ``running_board(…, snapshot=path)`` gives boards that continue from it.

    :raises VirtualBoardError: QEMU could not write it.
    :raises DeadlineExceeded: not in time.
    """
    action = f"save the virtual board {board.name}"
    qmp = Qmp(board.qmp)
    qmp.pause(deadline)
    qmp.execute("migrate-set-parameters", {"max-bandwidth": _BYTES_PER_SECOND}, deadline)
    qmp.execute("migrate", {"uri": f"exec:cat >{shlex.quote(str(path))}"}, deadline)
    pause = Event()
    while (state := qmp.execute("query-migrate", {}, deadline)).get("status") != "completed":
        if state.get("status") == "failed":
            raise VirtualBoardError(action, state.get("error-desc") or f"QEMU could not write {path}")
        pause.wait(min(_POLL, deadline.require(action)))


def resume_arguments(path: Path) -> tuple[str, ...]:
    """What QEMU's command line needs to continue from a file of :func:`save_snapshot`."""
    return "-incoming", f"exec:cat {shlex.quote(str(path))}"


def await_resumed(folder: Folder, guard: Guard, deadline: Deadline) -> None:
    """Return when the board's state has been read and its CPUs run. QEMU may end before its monitor can be asked.

    :raises VirtualBoardError: QEMU did not accept the file.
    """
    action = f"continue the virtual board {folder.name} from a snapshot"
    qmp, pause = Qmp(folder.qmp), Event()
    try:
        guard.await_monitor(deadline)
        while qmp.status(deadline) == "inmigrate":
            pause.wait(min(_POLL, deadline.require(action)))
        qmp.resume(deadline)
    except VirtualBoardError as error:
        said = visible(from_board(folder.log.read_bytes())).strip()
        raise VirtualBoardError(action, said or error.seen, hint="make the snapshot again, with this QEMU") from error

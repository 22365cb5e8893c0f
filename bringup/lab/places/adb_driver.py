"""labgrid's driver for boards behind adb: labgrid's own where it has one, else this one, with the same name.

Name this module under ``imports`` in a labgrid environment; its resources come with it. Commands and files as in
labgrid's pull request 1564 (labgrid/driver/adb.py of 29fe2a5c, read 2026-12-01), whose driver also resets.
"""

# labgrid has no types, its decorators among it
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attr
import labgrid.driver  # noqa: F401 - registers those that labgrid has
from labgrid.driver.commandmixin import CommandMixin
from labgrid.driver.common import Driver
from labgrid.driver.exception import ExecutionError
from labgrid.factory import target_factory
from labgrid.protocol import CommandProtocol, FileTransferProtocol
from labgrid.step import step
from labgrid.util.proxy import proxymanager

from bringup.board import Board, Selection
from bringup.deadline import Deadline
from bringup.errors import BringupError
from bringup.lab.places import adb_resources  # noqa: F401 - the driver binds to them
from bringup.lab.places.connecting import connect_held, disconnect_held
from bringup.lab.places.messages import HeldBoard

__all__ = ["ADBDriver"]

_FILE_SECONDS = 600.0
_FILE_BYTES = 1 << 30


@attr.s(eq=False)
class _AdbDriver(CommandMixin, Driver, CommandProtocol, FileTransferProtocol):  # type: ignore[misc]
    """Commands and files on a board, each within its time."""

    bindings = {"device": {"RemoteUSBADBDevice", "NetworkADBDevice"}}  # noqa: RUF012 - labgrid's way

    def on_activate(self) -> None:
        """Connect; a board whose own adbd is on the network through this host's adb server."""
        host, port = proxymanager.get_host_and_port(self.device)
        self._held = HeldBoard(self.target.name, host, port, getattr(self.device, "serialno", ""))
        with _as_labgrid_s(), ExitStack() as undo:
            self._server = Selection.from_options().server
            undo.callback(disconnect_held, self._held, self._server)  # labgrid deactivates only what was activated
            board = connect_held(self._held, self._server)
            if not isinstance(board, Board):
                raise board
            undo.pop_all()
        self._board = board

    def on_deactivate(self) -> None:
        """Let a board on the network go."""
        disconnect_held(self._held, self._server)

    def _run(
        self, cmd: str, *, timeout: float = 30.0, codec: str = "utf-8", decodeerrors: str = "strict"
    ) -> tuple[list[str], list[str], int]:
        with _as_labgrid_s():
            done = self._board.shell(cmd, Deadline.after(timeout))
        out, err = (data.decode(codec, decodeerrors).splitlines() for data in (done.stdout, done.stderr))
        return out, err, done.exit_code

    @Driver.check_active
    @step(args=["cmd"], result=True)
    def run(
        self, cmd: str, *, timeout: float = 30.0, codec: str = "utf-8", decodeerrors: str = "strict"
    ) -> tuple[list[str], list[str], int]:
        """What a command of the board's shell prints, and its exit code."""
        return self._run(cmd, timeout=timeout, codec=codec, decodeerrors=decodeerrors)

    @step()
    def get_status(self) -> int:
        """1: commands can be run."""
        return 1

    @Driver.check_active
    @step(args=["filename", "remotepath"])
    def put(self, filename: str, remotepath: str, timeout: float | None = None) -> None:
        """Write a file on the board; into a folder under its own name."""
        deadline, file = Deadline.after(timeout or _FILE_SECONDS), Path(filename)
        with _as_labgrid_s():
            there = self._board.stat(remotepath, deadline)
            if there is not None and stat.S_ISDIR(there.mode):
                remotepath = f"{remotepath.rstrip('/')}/{file.name}"
            self._board.push(file, remotepath, stat.S_IMODE(file.stat().st_mode), deadline)

    @Driver.check_active
    @step(args=["filename", "destination"])
    def get(self, filename: str, destination: str, timeout: float | None = None) -> None:
        """Read a file of the board; into a folder under its own name."""
        with _as_labgrid_s():
            pulled = self._board.pull(filename, Deadline.after(timeout or _FILE_SECONDS), _FILE_BYTES)
        if pulled.truncated:
            raise ExecutionError(f"{filename} is larger than {_FILE_BYTES >> 30} GiB")
        file = Path(destination)
        (file / Path(filename).name if file.is_dir() else file).write_bytes(pulled.data)


@contextmanager
def _as_labgrid_s() -> Iterator[None]:
    try:
        yield
    except BringupError as error:
        raise ExecutionError("\n".join(filter(None, (str(error), error.hint)))) from error


def _registered(cls: Any) -> Any:
    """labgrid's driver, or ours by its name."""
    if "ADBDriver" in target_factory.drivers:
        return target_factory.drivers["ADBDriver"]
    cls.__name__ = cls.__qualname__ = "ADBDriver"
    return target_factory.reg_driver(cls)


ADBDriver = _registered(_AdbDriver)

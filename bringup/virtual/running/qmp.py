"""Commands to a running QEMU over its QMP socket: how faults are made.

One connection a command: QEMU serves one QMP client at a time, and nobody should keep another one waiting.
Source: qemu-qmp-ref(7).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, HostError, VirtualBoardError

__all__ = ["Qmp"]

_POLL = 0.02
logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Qmp:
    """The monitor of one virtual board.

    :param socket: path of QEMU's QMP socket.
    """

    socket: Path

    def set_link(self, *, up: bool, deadline: Deadline) -> None:
        """Pull the network cable, or plug it in again."""
        self.execute("set_link", {"name": "net0", "up": up}, deadline)

    def pause(self, deadline: Deadline) -> None:
        """Stop the CPUs: a board that hangs."""
        self.execute("stop", {}, deadline)

    def resume(self, deadline: Deadline) -> None:
        """Let the CPUs run on."""
        self.execute("cont", {}, deadline)

    def reset(self, deadline: Deadline) -> None:
        """Press the reset button: the board boots again on the same port."""
        self.execute("system_reset", {}, deadline)

    def quit(self, deadline: Deadline) -> None:
        """Cut the power: QEMU ends. Use :func:`bringup.virtual.stop` to clean up as well."""
        self.execute("quit", {}, deadline)

    def status(self, deadline: Deadline) -> str:
        """QEMU's run state, e.g. ``running`` or ``paused``."""
        return str(self.execute("query-status", {}, deadline)["status"])

    def monitor(self, line: str, deadline: Deadline) -> str:
        """Run a command of QEMU's human monitor; what it says, it says as text, errors included."""
        return str(self.execute("human-monitor-command", {"command-line": line}, deadline))

    def execute(self, command: str, arguments: Mapping[str, object], deadline: Deadline) -> Any:
        """Run one QMP command and return what it returns.

        :raises VirtualBoardError: QEMU is gone or refused.
        :raises DeadlineExceeded: no answer in time.
        """
        from qemu.qmp import ConnectError, QMPError
        from qemu.qmp.error import ProtocolError

        action = f"QMP {command}"
        pause = Event()
        while True:
            seconds = deadline.require(action)
            try:
                return asyncio.run(asyncio.wait_for(self._exchange(command, dict(arguments)), seconds))
            except TimeoutError as error:
                raise DeadlineExceeded(action, f"QEMU has not answered within {deadline.budget:g} s") from error
            except (EOFError, QMPError, OSError) as error:
                if _has_ended(error):
                    if command == "quit":  # it may end before its answer is through
                        return {}
                    raise VirtualBoardError(action, "QEMU ended") from error
                # QEMU 7.2 may send an event before its greeting. Nothing was executed then: ask again.
                if not (isinstance(error, ConnectError) and isinstance(error.exc, ProtocolError)):
                    raise VirtualBoardError(action, str(error) or type(error).__name__) from error
                pause.wait(min(_POLL, deadline.remaining))

    async def _exchange(self, command: str, arguments: dict[str, object]) -> object:
        from qemu.qmp import QMPClient

        client = QMPClient("bringup")
        try:
            await client.connect(str(self.socket))
        except AssertionError as error:
            # qemu.qmp 0.0.x asserts that QEMU is still there once its answer to the greeting has been read.
            with suppress(EOFError, OSError):  # what ended the session
                await client.disconnect()
            raise EOFError from error
        try:
            return await client.execute(command, arguments)
        finally:
            await client.disconnect()


def _has_ended(error: Exception) -> bool:
    """Whether it says that QEMU is gone: while we connected, or after that."""
    from qemu.qmp import ConnectError, ExecInterruptedError

    if isinstance(error, ConnectError):
        return isinstance(error.exc, (EOFError, BrokenPipeError, ConnectionResetError))
    return isinstance(error, (EOFError, ConnectionError, ExecInterruptedError))


def require_qmp() -> None:
    """Say early that the library is missing.

    :raises HostError: it is.
    """
    try:
        import qemu.qmp  # noqa: F401
    except ImportError as error:
        raise HostError("drive QEMU", "qemu.qmp is not installed", hint="pip install 'bringup[virtual]'") from error

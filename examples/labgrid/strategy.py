"""A strategy of labgrid: power, boot, adb. What the console says meanwhile is kept.

In an environment: ``imports: [bringup.lab.places.adb_resources, strategy.py]``; see env.yaml beside this file.
"""

from __future__ import annotations

import contextlib
import enum
import time
from pathlib import Path
from typing import Any

import attr
from labgrid import target_factory
from labgrid.step import step
from labgrid.strategy import Strategy, StrategyError
from pexpect import TIMEOUT

from bringup.board import Selection, TcpAddress, await_boot
from bringup.deadline import Deadline


class Status(enum.Enum):
    """Where the board is."""

    unknown = 0
    off = 1
    adb = 2


@target_factory.reg_driver
@attr.s(eq=False)
class BringupStrategy(Strategy):
    """States: off, adb. Each transition ends within its time, or says what was missing.

    :param boot_seconds: from power to a board that has booted.
    :param console_log: the file that the console is kept in.
    """

    bindings = {  # noqa: RUF012 - labgrid's way
        "power": "PowerProtocol",
        "board": "RemoteUSBADBDevice",
        "console": {"ConsoleProtocol", None},
    }
    boot_seconds = attr.ib(default=300.0, converter=float)
    console_log = attr.ib(default="console.log")
    status = attr.ib(default=Status.unknown)

    @step(args=["status"])
    def transition(self, status: Any, *, step: Any) -> None:
        """Bring the board into a state."""
        wanted = status if isinstance(status, Status) else Status[status]
        if wanted is self.status:
            step.skip("nothing to do")
            return
        self.status = Status.unknown  # where what follows fails
        self.target.activate(self.power)
        if wanted is Status.off:
            self.power.off()
        elif wanted is Status.adb:
            self.power.cycle()
            self._boot()
        else:
            raise StrategyError(f"there is no way to {wanted.name}")
        self.status = wanted

    def _boot(self) -> None:
        server = TcpAddress(self.board.host, self.board.port)
        selection = Selection(server=server, serials=(self.board.serialno,))
        end = time.monotonic() + self.boot_seconds
        if self.console is not None:
            self.target.activate(self.console)
        with Path(self.console_log).open("ab") as log:
            while True:
                self._keep_console(log)
                late = await_boot(selection, Deadline.after(2))
                if not late:
                    break
                if time.monotonic() >= end:
                    raise StrategyError(f"not booted within {self.boot_seconds:g} s: {late[0]}")
            self._keep_console(log)

    def _keep_console(self, log: Any) -> None:
        if self.console is not None:
            with contextlib.suppress(TIMEOUT):
                log.write(self.console.read(size=65536, timeout=0.1))
            log.flush()

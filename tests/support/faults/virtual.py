"""A virtual board in which a run is caught in a phase: a real kernel with heaps, and QEMU's monitor to break it.

Nothing is held there: emulated, the push and the tests take long enough for a fault to come amid them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from bringup.board import Board, Target, connect_tcp
from bringup.deadline import Deadline
from bringup.errors import BringupError
from bringup.text import from_board
from bringup.virtual import Profile, Qmp, VirtualBoard, running_board
from tests.support.faults.case import Phase
from tests.support.faults.process import SECONDS, RunProcess
from tests.support.native_adbd import AdbServer, free_port
from tests.support.virtual_board import BOOT_SECONDS

__all__ = ["PhasedVirtual"]

T = TypeVar("T")

_COMES_BACK = 120.0
#: One that boots and hangs this often in a row is no accident.
_RESTARTS = 3
#: The last step before the phase.
_STEPS = {Phase.PUSH: "push", Phase.OBSERVE: "facts and tests", Phase.RECORD: "system: alloc.page"}
#: Waits a while: what was killed takes a moment to go. Nothing in it may look like a program of ours: ps shows it, too.
_LEFT = """
i=0 ours=bringup
ours() { ps -A -o ARGS | grep '[b]ringup-'; }
until ! ours >/dev/null || [ $i = 200 ]; do i=$((i + 1)); sleep 0.2; done
ours
for file in /data/local/tmp/$ours-*.* /tmp/$ours-*.* /dev/$ours-*.*; do [ -e "$file" ] && echo "$file"; done
ls /sys/kernel/tracing/instances /sys/kernel/debug/tracing/instances 2>/dev/null | grep bringup
exit 0
"""


class PhasedVirtual:
    """See :class:`tests.support.faults.stage.PhasedBoard`. A board that does not come back is powered off and on.

    :ivar restarts: how often. Emulated on a busy host, a kernel hangs now and then after a reset.
    :param options: of :func:`bringup.virtual.running_board`.
    """

    def __init__(self, profile: Profile, server: AdbServer, **options: Any) -> None:
        self.server, self.restarts = server, 0
        self._boot = partial(running_board, profile, port=free_port(), **options)
        self._power = contextlib.ExitStack()
        self.power_on()

    def power_on(self) -> None:
        self.virtual: VirtualBoard = self._power.enter_context(self._boot(deadline=Deadline.after(BOOT_SECONDS)))
        self.qmp = Qmp(self.virtual.qmp)
        self.serial = connect_tcp(self.server.transport, self.virtual.serial, Deadline.after(SECONDS))

    def power_off(self) -> None:
        with contextlib.suppress(BringupError):  # it may have ended
            self.qmp.quit(self.soon())
        self._power.close()

    def soon(self) -> Deadline:
        """As long as it may take to boot."""
        return Deadline.after(_COMES_BACK)

    def open(self) -> Board:
        """The board, once it answers, whatever it went through."""
        return self._certainly(lambda board: board)

    def sh(self, script: str) -> str:
        return from_board(self._certainly(lambda board: board.shell(script, self.soon())).stdout)

    def _certainly(self, ask: Callable[[Board], T]) -> T:
        for _ in range(_RESTARTS):
            with contextlib.suppress(BringupError):
                return ask(self._answering())
            self.restarts += 1
            self.power_off()
            self.power_on()
        return ask(self._answering())

    def _answering(self) -> Board:
        deadline = self.soon()
        while True:
            try:
                connect_tcp(self.server.transport, self.virtual.serial, deadline)
                return Board.open(self.server.transport, Target(self.serial), deadline)
            except BringupError:
                if deadline.expired:
                    raise

    def sh_and_die(self, script: str) -> None:
        """A script from which there may be no coming back."""
        board = self.open()
        with contextlib.suppress(BringupError):
            board.shell(script, Deadline.after(60))

    def hold(self, phase: Phase) -> None:
        """Nothing is held."""

    def reached(self, phase: Phase, process: RunProcess) -> None:
        process.wait_for(lambda event: event.get("step") == _STEPS[phase], phase)

    def release(self) -> None:
        """Nothing was held."""

    def left(self) -> list[str]:
        return self.sh(_LEFT).split("\n")[:-1]

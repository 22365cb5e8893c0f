"""A virtual board in which a run is caught in a phase: a real kernel with heaps, and QEMU's monitor to break it.

Nothing is held there: emulated, the push and the tests take long enough for a fault to come amid them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from bringup.board import Board, Target, connect_tcp
from bringup.deadline import Deadline
from bringup.errors import BringupError
from bringup.text import from_board
from bringup.virtual import Qmp, VirtualBoard
from tests.support.faults.case import Phase
from tests.support.faults.process import SECONDS, RunProcess
from tests.support.native_adbd import AdbServer

__all__ = ["PhasedVirtual"]

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
    """See :class:`tests.support.faults.stage.PhasedBoard`."""

    def __init__(self, virtual: VirtualBoard, server: AdbServer, seconds: float = SECONDS) -> None:
        self.virtual = virtual
        self.seconds = seconds
        self.server = server
        self.qmp = Qmp(virtual.qmp)
        self.serial = connect_tcp(server.transport, virtual.serial, Deadline.after(SECONDS))

    def soon(self) -> Deadline:
        return Deadline.after(self.seconds)

    def open(self) -> Board:
        """The board, once it answers, whatever it went through."""
        deadline = self.soon()
        while True:
            try:
                connect_tcp(self.server.transport, self.virtual.serial, deadline)
                board = Board.open(self.server.transport, Target(self.serial), deadline)
            except BringupError:
                if deadline.expired:
                    raise
                continue
            return board

    def sh(self, script: str) -> str:
        return from_board(self.open().shell(script, self.soon()).stdout)

    def sh_and_die(self, script: str) -> None:
        """A script from which there may be no coming back."""
        with contextlib.suppress(BringupError):
            self.open().shell(script, Deadline.after(60))

    def then_up(self, act: Callable[[], object]) -> None:
        act()
        self.open()

    def hold(self, phase: Phase) -> None:
        """Nothing is held."""

    def reached(self, phase: Phase, process: RunProcess) -> None:
        process.wait_for(lambda event: event.get("step") == _STEPS[phase], phase)

    def release(self) -> None:
        """Nothing was held."""

    def left(self) -> list[str]:
        return self.sh(_LEFT).split("\n")[:-1]

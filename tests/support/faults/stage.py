"""Where a fault is produced: a board, a run that is held in a phase, and what is left when it is over."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.support.faults.case import Fault, Phase
from tests.support.faults.invariants import Ended, Outcomes, check
from tests.support.faults.process import RunProcess
from tests.support.native_adbd import AdbServer, NativeBoard

__all__ = ["Healthy", "PhasedBoard", "Stage", "held_by_event", "play"]


class PhasedBoard(Protocol):
    """A board on which a run can be held in a phase.

    :ivar restarts: how often it hung by itself, and was powered off and on.
    """

    serial: str
    restarts: int

    def hold(self, phase: Phase) -> None:
        """Before the run: have it wait when it is in that phase."""

    def reached(self, phase: Phase, process: RunProcess) -> None:
        """Wait until the run is there."""

    def release(self) -> None:
        """Let it go on."""

    def left(self) -> list[str]:
        """Processes and files of bringup on the board, but for its whole program."""


@dataclass(frozen=True)
class Healthy:
    """The same board without a fault."""

    status: int
    outcomes: Outcomes


@dataclass
class Stage:
    """What a fault can get at.

    :ivar board: of the kind that the fault is for.
    :ivar arguments: further ones of ``bringup run``.
    :ivar serial: the board's, as adb lists it.
    :ivar make: another native board.
    :ivar others: what the fault made beside the board.
    :ivar cleanups: what is undone in the end, the last first.
    """

    board: Any
    server: AdbServer
    folder: Path
    phase: Phase
    serial: str
    make: Callable[[], NativeBoard]
    healthy: Healthy
    output: Path
    others: list[Any] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    process: RunProcess | None = None
    cleanups: list[Callable[[], object]] = field(default_factory=list)
    selects: bool = True

    def start(self) -> RunProcess:
        chosen = ["-s", self.serial] if self.selects else []
        arguments = ["run", *chosen, "--json-lines", "--rounds", "0", "-o", str(self.output), *self.arguments]
        environ = {"ANDROID_ADB_SERVER_PORT": str(self.server.address.port), **self.environ}
        return RunProcess(arguments, environ)

    def signal(self, number: signal.Signals) -> None:
        """To bringup itself."""
        assert self.process is not None
        self.process.process.send_signal(number)


@contextmanager
def _cleaned(stage: Stage) -> Iterator[None]:
    try:
        yield
    finally:
        if stage.process is not None and stage.process.process.poll() is None:
            stage.process.process.kill()
            stage.process.end()
        for undo in reversed(stage.cleanups):
            undo()


def _step(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["event"] == "step" and event["step"] == name


def _over(serial: str) -> Callable[[dict[str, Any]], bool]:
    """The observation of that board is over, or given up."""
    ends = (_step("judge"), _step("wait until the board is back"))
    return lambda event: (
        event.get("board") == serial and (event["event"] == "board-error" or any(end(event) for end in ends))
    )


_HELD_BY_EVENT: dict[Phase, Callable[[dict[str, Any]], bool]] = {
    Phase.JUDGE: _step("judge"),
    Phase.REPORT: lambda event: event["event"] == "board-end",
}


def held_by_event(phase: Phase, serial: str) -> Callable[[dict[str, Any]], bool] | None:
    """By which event a run is known to be in the phase with that board; ``None``: the board itself holds it there.

    Of several boards each comes to its phases by itself: one is judged while another is still observed.
    """
    met = _HELD_BY_EVENT.get(phase)
    return None if met is None else lambda event: event.get("board") == serial and met(event)


def play(stage: Stage, fault: Fault, results: Path | None = None) -> None:
    """Run with the fault in the stage's phase, and assert what always holds."""
    board: PhasedBoard = stage.board
    healthy = stage.healthy
    ending = fault.endings[stage.phase]
    with _cleaned(stage):
        fault.prepare(stage)
        if stage.phase is Phase.CONNECT:
            stage.board.hold(stage.phase)
            struck = time.monotonic()
            fault.strike(stage)
            process = stage.process = stage.process or stage.start()
        else:
            board.hold(stage.phase)
            process = stage.process = stage.start()
            struck = _strike_held(stage, fault, process)
        status, said = process.end()
        noticed = (process.time_of(_over(stage.serial)) or time.monotonic()) - struck
        if fault.heal is not None:
            fault.heal(stage)
            board.release()
            left = board.left()
            assert not left, left
        ended = Ended(status, said, stage.output, stage.serial, healthy.outcomes, healthy.status)
        check(ended, ending, stage.folder)
        fault.verify(stage)
    if results is not None:
        seen = {"fault": fault.name, "where": fault.where, "phase": stage.phase, "status": status, "noticed": noticed}
        seen["restarts"] = board.restarts
        (results / f"{fault.where.name.lower()}-{fault.name}-{stage.phase}.json").write_text(json.dumps(seen))


def _strike_held(stage: Stage, fault: Fault, process: RunProcess) -> float:
    """Produce the fault while the run is in the phase; when that was."""
    held = held_by_event(stage.phase, stage.serial)
    if held is None:
        stage.board.reached(stage.phase, process)
        fault.strike(stage)
        struck = time.monotonic()
        stage.board.release()
        return struck
    process.wait_for(held, stage.phase)
    if process.process.poll() is None:
        stage.signal(signal.SIGSTOP)
    fault.strike(stage)
    if process.process.poll() is None:
        stage.signal(signal.SIGCONT)
    return time.monotonic()

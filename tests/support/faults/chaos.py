"""``make chaos``: runs over many real boards while links are cut, boards freeze, reboot and lose power, and runs are killed.

All is drawn from one seed, which is printed first. After each run, and in the end, what must hold is looked at; the
first thing that does not ends it with exit status 1.
"""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bringup.board import LOCK_NAME, connect_tcp
from bringup.deadline import Deadline
from bringup.report.load import load_run
from bringup.results.run import BoardRun
from tests.support.faults.command import carry_out, holding, own_place, parser, say
from tests.support.faults.invariants import TIMED, Outcomes, outcomes_of, require_no_false_answer
from tests.support.faults.native import PhasedNative
from tests.support.faults.process import RunProcess
from tests.support.native_adbd import SECONDS, AdbServer, NativeBoard

#: What each board may take (--seconds), and what a run may take beyond that on a busy machine: judging, reports.
_BOARD_SECONDS, _REST_SECONDS = 20.0, 120.0
_MOST_PAUSE, _MOST_FAULT = 1.5, 4.0


def _cut(board: NativeBoard) -> Callable[[], None]:
    board.unplug()
    return board.plug


def _freeze(board: NativeBoard) -> Callable[[], None]:
    board.signal_adbd(signal.SIGSTOP)
    return lambda: board.signal_adbd(signal.SIGCONT)


def _reset(board: NativeBoard) -> Callable[[], None]:
    board.reboot()
    return lambda: None


def _crash(board: NativeBoard) -> Callable[[], None]:
    board.signal_adbd(signal.SIGKILL)
    return lambda: None


def _power(board: NativeBoard) -> Callable[[], None]:
    board.stop()
    return board.start


FAULTS: dict[str, Callable[[NativeBoard], Callable[[], None]]] = {
    "link cut": _cut,
    "frozen": _freeze,
    "reset": _reset,
    "adbd killed": _crash,
    "power lost": _power,
}
#: What happens to bringup itself in a part of the runs; ``None``: nothing.
_ENDS = (None, None, None, None, signal.SIGTERM, signal.SIGINT, signal.SIGKILL)


@dataclass
class Chaos:
    """:ivar counts: of everything that was done; ``longest``: seconds that a run took at most."""

    boards: list[NativeBoard]
    server: AdbServer
    folder: Path
    draw: random.Random
    healthy: Outcomes = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    _started: float = 0.0

    @property
    def environ(self) -> dict[str, str]:
        return {
            "ANDROID_ADB_SERVER_PORT": str(self.server.address.port),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "BRINGUP_HISTORY": "off",
        }

    def start(self, output: Path) -> RunProcess:
        self._started = time.monotonic()
        limits = ["--seconds", f"{_BOARD_SECONDS:g}", "--rounds", "0"]
        return RunProcess(["run", "--all", "--json-lines", "-o", str(output), *limits], self.environ)

    def calm(self) -> None:
        """A run without a fault: every board has the same verdicts, as it has in every calm run."""
        output = self._next_folder()
        status, said = self._ended(self.start(output))
        boards = load_run(output).boards
        assert [board.serial for board in boards] != [], said
        assert len(boards) == len(self.boards), (status, said)
        for board in boards:
            self.healthy = self.healthy or outcomes_of(board)
            self.require_same(board)
        self.counts["calm runs"] += 1

    def storm(self) -> None:
        """A run amid faults."""
        output = self._next_folder()
        process = self.start(output)
        try:
            struck, end = self._amid(process)
        except BaseException:
            process.process.kill()
            process.end()
            raise
        status, said = self._ended(process)
        self._require_held(status, said, output, struck, end)
        self._mend()

    def _amid(self, process: RunProcess) -> tuple[set[str], signal.Signals | None]:
        """Until the run ends, which boards had a fault, and which signal was drawn for bringup itself."""
        began = time.monotonic()
        struck: set[str] = set()
        heal: list[tuple[float, Callable[[], None]]] = []
        busy: set[str] = set()
        end = self.draw.choice(_ENDS)
        end_at = self.draw.uniform(0.5, 8.0) if end else None
        pause = threading.Event()
        while process.process.poll() is None:
            now = time.monotonic() - began
            assert now < self._bound, f"a run hangs: {now:.0f} s"
            # Python itself ends otherwise, before bringup has begun.
            if end_at is not None and process.events and now >= end_at and end is not None:
                process.process.send_signal(end)
                self.counts[f"bringup {end.name}"] += 1
                end_at = None
            for entry in [entry for entry in heal if entry[0] <= now]:
                heal.remove(entry)
                entry[1]()
            calm = [board for board in self.boards if board.serial not in busy]
            if calm and now < _BOARD_SECONDS:
                self._strike(self.draw.choice(calm), now, heal, busy, struck)
            pause.wait(self.draw.uniform(0.05, _MOST_PAUSE))
        for _, undo in heal:
            undo()
        return struck, end

    def _strike(
        self,
        board: NativeBoard,
        now: float,
        heal: list[tuple[float, Callable[[], None]]],
        busy: set[str],
        struck: set[str],
    ) -> None:
        name = self.draw.choice(list(FAULTS))
        undo = FAULTS[name](board)
        self.counts[name] += 1
        struck.add(board.serial)
        busy.add(board.serial)

        def over() -> None:
            undo()
            busy.discard(board.serial)

        heal.append((now + self.draw.uniform(0.1, _MOST_FAULT), over))

    @property
    def _bound(self) -> float:
        return _BOARD_SECONDS * 2 + _REST_SECONDS

    def _next_folder(self) -> Path:
        return self.folder / f"run-{sum(1 for _ in self.folder.glob('run-*'))}"

    def _ended(self, process: RunProcess) -> tuple[int, str]:
        status, said = process.end()
        self.longest = max(self.longest, time.monotonic() - self._started)
        return status, said

    def _require_held(self, status: int, said: str, output: Path, struck: set[str], end: signal.Signals | None) -> None:
        assert "Traceback" not in said, said
        assert "a fault of bringup" not in said, said
        if end is not None and status in (130, -9):
            return
        assert status in (1, 3), (status, said)
        if not (output / "run.json").exists():
            assert status == 3, said
            return
        boards = {board.serial: board for board in load_run(output).boards}
        for native in self.boards:
            board = boards.get(native.serial)
            if native.serial not in struck:
                assert board is not None, f"{native.serial} is missing: {said}"
                self.require_same(board)
            elif board is not None:
                require_no_false_answer(board, self.healthy)
        self.counts["storms judged"] += 1

    def _mend(self) -> None:
        """Every board answers again, and nothing of bringup is left on it that counts."""
        for native in self.boards:
            connect_tcp(self.server.transport, native.serial, Deadline.after(SECONDS))
            left = [one for one in PhasedNative(native).left() if not is_part(one)]
            assert not left, f"{native.serial}: {left}"

    def require_same(self, board: BoardRun) -> None:
        """The verdicts are those of a calm run."""
        healthy, outcomes = self.healthy, outcomes_of(board)
        differ = {
            key: (healthy.get(key), outcomes.get(key))
            for key in healthy.keys() | outcomes.keys()
            if healthy.get(key) != outcomes.get(key) and key[0] not in TIMED
        }
        assert not differ, f"{board.serial} had no fault: {differ}"

    def require_no_lock(self) -> None:
        locks = list((self.folder / "state").rglob("*.json"))
        assert not locks, locks
        for native in self.boards:
            for folder in ("data/local/tmp", "tmp", "dev"):
                assert not (native.files / folder / LOCK_NAME).exists(), native.serial


def is_part(path: str) -> bool:
    """A push that was cut off in the middle, which no program is left to remove."""
    return Path(path).name.startswith("bringup-") and Path(path).suffix != ""


def rage(chaos: Chaos, seconds: float) -> None:
    with holding(lambda: f"{dict(chaos.counts)}; the longest run took {chaos.longest:.1f} s"):
        chaos.calm()
        until = Deadline.after(seconds)
        while not until.expired:
            chaos.storm()
            say(f"  {seconds - until.remaining:5.0f} s: {dict(chaos.counts)}")
        chaos.calm()
        chaos.require_no_lock()


def main() -> None:
    options = parser("chaos", __doc__)
    options.add_argument("--boards", type=int, default=8)
    options.add_argument("--seconds", type=float, default=300.0)
    asked = options.parse_args()
    say(f"chaos: {asked.boards} boards, {asked.seconds:g} s, --seed {asked.seed}")
    with own_place("chaos") as (folder, server), contextlib.ExitStack() as ends:
        boards = []
        for number in range(asked.boards):
            place = folder / f"board-{number}"
            place.mkdir()
            boards.append(NativeBoard(server, place))
            ends.callback(boards[-1].stop)
        rage(Chaos(boards, server, folder, random.Random(asked.seed)), asked.seconds)


if __name__ == "__main__":
    carry_out(main)

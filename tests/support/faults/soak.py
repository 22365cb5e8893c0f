"""``make soak``: hundreds of runs on one board in one process, every fourth with a fault, all drawn from one seed.

On the board is what the draw put there, so that what its verdicts must be is known beforehand. At each run's end what
must hold is looked at, and in the end what the process keeps.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import shutil
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from bringup.errors import BringupError
from bringup.lab.run import Job, run_boards
from bringup.lab.run_folder import prepare_folder, write_reports
from bringup.outcome import Outcome
from bringup.record.load import load_record
from bringup.report.load import load_run
from bringup.results.run import BoardRun, Run
from tests.support.faults.chaos import is_part
from tests.support.faults.command import carry_out, holding, own_place, parser, say
from tests.support.faults.invariants import TIMED, Outcomes, outcomes_of, require_no_false_answer
from tests.support.faults.soak_boards import WITH_HEAPS, NativeSoaked, SoakedBoard, VirtualSoaked
from tests.support.native_adbd import AdbServer, NativeBoard

#: The share of runs that have a fault, and how many seconds it lasts at most.
_FAULTY, _LONGEST = 0.25, 6.0
_STEPS = ("root", "push", "facts and tests", "judge")
#: The first runs fill caches: what the process keeps is compared from here on.
WARM = 20
_MOST_DRIFT = 0.05
#: Where the last run is kept if something does not hold.
_FAILED = Path("out/soak")


@dataclass(frozen=True)
class Kept:
    """What the process has after a run."""

    kib: int
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> Kept:
        gc.collect()
        status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        return cls(int(status["VmRSS"].split()[0]), descriptors, int(status["Threads"]))


@dataclass
class Soak:
    """:ivar healthy: the verdicts of a board without a fault, by what is planted on it.
    :ivar allocated: how many heap tests passed.
    """

    board: SoakedBoard
    folder: Path
    draw: random.Random
    healthy: dict[str, Outcomes] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    kept: list[Kept] = field(default_factory=list)
    allocated: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def sums(self) -> str:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
        return (
            f"{len(self.kept)} runs, each record loads and no verdict is wrong; {counts}\n{self.allocated} heap tests"
            f" passed; hangs {self.board.hangs()[0]}; {self.seconds:.0f} s, load {os.getloadavg()[1]:.0f}"
        )

    def run(self, fault: str | None = None) -> BoardRun:
        """One run, and what must hold after it."""
        planted = self.draw.choice(list(self.board.truths))
        strike = Strike(self.board, fault, self.draw)
        try:
            return self._run(planted, strike)
        except (AssertionError, BringupError) as error:
            load = os.getloadavg()[0]
            error.add_note(f"run {len(self.kept) + 1}: {planted}, {strike.words}; load {load:.0f}")
            raise

    def _run(self, planted: str, strike: Strike) -> BoardRun:
        fault = strike.fault
        board = self.board.connect()
        self.board.plant(planted)
        hung = self.board.hangs()
        output = prepare_folder(self.folder / "run", replace=True)
        job = Job(output, configs=self.board.configs, how=self.board.how)
        with ThreadPoolExecutor(1) as pool:
            run = strike.amid(pool.submit(lambda: run_boards([board], job, strike.on_step)[0]))
        write_reports(run, output)
        assert load_run(output) == run
        (judged,) = run.boards
        record = load_record(output / str(judged.record))
        lost = record.incomplete is not None
        if lost and fault is None:  # true only of a board whose kernel hangs by itself
            self.board.left()
            assert self.board.hangs() != hung, record.incomplete
            fault = "it hung"
        self.require_true(judged, planted, lost=lost)
        self.require_nothing_left(struck=fault is not None, may_hold=lost or fault in self.board.silent)
        self.counts[f"{fault or 'no fault'}: {'lost' if lost else 'whole'}"] += 1
        passed = [key for key, outcome in outcomes_of(judged).items() if outcome is Outcome.PASS]
        self.allocated += sum(check.startswith("allocator.") for check, _ in passed)
        self.kept.append(Kept.now())
        return judged

    def require_true(self, judged: BoardRun, planted: str, *, lost: bool) -> None:
        """Its verdicts are those of what is on the board; of a board that was lost, none is another than unknown."""
        outcomes = outcomes_of(judged)
        if lost:
            assert outcomes[("board.observed", None)] is Outcome.ERROR
            require_no_false_answer(judged, self.healthy[planted])
            return
        truth = self.board.truths[planted]
        wrong = {key: outcomes.get(key) for key, outcome in truth.items() if outcomes.get(key) is not outcome}
        assert not wrong, f"planted, and judged otherwise: {wrong}"
        healthy = self.healthy.setdefault(planted, outcomes)
        keys = {key for key in healthy.keys() | outcomes.keys() if key[0] not in TIMED}
        differ = {key: (healthy.get(key), outcomes.get(key)) for key in keys if healthy.get(key) != outcomes.get(key)}
        assert not differ, differ

    def require_nothing_left(self, *, struck: bool, may_hold: bool) -> None:
        """A board that does not answer at the end keeps its lock, which ends by itself, and a push that was cut off.

        :param struck: it had a fault.
        :param may_hold: it was lost, or did not answer when its lock was given back.
        """
        left = [path for path in self.board.left() if not (struck and is_part(path))]
        assert not left, left
        locks = self.board.take_locks()
        assert may_hold or not locks, locks

    def require_flat(self) -> None:
        """Of the warm runs the last fifth keeps as much as the first, within 5 %."""
        warm = self.kept[WARM:]
        if not warm:
            say(f"  what the process keeps was not compared: that takes more than {WARM} runs")
            return
        part = max(1, len(warm) // 5)
        for name in ("kib", "descriptors", "threads"):
            values = [getattr(kept, name) for kept in warm]
            before, after = statistics.median(values[:part]), statistics.median(values[-part:])
            say(f"  {name}: {before:g}, and after {len(warm)} runs {after:g} ({after / before - 1:+.1%})")
            assert after <= before * (1 + _MOST_DRIFT), name


class Strike:
    """A fault that comes a while after a step, and lasts a while. The main thread produces it and takes it back: only
    there may a native board be started."""

    def __init__(self, board: SoakedBoard, fault: str | None, draw: random.Random) -> None:
        self.fault = fault
        self._board = board
        self._step, self._delay = draw.choice(_STEPS), draw.uniform(0, board.latest)
        self._lasts = draw.uniform(0, _LONGEST)
        self._reached = threading.Event()

    @property
    def words(self) -> str:
        when = f"{self._delay:.2f} s after the step '{self._step}', for {self._lasts:.2f} s"
        return "no fault" if self.fault is None else f"{self.fault} {when}"

    def on_step(self, _: object, step: str) -> None:
        if step == self._step:
            self._reached.set()

    def amid(self, run: Future[Run]) -> Run:
        """What the run comes to with the fault in it."""
        if self.fault is None:
            return run.result()
        run.add_done_callback(lambda _: self._reached.set())
        self._reached.wait()
        wait([run], self._delay)
        undo = self._board.faults[self.fault]()
        try:
            wait([run], self._lasts)
        finally:
            undo()
        return run.result()


def soak(board: SoakedBoard, folder: Path, draw: random.Random, runs: int, seconds: float) -> None:
    soaked = Soak(board, folder, draw)
    with holding(soaked.sums), _last_run_kept(folder / "run"):
        while len(soaked.healthy) < len(board.truths):
            soaked.run()
        while len(soaked.kept) < runs and soaked.seconds < seconds:
            soaked.run(draw.choice(list(board.faults)) if draw.random() < _FAULTY else None)
            if len(soaked.kept) % 10 == 0:
                say(f"  {len(soaked.kept)} runs, {soaked.seconds:.0f} s: {soaked.kept[-1]}, {board.hangs()}")
        soaked.require_flat()


@contextlib.contextmanager
def _last_run_kept(run: Path) -> Iterator[None]:
    """If something does not hold."""
    try:
        yield
    except Exception:
        if run.exists():
            shutil.rmtree(_FAILED, ignore_errors=True)
            shutil.copytree(run, _FAILED)
            say(f"the last run is kept in {_FAILED}")
        raise


def _board(kind: str, server: AdbServer, folder: Path) -> SoakedBoard:
    if kind != "native":
        return VirtualSoaked(server, kind)
    (folder / "board").mkdir()
    return NativeSoaked(NativeBoard(server, folder / "board"))


def main() -> None:
    options = parser("soak", __doc__)
    options.add_argument("--board", choices=("native", *WITH_HEAPS), default="native")
    options.add_argument("--runs", type=int, default=500)
    options.add_argument("--seconds", type=float, default=6 * 3600.0, help="no run begins later than this")
    asked = options.parse_args()
    say(f"soak: {asked.runs} runs, --board {asked.board}, --seed {asked.seed}")
    with own_place("soak") as (folder, server):
        os.environ |= {"XDG_STATE_HOME": str(folder / "state"), "BRINGUP_HISTORY": "off"}
        board = _board(asked.board, server, folder)
        try:
            soak(board, folder, random.Random(asked.seed), asked.runs, asked.seconds)
        finally:
            board.stop()


if __name__ == "__main__":
    carry_out(main)

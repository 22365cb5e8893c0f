"""``make soak``: hundreds of runs on one board in one process, every fourth with a fault, all drawn from one seed.

On the board is what the draw put there: no folder of heaps, or a plain file in the place of a heap. What its verdicts must
be then is known beforehand. At each run's end what must hold is looked at, and in the end what the process keeps.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from bringup.board import LOCK_NAME
from bringup.errors import BringupError
from bringup.lab.run import Job, run_boards
from bringup.lab.run_folder import prepare_folder, write_reports
from bringup.outcome import Outcome
from bringup.record.load import load_record
from bringup.record.observe import Observation
from bringup.report.load import load_run
from bringup.results.run import BoardRun, Run
from tests.support.faults.chaos import FAULTS, is_part, require_no_false_answer, say
from tests.support.faults.invariants import TIMED, Outcomes, outcomes_of
from tests.support.faults.native import PhasedNative
from tests.support.native_adbd import AdbServer, NativeBoard

#: The share of runs that have a fault, and how long after a step it strikes at most.
_FAULTY, _LATEST = 0.25, 0.4
_STEPS = ("root", "push", "facts and tests", "judge")
#: The first runs fill caches: what the process keeps is compared from here on.
WARM = 20
_MOST_DRIFT = 0.05
#: Until the run is over, the board answers nothing.
_SILENT = ("link cut", "frozen", "power lost")
#: By whether a plain file stands in the place of a heap.
_TRUTH: dict[bool, Outcomes] = {
    False: {("heap.folder", None): Outcome.FAIL},
    True: {("heap.folder", None): Outcome.PASS, ("allocator.alloc.page", "system"): Outcome.FAIL},
}


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
    """:ivar healthy: the verdicts of a board without a fault, by what is on it."""

    board: NativeBoard
    folder: Path
    draw: random.Random
    healthy: dict[bool, Outcomes] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    kept: list[Kept] = field(default_factory=list)

    def run(self, fault: str | None = None) -> BoardRun:
        """One run, and what must hold after it."""
        planted = self.draw.random() < 0.5
        self.plant(planted)
        output = prepare_folder(self.folder / "run", replace=True)
        strike = Strike(self.board, fault, self.draw)
        job = Job(output, how=Observation(rounds=0, seconds=20, return_seconds=8))
        board = self.board.connect()
        with ThreadPoolExecutor(1) as pool:
            run = strike.amid(pool.submit(lambda: run_boards([board], job, strike.on_step)[0]))
        write_reports(run, output)
        assert load_run(output) == run
        (judged,) = run.boards
        record = load_record(output / str(judged.record))
        lost = record.incomplete is not None
        assert lost <= (fault is not None), record.incomplete
        self.require_true(judged, planted, lost=lost)
        self.require_nothing_left(struck=fault is not None, may_hold=lost or fault in _SILENT)
        self.counts[f"{fault or 'no fault'}: {'lost' if lost else 'whole'}"] += 1
        self.kept.append(Kept.now())
        return judged

    def plant(self, planted: bool) -> None:
        heap = self.board.files / "dev/dma_heap/system"
        shutil.rmtree(heap.parent, ignore_errors=True)
        if planted:
            heap.parent.mkdir()
            heap.touch()

    def require_true(self, judged: BoardRun, planted: bool, *, lost: bool) -> None:
        """Its verdicts are those of what is on the board; of a board that was lost, none is another than unknown."""
        outcomes = outcomes_of(judged)
        if lost:
            assert outcomes[("board.observed", None)] is Outcome.ERROR
            require_no_false_answer(judged, self.healthy[planted])
            return
        wrong = {key: outcomes.get(key) for key, outcome in _TRUTH[planted].items() if outcomes.get(key) is not outcome}
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
        left = [path for path in PhasedNative(self.board).left() if not (struck and is_part(path))]
        assert not left, left
        for folder in ("data/local/tmp", "tmp", "dev"):
            assert may_hold or not (self.board.files / folder / LOCK_NAME).exists(), folder
            (self.board.files / folder / LOCK_NAME).unlink(missing_ok=True)

    def require_flat(self) -> None:
        """Of the warm runs the last fifth keeps as much as the first, within 5 %."""
        warm = self.kept[WARM:]
        part = max(1, len(warm) // 5)
        for name in ("kib", "descriptors", "threads"):
            values = [getattr(kept, name) for kept in warm]
            before, after = statistics.median(values[:part]), statistics.median(values[-part:])
            say(f"  {name}: {before:g}, and after {len(warm)} runs {after:g} ({after / before - 1:+.1%})")
            assert after <= before * (1 + _MOST_DRIFT), name


class Strike:
    """A fault that comes a while after a step. The main thread produces it: only there may a native board be started."""

    def __init__(self, board: NativeBoard, fault: str | None, draw: random.Random) -> None:
        self._board, self._fault = board, fault
        self._step, self._delay = draw.choice(_STEPS), draw.uniform(0, _LATEST)
        self._reached = threading.Event()

    def on_step(self, _: object, step: str) -> None:
        if step == self._step:
            self._reached.set()

    def amid(self, run: Future[Run]) -> Run:
        """What the run comes to with the fault in it."""
        if self._fault is None:
            return run.result()
        run.add_done_callback(lambda _: self._reached.set())
        self._reached.wait()
        wait([run], self._delay)
        undo = FAULTS[self._fault](self._board)
        try:
            return run.result()
        finally:
            undo()


def soak(runs: int, seconds: float, seed: int) -> None:
    draw = random.Random(seed)
    began = time.monotonic()
    with contextlib.ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        os.environ |= {"XDG_STATE_HOME": str(folder / "state"), "BRINGUP_HISTORY": "off"}
        for place in ("adb", "board"):
            (folder / place).mkdir()
        server = AdbServer(folder / "adb")
        ends.callback(server.kill)
        board = NativeBoard(server, folder / "board")
        ends.callback(board.stop)
        soaked = Soak(board, folder, draw)
        while len(soaked.healthy) < len(_TRUTH):
            soaked.run()
        while len(soaked.kept) < runs and time.monotonic() - began < seconds:
            soaked.run(draw.choice(list(FAULTS)) if draw.random() < _FAULTY else None)
            if len(soaked.kept) % 50 == 0:
                say(f"  {len(soaked.kept)} runs, {time.monotonic() - began:.0f} s: {soaked.kept[-1]}")
        soaked.require_flat()
    counts = ", ".join(f"{name} {count}" for name, count in sorted(soaked.counts.items()))
    say(f"held: {len(soaked.kept)} runs, each record loads and no verdict is wrong; {counts}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=7200.0, help="no run begins later than this")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    asked = parser.parse_args()
    say(f"soak: {asked.runs} runs, --seed {asked.seed}")
    soak(asked.runs, asked.seconds, asked.seed)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("BRINGUP_REQUIRE_BOARD", "1")
    try:
        sys.exit(main())
    except (AssertionError, BringupError) as error:
        say(f"NOT HELD: {error}")
        sys.exit(1)

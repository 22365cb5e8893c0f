"""The main job: observe, judge, for one board or for many at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec

from bringup import __version__
from bringup.board import Board, Claim
from bringup.config.expectation import Expectation
from bringup.config.schema import BoardConfig
from bringup.deadline import now
from bringup.errors import BringupError, HostError
from bringup.futures import results_of
from bringup.lab.judging import judge_fault, judging
from bringup.lab.locking import Use, alone_on, sweep_locks
from bringup.lab.repeating import REPEATS, repeat_failed
from bringup.record.journal import JOURNAL
from bringup.record.observe import Observation, observe
from bringup.results.run import BoardRun, Run
from bringup.text import safe_name

__all__ = ["Job", "boards_at_once", "record_names", "run_boards"]

#: Boards at once for each core: so many where the board answers at once, one more for each millisecond that it takes.
_AT_ONCE, _MOST_AT_ONCE = 4, 32

OnStep = Callable[[Board, str], None]
OnBoard = Callable[[Board, BoardRun, BringupError | None], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with each board.

    :param folder: the run's folder; each board's record is a folder in it.
    :param configs: the board configs to choose from; the one that matches a board is what it is judged against.
    :param named: whether a person named the one config there is: then it is used even where the board contradicts it.
    :param repeats: how often a board that failed is observed again, at most.
    :param expectations: what a file of the user's expects of each board.
    :param at_once: the most boards that are observed at a time; ``None``: as :func:`boards_at_once` says.
    :param names: of the boards' records; empty: as their serials say.
    :param places: of labgrid, where boards are.
    """

    folder: Path
    configs: Sequence[BoardConfig] = ()
    named: bool = False
    how: Observation = field(default_factory=Observation)
    at_once: int | None = None
    use: Use = field(default_factory=Use)
    repeats: int = 0
    expectations: Sequence[Expectation] = ()
    names: Sequence[str] = ()
    places: Mapping[Board, str] = field(default_factory=dict)


def run_boards(
    boards: Sequence[Board], job: Job, on_step: OnStep | None = None, on_board: OnBoard | None = None
) -> tuple[Run, list[BringupError]]:
    """Observe and judge every board, one thread each, and so many at a time. Whatever happens to one, the others go on.

    A board's time begins when it is its turn.

    :param on_step: called as it happens, in the board's thread. Two adb servers may list one serial, hence the board.
    :param on_board: called with each board's part, and what ended it early, once it is judged; in its thread, too.
    :returns: the run, and the errors that ended an observation early, or the judging of it.
    :raises KeyboardInterrupt: Ctrl-C; nothing runs on the boards any more, and each record has what was seen till then.
    """
    report = on_step or (lambda _board, _step: None)
    started = now()
    sweep_locks()
    names = job.names or record_names([board.serial for board in boards])

    def one(board: Board, name: str) -> tuple[BoardRun, BringupError | None]:
        folder = job.folder / name
        error: BringupError | None

        def observed(folder: Path, name: str, claim: Claim | None) -> tuple[BoardRun, BringupError | None]:
            how = replace(job.how, place=job.places.get(board, ""))
            error = observe(board, folder, how, lambda step: report(board, step), claim)
            report(board, "judge")
            return judge_one(folder, name, board.serial), error

        def again(number: int, claim: Claim | None) -> BoardRun | None:
            report(board, f"repeat {number} of {job.repeats}")
            repeated = f"{REPEATS}/{name}-{number}"
            with suppress(Exception):  # the first answer stays, whatever becomes of this one, a fault of ours included
                judged, error = observed(job.folder / repeated, repeated, claim)
                return judged if error is None else None
            return None

        try:
            with alone_on(board, job.use, job.how, 1 + job.repeats) as claim:
                judged, error = observed(folder, name, claim)
                if error is None and job.repeats:
                    judged = repeat_failed(judged, job.repeats, partial(again, claim=claim))
        except Exception as fault:  # noqa: BLE001 - a board never ends a run
            error = _as_error(fault, board.serial)
            judged = judge_fault(board.serial, error, name if (folder / JOURNAL).is_file() else None)
        judged = msgspec.structs.replace(judged, place=job.places.get(board))
        if on_board is not None:
            on_board(board, judged, error)
        return judged, error

    with (
        ThreadPoolExecutor(job.at_once or boards_at_once(boards), thread_name_prefix="board") as pool,
        # ends first, and with it whoever waits for a verdict
        judging(job.configs, named=job.named, expectations=job.expectations) as judge_one,
    ):
        futures = [pool.submit(one, board, name) for board, name in zip(boards, names, strict=True)]
        try:
            done = results_of(futures)
        except KeyboardInterrupt:
            for board in boards:  # else the pool would wait until each has ended by itself
                board.interrupt()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    run = Run(boards=tuple(board_run for board_run, _ in done), tool=__version__, started=started)
    return run, [error for _, error in done if error is not None]


def boards_at_once(boards: Sequence[Board]) -> int:
    """How many boards this host can observe at a time.

    A board costs its host a fraction of a second of CPU, and for the rest of its time it is waited for. How long each
    answer is waited for is the round trip: the slower the boards are to answer, the more of them a core can serve.
    The quickest board counts: on a busy host the others are slow because it is busy.
    """
    answers = [board.answered_in for board in boards if board.answered_in is not None]
    milliseconds = round(1000 * min(answers, default=0.0))
    return len(os.sched_getaffinity(0)) * min(_AT_ONCE + milliseconds, _MOST_AT_ONCE)


def _as_error(fault: Exception, serial: str) -> BringupError:
    if isinstance(fault, BringupError):
        return fault
    seen = f"a fault of bringup: {type(fault).__name__}: {str(fault)[:200]}"
    return HostError("observe and judge the board", seen, hint="please report it", board=serial)


def record_names(serials: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """A folder name for each board, in the same order: harmless, and no two alike, even if their serials are.

    :param taken: names that none of them gets.
    """
    names = dict.fromkeys(taken)
    others = len(names)
    for serial in serials:
        name = base = safe_name(serial)
        number = 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names[name] = None
    return list(names)[others:]

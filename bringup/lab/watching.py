"""Watching who holds a board's buffers: look after look, or round after round of steps, until something ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bringup import __version__
from bringup.board import Board, RootPolicy
from bringup.compare.watching import ERROR_RATE, SeriesJudge
from bringup.deadline import now
from bringup.errors import AllocatorError, BringupError, HostError
from bringup.facts.board import Facts
from bringup.facts.holders.sums import holders_facts, sees_each_buffer
from bringup.lab.observing import temporary_record
from bringup.record.observe import Observation
from bringup.record.questions import WALK
from bringup.results.holders import NOT_SEEN, HoldersFacts
from bringup.results.watch import SCHEMA, Look, WatchBegin, WatchedShare, WatchEnd, WatchLine
from bringup.text import from_board, visible

__all__ = ["WatchPlan", "watch"]

#: For one look, and for one step of a round.
_LOOK_SECONDS, _STEP_SECONDS = 120.0, 3600.0
_SHOWN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """How a board is watched.

    :param interval: seconds from one look to the next; where there are steps, from their end to the look.
    :param swing: seconds within which what a process holds returns to its least.
    :param rounds: of ``steps``, commands of the host's shell; 0: no steps.
    :param seconds: how long; ``None``: until something else ends it.
    :param until_leak: a leak ends it.
    """

    root: RootPolicy = RootPolicy.AUTO
    interval: float = 5.0
    swing: float = 300.0
    rounds: int = 0
    steps: tuple[str, ...] = ()
    seconds: float | None = None
    until_leak: bool = False


def watch(board: Board, plan: WatchPlan, on_line: Callable[[WatchLine], object]) -> WatchEnd:
    """Watch a board, and pass on each line of the series as it comes; the last one is the end.

    Whatever ends it, the last line is written; an error or Ctrl-C is raised after that.

    :raises BringupError: the board was lost, a step failed, or a line could not be passed on.
    :raises KeyboardInterrupt: Ctrl-C.
    """
    session = _Session(board, plan)
    first = session.look(0 if plan.rounds else None)
    begin = session.begin()
    on_line(begin)
    judge = SeriesJudge(begin)
    is_open = not plan.rounds and plan.seconds is None
    try:
        why = _watch(judge, first, session, on_line)
    except KeyboardInterrupt:
        _end(judge, "interrupted", on_line, is_whole=is_open)
        raise
    except BringupError as error:
        _end(judge, str(error), on_line, is_whole=False)
        raise
    return _end(judge, why, on_line, is_whole=True)


def _watch(judge: SeriesJudge, first: Look, session: _Session, on_line: Callable[[WatchLine], object]) -> str:
    """Why the watch ended."""
    for look in session.looks(first):
        try:
            on_line(look)
        finally:  # Ctrl-C may come when the line is written already
            leaks = judge.add(look)
        for leak in leaks:
            on_line(leak)
        if leaks and session.plan.until_leak:
            return "a leak was found"
    return f"all {session.plan.rounds} rounds are done" if session.plan.rounds else "the time is up"


def _end(judge: SeriesJudge, why: str, on_line: Callable[[WatchLine], object], *, is_whole: bool) -> WatchEnd:
    leaks, end = judge.end(why[:_SHOWN], is_whole=is_whole)
    for leak in leaks:
        on_line(leak)
    on_line(end)
    return end


class _Session:
    """One board that is watched."""

    def __init__(self, board: Board, plan: WatchPlan) -> None:
        self.plan = plan
        self._board = board
        self._how = Observation(questions=WALK, root=plan.root, heaps=None, rounds=0, seconds=_LOOK_SECONDS)
        self._began = time.monotonic()
        self._started = now()
        self._kernel: str | None = None
        self._pause = threading.Event()

    def begin(self) -> WatchBegin:
        """The first line; known after the first look."""
        plan = self.plan
        return WatchBegin(
            at=0, schema=SCHEMA, tool=__version__, serial=self._board.serial, kernel=self._kernel,
            started=self._started, interval=plan.interval, swing=plan.swing, rounds=plan.rounds, steps=plan.steps,
            error_rate=ERROR_RATE,
        )  # fmt: skip

    def looks(self, first: Look) -> Iterator[Look]:
        """The first look, and one after each round or interval."""
        yield first
        if self.plan.rounds:
            for number in range(1, self.plan.rounds + 1):
                self._round(number)
                self._pause.wait(self.plan.interval)
                yield self.look(number)
            return
        number = 0
        while self.plan.seconds is None or self._elapsed < self.plan.seconds:
            number += 1
            self._pause.wait(max(0.0, number * self.plan.interval - self._elapsed))
            yield self.look(None)

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def look(self, round_: int | None) -> Look:
        """Who holds buffers now."""
        with temporary_record(self._board, self._how) as (record, error):
            if error is not None:
                raise error
            self._kernel = record.hello.release if record.hello else None
            facts = Facts(record)
            holders = holders_facts(facts)
            sees_all = sees_each_buffer(facts)
        if holders is None:
            raise AllocatorError("look for holders of buffers", "its answer has no walk", board=self._board.serial)
        return Look(
            at=round(self._elapsed, 3),
            round=round_,
            shares=tuple(_shares(holders)),
            notes=holders.notes,
            sees_all=sees_all,
        )

    def _round(self, number: int) -> None:
        """Run the steps of a round on the host.

        :raises HostError: one of them failed.
        """
        environ = os.environ | {"ANDROID_SERIAL": self._board.serial, "BRINGUP_ROUND": str(number)}
        for step in self.plan.steps:
            _run_step(step, number, environ)


def _shares(holders: HoldersFacts) -> Iterator[WatchedShare]:
    """What each process holds by exporter; buffers that no process holds have process id 0."""
    for process in holders.processes:
        by_exporter: dict[str | None, list[int]] = {}
        for share in process.shares:
            sums = by_exporter.setdefault(share.exporter, [0, 0, 0])
            for index, amount in enumerate((share.buffers, share.rss, share.pss)):
                sums[index] += amount
        for exporter, (buffers, rss, pss) in by_exporter.items():
            yield WatchedShare(process.pid, process.start, process.name, exporter, buffers, rss, pss)
    for name, rest in (("no process", holders.unheld or ()), (NOT_SEEN, holders.not_seen)):
        by_kind: dict[str | None, list[int]] = {}
        for buffer in rest:
            by_kind.setdefault(buffer.exporter, []).append(buffer.size or 0)
        for exporter, sizes in by_kind.items():
            yield WatchedShare(0, 0, name, exporter, len(sizes), sum(sizes), sum(sizes))


def _run_step(step: str, number: int, environ: dict[str, str]) -> None:
    """A step and all that it starts end with it, with Ctrl-C, and when its time is up."""
    action = f"run the steps of round {number}"
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", step],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environ,
            start_new_session=True,
        )
    except OSError as error:
        raise HostError(action, f"/bin/sh: {error.strerror}") from error
    with process:
        try:
            output, _ = process.communicate(timeout=_STEP_SECONDS)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise HostError(action, f"{visible(step[:80])!r} ran for {_STEP_SECONDS:g} s") from error
            raise
    if process.returncode:
        said = visible(from_board(output).strip()[-_SHOWN:])
        seen = f"{visible(step[:80])!r} ended with status {process.returncode}{f': {said}' if said else ''}"
        raise HostError(action, seen, hint="each step has to end with status 0; '|| true' after it takes any")

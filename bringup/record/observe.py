"""Observing a board into a record: at most one push, one session of the test allocator."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bringup import __version__
from bringup.allocator.answer import Bye, FileFact, Line, Ran, Refused, Result, Timing, Untimed
from bringup.allocator.items import Exhaust, Pages
from bringup.allocator.plan import Plan
from bringup.allocator.run import Program, ensure_pushed, run
from bringup.board import Board, Root, RootPolicy
from bringup.deadline import Deadline
from bringup.errors import AllocatorError, BoardError, BringupError
from bringup.record.benchmark import Benchmark
from bringup.record.journal import SCHEMA, Journal
from bringup.record.questions import COUNTERS, EVERYTHING, EXHAUST_MS, TESTS_BEGIN, TESTS_END, TRACE_EVENTS, Questions

__all__ = ["Observation", "observe"]

#: How often a buffer is read to find out whether its mapping is cached.
_READ_ROUNDS = 15

OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Observation:
    """How a board is to be observed.

    :param questions: what is read from it.
    :param heaps: which heaps to test, a pattern on their names; ``None``: none, only look.
    :param tests: ids of the test allocator's tests, ``*`` for all.
    :param rounds: samples of allocation latency a size; 0: do not time.
    :param pages: trace where the pages of buffers lie; ``exhaust``: ask each heap for all that can be had.
    :param seconds: how long the whole may take.
    :param benchmark: what to measure after the tests; ``None``: nothing.
    :param stress: seed and milliseconds of the tests with many workers; ``None``: the same few turns each time.
    :param memory_budget: most bytes held in buffers at a time; 0: half of what is free.
    """

    questions: Questions = EVERYTHING
    root: RootPolicy = RootPolicy.AUTO
    heaps: str | None = "*"
    tests: tuple[str, ...] = ("*",)
    rounds: int = 20
    pages: bool = True
    exhaust: bool = True
    seconds: float = 120.0
    memory_budget: int = 0
    benchmark: Benchmark | None = None
    stress: tuple[int, int] | None = None


def observe(board: Board, folder: Path, how: Observation, on_step: OnStep | None = None) -> BringupError | None:
    """Observe one board into a new record.

    Whatever happens after the record is begun is written into it: a board that dies half-way leaves a record that
    says so and can be judged.

    :returns: the error that ended the observation early, which the record tells, too.
    :raises HostError: the record cannot be written.
    """
    deadline = Deadline.after(how.seconds)
    with Journal(folder) as journal:
        session = _Session(board, journal, deadline, on_step or (lambda _: None))
        journal.line({"t": "record", "schema": SCHEMA, "tool": __version__, "started": _now(), "heaps": how.heaps})
        failure: BringupError | None = None
        why = "interrupted"
        try:
            session.observe(how)
            why = ""
        except (BoardError, AllocatorError) as error:
            failure, why = error, str(error)
        finally:
            end: dict[str, Any] = {"t": "end", "complete": not why, "round_trips": board.round_trips}
            journal.line(end | ({"why": why} if why else {}))
    return failure


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class _Session:
    """One observation under way."""

    def __init__(self, board: Board, journal: Journal, deadline: Deadline, on_step: OnStep) -> None:
        self._board = board
        self._journal = journal
        self._deadline = deadline
        self._on_step = on_step
        self._began = time.monotonic()
        self._benchmark: Benchmark | None = None
        self._measured = 0

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """Tell of a step, and write down when it was and how long it took."""
        self._on_step(name)
        at = time.monotonic()
        try:
            yield
        finally:
            now = time.monotonic()
            self._journal.line(
                {"t": "step", "name": name, "at": round(at - self._began, 4), "seconds": round(now - at, 4)}
            )

    def observe(self, how: Observation) -> None:
        self._benchmark = how.benchmark
        with self._step("root"):
            root = self._board.become_root(how.root, self._deadline)
        with self._step("push"):
            program = self._push(root)
        with self._step("facts and tests" if how.heaps else "facts"):
            self._run(program, how)

    def _push(self, root: Root) -> Program:
        known = {"serial": self._board.serial, "root": root.state.value, "root_reason": root.reason}
        self._journal.line({"t": "board", **known, "boot_id": self._board.known_boot_id or ""})
        program = ensure_pushed(self._board, self._deadline)
        self._journal.line({"t": "program", "path": program.path, "pushed": program.pushed, "machine": program.machine})
        return program

    def _run(self, program: Program, how: Observation) -> None:
        bye: Bye | None = None
        for line in run(self._board, program, _plan(how, self._deadline), self._deadline):
            self._keep(line)
            if isinstance(line, Bye):
                bye = line
            elif isinstance(line, Refused):
                raise AllocatorError("run the test allocator", f"it refused its plan: {line.reason}")
        if bye is None:
            raise AllocatorError("run the test allocator", "its answer ends before its last line")

    def _keep(self, line: Line) -> None:
        """Write a line down as it came; what was read goes to ``files/``."""
        entry = json.loads(line.raw)
        if isinstance(line, FileFact):
            del entry["data"]
            if line.data:
                entry |= self._journal.store(line.path, line.data)
        elif isinstance(line, Ran):
            for name, data in (("stdout", line.stdout), ("stderr", line.stderr)):
                entry[name] = self._journal.store(f"ran/{'/'.join(line.argv)}/{name}", data) if data else {"size": 0}
        elif isinstance(line, Result):
            self._on_step(f"{line.heap}: {line.test}")
        elif isinstance(line, Timing | Untimed):
            self._tell_of(line.run, line.size)
        self._journal.line(entry)

    def _tell_of(self, run: int, size: int) -> None:
        """Which pass of the benchmark is under way."""
        if self._benchmark is None or run == self._measured:
            return
        number, case = divmod(run - 1, len(self._benchmark.cases()))
        step = f"measure, pass {number + 1} of {self._benchmark.passes}"
        if case == 0:
            self._on_step(step)
        self._on_step(f"{step}: {size // 1024} KiB")
        self._measured = run


def _plan(how: Observation, deadline: Deadline) -> Plan:
    """The plan: facts first, so that they are safe before anything is allocated."""
    plan = _ask(Plan(budget_bytes=how.memory_budget, budget_ms=int(deadline.remaining * 900)), how.questions)
    if how.stress is not None:
        plan = plan.stress(*how.stress)
    if how.heaps is not None:
        plan = _marked(plan, TESTS_BEGIN)
    for pattern in _patterns(how.heaps):
        plan = plan.heaps(pattern)
        for test in how.tests:
            plan = plan.test(test)
        if how.tests:
            plan = plan.reads(_READ_ROUNDS)
        if how.rounds:
            plan = plan.bench(how.rounds)
    if how.heaps is not None:
        plan = _marked(_measured(plan.heaps(how.heaps), how), TESTS_END)
    return plan if how.benchmark is None else how.benchmark.add_to(plan)


def _marked(plan: Plan, line: str) -> Plan:
    """With a line for the kernel's log: a CMA allocation that fails is one, and this tells whose it is."""
    return plan.run(2000, 256, ("/system/bin/sh", "-c", f"[ -d /dev/dma_heap ] && echo '<6>{line}' >/dev/kmsg"))


def _ask(plan: Plan, questions: Questions) -> Plan:
    for read in questions.reads:
        plan = plan.read(read.path, read.limit)
    for glob in questions.globs:
        plan = plan.glob(glob.pattern, glob.count)
    for files in questions.files:
        plan = plan.files(files.pattern, files.count, files.limit)
    for tree in questions.trees:
        plan = plan.tree(tree.path, tree.depth, tree.count, tree.limit)
    for program in questions.programs:
        plan = plan.run(program.milliseconds, program.limit, program.argv)
    if questions.dmesg:
        plan = plan.dmesg(questions.dmesg)
    return plan.ion() if questions.ion else plan


def _measured(plan: Plan, how: Observation) -> Plan:
    """What may leave a heap's memory in pieces comes last, and not to ION's: they share what they have with heaps."""
    if how.pages:
        plan = _with_counters(_with_counters(plan).add(Pages(TRACE_EVENTS)))
    if how.pages and how.heaps == "*":
        plan = plan.heaps("ion/*").add(Pages(TRACE_EVENTS)).heaps(how.heaps)
    if how.exhaust:
        plan = plan.add(Exhaust(EXHAUST_MS))
    return plan


def _with_counters(plan: Plan) -> Plan:
    for files in COUNTERS:
        plan = plan.files(files.pattern, files.count, files.limit)
    return plan


def _patterns(heaps: str | None) -> tuple[str, ...]:
    """Every heap is ION's, too: they are compared."""
    if heaps is None:
        return ()
    return (heaps, "ion/*") if heaps == "*" else (heaps,)

"""Observing a board into a record: at most one push, one session of the test allocator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from bringup import __version__
from bringup.allocator.answer import Bye, FileFact, Line, Ran, Refused, Result, Timing, Untimed
from bringup.allocator.manifest import heap_tests
from bringup.allocator.plan import MAX_TOTAL_MS, Bench, Exhaust, Heaps, Item, Mark, Pages, Plan, Reads, Stress, Test
from bringup.allocator.run import Program, ensure_pushed, run
from bringup.board import Board, Root, RootPolicy
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, AllocatorError, Blame, BoardError, BringupError, UsageError
from bringup.record.benchmark import Benchmark
from bringup.record.entries import BoardEntry, End, ProgramEntry, RecordHead, StepEntry
from bringup.record.journal import SCHEMA, Journal
from bringup.record.questions import AFTER_TESTS, COUNTERS, EVERYTHING, EXHAUST_MS, TESTS_BEGIN, TESTS_END, TRACE_EVENTS

__all__ = ["Observation", "observe"]

#: How often a buffer is read to find out whether its mapping is cached.
_READ_ROUNDS = 15

OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Observation:
    """How to observe a board.

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

    questions: tuple[Item, ...] = EVERYTHING
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

    def __post_init__(self) -> None:
        """:raises UsageError: no plan can ask for it."""
        if not 0 < self.seconds <= MAX_TOTAL_MS / 1000:
            raise UsageError("read --seconds", f"{self.seconds:g} is not a number of seconds up to a day")
        require_heaps(*([] if self.heaps is None else [self.heaps]), *(self.benchmark.heaps if self.benchmark else ()))

    def head(self) -> RecordHead:
        """The first line of a record: what is asked of the board."""
        patterns = () if self.heaps is None else self.tests
        tests = tuple(test for test in heap_tests() if any(fnmatchcase(test, pattern) for pattern in patterns))
        exhausts = self.heaps is not None and self.exhaust
        return RecordHead(SCHEMA, __version__, _now(), self.heaps, tests, exhausts)


def require_heaps(*patterns: str) -> None:
    """:raises UsageError: one of them is not a pattern for names of heaps."""
    for pattern in patterns:
        try:
            Heaps(pattern)
        except ValueError as error:
            raise UsageError("read --heap", str(error)[:200], hint="for example --heap 'linux,cma*'") from error


def observe(board: Board, folder: Path, how: Observation, on_step: OnStep | None = None) -> BringupError | None:
    """Observe one board into a new record.

    Whatever happens after the record is begun is written into it: a board that dies half-way leaves a record that
    says so and can be judged.

    :returns: the error that ended the observation early, which the record has, too.
    :raises HostError: the record cannot be written.
    """
    deadline = Deadline.after(how.seconds)
    with Journal(folder) as journal:
        session = _Session(board, journal, deadline, on_step or (lambda _: None))
        journal.line(how.head())
        failure: BringupError | None = None
        why, blame = "interrupted", Blame.USAGE
        try:
            session.observe(how)
            why = ""
        except (BoardError, AllocatorError, AdbServerError) as error:
            failure, why, blame = error, str(error), error.blame
        except Exception as error:
            blame = Blame.HOST
            why = (
                str(error)
                if isinstance(error, BringupError)
                else f"a fault of bringup: {type(error).__name__}: {error}"
            )
            raise
        finally:
            journal.line(End(not why, board.round_trips, why, blame if why else None))
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
        """Report a step, and write down when it was and how long it took."""
        self._on_step(name)
        at = time.monotonic()
        try:
            yield
        finally:
            now = time.monotonic()
            self._journal.line(StepEntry(name, round(at - self._began, 4), round(now - at, 4)))

    def observe(self, how: Observation) -> None:
        self._benchmark = how.benchmark
        with self._step("root"):
            root = self._board.become_root(how.root, self._deadline)
        with self._step("push"):
            program = self._push(root)
        with self._step("facts and tests" if how.heaps else "facts"):
            self._run(program, how)

    def _push(self, root: Root) -> Program:
        boot_id = self._board.known_boot_id or ""
        self._journal.line(BoardEntry(self._board.serial, root.state.value, root.reason, boot_id))
        program = ensure_pushed(self._board, self._deadline)
        self._journal.line(ProgramEntry(program.path, program.pushed, program.machine))
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
            raise AllocatorError("run the test allocator", "its output ends before the last line")

    def _keep(self, line: Line) -> None:
        """Write a line down as it came; what was read goes to ``files/``."""
        if isinstance(line, FileFact):
            stored = self._journal.store(line.path, line.data) if line.data else {}
            self._journal.copy(_entry(line.raw, stored))
        elif isinstance(line, Ran):
            outputs = {"stdout": line.stdout, "stderr": line.stderr}
            places = {name: f"ran/{'/'.join(line.argv)}/{name}" for name in outputs}
            stored_outputs = {
                name: self._journal.store(places[name], data) if data else {"size": 0} for name, data in outputs.items()
            }
            self._journal.copy(_entry(line.raw, stored_outputs))
        else:
            self._journal.copy(line.raw)
        if isinstance(line, Result):
            self._on_step(f"{line.heap}: {line.test}")
        elif isinstance(line, Timing | Untimed):
            self._report_pass(line.run, line.size)

    def _report_pass(self, run: int, size: int) -> None:
        """Report which pass of the benchmark is running."""
        if self._benchmark is None or run == self._measured:
            return
        number, case = divmod(run - 1, len(self._benchmark.cases()))
        step = f"measure, pass {number + 1} of {self._benchmark.passes}"
        if case == 0:
            self._on_step(step)
        self._on_step(f"{step}: {size // 1024} KiB")
        self._measured = run


#: What only this host says about contents, and what it says in place of them.
_OWN = ("data", "stored", "sha256")


def _entry(raw: bytes, values: Mapping[str, object]) -> bytes:
    """The journal's line for one of the answer's: its fields as they came, and these values for contents."""
    fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    kept = {name: value for name, value in fields.items() if name not in _OWN}
    return msgspec.json.encode({**kept, **values})


def _plan(how: Observation, deadline: Deadline) -> Plan:
    """The plan: facts first, so that they are safe before anything is allocated."""
    plan = Plan(how.questions, how.memory_budget, int(deadline.remaining * 900))
    if how.stress is not None:
        plan = plan.add(Stress(*how.stress))
    if how.heaps is not None:
        plan = plan.add(Mark(TESTS_BEGIN), *_tests(how, how.heaps), Mark(TESTS_END), *AFTER_TESTS)
    return plan if how.benchmark is None else how.benchmark.add_to(plan)


def _tests(how: Observation, heaps: str) -> Iterator[Item]:
    """What is asked of the heaps. When it is every heap, ION's are tested, too: they are compared with the others."""
    for pattern in (heaps, "ion/*") if heaps == "*" else (heaps,):
        yield Heaps(pattern)
        yield from map(Test, how.tests)
        if how.tests:
            yield Reads(_READ_ROUNDS)
        if how.rounds:
            yield Bench(how.rounds)
    yield Heaps(heaps)
    # What may fragment a heap's memory comes last, and not on ION's heaps, which share their memory with the others.
    if how.pages:
        yield from (*COUNTERS, Pages(TRACE_EVENTS), *COUNTERS)
    if how.pages and heaps == "*":
        yield from (Heaps("ion/*"), Pages(TRACE_EVENTS), Heaps(heaps))
    if how.exhaust:
        yield Exhaust(EXHAUST_MS)

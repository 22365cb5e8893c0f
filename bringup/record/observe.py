"""Observing a board into a record: at most one push, one session of the test allocator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from bringup import __version__
from bringup.allocator.answer import Bye, FileFact, Hello, Line, Ran, Refused, Result, Timing, Untimed
from bringup.allocator.manifest import heap_tests
from bringup.allocator.plan import MAX_TOTAL_MS, Bench, Exhaust, Heaps, Item, Mark, Pages, Plan, Reads, Stress, Test
from bringup.allocator.run import Program, ensure_pushed, run
from bringup.board import Board, Claim, Root, RootPolicy, RootState, time_to_run
from bringup.deadline import Deadline, now
from bringup.errors import AdbServerError, AllocatorError, Blame, BoardError, BoardInUse, BringupError, UsageError
from bringup.record.benchmark import Benchmark
from bringup.record.entries import BoardEntry, End, ProgramEntry, RecordHead, ReturnEntry, StepEntry
from bringup.record.journal import SCHEMA, Journal
from bringup.record.questions import (
    AFTER_RETURN,
    AFTER_TESTS,
    COUNTERS,
    EVERYTHING,
    EXHAUST_MS,
    TESTS_BEGIN,
    TESTS_END,
    TRACE_EVENTS,
)
from bringup.record.vendor_program import require_programs, run_vendor_program

__all__ = ["RELEASE_SECONDS", "Observation", "observe"]

#: Of the time for the test allocator, the part after which it begins nothing more: the rest is for what it has begun,
#: which may take about as long (``1 / _LONGEST_PART``). It then ends by itself, and is not killed.
_BUDGET_SHARE = 0.9
_LONGEST_PART = 10
#: How often a buffer is read to find out whether its mapping is cached.
_READ_ROUNDS = 15

#: An emulated board on a busy host takes seconds for it. One that answers nothing is given up after three.
RELEASE_SECONDS = 15.0

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
    :param return_seconds: how long a board that is lost meanwhile may take to come back, within ``seconds``.
    :param memory_budget: most bytes held in buffers at a time; 0: half of what the board can spare.
    :param programs: the vendor's own test programs, to be run after everything else.
    :param place: of labgrid, where the board is; empty: this host's adb lists it.
    """

    questions: tuple[Item, ...] = EVERYTHING
    root: RootPolicy = RootPolicy.AUTO
    heaps: str | None = "*"
    tests: tuple[str, ...] = ("*",)
    rounds: int = 20
    pages: bool = True
    exhaust: bool = True
    seconds: float = 120.0
    return_seconds: float = 120.0
    memory_budget: int = 0
    benchmark: Benchmark | None = None
    stress: tuple[int, int] | None = None
    programs: tuple[Path, ...] = ()
    place: str = ""

    def __post_init__(self) -> None:
        """:raises UsageError: no plan can ask for it."""
        if not 0 < self.seconds <= MAX_TOTAL_MS / 1000:
            raise UsageError("read --seconds", f"{self.seconds:g} is not a number of seconds up to a day")
        require_programs(self.programs)
        require_heaps(*([] if self.heaps is None else [self.heaps]), *(self.benchmark.heaps if self.benchmark else ()))

    @property
    def only_looks(self) -> bool:
        """Whether nothing is tested or measured: what others do on the board meanwhile is not disturbed."""
        return self.heaps is None and self.benchmark is None and not self.programs

    def head(self) -> RecordHead:
        """The first line of a record: what is asked of the board."""
        patterns = () if self.heaps is None else self.tests
        tests = tuple(test for test in heap_tests() if any(fnmatchcase(test, pattern) for pattern in patterns))
        exhausts = self.heaps is not None and self.exhaust
        programs = tuple(program.name for program in self.programs)
        return RecordHead(SCHEMA, __version__, now(), self.heaps, tests, exhausts, programs)


def require_heaps(*patterns: str) -> None:
    """:raises UsageError: one of them is not a pattern for names of heaps."""
    for pattern in patterns:
        try:
            Heaps(pattern)
        except ValueError as error:
            raise UsageError("read --heap", str(error)[:200], hint="for example --heap 'linux,cma*'") from error


def observe(
    board: Board, folder: Path, how: Observation, on_step: OnStep | None = None, claim: Claim | None = None
) -> BringupError | None:
    """Observe one board into a new record.

    Whatever happens after the record is begun is written into it: a board that dies half-way leaves a record that
    says so and can be judged.

    :param claim: the lock on the board, which is taken first and given back in the end, whatever the end is.
    :returns: the error that ended the observation early, which the record has, too.
    :raises HostError: the record cannot be written.
    """
    with Journal(folder) as journal:
        session = _Session(board, journal, how, on_step or (lambda _: None), claim)
        journal.line(how.head())
        failure: BringupError | None = None
        why, blame = "interrupted", Blame.USAGE
        try:
            session.observe(how)
            why = ""
        except (BoardError, AllocatorError, AdbServerError) as error:
            failure, why, blame = error, str(error), error.blame
            session.look_again(how)
        except Exception as error:
            blame = Blame.HOST
            why = (
                str(error)
                if isinstance(error, BringupError)
                else f"a fault of bringup: {type(error).__name__}: {error}"
            )
            raise
        finally:
            session.release()
            journal.line(End(not why, board.round_trips, why, blame if why else None))
    return failure


class _Session:
    """One observation under way."""

    def __init__(
        self, board: Board, journal: Journal, how: Observation, on_step: OnStep, claim: Claim | None = None
    ) -> None:
        self._board = board
        self._journal = journal
        self._seconds = how.seconds
        self._place = how.place
        self._deadline = Deadline.after(how.seconds)
        self._claim = claim
        self._may_hold = False
        self._on_step = on_step
        self._began = time.monotonic()
        self._benchmark: Benchmark | None = None
        self._measured = 0
        self._has_answered = False

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
            try:
                root = self._board.become_root(how.root, self._deadline)
            except BringupError as error:  # the record says which board it was all the same
                self._board_entry(Root(RootState.NONE, error.seen))
                raise
        with self._step("push"):
            program = self._push(root)
        with self._step("facts and tests" if how.heaps else "facts"):
            self._carry_out(program, _plan(how, self._deadline))
        for vendors in how.programs:
            with self._step(f"run {vendors.name}"):
                run_vendor_program(self._board, vendors, self._journal, self._deadline)

    def look_again(self, how: Observation) -> None:
        """After a failure: wait until the board is back, and read what it kept of it, as far as the deadline allows."""
        if not self._has_answered or self._deadline.expired:
            return
        try:
            with self._step("wait until the board is back"):
                boot_id = self._board.wait(self._deadline.within(how.return_seconds))
            self._journal.line(ReturnEntry(boot_id or ""))
            with self._step("read what the board kept"):
                program = self._push(self._board.become_root(how.root, self._deadline))
                self._carry_out(program, _with_deadline(Plan(AFTER_RETURN), self._deadline))
        except (BoardError, AllocatorError, AdbServerError) as error:
            self._journal.line(ReturnEntry(why=str(error)))

    def _board_entry(self, root: Root) -> None:
        boot_id = self._board.known_boot_id or ""
        self._journal.line(BoardEntry(self._board.serial, root.state.value, root.reason, boot_id, self._place))

    def _push(self, root: Root) -> Program:
        self._board_entry(root)
        program = self._lock_and_push()
        self._journal.line(ProgramEntry(program.path, program.pushed, program.machine))
        return program

    def _lock_and_push(self) -> Program:
        """Take the lock on the board; where another process has it, wait as the claim says. The time begins then.

        :raises BoardInUse: another process has it.
        """
        while True:
            self._may_hold = self._claim is not None
            try:
                return ensure_pushed(self._board, self._deadline, self._claim)
            except BoardInUse as error:
                self._may_hold = False
                again = self._claim and self._claim.after(error)
                if not again:
                    raise
                if not again.wait.expired:
                    self._on_step("wait until nobody else uses the board")
                self._board.pause(again.pause)
                self._claim = again
                self._deadline = Deadline.after(self._seconds)

    def release(self) -> None:
        """Give the lock on the board back. A board that was lost may have come back just now: it is asked once."""
        if self._claim is not None and self._may_hold:
            self._board.release(self._claim, Deadline.after(RELEASE_SECONDS))

    def _carry_out(self, program: Program, plan: Plan) -> None:
        bye: Bye | None = None
        for line in run(self._board, program, plan, self._deadline):
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
        self._has_answered = self._has_answered or isinstance(line, Hello)
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
    """The plan, what is worth most first: what the time ends before is left out, and is unknown.

    Facts, so that they are safe before anything is allocated; heap tests; pages; using the heaps up; timing.
    """
    plan = _with_deadline(Plan(how.questions, how.memory_budget), deadline)
    if how.stress is not None:
        plan = plan.add(Stress(*how.stress))
    if how.heaps is not None:
        exhaust_ms = min(EXHAUST_MS, max(1, plan.budget_ms // _LONGEST_PART))
        plan = plan.add(Mark(TESTS_BEGIN), *_tests(how, how.heaps, exhaust_ms), Mark(TESTS_END), *AFTER_TESTS)
    return plan if how.benchmark is None else how.benchmark.add_to(plan)


def _with_deadline(plan: Plan, deadline: Deadline) -> Plan:
    """The plan, ended by the board itself a little before the deadline."""
    return replace(plan, budget_ms=int(time_to_run(deadline).remaining * 1000 * _BUDGET_SHARE))


def _tests(how: Observation, heaps: str, exhaust_ms: int) -> Iterator[Item]:
    """What is asked of the heaps. When it is every heap, ION's are tested, too: they are compared with the others."""
    patterns = (heaps, "ion/*") if heaps == "*" else (heaps,)
    for pattern in patterns:
        yield Heaps(pattern)
        yield from map(Test, how.tests)
        if how.tests:
            yield Reads(_READ_ROUNDS)
    yield Heaps(heaps)
    # What may fragment a heap's memory comes after its tests.
    if how.pages:
        yield from (*COUNTERS, Pages(TRACE_EVENTS), *COUNTERS)
    if how.pages and heaps == "*":
        yield from (Heaps("ion/*"), Pages(TRACE_EVENTS), Heaps(heaps))
    if how.exhaust:  # not ION's heaps, which share their memory with the others
        yield Exhaust(exhaust_ms)
    for pattern in patterns if how.rounds else ():
        yield Heaps(pattern)
        yield Bench(how.rounds)

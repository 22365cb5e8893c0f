"""What ``bringup heap`` does: list the heaps of one board, test them, measure them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from bringup.allocator.manifest import heap_tests
from bringup.allocator.plan import MAX_MEASURED, MAX_THREADS
from bringup.board import RootPolicy, Selection
from bringup.checks.heaptests import PREFIX
from bringup.checks.judge import heaps_of
from bringup.cli.board_selection import one_board, selected_boards
from bringup.cli.console import out, print_error, print_json, say, table
from bringup.cli.exit_status import exit_status
from bringup.cli.progress import live_steps, whole_record
from bringup.config.shipped import choose_configs
from bringup.config.units import parse_size
from bringup.errors import ExitCode, UsageError
from bringup.facts.board import Facts
from bringup.facts.ion_equivalence import ion_facts
from bringup.lab.judging import heap_verdicts
from bringup.lab.locking import Use
from bringup.lab.run import Job, run_boards
from bringup.lab.run_folder import prepare_folder, write_reports
from bringup.outcome import Outcome, worst
from bringup.record.benchmark import ALL_CPUS, EVERY_HEAP, SIZES, Benchmark
from bringup.record.observe import Observation
from bringup.report.benchmark import summary
from bringup.report.bounded import shown
from bringup.results.heaps import Heaps
from bringup.results.run import BoardRun
from bringup.results.verdict import Verdict
from bringup.text import did_you_mean, shell_word, visible

__all__ = ["BenchOptions", "HeapTestOptions", "bench_heaps", "list_heaps", "parse_sizes", "parse_threads", "test_heaps"]

_ACTION = "choose a board"
#: For reading facts on a slow board before anything is measured.
_FACTS_SECONDS = 60.0
#: For at most so many tests that did not pass, the command that explains them is printed.
_EXPLAINED = 5
_PATTERN = frozenset("*?[")


def list_heaps(selection: Selection, *, as_json: bool) -> None:
    """Print the heaps of one board, and ION's where it is there."""
    with whole_record(one_board(selection, _ACTION), Observation(heaps=None)) as record:
        facts = Facts(record)
        heaps, ion, ion_node = heaps_of(facts), ion_facts(facts), record.node("/dev/ion")
    if as_json:
        print_json(Heaps(heaps=tuple(heaps), ion=ion))
        return
    rows = [(heap.name, heap.mode or "0000", heap.owner or "", heap.label or "none") for heap in heaps]
    if ion is not None and ion_node is not None:
        mode, owner, label = f"{ion_node.mode or 0:04o}", f"{ion_node.uid}:{ion_node.gid}", ion_node.label or "none"
        rows += [(f"ion/{heap.name}", mode, owner, label) for heap in ion.heaps]
    out().print(table(["heap", "mode", "owner", "SELinux label"], rows))
    if not rows:
        say(f"there is no heap on this board; why: bringup run -s {visible(shell_word(record.board.serial))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeapTestOptions:
    """What the command line of ``bringup heap test`` says.

    :param stress: seed and milliseconds of the tests with many workers.
    :param keep: where the record is kept.
    """

    root: str
    heap: str
    tests: Sequence[str]
    stress: tuple[int, int]
    keep: Path | None
    as_json: bool
    use: Use = field(default_factory=Use)

    @property
    def observation(self) -> Observation:
        """How the board is observed. All tests on all heaps: latency and pages too, to compare them with ION's."""
        compares = self.heap == "*" and not self.tests
        return Observation(
            root=RootPolicy.named(self.root),
            heaps=self.heap,
            tests=_test_names(self.tests or ("*",)),
            rounds=5 if compares else 0,
            pages=compares,
            exhaust=False,
            stress=self.stress,
        )


def test_heaps(selection: Selection, options: HeapTestOptions) -> int:
    """Run the test allocator's tests on one board, and print the verdicts; the exit status."""
    how = options.observation
    with whole_record(one_board(selection, _ACTION), how, options.keep, options.use) as record:
        verdicts = heap_verdicts(record, choose_configs(None, None)[0])
        there = [heap.name for heap in heaps_of(Facts(record))]
    if options.as_json:
        print_json(Heaps(verdicts=tuple(verdicts)))
    else:
        missing = options.heap if options.heap not in there and not set(options.heap) & _PATTERN else None
        shown_verdicts = [one for one in verdicts if one.heap != missing or one.outcome is not Outcome.SKIP]
        rows = [(verdict.outcome.value, verdict.heap or "", verdict.id, _why(verdict)) for verdict in shown_verdicts]
        out().print(table(["", "heap", "test", "what"], rows))
        bad = dict.fromkeys(verdict.id for verdict in verdicts if verdict.outcome in (Outcome.FAIL, Outcome.WARN))
        for id in list(bad)[:_EXPLAINED]:
            say(f"why, and where to look: bringup explain {shell_word(id)}")
        if missing is not None and not missing.startswith("ion/"):
            known = f"heaps there: {', '.join(map(visible, there)) or 'none'}"
            say(f"there is no heap {visible(missing)!r} on this board: {did_you_mean(missing, there, known)}")
    return exit_status(worst(verdict.outcome for verdict in verdicts))


def _why(verdict: Verdict) -> str:
    return "; ".join(filter(None, (*verdict.evidence, verdict.reason))) or verdict.title


def _test_names(names: Sequence[str]) -> tuple[str, ...]:
    """Ids and patterns for the plan; an id may also be written as verdicts have it, ``allocator.open``.

    :raises UsageError: one of them matches no test.
    """
    names = tuple(name.removeprefix(PREFIX) for name in names)
    for name in names:
        if not any(fnmatchcase(test, name) for test in heap_tests()):
            hint = did_you_mean(name, heap_tests(), "bringup explain lists them")
            raise UsageError("read --test", f"there is no test {visible(name)!r}", hint=hint)
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """What the command line of ``bringup heap bench`` says."""

    root: str
    heaps: Sequence[str]
    sizes: str | None
    threads: str | None
    seconds: float
    output: Path | None
    replace: bool
    as_json: bool
    use: Use = field(default_factory=Use)

    @property
    def observation(self) -> Observation:
        """How the board is observed."""
        benchmark = Benchmark(
            tuple(self.heaps or EVERY_HEAP), parse_sizes(self.sizes) or SIZES, parse_threads(self.threads), self.seconds
        )
        seconds = 2 * self.seconds + _FACTS_SECONDS
        root = RootPolicy.named(self.root)
        return Observation(root=root, heaps=None, rounds=0, seconds=seconds, benchmark=benchmark)


def bench_heaps(selection: Selection, options: BenchOptions) -> int:
    """Measure the heaps, show or keep the result; 0, or the status of what ended the measurement early."""
    how = options.observation
    boards = selected_boards(selection)
    with tempfile.TemporaryDirectory(prefix="bringup-") as scratch:
        keep = options.output
        folder = Path(scratch, "run") if keep is None else prepare_folder(keep, options.replace)
        with live_steps(boards) as progress:
            run, errors = run_boards(boards, Job(folder, how=how, use=options.use), progress)
        if keep is not None:
            write_reports(run, folder)
    if options.as_json:
        print_json(run)
    else:
        for board in shown(run).boards:
            out().print(summary(board))
        if keep is not None:
            out().print(f"kept in {keep}", soft_wrap=True)
    for error in errors:
        print_error(error)
    missing = [board.serial for board in run.boards if options.heaps and not _measured(board)]
    for serial in missing:
        say(f"{visible(serial)}: no heap matches {visible(' '.join(options.heaps))}: nothing was measured")
    return int(errors[0].exit_code) if errors else int(ExitCode.INFRASTRUCTURE if missing else ExitCode.PASSED)


def _measured(board: BoardRun) -> bool:
    """Whether a heap was measured, and not only what the board itself can do."""
    return any(timing.source != "limit" for timing in board.timings)


def parse_sizes(text: str | None) -> tuple[int, ...]:
    """``4K,1M`` as bytes, in ascending order; empty where no text is given.

    :raises UsageError: a word is not a size, or is larger than can be measured.
    """
    sizes = set()
    for word in text.split(",") if text is not None else ():
        size = parse_size(word.strip()) or 0
        if not 1 <= size <= MAX_MEASURED:
            seen = f"{word!r} is not a size from 1 byte to 1 GiB"
            raise UsageError("read --sizes", seen, hint="for example 4K,64K,1M")
        sizes.add(size)
    return tuple(sorted(sizes))


def parse_threads(text: str | None) -> tuple[int, ...] | None:
    """``1,2,all`` as numbers; ``None`` where no text is given.

    :raises UsageError: a word is not a number of threads.
    """
    if text is None:
        return None
    numbers = []
    for word in (word.strip() for word in text.split(",")):
        if word == "all":
            numbers.append(ALL_CPUS)
        elif word.isascii() and word.isdigit() and 1 <= int(word) <= MAX_THREADS:
            numbers.append(int(word))
        else:
            seen = f"{word!r} is neither a number from 1 to {MAX_THREADS} nor all"
            raise UsageError("read --threads", seen, hint="for example 1,all")
    return tuple(dict.fromkeys(numbers))

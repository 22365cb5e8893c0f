"""``bringup heap``: the heaps of one board listed, tested, timed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput, RootOption, selects_boards
from bringup.text import visible

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.record.load import Record
    from bringup.record.observe import Observation

app = App("List, test and time the heaps of a board.")

HeapPattern = Annotated[str, typer.Option("--heap", metavar="PATTERN", help="These heaps only.")]
# For what is read before anything is measured, on a slow board.
_FACTS_SECONDS = 60.0
# Of how many tests that did not pass the command that explains them is told.
_EXPLAINED = 5
RecordFolder = Annotated[
    Path | None, typer.Option("-o", metavar="RECORD", help="Keep the record there; default: throw it away.")
]


def _test_ids(incomplete: str) -> list[str]:
    from bringup.checks.heaptests import known_tests

    return [id_ for id_ in known_tests() if id_.startswith(incomplete)]


@app.command("list")
@selects_boards
def list_them(
    selection: Selection,
    json: JsonOutput = False,
) -> None:
    """The heaps there are, with mode, owner and label; and ION's, where it still is."""
    from bringup.checks.judge import heaps_of
    from bringup.cli.console import out, print_json, table
    from bringup.facts.board import Facts
    from bringup.facts.ion_equivalence import ion_facts
    from bringup.record.observe import Observation

    seen = _observed(selection, Observation(heaps=None), None)
    heaps, ion = heaps_of(seen), ion_facts(Facts(seen))
    if json:
        told = None if ion is None else ion.to_json()
        print_json({"schema": "bringup.heaps/1", "heaps": [one.to_json() for one in heaps], "ion": told})
        return
    rows = [(one.name, f"{one.mode or 0:04o}", one.owner or "", one.label or "none") for one in heaps]
    if ion is not None and (node := seen.node("/dev/ion")) is not None:
        owner = f"{node.uid}:{node.gid}"
        rows += [(f"ion/{one.name}", f"{node.mode or 0:04o}", owner, node.label or "none") for one in ion.heaps]
    out().print(table(["heap", "mode", "owner", "SELinux label"], rows))


def _tests_named(given: list[str] | None) -> tuple[str, ...]:
    """Ids and patterns for the plan; an id may also be written as verdicts have it, ``allocator.open``.

    :raises UsageError: one names no test.
    """
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    from bringup.checks.heaptests import PREFIX, known_tests
    from bringup.errors import UsageError

    names = tuple(name.removeprefix(PREFIX) for name in given or ("*",))
    for name in names:
        if not any(fnmatchcase(test, name) for test in known_tests()):
            near = get_close_matches(name, known_tests(), n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "bringup explain lists them"
            raise UsageError("read --test", f"there is no test {visible(name)!r}", hint=hint)
    return names


@app.command("test")
@selects_boards
def run_tests(
    selection: Selection,
    root: RootOption = "auto",
    heap: HeapPattern = "*",
    test: Annotated[
        list[str] | None,
        typer.Option("--test", metavar="ID", help="These tests only: bringup explain ID.", autocompletion=_test_ids),
    ] = None,
    seed: Annotated[int, typer.Option(min=1, max=2**32 - 1, help="Of the sizes in share.processes and .threads.")] = 1,
    stress: Annotated[int, typer.Option(metavar="MS", min=0, max=20_000, help="How long these two go on each.")] = 0,
    record: RecordFolder = None,
    json: JsonOutput = False,
) -> None:
    """Run the test allocator's tests, on ION's heaps, too, where they are; exit status 1 when one fails."""
    from bringup.cli.console import out, print_json, say, table
    from bringup.cli.results import choose_configs
    from bringup.cli.selecting import root_policy
    from bringup.lab.judging import heap_verdicts
    from bringup.record.observe import Observation
    from bringup.results.run import exit_code_for
    from bringup.results.verdict import Outcome, worst

    names = _tests_named(test)
    compared = heap == "*" and not test  # with ION's heaps: that takes times, and where the pages lie
    how = Observation(
        root=root_policy(root),
        heaps=heap,
        tests=names,
        rounds=5 if compared else 0,
        pages=compared,
        exhaust=False,
        stress=(seed, stress),
    )
    with _record_of(selection, how, record) as seen:
        verdicts = heap_verdicts(seen, choose_configs(None, None)[0])
    if json:
        print_json({"schema": "bringup.heaps/1", "verdicts": msgspec.to_builtins(verdicts)})
    else:
        rows = [
            (
                one.outcome.value,
                one.heap or "",
                one.id,
                "; ".join(filter(None, (*one.evidence, one.reason))) or one.title,
            )
            for one in verdicts
        ]
        out().print(table(["", "heap", "test", "what"], rows))
        found = dict.fromkeys(one.id for one in verdicts if one.outcome in (Outcome.FAIL, Outcome.WARN))
        for id_ in list(found)[:_EXPLAINED]:
            say(f"why, and where to look: bringup explain {id_}")
    raise typer.Exit(int(exit_code_for(worst(one.outcome for one in verdicts))))


@app.command()
@selects_boards
def bench(
    selection: Selection,
    root: RootOption = "auto",
    heap: Annotated[
        list[str] | None, typer.Option("--heap", metavar="PATTERN", help="These heaps only; may be repeated.")
    ] = None,
    sizes: Annotated[
        str | None, typer.Option("--sizes", metavar="SIZE,…", help="Default: 4K to 64M, each four times the last.")
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option(
            "--threads", metavar="N,…", help="How many at once, or all (one a CPU). Default: 1; for 4K and 1M all, too."
        ),
    ] = None,
    time: Annotated[
        float, typer.Option("--time", metavar="SECONDS", min=1, max=3600, help="About how long it may measure.")
    ] = 20.0,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Keep the run there, for compare and report.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="If DIR holds an earlier run, replace it.")] = False,
    json: JsonOutput = False,
) -> None:
    """Measure the heaps, and ION's where it is there, next to what the same board's memory can do.

    Each size is measured in ten passes, heaps and the board's own memory turn by turn.
    Run it on two kernels with -o and compare: bringup compare A B tells what changed by more than noise.
    """
    from bringup.cli.commands.heap_bench import bench as run_bench
    from bringup.cli.commands.heap_bench import parse_sizes, parse_threads
    from bringup.cli.selecting import root_policy
    from bringup.record.benchmark import EVERY_HEAP, SIZES, Benchmark
    from bringup.record.observe import Observation

    what = Benchmark(tuple(heap or EVERY_HEAP), parse_sizes(sizes) or SIZES, parse_threads(threads), time)
    how = Observation(root=root_policy(root), heaps=None, rounds=0, seconds=2 * time + _FACTS_SECONDS, benchmark=what)
    raise typer.Exit(run_bench(selection, how, output, replace=replace, as_json=json))


def _observed(selection: Selection, how: Observation, folder: Path | None) -> Record:
    """Observe the one board; its record, whose files are there only where a folder was named."""
    with _record_of(selection, how, folder) as record:
        return record


@contextmanager
def _record_of(selection: Selection, how: Observation, folder: Path | None) -> Iterator[Record]:
    """Observe the one board; its record, which is kept only where a folder was named."""
    from bringup.cli.progress import live_steps
    from bringup.cli.selecting import one_board
    from bringup.record.load import load_record
    from bringup.record.observe import observe

    board = one_board(selection, "choose a board")
    with tempfile.TemporaryDirectory(prefix="bringup-") as scratch, live_steps([board.serial]) as on_step:
        place = folder or Path(scratch, "record")
        error = observe(board, place, how, lambda step: on_step(board.serial, step))
        if error is not None:
            raise error
        yield load_record(place)

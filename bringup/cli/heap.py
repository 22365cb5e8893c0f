"""``bringup heap``: the heaps of one board listed, tested, timed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput, RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.record.load import Record
    from bringup.record.observe import Observation

app = App("List, test and time the heaps of a board.")

HeapPattern = Annotated[str, typer.Option("--heap", metavar="PATTERN", help="These heaps only.")]
RecordFolder = Annotated[
    Path | None, typer.Option("-o", metavar="RECORD", help="Keep the record there; default: throw it away.")
]


@app.command("list")
@selects_boards
def list_them(
    selection: Selection,
    json: JsonOutput = False,
) -> None:
    """The heaps there are, with mode, owner and label."""
    from bringup.checks.judge import heaps_of
    from bringup.cli.console import out, print_json, table
    from bringup.record.observe import Observation

    heaps = heaps_of(_observed(selection, Observation(heaps=None), None))
    if json:
        print_json({"schema": "bringup.heaps/1", "heaps": [one.to_json() for one in heaps]})
        return
    rows = [(one.name, f"{one.mode or 0:04o}", one.owner or "", one.label or "none") for one in heaps]
    out().print(table(["heap", "mode", "owner", "SELinux label"], rows))


@app.command("test")
@selects_boards
def run_tests(
    selection: Selection,
    root: RootOption = "auto",
    heap: HeapPattern = "*",
    test: Annotated[list[str] | None, typer.Option("--test", metavar="ID", help="These tests only.")] = None,
    seed: Annotated[int, typer.Option(min=1, max=2**32 - 1, help="Of the sizes in share.processes and .threads.")] = 1,
    stress: Annotated[int, typer.Option(metavar="MS", min=0, max=20_000, help="How long these two go on each.")] = 0,
    record: RecordFolder = None,
    json: JsonOutput = False,
) -> None:
    """Run the test allocator's tests, on ION's heaps, too, where they are; exit status 1 when one fails."""
    from bringup.checks.run import exit_code_for
    from bringup.checks.verdict import worst
    from bringup.cli.console import out, print_json, table
    from bringup.cli.results import choose_configs
    from bringup.cli.selecting import root_policy
    from bringup.lab.judging import heap_verdicts
    from bringup.record.observe import Observation

    timed = 5 if heap == "*" and not test else 0  # for the comparison with ION's heaps
    how = Observation(
        root=root_policy(root),
        heaps=heap,
        tests=tuple(test or ("*",)),
        rounds=timed,
        pages=False,
        exhaust=False,
        stress=(seed, stress),
    )
    seen = _observed(selection, how, record)
    verdicts = heap_verdicts(seen, choose_configs(None, None)[0])
    if json:
        print_json({"schema": "bringup.heaps/1", "verdicts": [one.to_json() for one in verdicts]})
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
    raise typer.Exit(int(exit_code_for(worst(one.outcome for one in verdicts))))


@app.command()
@selects_boards
def bench(
    selection: Selection,
    root: RootOption = "auto",
    heap: HeapPattern = "*",
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=1000, help="Samples a size.")] = 100,
    record: RecordFolder = None,
    json: JsonOutput = False,
) -> None:
    """Time allocation and freeing, next to memset of the same size on the same board."""
    from bringup.checks.judge import heaps_of
    from bringup.cli.console import out, print_json, table
    from bringup.cli.selecting import root_policy
    from bringup.record.observe import Observation

    how = Observation(root=root_policy(root), heaps=heap, tests=(), rounds=rounds, pages=False, exhaust=False)
    heaps = heaps_of(_observed(selection, how, record))
    if json:
        print_json({"schema": "bringup.heaps/1", "heaps": [one.to_json() for one in heaps]})
        return
    rows = [
        (
            one.name,
            f"{size.size // 1024} KiB",
            *(f"{ns / 1000:.1f}" for ns in (size.alloc_p50, size.alloc_p95, size.free_p50, size.memset_p50)),
            f"{size.memset_p50 / size.alloc_p50:.2f}" if size.alloc_p50 else "",
        )
        for one in heaps
        for size in one.latency
    ]
    heads = ["heap", "size", "alloc p50 µs", "alloc p95 µs", "free p50 µs", "memset p50 µs", "memset / alloc"]
    out().print(table(heads, rows))


def _observed(selection: Selection, how: Observation, folder: Path | None) -> Record:
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
        return load_record(place)

"""``bringup heap``: the heaps of one board listed, tested, measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli import actions
from bringup.cli.completion import heap_test_ids
from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput, ReplaceRun, RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection

app = App("List, test and time the heaps of a board.")


@app.command("list")
@selects_boards
def list_(selection: Selection, json: JsonOutput = False) -> None:
    """The heaps there are, with mode, owner and label; and ION's, where it still is."""
    actions.heap.list_heaps(selection, as_json=json)


@app.command("test")
@selects_boards
def run_tests(
    selection: Selection,
    root: RootOption = "auto",
    heap: Annotated[str, typer.Option("--heap", metavar="PATTERN", help="These heaps only.")] = "*",
    test: Annotated[
        list[str] | None,
        typer.Option(
            "--test", metavar="ID", help="These tests only: bringup explain ID.", autocompletion=heap_test_ids
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=1, max=2**32 - 1, help="Seed of the sizes in share.processes and share.threads.")
    ] = 1,
    stress: Annotated[
        int, typer.Option(metavar="MS", min=0, max=20_000, help="How long each of these two tests goes on.")
    ] = 0,
    record: Annotated[
        Path | None, typer.Option("-o", metavar="RECORD", help="Keep the record there; default: throw it away.")
    ] = None,
    json: JsonOutput = False,
) -> int:
    """Run the test allocator's tests, also on ION's heaps where there are any; exit status 1 when one fails."""
    options = actions.heap.HeapTestOptions(
        root=root, heap=heap, tests=test or (), stress=(seed, stress), keep=record, as_json=json
    )
    return actions.heap.test_heaps(selection, options)


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
            "--threads",
            metavar="N,…",
            help="How many at once, or all (one per CPU). Default: 1; for 4K and 1M all, too.",
        ),
    ] = None,
    time: Annotated[
        float, typer.Option("--time", metavar="SECONDS", min=1, max=3600, help="About how long it may measure.")
    ] = 20.0,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Keep the run there, for compare and report.")
    ] = None,
    replace: ReplaceRun = False,
    json: JsonOutput = False,
) -> int:
    """Measure the heaps, and ION's where it is there, next to what the same board's memory can do.

    Each size is measured in ten passes; heaps and the board's own memory take turns.
    Run it on two kernels with -o: bringup compare A B then shows what changed by more than noise.
    """
    options = actions.heap.BenchOptions(
        root=root,
        heaps=heap or (),
        sizes=sizes,
        threads=threads,
        seconds=time,
        output=output,
        replace=replace,
        as_json=json,
    )
    return actions.heap.bench_heaps(selection, options)

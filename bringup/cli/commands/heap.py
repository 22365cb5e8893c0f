"""``bringup heap``: the heaps of one board listed, tested, measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.completion import heap_test_ids
from bringup.cli.lab_options import uses_boards
from bringup.cli.lazy import App
from bringup.cli.options import BoardConfigName, ConfigDir, JsonOutput, ReplaceRun, RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.lab.locking import Use

app = App("List, test and time the heaps of a board; who holds their buffers, and what they need.")


@app.command("list")
@selects_boards
def list_(selection: Selection, json: JsonOutput = False) -> None:
    """The heaps there are, with mode, owner and label; and ION's, where it still is."""
    from bringup.cli.actions.heap.measure import list_heaps

    list_heaps(selection, as_json=json)


@app.command("test")
@selects_boards
@uses_boards
def run_tests(
    selection: Selection,
    use: Use,
    root: RootOption = "auto",
    heap: Annotated[str, typer.Option("--heap", metavar="PATTERN", help="These heaps only.")] = "*",
    test: Annotated[
        list[str] | None,
        typer.Option(
            "--test", metavar="ID", help="These tests only: bringup explain ID.", autocompletion=heap_test_ids
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=2**32 - 1, help="Seed of the sizes in share.processes and share.threads."),
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
    from bringup.cli.actions.heap.measure import HeapTestOptions, test_heaps

    options = HeapTestOptions(
        root=root, heap=heap, tests=test or (), stress=(seed, stress), keep=record, as_json=json, use=use
    )
    return test_heaps(selection, options)


@app.command()
@selects_boards
@uses_boards
def bench(
    selection: Selection,
    use: Use,
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
    from bringup.cli.actions.heap.measure import BenchOptions, bench_heaps

    options = BenchOptions(
        root=root,
        heaps=heap or (),
        sizes=sizes,
        threads=threads,
        seconds=time,
        output=output,
        replace=replace,
        as_json=json,
        use=use,
    )
    return bench_heaps(selection, options)


@app.command()
@selects_boards
def budget(
    selection: Selection,
    record: Annotated[
        Path | None,
        typer.Argument(metavar="RECORD", help="Hold it against this record; with -s, against a board as it is now."),
    ] = None,
    stream: Annotated[
        list[str] | None,
        typer.Option(
            "--stream",
            metavar="[NAME=]WxH:FORMAT[:BUFFERS][:RULES][@HEAP]",
            help="In place of the board config's streams; may be repeated. Also [NAME=]SIZE[:BUFFERS][@HEAP].",
        ),
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario",
            metavar="[NAME=]STREAM+STREAM…",
            help="Streams that run at the same time; may be repeated. Default: those of the board config, or all.",
        ),
    ] = None,
    margin: Annotated[float, typer.Option("--margin", metavar="PERCENT", help="How much has to be left over.")] = 10.0,
    page_size: Annotated[
        int, typer.Option("--page-size", metavar="KIB", min=4, max=64, help="Where there is no board.")
    ] = 4,
    board: BoardConfigName = None,
    config_dir: ConfigDir = None,
    root: RootOption = "auto",
    json: JsonOutput = False,
) -> int:
    """Is there enough memory for these streams? What they need of each heap, and what the heap could give.

    Without a record or -s: only the need, and the lines that give it. Exit status 1: a heap gave too little,
    3: it is not known how much it gives.

    --stream preview=1920x1080:NV12:6@linux,cma --stream record=3840x2160:NV12:8:venus@system --scenario preview+record
    """
    from bringup.cli.actions.heap.budget import BudgetOptions, show_budget

    options = BudgetOptions(
        record=record,
        board=board,
        config_dir=config_dir,
        streams=stream or (),
        scenarios=scenario or (),
        margin=margin,
        page_size=page_size,
        root=root,
        as_json=json,
    )
    return show_budget(selection, options)


@app.command()
@selects_boards
def holders(
    selection: Selection,
    record: Annotated[
        Path | None, typer.Argument(metavar="RECORD", help="Who held them when this record was made. Without: a board.")
    ] = None,
    each: Annotated[bool, typer.Option("--buffers", help="List each buffer, too.")] = False,
    root: RootOption = "auto",
    keep: Annotated[
        Path | None, typer.Option("-o", metavar="RECORD", help="Keep the record there; default: throw it away.")
    ] = None,
    json: JsonOutput = False,
) -> None:
    """Which processes hold DMA-BUFs, how many and how large, and which buffers no process holds.

    PSS counts a buffer that n processes hold 1/n in each. Nothing is allocated on the board.
    """
    from bringup.cli.actions.heap.holders import HoldersOptions, show_holders

    options = HoldersOptions(record=record, each=each, root=root, keep=keep, as_json=json)
    show_holders(selection, options)


@app.command()
@selects_boards
def watch(
    selection: Selection,
    series: Annotated[
        Path | None, typer.Argument(metavar="SERIES", help="Judge again what -o kept: the folder. Without: a board.")
    ] = None,
    interval: Annotated[
        float,
        typer.Option("--interval", metavar="SECONDS", min=0, max=86400, help="From one look, or round, to the next."),
    ] = 5.0,
    swing: Annotated[
        float,
        typer.Option(
            "--swing",
            metavar="SECONDS",
            min=0,
            max=86400,
            help="Within so long, what a process holds returns to its least if it does not leak. Not with --while.",
        ),
    ] = 300.0,
    until: Annotated[
        list[str] | None,
        typer.Option("--until", metavar="leak|TIME", help="End then: leak, 90s, 30m, 2h. Default: Ctrl-C."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option("--fail-on", metavar="leak", help="Exit status 1 for a leak, 3 where that is unknown."),
    ] = None,
    while_: Annotated[
        list[str] | None,
        typer.Option(
            "--while",
            metavar="COMMAND",
            help="A leak test: run this on this host in each round, and look after it; may be repeated.",
        ),
    ] = None,
    steps: Annotated[
        Path | None, typer.Option("--steps", metavar="FILE", help="The commands of a round, one per line.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", metavar="N", min=1, max=100_000, help="Of a leak test.")] = 30,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Keep the series and a page with a plot there; of SERIES: the page."),
    ] = None,
    root: RootOption = "auto",
    json: Annotated[bool, typer.Option("--json", help="JSON lines on a terminal, too.")] = False,
) -> int:
    """Whose DMA-BUFs grow, and is it a leak? By process and exporter, with a stated error rate.

    A table that is drawn anew on a terminal, else one JSON object per line. Ctrl-C ends it.

    --while 'adb shell am start -W my.camera/.Preview; adb shell am force-stop my.camera' --fail-on leak
    """
    from bringup.cli.actions.heap.watch import WatchOptions, fails_on, watch_heaps

    options = WatchOptions(
        series=series,
        interval=interval,
        swing=swing,
        until=until or (),
        fails_on_leak=fails_on(fail_on),
        steps=while_ or (),
        steps_file=steps,
        rounds=rounds,
        output=output,
        root=root,
        as_json=json,
    )
    return watch_heaps(selection, options)

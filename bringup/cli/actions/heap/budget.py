"""What ``bringup heap budget`` does: the memory that streams need, beside what a board's heaps could give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bringup.board import RootPolicy, Selection
from bringup.causes.enough_memory import ASSUMED_CELLS, enough_memory
from bringup.cli.board_selection import one_board
from bringup.cli.console import out, print_json, table
from bringup.cli.exit_status import exit_status
from bringup.cli.progress import whole_record
from bringup.config.schema import BoardConfig
from bringup.config.shipped import choose_configs
from bringup.config.stream_text import EXAMPLE, parse_scenario, parse_stream
from bringup.errors import ExitCode, UsageError
from bringup.facts.board import Facts
from bringup.facts.budget import BudgetQuestion, budget_of
from bringup.lab.judging import matched_facts
from bringup.record.load import load_record
from bringup.record.observe import Observation
from bringup.report.budget import fix_lines, scenario_rows, stream_rows, sums
from bringup.results.budget import Budget

__all__ = ["BudgetOptions", "show_budget"]

_ACTION = "work out a budget"
_MOST_MARGIN = 1000.0
_PAGE_SIZES = (4, 16, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetOptions:
    """What the command line of ``bringup heap budget`` says, beside which board is selected.

    :param margin: percent. ``page_size``: in KiB, for where there is no board.
    """

    record: Path | None
    board: str | None
    config_dir: list[Path] | None
    streams: Sequence[str]
    scenarios: Sequence[str]
    margin: float
    page_size: int
    root: str
    as_json: bool


def show_budget(selection: Selection, options: BudgetOptions) -> int:
    """Print the budget; the exit status of its outcome, and 0 where there is no board.

    :raises UsageError: there are no streams, or they are not understood.
    """
    if not 0 <= options.margin <= _MOST_MARGIN:
        raise UsageError("read --margin", f"{options.margin:g} is not a percentage", hint="for example --margin 10")
    if options.page_size not in _PAGE_SIZES:
        raise UsageError("read --page-size", f"no kernel has pages of {options.page_size} KiB", hint="4, 16 or 64")
    streams = tuple(parse_stream(text, number) for number, text in enumerate(options.streams, start=1))
    if len({stream.name for stream in streams}) < len(streams):
        raise UsageError("read --stream", "two streams have the same name", hint="NAME=… gives each its own")
    with _facts(selection, options) as (facts, config):
        chosen = streams or (config.streams if config is not None else ())
        if not chosen:
            seen = f"{config.name} names no streams" if config is not None else "no streams are given"
            raise UsageError(_ACTION, seen, hint=f"give --stream {EXAMPLE}, or a board config with streams:")
        names = [stream.name for stream in chosen]
        given = tuple(parse_scenario(text, names) for text in options.scenarios)
        own = config.scenarios if config is not None and not streams else ()
        question = BudgetQuestion(
            chosen, given or own, options.margin / 100, facts, config, page_size=options.page_size << 10
        )
        found = budget_of(question)
        budget = Budget(
            serial=facts.record.board.serial if facts is not None else None,
            config=config.name if config is not None else None,
            kernel=facts.record.hello.release if facts is not None and facts.record.hello is not None else None,
            assumed=tuple(_assumed(question)),
            budget=found,
            fixes=enough_memory(question, found),
        )
    _show(budget, as_json=options.as_json)
    return int(ExitCode.PASSED) if found.outcome is None else exit_status(found.outcome)


@contextmanager
def _facts(selection: Selection, options: BudgetOptions) -> Iterator[tuple[Facts | None, BoardConfig | None]]:
    """What is known of a board and which config it has. Without a record or -s: nothing of a board.

    :raises UsageError: a record and a board are both named.
    """
    configs, named = choose_configs(options.board, options.config_dir)
    if options.record is not None:
        if selection.option == "-s":
            raise UsageError(_ACTION, "both -s and a record are given", hint="give either")
        facts = matched_facts(load_record(options.record), configs, named=named)
        yield facts, facts.matched_config
    elif selection.option:
        how = Observation(root=RootPolicy.named(options.root), tests=(), rounds=0, pages=False)
        with whole_record(one_board(selection, _ACTION), how) as record:
            facts = matched_facts(record, configs, named=named)
            yield facts, facts.matched_config
    else:
        yield None, configs[0] if named else None


def _assumed(question: BudgetQuestion) -> Iterator[str]:
    """What nothing shows."""
    if question.facts is not None:
        return
    yield f"pages of {question.page_size >> 10} KiB"
    yield "buffers of CMA aligned to 256 pages at most (CONFIG_CMA_ALIGNMENT=8)"
    yield "nothing else takes memory of these heaps"
    memory = question.config.memory if question.config is not None else None
    if memory is None or memory.address_cells is None:
        yield f"addresses and sizes of {ASSUMED_CELLS} cells in the device tree"


def _show(budget: Budget, *, as_json: bool) -> None:
    if as_json:
        print_json(budget)
        return
    found, console = budget.budget, out()
    console.print(table(["stream", "heap", "frames", "layout", "each", "all"], stream_rows(found)))
    console.print()
    headers = ["", "scenario", "heap", "buffers", "need", "largest buffer", "could give", "what"]
    if found.outcome is None:
        console.print(table(headers[1:6], (row[1:6] for row in scenario_rows(found))))
    else:
        console.print(table(headers, scenario_rows(found)))
    console.print()
    for scenario in found.scenarios:
        for line in sums(scenario, found.margin):
            console.print(line, soft_wrap=True)
    if budget.assumed:
        console.print(f"assumed: {'; '.join(budget.assumed)}", soft_wrap=True)
    for line in fix_lines(budget):
        console.print(line, soft_wrap=True)

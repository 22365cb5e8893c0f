"""``bringup config``: board configs begun, checked, listed, shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.completion import board_config_names
from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, JsonOutput, RootOption, selects_boards
from bringup.text import pluralize, visible

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.config.draft import Draft
    from bringup.record.load import Record

app = App("Begin, check, list and show board configs.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A board config's name or file.", autocompletion=board_config_names)
]


@app.command("list")
def list_them(config_dir: ConfigDir = None, json: JsonOutput = False) -> None:
    """Which board configs there are, and where each is from."""
    from bringup.cli.console import out, print_json, table
    from bringup.config.shipped import config_dirs, find_config, list_configs

    dirs = config_dirs(tuple(config_dir or ()))
    rows = [(one.name, find_config(one.name, dirs).title, str(one.path)) for one in list_configs(dirs)]
    if json:
        found = [{"name": name, "title": title, "path": path} for name, title, path in rows]
        print_json({"schema": "bringup.configs/1", "configs": found})
    else:
        out().print(table(["board config", "board", "file"], rows))


@app.command("check")
def check_them(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="A board config's name or file.", autocompletion=board_config_names),
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Whether board configs are right; without a name, all of them."""
    from bringup.cli.console import out, print_error
    from bringup.config.shipped import config_dirs, find_config, list_configs
    from bringup.errors import ExitCode, UsageError

    dirs = config_dirs(tuple(config_dir or ()))
    wrong = 0
    chosen = names or [entry.name for entry in list_configs(dirs)]
    for name in chosen:
        try:
            find_config(name, dirs)
        except UsageError as error:
            print_error(error)
            wrong += 1
    out().print(f"{len(chosen) - wrong} of {len(chosen)} board configs are right")
    raise typer.Exit(int(ExitCode.USAGE if wrong else ExitCode.PASSED))


@app.command()
def show(name: Name, config_dir: ConfigDir = None) -> None:
    """A board config as bringup reads it, with what it extends filled in, as JSON."""
    from bringup.cli.console import print_json
    from bringup.config.shipped import config_dirs, find_config

    config = find_config(name, config_dirs(tuple(config_dir or ())))
    print_json(config.model_dump(mode="json", exclude_defaults=True))


@app.command()
def schema(output: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Default: stdout.")] = None) -> None:
    """The JSON Schema of board configs, for editors."""
    import json

    from bringup.config.jsonschema import board_config_schema
    from bringup.files import write_file

    text = json.dumps(board_config_schema(), indent=2) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_file(output, text)


@app.command()
@selects_boards
def init(
    selection: Selection,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", metavar="RECORD", help="From this record, a folder or .tar.zst, instead of a connected board."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="NAME.yaml, which names the config; default: stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    root: RootOption = "auto",
) -> None:
    """Write a first config of a board, from the board or from a record of it, and say what to look at."""
    from bringup.cli.console import say
    from bringup.config.draft import draft, draft_name
    from bringup.errors import ConfigError, UsageError
    from bringup.facts.config_draft import seen_board

    if record is not None and selection.named_by == "-s" and selection.serials:
        raise UsageError("begin a board config", "both -s and --record are given", hint="give either")
    if output is not None:
        _may_write(output, force=force)
    with _record_of(record, selection, root) as seen_in:
        seen = seen_board(seen_in)
        known = _fitting(seen_in)
    name = output.stem if output is not None else draft_name(seen)
    try:
        made = draft(name, seen)
    except ConfigError as error:
        raise UsageError(f"call the config {name!r}", error.seen, hint="-o NAME.yaml names it") from error
    _write(made, output)
    for number, why in made.look_at:
        say(f"{output or '<stdout>'}:{number}: look: {why}")
    if known:
        say(f"this board already has a config: {known}")
        say("  → a file of the same name in ./device-configs takes its place, one of another name stands beside it")


def _may_write(output: Path, *, force: bool) -> None:
    """Before a board is asked.

    :raises UsageError: it is no config's file, or is there already.
    """
    from bringup.errors import UsageError

    if not output.name.isprintable():
        raise UsageError(
            f"write {visible(str(output))}", "that is no name of a config", hint="letters, digits, - and _"
        )
    if output.suffix != ".yaml":
        raise UsageError(f"write {output}", "a board config is called NAME.yaml", hint="-o device-configs/NAME.yaml")
    if output.exists() and not force:
        hint = "give another -o FILE, or overwrite it with --force"
        raise UsageError(f"write {output}", "a file of that name is there", hint=hint)


@contextmanager
def _record_of(record: Path | None, selection: Selection, root: str) -> Iterator[Record]:
    """The record named, or one of the board selected."""
    from bringup.board import RootPolicy
    from bringup.cli.board_selection import one_board
    from bringup.cli.progress import live_steps
    from bringup.lab.observing import temporary_record
    from bringup.record.load import load_record
    from bringup.record.observe import Observation

    if record is not None:
        yield load_record(record)
        return
    board = one_board(selection, "begin a board config")
    how = Observation(root=RootPolicy.named(root), heaps=None, rounds=0)
    with (
        live_steps([board.serial]) as on_step,
        temporary_record(board, how, lambda step: on_step(board.serial, step)) as (seen, error),
    ):
        if error is not None:
            raise error
        yield seen


def _fitting(record: Record) -> str:
    """Which config fits the board already, and why; empty where none does."""
    from bringup.config.match import MatchOutcome
    from bringup.config.shipped import load_all
    from bringup.facts.board import Facts
    from bringup.facts.config_match import match_config

    match = match_config(Facts(record), load_all())
    return "" if match.outcome is MatchOutcome.NONE else match.explanation


def _write(made: Draft, output: Path | None) -> None:
    """Onto stdout or into the file.

    :raises HostError: it cannot be written.
    """
    from bringup.cli.console import say
    from bringup.files import write_file

    if output is None:
        typer.echo(made.text, nl=False)
        return
    write_file(output, made.text)
    say(f"{output}: written; {pluralize(len(made.look_at), 'line')} to look at")

"""What ``bringup config`` does: begin, check, list and show board configs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bringup.board import RootPolicy, Selection
from bringup.cli.board_selection import one_board
from bringup.cli.console import out, print_error, print_json, say, table
from bringup.cli.progress import whole_record
from bringup.config.draft import Draft, draft, draft_name
from bringup.config.jsonschema import board_config_schema
from bringup.config.listing import listed_configs
from bringup.config.match import MatchOutcome
from bringup.config.shipped import config_dirs, find_config, list_configs, load_all
from bringup.errors import ConfigError, ExitCode, UsageError
from bringup.facts.board import Facts
from bringup.facts.config_draft import seen_board
from bringup.facts.config_match import match_config
from bringup.files import write_file
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation
from bringup.text import pluralize, visible

__all__ = ["check_configs", "init_config", "list_all", "show_config", "show_schema"]

_ACTION = "begin a board config"


def list_all(config_dir: Sequence[Path], *, as_json: bool) -> None:
    """Print each board config with its title and file."""
    found = listed_configs(config_dir)
    if as_json:
        print_json(found)
    else:
        rows = ((config.name, config.title, config.path) for config in found.configs)
        out().print(table(["board config", "board", "file"], rows))


def check_configs(names: Sequence[str], config_dir: Sequence[Path]) -> int:
    """Load the configs of these names, or all; 2 where one is wrong."""
    dirs = config_dirs(config_dir)
    wrong = 0
    chosen = names or list(list_configs(dirs))
    for name in chosen:
        try:
            find_config(name, dirs)
        except UsageError as error:
            print_error(error)
            wrong += 1
    out().print(f"{len(chosen) - wrong} of {len(chosen)} board configs are right")
    return int(ExitCode.USAGE if wrong else ExitCode.PASSED)


def show_config(name: str, config_dir: Sequence[Path]) -> None:
    """Print a config with everything that it extends."""
    print_json(find_config(name, config_dirs(config_dir)).model_dump(mode="json", exclude_defaults=True, by_alias=True))


def show_schema(output: Path | None) -> None:
    """Print the JSON Schema of board configs, or write it into a file."""
    text = json.dumps(board_config_schema(), indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        write_file(output, text)


def init_config(selection: Selection, record: Path | None, output: Path | None, *, force: bool, root: str) -> None:
    """Draft a config from a record or a board, and list the lines that need a look.

    :raises UsageError: a record and a board are both named, or the file cannot take the config.
    """
    if record is not None and selection.option == "-s":
        raise UsageError(_ACTION, "both -s and --record are given", hint="give either")
    if output is not None:
        _check_output(output, force=force)
    with _record_of(record, selection, root) as loaded:
        seen = seen_board(loaded)
        known = _matching_config(loaded)
    name = output.stem if output is not None else draft_name(seen)
    try:
        made = draft(name, seen)
    except ConfigError as error:
        raise UsageError(f"name the config {name!r}", error.seen, hint="-o NAME.yaml names it") from error
    _write(made, output)
    for number, why in made.look_at:
        say(f"{output or '<stdout>'}:{number}: look: {why}")
    if known:
        say(f"this board already has a config: {known}")
        say("  → a file of the same name in ./device-configs replaces it; a file of another name is a second config")


def _check_output(output: Path, *, force: bool) -> None:
    """Before a board is asked.

    :raises UsageError: the file's name cannot name a config, or the file exists.
    """
    if not output.name.isprintable():
        seen = "a config cannot have this name"
        raise UsageError(f"write {visible(str(output))}", seen, hint="letters, digits, - and _")
    if output.suffix != ".yaml":
        raise UsageError(f"write {output}", "a board config is called NAME.yaml", hint="-o device-configs/NAME.yaml")
    if output.exists() and not force:
        hint = "give another -o FILE, or overwrite it with --force"
        raise UsageError(f"write {output}", "a file of that name is there", hint=hint)


@contextmanager
def _record_of(record: Path | None, selection: Selection, root: str) -> Iterator[Record]:
    """The record that is named, or one of the board that is selected."""
    if record is not None:
        yield load_record(record)
        return
    how = Observation(root=RootPolicy.named(root), heaps=None, rounds=0)
    with whole_record(one_board(selection, _ACTION), how) as loaded:
        yield loaded


def _matching_config(record: Record) -> str:
    """The config that already matches the board, and why; empty where none does."""
    match = match_config(Facts(record), load_all())
    return "" if match.outcome is MatchOutcome.NONE else match.explanation


def _write(made: Draft, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(made.text)
        return
    write_file(output, made.text)
    say(f"{output}: written; {pluralize(len(made.look_at), 'line')} to look at")

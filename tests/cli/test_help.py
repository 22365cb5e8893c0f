"""``--help`` of every command: in plain words, whole sentences, and by what the options are about."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout

import pytest

from bringup.cli.entry import _group
from tests.support.command_tree import command_tree

COMMANDS = sorted(command_tree())


def help_of(command: str) -> str:
    with redirect_stdout(io.StringIO()) as out:
        _group().main([*command.split()[1:], "--help"], standalone_mode=False)
    return out.getvalue()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_no_type_of_python_and_no_sentence_that_is_cut(command: str) -> None:
    assert re.findall(r"<[a-z][^>]*>|\w\.\.\.$", help_of(command), re.MULTILINE) == []


def test_options_stand_under_what_they_are_about() -> None:
    text = help_of("bringup run")
    places = [
        text.index(line) for line in ("\nOptions:", "\n  --json ", "\nWhich board", "\n  -s, ", "\nWhich adb server")
    ]
    assert places == sorted(places)
    assert all(len(line) <= 80 for line in text.splitlines())

"""What README and docs name is there: commands, options, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bringup.cli.entry import COMMANDS
from tests.support.command import bringup

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_COMMAND = re.compile(r"(?:^|`|\$ )bringup ((?:[a-z]+ ?)+)((?:(?!`|#).)*)", re.MULTILINE)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if not (path.parent / link).exists()]
    assert not missing


def test_every_command_that_is_named_exists() -> None:
    named = {match[1].split()[0] for path in DOCS for match in _COMMAND.finditer(path.read_text(encoding="utf-8"))}
    assert len(named) > 5, "the pattern finds commands"
    assert named <= set(COMMANDS), f"not commands: {named - set(COMMANDS)}"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_loads_and_has_help(command: str) -> None:
    done = bringup(command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_nothing_is_left_to_fill_in() -> None:
    marks = re.findall(r"@[A-Z_]{4,}@", "".join(path.read_text(encoding="utf-8") for path in DOCS))
    assert not marks

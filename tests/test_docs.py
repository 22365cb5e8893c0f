"""What README and docs name is there: commands, options, files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bringup.cli.entry import COMMANDS
from tests.support.command import bringup

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
#: A path of this repository in a code span; with a name to fill in it is an example.
_PATH = re.compile(r"`((?:bringup|tests|templates|device-configs|docs|benchmarks|examples|\.ci)/[^`\s]*)`")
_EXAMPLE = re.compile(r"[A-Z]{2,}|(?<![A-Za-z])X\b|[*{<…]")
_COMMAND = re.compile(r"(?:^|`|\$ )bringup ((?:[a-z]+ ?)+)((?:(?!`|#).)*)", re.MULTILINE)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if not (path.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_path_that_is_named_exists(path: Path) -> None:
    paths = [name for name in _PATH.findall(path.read_text(encoding="utf-8")) if not _EXAMPLE.search(name)]
    missing = [name for name in paths if not (ROOT / name.partition(":")[0]).exists()]
    assert not missing


def test_paths_are_found() -> None:
    text = "see `bringup/no/such.py`, `tests/X.py`, `templates/NAME.j2`"
    assert [name for name in _PATH.findall(text) if not _EXAMPLE.search(name)] == ["bringup/no/such.py"]


def test_the_picture_of_the_rooms_is_what_import_linter_checks() -> None:
    (contract, *_) = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    section = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## Rooms")[2].partition("\n## ")[0]
    assert re.findall(r"^    (\S.*)$", section, re.MULTILINE) == contract["layers"]
    described = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert described == [room for layer in contract["layers"] for room in layer.split(" | ")]


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

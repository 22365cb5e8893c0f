"""The suite as a whole: each file has its test, and a record without answers passes nothing."""

from __future__ import annotations

import re
from pathlib import Path

from bringup.checks import suite
from bringup.checks.judge import judge
from bringup.facts.board import Facts
from bringup.results.verdict import Outcome
from tests.support.scripted_record import BOARD_CONFIG, broken


def test_each_file_has_its_test() -> None:
    """Which breaks every check in it: see tests/support/suite.py."""
    (folder,) = map(Path, suite.__path__)
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    tests = Path(__file__).parent / "suite"
    assert {path.stem.removeprefix("test_") for path in tests.glob("test_*.py")} == files
    for path in tests.glob("test_*.py"):
        file = path.stem.removeprefix("test_")
        assert re.search(rf'= suite_tests\(\s*"{file}", BROKEN', path.read_text("utf-8")), path.name


def test_a_record_without_hello_passes_nothing_but_what_was_seen(tmp_path: Path) -> None:
    end = {"t": "end", "complete": False, "why": "the board was lost"}
    run = judge(Facts(broken(hello=None, end=end).record(tmp_path / "r"), BOARD_CONFIG))
    passed = [verdict.id for verdict in run.verdicts if verdict.outcome is Outcome.PASS]
    assert passed == ["board.config"]
    assert run.outcome is Outcome.ERROR

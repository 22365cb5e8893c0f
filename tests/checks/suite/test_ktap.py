"""What vendors' programs print, judged; how they are run is in tests/cli/test_ktap.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.scripted_record import ScriptedBoard, broken
from tests.support.suite import Broken, ask, suite_tests


def board(text: str | None, status: int | None = 0) -> ScriptedBoard:
    return broken(programs={"codec-test": None if text is None else (text, status)})


NESTED = "KTAP version 1\n1..1\n    KTAP version 1\n    1..2\n    ok 1 decodes 8 bit\n    # 10 bit: EINVAL\n    not ok 2 decodes 10 bit\nnot ok 1 codec"

BROKEN = (
    Broken("a nested test fails", "ktap", "fail", board(NESTED, 1)),
    Broken("no test fails, and the status is not 0", "ktap", "fail", board("1..1\nok 1 a", 1)),
    Broken("a result is missing", "ktap", "error", board("1..3\nok 1 a\nok 3 c", 0)),
    Broken("no KTAP", "ktap", "error", board("usage: codec-test DEVICE", 2)),
    Broken("nothing printed", "ktap", "error", board("", 0)),
    Broken("skipped, and why", "ktap", "skip", board("1..2\nok 1 a # SKIP no codec\nok 2 b # SKIP", 4)),
    Broken("an error", "ktap", "error", board("1..1\nBail out! no memory", 1)),
    Broken("a test fails", "ktap", "fail", board("1..1\nnot ok 1 encodes", 1)),
    Broken("never ran", "ktap", "error", board(None)),
    Broken("too long", "ktap", "error", board("1..1\nok 1 a", None)),
    Broken("a known failure", "ktap", "warn", board("1..1\nnot ok 1 a # TODO later", 0)),
)

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests("ktap", BROKEN, skips={"ktap"})


@pytest.mark.parametrize(
    ("text", "status", "verdicts"),
    [
        ("1..2\nok 1 a\nok 2 b", 0, {"ktap.codec-test.a": "pass", "ktap.codec-test.b": "pass"}),
        ("1..1\nok 1 a", 1, {"ktap.codec-test.a": "pass", "ktap.codec-test": "fail"}),
        ("1..1\nnot ok 1 a", 1, {"ktap.codec-test.a": "fail"}),
        ("1..2\nok 1 a", 0, {"ktap.codec-test.a": "pass", "ktap.codec-test": "error"}),
        ("1..0 # SKIP no codec", 0, {"ktap.codec-test.unnamed": "skip"}),
        ("1..0 # SKIP no codec", 4, {"ktap.codec-test.unnamed": "skip"}),
        ("1..2\nok 1 a\nok 2 b # SKIP no codec", 4, {"ktap.codec-test.a": "pass", "ktap.codec-test.b": "skip"}),
        ("1..1\nnot ok 1 a # XFAIL known", 2, {"ktap.codec-test.a": "warn"}),
        ("1..1\nok 1 a # XPASS it works", 3, {"ktap.codec-test.a": "warn"}),
        ("1..1\nok 1 a", 4, {"ktap.codec-test.a": "pass", "ktap.codec-test": "fail"}),
        ("1..1\nok 1 a # SKIP no codec", 2, {"ktap.codec-test.a": "skip", "ktap.codec-test": "fail"}),
        ("1..1\nnot ok 1 a # TODO later", 2, {"ktap.codec-test.a": "warn", "ktap.codec-test": "fail"}),
        ("1..2\nok 1 a # SKIP no codec", 4, {"ktap.codec-test.a": "skip", "ktap.codec-test": "error"}),
    ],
)
def test_each_result_is_a_verdict(text: str, status: int, verdicts: dict[str, str], tmp_path: Path) -> None:
    found = ask("ktap", tmp_path, board(text, status))
    assert {verdict.id: verdict.outcome.value for verdict in found} == verdicts

"""Whether the heap tests leave buffers behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_record import broken
from tests.support.suite import Broken, ask, suite_tests
from tests.support.walks import bufinfo, process, walk

OLD, NEW = (1, 4096, "system", ""), (2, 65536, "system", "")
OTHERS = process(7, (1, 1, 0, 0))
OURS = process(99, (2, 1, 0, 0), comm="bringup-0123456")
QUIET = [walk([]), bufinfo()]
BUSY = [walk([OLD], OTHERS), bufinfo(OLD)]

BROKEN = (
    Broken("a process stays", "buffers.left", "fail", broken(walks=[*BUSY, walk([OLD, NEW], OTHERS, OURS), bufinfo(OLD, NEW)]), "buffers.left-behind"),
    Broken("the kernel keeps it", "buffers.left", "fail", broken(walks=[*QUIET, walk([]), bufinfo(NEW)]), "buffers.left-behind"),
    Broken("a device has it", "buffers.left", "fail", broken(walks=[*QUIET, walk([]), bufinfo((2, 65536, "system", "soc:isp"))]), "buffers.left-behind"),
    Broken("it may be others'", "buffers.left", "warn", broken(walks=[*BUSY, walk([OLD], OTHERS), bufinfo(OLD, NEW)])),
    Broken("the board was lost", "buffers.left", "error", broken(walks=BUSY)),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "left_buffers", BROKEN, skips=("buffers.left",)
)


@pytest.mark.parametrize(
    ("walks", "outcome"),
    [
        ([*QUIET, *QUIET], "pass"),
        ([*BUSY, *BUSY], "pass"),
        ([*BUSY, *QUIET], "pass"),
        ([walk([]), walk([])], "skip"),
        ([*QUIET, walk([], denied=3), bufinfo()], "skip"),
        ([walk([]), bufinfo(NEW), walk([]), bufinfo(NEW)], "pass"),
        ([*BUSY, walk([]), bufinfo(OLD)], "pass"),
        ([walk([]), None, walk([]), bufinfo(NEW)], "error"),
        ([*QUIET, walk([]), None], "error"),
        ([walk([]), bufinfo(total=(1, NEW[1])), walk([]), bufinfo(NEW)], "error"),
        ([*QUIET, walk([]), bufinfo(total=(1, NEW[1]))], "error"),
        ([*QUIET, walk([], truncated=True), bufinfo(NEW)], "error"),
        ([walk([], truncated=True), bufinfo(), walk([]), bufinfo(NEW)], "error"),
    ],
    ids=[
        "quiet",
        "others hold",
        "others let go",
        "no list",
        "no root",
        "it was there before",
        "a driver keeps theirs",
        "no list before",
        "no list after",
        "a list that is cut off before",
        "a list that is cut off after",
        "a walk that ended early",
        "a walk before that ended early",
    ],
)
def test_only_what_is_known_to_be_new_is_ours(tmp_path: Path, walks: list[Any], outcome: str) -> None:
    (verdict,) = ask("buffers.left", tmp_path, broken(walks=walks))
    assert verdict.outcome.value == outcome


def test_a_buffer_that_two_processes_hold_is_counted_once(tmp_path: Path) -> None:
    both = [OURS, process(100, (2, 1, 0, 0), comm="bringup-0123456")]
    (verdict,) = ask("buffers.left", tmp_path, broken(walks=[*QUIET, walk([NEW], *both), bufinfo(NEW)]))
    assert verdict.outcome.value == "fail"
    assert verdict.evidence[0] == "held by a process of the tests: 1 buffer, 64 KiB"


def test_a_buffer_of_which_only_its_holder_is_known_counts(tmp_path: Path) -> None:
    (verdict,) = ask("buffers.left", tmp_path, broken(walks=[*QUIET, walk([], OURS), bufinfo()]))
    assert verdict.outcome.value == "fail"
    assert "inode 2: size unknown" in verdict.evidence[1]

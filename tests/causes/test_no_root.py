"""Without root: nothing that was refused is advised again, and what stays open is counted and named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bringup.causes.no_root import open_questions, ways_to_root
from bringup.checks.judge import judge
from bringup.results.verdict import Outcome, Verdict
from tests.support.scripted_facts import facts
from tests.support.scripted_record import DENIED, HELLO, ScriptedBoard, broken, files, linux_board
from tests.support.suite import find_check

SHELL = HELLO | {"uid": 2000}
REFUSED = "adbd runs as uid 2000; adb root: adbd refuses it; su: inaccessible or not found"
USER, DEBUG = {"ro.build.type": "user"}, {"ro.build.type": "userdebug"}

WAYS: list[tuple[ScriptedBoard, str]] = [
    (broken(hello=SHELL, properties=USER), "adb root   (userdebug"),
    (broken(hello=SHELL, properties=USER, root_reason=REFUSED), "flash a userdebug build"),
    (broken(hello=SHELL, properties=DEBUG, root_reason=REFUSED), "Rooted debugging"),
    (linux_board(hello=SHELL, root_reason=REFUSED), "User= of its unit"),
    (broken(hello=SHELL, root_reason=REFUSED), "not known whether the board runs Android"),
    (broken(hello=SHELL, root_reason="adbd runs as uid 2000, and root is not to be used"), "without --root never"),
    (
        broken(hello=SHELL, properties=DEBUG, root_reason="adb root: adbd refuses it; su: no answer within 5 s"),
        "allow it on the board's screen",
    ),
]


@pytest.mark.parametrize(("board", "way"), WAYS)
def test_how_to_be_root_on_this_kind_of_build(board: ScriptedBoard, way: str, tmp_path: Path) -> None:
    known = facts(board, tmp_path)
    ways = ways_to_root(known)
    assert way in " ".join(ways)
    (verdict,) = find_check("board.root").ask(known)
    assert verdict.remedy == ways


@pytest.mark.parametrize("board", [board for board, _ in WAYS if board.root_reason])
def test_what_was_refused_is_advised_nowhere(board: ScriptedBoard, tmp_path: Path) -> None:
    denied = {**board.files, "dmesg": DENIED, "/sys/fs/selinux/enforce": "1"}
    verdicts = judge(facts(replace(board, files=denied), tmp_path)).verdicts
    steps = [step for verdict in verdicts for step in verdict.advice]
    assert not any("as root: adb root" in step or step.startswith("adb root ") for step in steps)


def test_root_has_nothing_to_advise(tmp_path: Path) -> None:
    assert ways_to_root(facts(ScriptedBoard(), tmp_path)) == ()


def test_the_report_counts_and_names_what_root_may_answer(tmp_path: Path) -> None:
    denied = files(dmesg=DENIED, __sys__kernel__debug__dma_buf__bufinfo=DENIED)
    board = judge(facts(broken(hello=SHELL, root_reason=REFUSED, files=denied), tmp_path))
    (verdict,) = (one for one in board.verdicts if one.id == "board.root")
    counted, named = verdict.evidence[-2:]
    wanted = {one.id for one in board.verdicts if one.reason and "may not be read" in one.reason}
    assert {"cma.rejected", "cma.exhausted"} <= wanted
    assert all(name in named for name in wanted)
    assert counted == f"{len(wanted) + 1} questions are open that root may answer"  # and dmabuf.statistics
    assert "dmabuf.statistics" in named


@pytest.mark.parametrize(
    ("reason", "is_open"),
    [
        ("dmesg may not be read", True),
        ("the heap does not open: EACCES", True),
        ("only root can see them, and the test allocator did not run as root", True),
        ("the heap does not open: ENODEV", False),
        ("no board config says which heaps to expect", False),
        ("/proc/config.gz is not there", False),
    ],
)
def test_what_counts_as_open(reason: str, is_open: bool) -> None:
    verdicts = [Verdict("x", "X", Outcome.SKIP, heap, reason=reason) for heap in ("a", "b")]
    expected = ("2 questions are open that root may answer", "x (2 times)") if is_open else ()
    assert open_questions(verdicts) == expected


@pytest.mark.parametrize(
    ("count", "counted", "end"),
    [(1, "1 question is", "x0"), (12, "12 questions are", ", x11"), (13, "13 questions are", ", x11 and 1 more")],
)
def test_a_long_list_is_cut(count: int, counted: str, end: str) -> None:
    verdicts = [Verdict(f"x{n}", "X", Outcome.SKIP, reason="dmesg may not be read") for n in range(count)]
    first, named = open_questions(verdicts)
    assert first == f"{counted} open that root may answer"
    assert named.startswith("x0")
    assert named.endswith(end)

"""Whether the board was seen whole, as root, and with a config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_record import BOARD_CONFIG, BOOT_ID, HELLO, broken, files
from tests.support.suite import Broken, ask, suite_tests

LOST: dict[str, Any] = {"t": "end", "complete": False, "why": "cable", "blame": "board"}
NO_BOOT_ID = {"bye_boot_id": None, "hello": HELLO | {"boot_id": None}, "first_boot_id": ""}
NOT_ROOT = {"hello": HELLO | {"uid": 2000}, "root_reason": "adb root: adbd refuses it"}
IDENTIFIED = {
    "properties": {"ro.product.model": "x"},
    "files": files(__sys__firmware__devicetree__base__compatible="a,b\0"),
}

BROKEN = (
    Broken("cut off", "board.observed", "error", broken(end={"t": "end", "complete": False, "why": "cable"})),
    Broken("rebooted", "board.observed", "error", broken(bye_boot_id="another")),
    Broken("boot_id is not known at the end", "board.observed", "error", broken(bye_boot_id=None)),
    Broken("boot_id is not known at all", "board.observed", "error", broken(bye_boot_id=None, hello=HELLO | {"boot_id": None}, first_boot_id="")),
    Broken("lost before it said what it is", "board.config", "error", broken(end={"t": "end", "complete": False, "why": "cable"}), None, None),
    Broken("no root", "board.root", "warn", broken(hello=HELLO | {"uid": 2000}), "board.no-root"),
    Broken("no config", "board.config", "warn", broken(), "board.no-config", None),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests("board", BROKEN)


def test_a_board_that_was_lost_has_the_command_that_finishes_the_run(tmp_path: Path) -> None:
    lost = {"t": "end", "complete": False, "why": "the board answers nothing", "blame": "board"}
    (verdict,) = ask("board.observed", tmp_path, broken(end=lost))
    assert verdict.remedy == (
        "wait until adb reaches the board; look at its console or power: adb -s scripted wait-for-device",
        "observe the board again, to the end: bringup run -s scripted",
    )
    ours = lost | {"why": "interrupted", "blame": "usage"}
    (verdict,) = ask("board.observed", tmp_path / "ours", broken(end=ours))
    assert verdict.remedy == ("observe the board again, to the end: bringup run -s scripted",)
    (verdict,) = ask("board.observed", tmp_path / "there", broken(end=lost, place="rack 1"))
    assert verdict.remedy == (
        "wait until adb reaches the board; look at its console or power",
        "observe the board again, to the end: bringup run --place 'rack 1'",
    )


@pytest.mark.parametrize(
    ("check", "board", "evidence", "reason"),
    [
        ("board.observed", {}, (f"boot_id {BOOT_ID} before and after", "4 adb round trips"), None),
        ("board.observed", {"end": {"t": "end", "complete": True}}, (f"boot_id {BOOT_ID} before and after",), None),
        ("board.observed", {"bye_boot_id": None}, (), "boot_id was not read after them: the board may have rebooted"),
        ("board.observed", NO_BOOT_ID, (), "boot_id was not read at the first contact and before the tests and after them: the board may have rebooted"),
        ("board.observed", {"end": LOST}, (), "cable"),
        ("board.root", {}, ("uid 0 through adbd",), None),
        ("board.root", NOT_ROOT, ("uid 2000", "adb root: adbd refuses it"), None),
        ("board.root", {"hello": None}, (), "the test allocator did not run"),
        ("board.config", {}, ("scripted: A scripted board", "as the test says"), None),
    ],
)  # fmt: skip
def test_what_is_shown(
    tmp_path: Path, check: str, board: dict[str, Any], evidence: tuple[str, ...], reason: str | None
) -> None:
    (verdict,) = ask(check, tmp_path, broken(**board))
    assert (verdict.evidence, verdict.reason) == (evidence, reason)


def test_the_tests_that_time_left_out_are_counted(tmp_path: Path) -> None:
    board = broken(asked_tests=("open", "zero.fresh"), stopped_at="test zero.fresh system")
    (verdict,) = ask("board.observed", tmp_path, board)
    assert verdict.evidence == ("left out: 2 heap tests, zero.fresh on linux,cma first",)
    assert verdict.remedy == ("observe the board again, to the end: bringup run -s scripted --seconds 300",)


def test_without_the_root_that_was_required_the_board_can_be_seen_in_part(tmp_path: Path) -> None:
    (verdict,) = ask("board.observed", tmp_path, broken(end=LOST | {"why": "scripted: become root: adbd refuses it"}))
    assert verdict.remedy[-1] == "or observe what can be seen without root: bringup run -s scripted --root auto"


@pytest.mark.parametrize(
    ("board", "outcome", "reason"),
    [
        ({}, "warn", None),
        (IDENTIFIED | {"end": LOST}, "warn", None),
        # Lost before all that a config can match was read.
        ({"end": LOST}, "error", "cable"),
        (IDENTIFIED | {"end": LOST, "properties": {}}, "error", "cable"),
        (IDENTIFIED | {"end": LOST, "files": files()}, "error", "cable"),
        (IDENTIFIED | {"hello": None}, "error", "the test allocator did not finish"),
    ],
)
def test_no_config_is_known_only_of_a_board_that_said_what_it_is(
    tmp_path: Path, board: dict[str, Any], outcome: str, reason: str | None
) -> None:
    (verdict,) = ask("board.config", tmp_path, broken(**board), None)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert verdict.evidence == (("as the test says",) if outcome == "warn" else ())
    (verdict,) = ask("board.config", tmp_path / "known", broken(**board), BOARD_CONFIG)
    assert verdict.outcome == "pass"

"""Whether the board was seen whole, as root, and with a config."""

from __future__ import annotations

from pathlib import Path

from tests.support.scripted_record import HELLO, broken
from tests.support.suite import (
    Broken,
    ask,
    suite_tests,
)

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

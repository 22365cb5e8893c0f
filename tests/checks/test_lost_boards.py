"""The verdict on a board that was lost or rebooted under its tests, from what it kept of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.outcome import Outcome
from bringup.results.verdict import Verdict
from tests.support.scripted_record import BOOT_ID, ScriptedBoard, ScriptedReturn, broken, files, result
from tests.support.splats import SPLATS
from tests.support.suite import ask

DUMP = "/sys/fs/pstore/dmesg-ramoops-0"
LOST = {"t": "end", "complete": False, "why": "the board answers nothing for 5 s", "blame": "board"}
HEAP_TESTS = ("open", "zero.reuse", "mmap.rw", "ion.query")
#: The log's clock is half a second behind the one of the results.
BEGIN = "<6>[    4.000000] bringup: tests heaps at 4500000\n"
PANIC = """\
<6>[   31.000000] sysrq: Trigger a crash
<0>[   31.000001] Kernel panic - not syncing: sysrq triggered crash
<4>[   31.000002] CPU: 1 UID: 0 PID: 241 Comm: sh Not tainted 6.12.117 #1
<4>[   31.000003] Call Trace:
<4>[   31.000004]  <TASK>
<4>[   31.000005]  panic+0x331/0x380
<4>[   31.000006]  sysrq_handle_crash+0x1a/0x20
<4>[   31.000007]  __handle_sysrq+0x9b/0x190
"""
ABOUT_HEAPS = next(splat for splat in SPLATS if splat.heap_frame)


def lost_board(returned: ScriptedReturn, results: list[dict[str, Any]] | None = None, **more: Any) -> ScriptedBoard:
    results = [result("linux,cma", "open", at=30_000_000_000, ns=1000)] if results is None else results
    asked: dict[str, Any] = {
        "asked_tests": HEAP_TESTS,
        "heaps": {"system": {}, "linux,cma": {"mode": 0o666, "gid": 1003}},
    }
    return broken(returned=returned, results=results, end=LOST, **(asked | more))


def kept(text: str, path: str = DUMP, head: str = "Panic#1 Part1\n", **more: Any) -> ScriptedReturn:
    return ScriptedReturn(files={path: head + text}, **more)


def complaint(folder: Path, board: ScriptedBoard) -> Verdict:
    (verdict,) = ask("kernel.complaints", folder, board)
    return verdict


def text_of(verdict: Verdict) -> str:
    assert verdict.cause is not None
    assert verdict.cause.id == "kernel.died-in-tests"
    return verdict.cause.text


def test_the_kernel_died_in_the_test_after_the_last_that_answered(tmp_path: Path) -> None:
    died = complaint(tmp_path, lost_board(kept(BEGIN + PANIC)))
    assert (died.outcome, died.heap) == (Outcome.FAIL, "linux,cma")
    assert text_of(died) == "the kernel died in the test zero.reuse on linux,cma: panic in sysrq_handle_crash"
    assert died.evidence[0] == DUMP
    assert "process sh (241)" in died.evidence
    assert "the last test that answered is open on linux,cma" in died.evidence


def test_the_place_and_the_suspect_are_named(tmp_path: Path) -> None:
    died = complaint(tmp_path, lost_board(kept(ABOUT_HEAPS.text)))
    assert (
        text_of(died)
        == f"the kernel died in the test zero.reuse on linux,cma: {ABOUT_HEAPS.kind} in {ABOUT_HEAPS.where}"
    )
    assert f"the first function of a heap, DMA-BUF or CMA in it: {ABOUT_HEAPS.heap_frame}" in died.evidence


@pytest.mark.parametrize(
    ("results", "log", "step"),
    [
        ([], "", "in the test open on linux,cma"),
        ([result("linux,cma", "mmap.rw")], "", "after the test mmap.rw on linux,cma"),
        (
            [*(result("linux,cma", test) for test in HEAP_TESTS[:3]), result("system", "open")],
            "",
            "in the test zero.reuse on system",
        ),
        ([result("linux,cma", test) for test in HEAP_TESTS[:3]], "", "in the test open on system"),
        ([], "<6>[   30.000000] bringup: exhausts heap linux,cma on purpose\n", "while all memory of linux,cma was asked for"),
        ([], "<6>[   30.000000] bringup: has tested heaps at 30500000\n", "after the tests"),
        # The mark shows that the test had not ended when the kernel died, whatever came later.
        ([result("linux,cma", "open", at=31_400_000_000, ns=900_000_000)], BEGIN, "in the test open on linux,cma"),
    ],
    ids=["first", "with several patterns", "second heap", "next heap", "exhaustion", "after", "by time"],
)  # fmt: skip
def test_what_ran_then(tmp_path: Path, results: list[dict[str, Any]], log: str, step: str) -> None:
    died = complaint(tmp_path, lost_board(kept(log + PANIC), results))
    assert text_of(died) == f"the kernel died {step}: panic in sysrq_handle_crash"


def test_parts_of_a_dump_are_joined(tmp_path: Path) -> None:
    """The newest lines are in part 1; the oops began in part 2."""
    old, new = PANIC.splitlines(keepends=True)[:3], PANIC.splitlines(keepends=True)[3:]
    parts = {DUMP: "Panic#1 Part1\n" + "".join(new), DUMP[:-1] + "1": "Panic#1 Part2\n" + BEGIN + "".join(old)}
    died = complaint(tmp_path, lost_board(ScriptedReturn(files=parts)))
    assert text_of(died).endswith("panic in sysrq_handle_crash")


def test_the_last_dump_counts_and_what_came_before_is_named(tmp_path: Path) -> None:
    """An Oops is dumped, then the panic that it leads to, or that follows it."""
    dumps = {
        DUMP: "Oops#1 Part1\n" + BEGIN + ABOUT_HEAPS.text,
        DUMP[:-1] + "1": "Panic#2 Part1\n"
        + BEGIN
        + "<4>[   8.0] WARNING: CPU: 0 PID: 1 at mm/cma.c:7 cma_release+0x1/0x2\n"
        + PANIC,
    }
    died = complaint(tmp_path, lost_board(ScriptedReturn(files=dumps)))
    assert text_of(died).endswith("panic in sysrq_handle_crash")
    assert "before it: WARNING in cma_release at mm/cma.c:7" in died.evidence


def test_what_was_kept_before_the_run_is_not_of_this_crash(tmp_path: Path) -> None:
    board = lost_board(kept(PANIC), files=files() | {DUMP: "Panic#1 Part1\n" + PANIC})
    verdict = complaint(tmp_path, board)
    assert (verdict.outcome, verdict.heap) == (Outcome.ERROR, "linux,cma")
    assert verdict.reason is not None
    assert "rebooted in the test zero.reuse on linux,cma; it kept no log of that boot" in verdict.reason
    assert any("ramoops" in step for step in verdict.remedy)


def test_a_log_of_an_earlier_run_before_our_mark_is_not_held_against_it(tmp_path: Path) -> None:
    earlier = PANIC.replace("[   31.", "[    2.")
    verdict = complaint(tmp_path, lost_board(kept(earlier + BEGIN, "/sys/fs/pstore/console-ramoops-0", "")))
    assert verdict.outcome is Outcome.ERROR
    assert f"/sys/fs/pstore/console-ramoops-0 ends: {BEGIN.partition('] ')[2].strip()}" in verdict.evidence


def test_the_boot_reason_alone(tmp_path: Path) -> None:
    back = ScriptedReturn(properties={"sys.boot.reason": "watchdog", "ro.boot.bootreason": "reboot"})
    verdict = complaint(tmp_path, lost_board(back))
    assert verdict.outcome is Outcome.FAIL
    assert text_of(verdict) == "the kernel crashed, or was hung, in the test zero.reuse on linux,cma"
    assert "sys.boot.reason: watchdog" in verdict.evidence


def test_a_board_that_does_not_come_back(tmp_path: Path) -> None:
    why = "wait for the board: adb says: offline, for 120 s"
    verdict = complaint(tmp_path, lost_board(ScriptedReturn(boot_id="", why=why)))
    assert verdict.outcome is Outcome.ERROR
    assert verdict.reason == f"the board was lost in the test zero.reuse on linux,cma: {why}"


def test_a_board_that_only_hung_says_why_itself(tmp_path: Path) -> None:
    """It did not reboot: its own log, read again, has our mark and the complaint."""
    log = "[    1.0] Linux version 6.12\n"
    lockup = "[   30.6] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [bringup-8fe4aad:312]\n"
    back = ScriptedReturn(BOOT_ID, {"dmesg": log + BEGIN.removeprefix("<6>") + lockup})
    verdict = complaint(tmp_path, lost_board(back, files=files(dmesg=log)))
    assert (verdict.outcome, verdict.heap) == (Outcome.FAIL, "linux,cma")
    assert verdict.cause is not None
    assert (verdict.cause.id, verdict.cause.text) == (
        "kernel.complaint-in-tests",
        "soft lockup, in the test zero.reuse on linux,cma",
    )


def test_a_board_that_is_back_and_has_nothing_to_say(tmp_path: Path) -> None:
    log = "[    1.0] Linux version 6.12\n"
    back = ScriptedReturn(BOOT_ID, {"dmesg": log + BEGIN.removeprefix("<6>")})
    assert complaint(tmp_path, lost_board(back, files=files(dmesg=log))).outcome is Outcome.PASS

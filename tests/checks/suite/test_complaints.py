"""What the kernel complains about: before, while and after its heaps are tested, in its log and in its taint."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.results.verdict import Outcome
from tests.support.scripted_record import DENIED, ScriptedBoard, broken, files
from tests.support.splats import SPLATS
from tests.support.suite import Broken, ask, suite_tests

BOOT = "6,1,100,-;Linux version 6.12.107\n"
BEGIN, END = "6,2,1000000,-;bringup: tests heaps\n", "6,9,9000000,-;bringup: has tested heaps\n"
QUIET = "".join(f"6,{number},{number}000000,-;quiet\n" for number in range(3, 9))
ABOUT_HEAPS = next(splat for splat in SPLATS if splat.heap_frame)
OTHER = next(splat for splat in SPLATS if not splat.heap_frame)


def kmsg(text: str, first: int) -> str:
    """A splat as records of /dev/kmsg, from this number on, all within one second."""
    lines = [line.partition("] ")[2] for line in text.splitlines()]
    return "".join(f"4,{first + number},{first}500000,-;{line}\n" for number, line in enumerate(lines))


def board(
    before: str = BOOT, meanwhile: str = QUIET, *, begin: str = BEGIN, end: str = END, **more: str
) -> ScriptedBoard:
    """A board whose log was read before its tests and after them; ``more`` are further files, read after."""
    after = {"dmesg": before + begin + meanwhile + end}
    return broken(files=files(dmesg=before), files_after=after | more)


def numbered(text: str) -> str:
    """The records in between, numbered so that none is missing."""
    inner = text.splitlines()
    return "".join(f"4,{3 + number},{line.split(',', 2)[2]}\n" for number, line in enumerate(inner))


def during(text: str) -> ScriptedBoard:
    inner = numbered(kmsg(text, 3))
    return board(meanwhile=inner, end=f"6,{3 + inner.count(chr(10))},9000000,-;bringup: has tested heaps\n")


TAINTED = "/proc/sys/kernel/tainted"
BROKEN = (
    Broken("no log", "kernel.complaints", "error", broken(files=files(dmesg=DENIED))),
    Broken("while tested", "kernel.complaints", "fail", during(OTHER.text), "kernel.complaint-in-tests"),
    Broken("before, elsewhere", "kernel.complaints", "warn", board(BOOT + kmsg(OTHER.text, 0)), "kernel.complaint"),
    Broken("before, about heaps", "kernel.complaints", "fail", board(BOOT + kmsg(ABOUT_HEAPS.text, 0)), "kernel.complaint-in-heaps"),
    Broken("records lost", "kernel.complaints", "error", board(meanwhile="6,7,7000000,-;quiet\n")),
    Broken("first mark lost", "kernel.complaints", "error", board(begin="")),
    Broken("taint alone, new", "kernel.complaints", "fail", broken(files=files() | {TAINTED: "0\n"}, files_after={TAINTED: "512\n", "dmesg": ""}), "kernel.complaint-in-tests"),
    Broken("taint alone, old", "kernel.complaints", "warn", broken(files=files() | {TAINTED: "512\n"}, files_after={TAINTED: "512\n", "dmesg": ""}), "kernel.complaint"),
    Broken("log of an older record", "kernel.complaints", "skip", broken(files=files())),
)  # fmt: skip

# The log of the healthy board, as of a record of 0.1.0, was read before its tests only.
test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "complaints", BROKEN, skips={"kernel.complaints"}
)


@pytest.mark.parametrize(
    "given",
    [board(), board(**{TAINTED: "4097\n"}), broken(files=files(), results=[], asked=None)],
    ids=["tested", "tainted, not by a complaint", "only looked at"],
)
def test_a_quiet_kernel_passes(tmp_path: Path, given: ScriptedBoard) -> None:
    (verdict,) = ask("kernel.complaints", tmp_path, given)
    assert verdict.outcome is Outcome.PASS


def test_the_marks_of_an_earlier_run_are_not_ours(tmp_path: Path) -> None:
    earlier = BOOT + BEGIN.replace("6,2,1000000", "6,1,200") + kmsg(OTHER.text, 0)
    (verdict,) = ask("kernel.complaints", tmp_path, board(earlier))
    assert (verdict.outcome, verdict.cause and verdict.cause.id) == (Outcome.WARN, "kernel.complaint")


def test_without_our_marks_all_that_is_new_was_logged_meanwhile(tmp_path: Path) -> None:
    """As without root, where the log can be read and not be written."""
    text = numbered(kmsg(OTHER.text, 3))
    (verdict,) = ask("kernel.complaints", tmp_path, board(meanwhile=text, begin="6,2,1000000,-;x\n", end=""))
    assert (verdict.outcome, verdict.cause and verdict.cause.id) == (Outcome.FAIL, "kernel.complaint-in-tests")


def test_a_verdict_shows_the_line_the_process_and_the_trace(tmp_path: Path) -> None:
    (verdict,) = ask("kernel.complaints", tmp_path, during(ABOUT_HEAPS.text))
    assert verdict.cause is not None
    assert verdict.cause.text == f"{ABOUT_HEAPS.kind} in {ABOUT_HEAPS.where}, during the tests"
    assert f"process {ABOUT_HEAPS.process} (670)" in verdict.evidence
    assert any(ABOUT_HEAPS.heap_frame in line for line in verdict.evidence if line.startswith("trace: "))


def test_many_complaints_are_counted_and_bounded(tmp_path: Path) -> None:
    many = "".join(
        f"4,1,{number},-;WARNING: CPU: 0 PID: 1 at kernel/a.c:{number % 30} f+0x1/0x2\n" for number in range(300)
    )
    verdicts = ask("kernel.complaints", tmp_path, board(many))
    assert len(verdicts) == 9
    assert verdicts[0].cause is not None
    assert "10 times" in verdicts[0].cause.text
    assert verdicts[-1].cause is not None
    assert "22 other places" in verdicts[-1].cause.text

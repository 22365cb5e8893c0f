"""Many boards in one run: whatever one of them answers, each is judged, and the reports are written."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from bringup.board import Board
from bringup.checks.registry import Role, checks_for
from bringup.cli.run_output import write_fixes
from bringup.config.shipped import load_all
from bringup.errors import AdbServerError, BringupError
from bringup.facts.board import Facts
from bringup.lab import judging
from bringup.lab.run import Job, boards_at_once, record_names, run_boards
from bringup.lab.run_folder import write_reports
from bringup.outcome import Outcome
from bringup.record.load import load_record
from bringup.record.observe import Observation
from bringup.report.load import load_run
from bringup.results.run import Run
from tests.support.lying_board import HELLO, LyingBoard, file, lying_board, ran

NODE = {"t": "node", "path": "/dev/dma_heap/system", "state": "ok", "errno": 0, "mode": 0o444, "uid": 0, "gid": 0}
DIGITS = b"9" * 5000


def run_with(folder: Path, *lines: dict[str, Any] | Exception) -> tuple[Run, list[BringupError]]:
    """A run of two honest boards and one that answers with these lines."""
    boards = [lying_board(NODE, serial="a"), lying_board(*lines, serial="b"), lying_board(NODE, serial="c")]
    job = Job(folder, load_all(), how=Observation(rounds=0))
    run, errors = run_boards(boards, job)
    write_reports(run, folder)
    assert [board.serial for board in load_run(folder).boards] == ["a", "b", "c"]
    for board in (run.boards[0], run.boards[2]):
        assert board.record is not None
        assert board.kernel == HELLO["release"]
    return run, errors


ANSWERS: dict[str, list[dict[str, Any] | Exception]] = {
    "NaN": [NODE | {"later": float("nan")}],
    "digits in meminfo": [file(b"MemTotal: " + DIGITS + b" kB\nCmaTotal: " + DIGITS + b" kB\n", "/proc/meminfo")],
    "digits in the log": [file(b"cma: Reserved " + DIGITS + b" MiB at 0x7c000000\n", "dmesg")],
    "digits in CMA's numbers": [file(DIGITS, f"/sys/kernel/mm/cma/x/{name}_pages") for name in ("total", "available")],
    "digits in memory's addresses": [file(b"f" * 5000 + b"-" + b"f" * 5000 + b" : System RAM\n", "/proc/iomem")],
    "not a superscript's number": [file("\u00b2".encode(), "/sys/kernel/mm/cma/x/total_pages")],
    "a place of its own": [file(stored="../../etc/passwd", sha256="0" * 64)],
    "a place in the record": [file(stored="record.jsonl", sha256="0" * 64)],
    "page size 0": [HELLO | {"page_size": 0}],
    "two hellos": [HELLO],
    "lone surrogates": [
        file(b"\xed\xa0\x80" * 10, "/proc/cmdline"),
        ran(b"[a\xff]: [b]\n", argv=("/system/bin/getprop",)),
    ],
    "the adb server dies": [AdbServerError("talk to the adb server", "it is gone")],
    "a fault": [RuntimeError("boom")],
    "no memory": [MemoryError()],
}


@pytest.mark.parametrize("lines", ANSWERS.values(), ids=ANSWERS)
def test_a_board_never_ends_a_run(tmp_path: Path, lines: list[dict[str, Any] | Exception]) -> None:
    run, _ = run_with(tmp_path / "run", *lines)
    assert run.outcome in (Outcome.ERROR, Outcome.FAIL)
    told = " ".join(verdict.reason or "" for board in run.boards for verdict in board.verdicts)
    assert "a fault of bringup" not in told or any(isinstance(line, Exception) for line in lines)


def test_the_reason_of_the_end_is_in_the_record_and_the_run(tmp_path: Path) -> None:
    run, errors = run_with(tmp_path / "run", AdbServerError("talk to the adb server", "it is gone"))
    (error,) = errors
    assert error.seen == "it is gone"
    assert load_record(tmp_path / "run" / "b").incomplete == "talk to the adb server: it is gone"
    observed = next(verdict for verdict in run.boards[1].verdicts if verdict.id == "board.observed")
    assert observed.reason == "talk to the adb server: it is gone"


def test_what_the_host_says_of_contents_no_board_can_say(tmp_path: Path) -> None:
    run_with(
        tmp_path / "run", file(stored="files/x", sha256="0" * 64), file(b"y", "/b", stored="files/x", sha256="0" * 64)
    )
    record = load_record(tmp_path / "run" / "b")
    empty, full = record.file("/a"), record.file("/b")
    assert empty is not None
    assert (empty.data(), empty.stored) == (b"", None)
    assert full is not None
    assert full.data() == b"y"


def test_boards_of_one_serial_are_boards_of_their_own(tmp_path: Path) -> None:
    boards = [lying_board(NODE, serial="same"), lying_board(serial="same"), lying_board(serial="other")]
    run, errors = run_boards(boards, Job(tmp_path / "run", load_all()))
    assert not errors
    assert [board.record for board in run.boards] == ["same", "same-2", "other"]
    assert len(write_fixes(run, tmp_path / "fixes")) == 3
    assert record_names(["a", "a-2", "a", "a"]) == ["a", "a-2", "a-3", "a-4"]


def test_a_stored_copy_that_is_gone_is_an_error_of_its_record_alone(tmp_path: Path) -> None:
    line = ran(b"[ro.product.model]: [x]\n", argv=("/system/bin/getprop",))
    run_with(tmp_path / "run", line)
    folders = [tmp_path / "run" / name for name in ("a", "b", "c")]
    next((folders[1] / "files").rglob("stdout")).unlink()
    run = judging.judge_folders(folders, load_all())
    assert [board.serial for board in run.boards] == ["a", "b", "c"]
    config = next(verdict for verdict in run.boards[1].verdicts if verdict.id == "board.config")
    assert config.outcome is not Outcome.PASS


def test_a_check_that_fails_by_itself_is_an_error_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(_: Facts) -> object:
        raise KeyError("x")

    monkeypatch.setattr(Facts, "heap_nodes", property(fault))
    run, _ = run_boards([lying_board(serial="a")], Job(tmp_path / "run", load_all()))
    (asked,) = checks_for(Role.HEAP_TESTS)
    failed = next(verdict for verdict in run.boards[0].verdicts if verdict.id == asked.id)
    assert failed.outcome is Outcome.ERROR
    assert "a fault of bringup, please report it: KeyError" in (failed.reason or "")
    assert run.boards[0].heaps == ()


def test_how_many_at_once_follows_from_cores_and_the_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})

    def answering_in(*seconds: float | None) -> list[Board]:
        boards = [lying_board(serial=str(number)) for number in range(len(seconds))]
        for board, answered_in in zip(boards, seconds, strict=True):
            cast("LyingBoard", board).answered_in = answered_in
        return boards

    assert boards_at_once(answering_in(None)) == 2 * 4
    assert boards_at_once(answering_in(9.0, 0.002, 9.0)) == 2 * 6  # a busy host makes most boards slow
    assert boards_at_once(answering_in(0.020)) == 2 * 24
    assert boards_at_once(answering_in(5.0)) == 2 * 32


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_boards_at_a_time_than_asked(tmp_path: Path, at_once: int) -> None:
    """The boards meet while they are observed: as many as may be there at once, and never one more."""
    boards = [lying_board(NODE, serial=str(number)) for number in range(6)]
    there, most, lock = set[str](), [0], threading.Lock()
    all_there = threading.Barrier(at_once)

    def on_step(board: Board, step: str) -> None:
        if step == "root":
            with lock:
                there.add(board.serial)
                most[0] = max(most[0], len(there))
            all_there.wait(60)
        elif step == "judge":
            with lock:
                there.remove(board.serial)

    run, errors = run_boards(boards, Job(tmp_path / "run", how=Observation(rounds=0), at_once=at_once), on_step)
    assert (len(run.boards), errors, most) == (6, [], [at_once])

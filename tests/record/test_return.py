"""A board that is lost under its tests and comes back: what it kept of that is in the record, and in the verdict.

With a real adbd, which is rebooted. What pstore keeps is written down: the host's kernel shall not panic.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bringup.allocator.plan import Files, Read, Run
from bringup.checks.judge import judge
from bringup.errors import AllocatorError, BoardLost
from bringup.facts.board import Facts
from bringup.outcome import Outcome
from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from bringup.results.verdict import Verdict
from tests.support.native_adbd import MakeNativeBoard, wait_for

SECONDS = 600
#: As Linux 6.12 writes it, in the form of fs/pstore/platform.c.
DUMP = """\
Panic#1 Part1
<6>[   40.000000] sysrq: Trigger a crash
<0>[   40.000100] Kernel panic - not syncing: sysrq triggered crash
<4>[   40.000200] CPU: 1 UID: 0 PID: 241 Comm: sh Not tainted 6.12.117 #1
<4>[   40.000300] Call Trace:
<4>[   40.000400]  panic+0x331/0x380
<4>[   40.000500]  sysrq_handle_crash+0x1a/0x20
"""
#: What the program does while the board is lost: it waits for minutes.
BUSY = (
    Read("/proc/version", 4096),
    Files("/sys/fs/pstore/*", 16, 65536),
    *(Run(20_000, 100, ("/system/bin/sleep", "20")),) * 20,
)


def begun(journal: Path) -> bool:
    """Whether the program answers."""
    return journal.is_file() and b'"t":"file"' in journal.read_bytes()


def complaint(folder: Path) -> Verdict:
    verdicts = judge(Facts(load_record(folder))).verdicts
    (verdict,) = (verdict for verdict in verdicts if verdict.id == "kernel.complaints")
    return verdict


def test_what_a_board_kept_is_read_as_soon_as_it_is_back(make_native_board: MakeNativeBoard, tmp_path: Path) -> None:
    """It had a dump already, of an earlier crash: that one is not this one's."""
    native_board = make_native_board()
    native_board.keep("dmesg-ramoops-0", DUMP.replace("sysrq_handle_crash", "earlier_crash"))
    native_board.reboot()
    board = native_board.connect()
    with ThreadPoolExecutor(1) as thread:
        observed = thread.submit(observe, board, tmp_path / "r", Observation(questions=BUSY, seconds=SECONDS))
        wait_for(lambda: begun(tmp_path / "r" / JOURNAL) or observed.done(), SECONDS, "the program answers")
        native_board.keep("dmesg-ramoops-1", DUMP)
        native_board.reboot()
        failure = observed.result()
    assert isinstance(failure, BoardLost)
    record = load_record(tmp_path / "r")
    assert record.incomplete == "the board rebooted while it was observed: its boot_id changed"
    assert record.return_ is not None
    assert (record.return_.incomplete, record.return_.board.boot_id) == (None, native_board.boot_id)
    assert [step.name for step in record.steps][-2:] == ["wait until the board is back", "read what the board kept"]
    died = complaint(tmp_path / "r")
    assert died.outcome is Outcome.FAIL
    assert died.evidence[0] == "/sys/fs/pstore/dmesg-ramoops-1"
    assert died.cause is not None
    assert died.cause.text == "the kernel died before the first test: panic in sysrq_handle_crash"


def test_a_board_that_does_not_come_back_is_not_waited_for_any_longer(
    make_native_board: MakeNativeBoard, tmp_path: Path
) -> None:
    native_board = make_native_board()
    board = native_board.connect()
    how = Observation(questions=BUSY, seconds=SECONDS, return_seconds=0.5)
    with ThreadPoolExecutor(1) as thread:
        observed = thread.submit(observe, board, tmp_path / "r", how)
        wait_for(lambda: begun(tmp_path / "r" / JOURNAL) or observed.done(), SECONDS, "the program answers")
        native_board.stop()
        failure = observed.result()
    assert isinstance(failure, BoardLost)
    record = load_record(tmp_path / "r")
    assert record.return_ is not None
    assert native_board.serial in (record.return_.incomplete or "")
    lost = complaint(tmp_path / "r")
    assert lost.outcome is Outcome.ERROR
    assert lost.reason is not None
    assert lost.reason.startswith("the board was lost before the first test: ")


def test_a_program_that_was_killed_is_run_again_for_the_kernels_log(
    make_native_board: MakeNativeBoard, tmp_path: Path
) -> None:
    kills_its_parent = Run(20_000, 100, ("/system/bin/sh", "-c", "kill -9 $PPID"))
    how = Observation(questions=(kills_its_parent,), seconds=SECONDS)
    failure = observe(make_native_board().connect(), tmp_path / "r", how)
    assert isinstance(failure, AllocatorError)
    record = load_record(tmp_path / "r")
    assert record.incomplete is not None
    assert "killed by signal 9" in record.incomplete
    assert record.return_ is not None
    assert record.return_.incomplete is None
    assert record.return_.bye is not None

"""The pytest plug-in as a vendor uses it: pytest in a process of its own, on a real adbd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bringup.board import RootPolicy, Selection
from bringup.testing.session import BoardSession
from bringup.virtual import VirtualBoard
from tests.support.native_adbd import AdbServer, NativeBoard

EXAMPLES = Path(__file__).parents[2] / "examples" / "vendor-tests"

Make = Callable[..., NativeBoard]


def run_pytest(
    folder: Path, *arguments: str, server: AdbServer, tests: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Vendor's tests in a folder of their own, that knows nothing of this suite."""
    if tests is not None:
        (folder / "test_vendor.py").write_text("import pytest\n" + tests, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    environment = {**os.environ, "ANDROID_ADB_SERVER_PORT": str(server.address.port), "CI": ""}
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", "-rA", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def verdicts(run: Path) -> dict[str, Any]:
    (board,) = json.loads((run / "run.json").read_text())["boards"]
    return {verdict["id"]: verdict for verdict in board["verdicts"] if verdict["id"].startswith("pytest.")}


def test_what_a_test_gets(native_board: NativeBoard, adb_server: AdbServer, tmp_path: Path) -> None:
    tests = """
def test_the_board_answers(board, deadline):
    assert board.shell(["id", "-u"], deadline).stdout == b"0\\n"

def test_it_is_the_same_board_for_adbutils(adb, board):
    assert adb.get_state() == "device" and adb.serial == board.serial

def test_it_was_observed(record):
    assert record.file("/proc/meminfo").state == "ok"

@pytest.mark.needs_root
def test_with_root(board):
    pass

@pytest.mark.needs_heap("linux,cma")
def test_on_a_heap_that_is_not_there(board):
    raise AssertionError("never runs")

def test_once_per_heap(heap):
    raise AssertionError("never runs: there is none")

def test_without_a_board():
    pass
"""
    done = run_pytest(tmp_path, "--bringup-serial", native_board.serial, server=adb_server, tests=tests)
    assert done.returncode == 0, done.stdout
    assert "5 passed, 2 skipped" in done.stdout
    assert "the board has no heap linux,cma; it has: none" in done.stdout
    assert "the board has no DMA-BUF heaps" in done.stdout
    assert not (tmp_path / "run.json").exists()


def test_without_root_what_needs_it_is_skipped(make_native_board: Make, adb_server: AdbServer, tmp_path: Path) -> None:
    board = make_native_board(uid=2000)
    tests = "@pytest.mark.needs_root\ndef test_with_root(board):\n    pass\n"
    done = run_pytest(tmp_path, "--bringup-serial", board.serial, server=adb_server, tests=tests)
    assert done.returncode == 0
    assert "needs root: " in done.stdout


def test_a_test_that_waits_forever_ends(native_board: NativeBoard, adb_server: AdbServer, tmp_path: Path) -> None:
    tests = """
import threading

def test_that_waits(board):
    threading.Event().wait()

def test_that_waits_for_the_board(board):
    from bringup.deadline import Deadline
    board.shell(["sleep", "1000"], Deadline.after(1000))

def test_after_them(board, deadline):
    assert board.shell(["true"], deadline).exit_code == 0
"""
    done = run_pytest(
        tmp_path, "--bringup-serial", native_board.serial, "--bringup-seconds", "3", server=adb_server, tests=tests
    )
    assert done.returncode == 1
    assert "2 failed, 1 passed" in done.stdout
    assert "no end within 3 s (--bringup-seconds)" in done.stdout


def test_a_fixture_that_waits_forever_ends(native_board: NativeBoard, adb_server: AdbServer, tmp_path: Path) -> None:
    tests = """
import threading

@pytest.fixture
def never_starts(board):
    threading.Event().wait()

@pytest.fixture
def never_ends(board):
    yield
    threading.Event().wait()

def test_one(never_starts):
    pass

def test_two(never_ends):
    pass

def test_after_them(record):
    pass
"""
    seconds = ("--bringup-seconds", "1")
    done = run_pytest(tmp_path, "--bringup-serial", native_board.serial, *seconds, server=adb_server, tests=tests)
    assert "2 passed, 2 errors" in done.stdout, done.stdout
    assert "the start of its fixtures: no end within 1 s" in done.stdout
    assert "the end of its fixtures: no end within 1 s" in done.stdout


def test_what_an_earlier_session_wrote_stays_where_no_board_is_observed(
    native_board: NativeBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    """Heaps are listed on the board while tests are collected."""
    run = tmp_path / "run"
    output = ("--bringup-output", str(run))
    tests = "def test_each(heap):\n    pass\n\ndef test_one(board):\n    pass\n"
    run_pytest(tmp_path, "--bringup-serial", native_board.serial, *output, server=adb_server, tests=tests)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert run / "run.json" in before
    for more in (["--collect-only", "--bringup-serial", native_board.serial], ["--bringup-serial", "not-there"]):
        done = run_pytest(tmp_path, *more, *output, server=adb_server)
        assert "no report: no board was observed" in done.stdout
        assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_fixture_that_is_called_board_and_another_projects_has_no_limit(
    adb_server: AdbServer, tmp_path: Path
) -> None:
    """Boards are called ``board`` in many projects; the time limit is for this plug-in's."""
    tests = """
import signal

@pytest.fixture
def board():
    return "theirs"

def test_theirs(board):
    assert board == "theirs"
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
"""
    done = run_pytest(tmp_path, server=adb_server, tests=tests)
    assert done.returncode == 0, done.stdout


def test_the_results_join_the_run(native_board: NativeBoard, adb_server: AdbServer, tmp_path: Path) -> None:
    tests = '''
def test_good(board):
    """The codec answers"""

def test_bad(board):
    """ """
    assert 1 == 2, "the codec said \\x1b[31mno"

@pytest.fixture
def broken():
    raise RuntimeError("no such thing")

def test_unknown(board, broken):
    pass

@pytest.mark.needs_heap("x")
def test_elsewhere(board):
    pass

def test_none_of_ours():
    assert False
'''
    run = tmp_path / "run"
    options = ["--bringup-serial", native_board.serial, "--bringup-output", str(run)]
    done = run_pytest(tmp_path, *options, server=adb_server, tests=tests)
    assert done.returncode == 1
    assert str(run / "report.html") in done.stdout
    found = verdicts(run)
    assert {name: verdict["outcome"] for name, verdict in found.items()} == {
        "pytest.test_vendor.test_good": "pass",
        "pytest.test_vendor.test_bad": "fail",
        "pytest.test_vendor.test_unknown": "error",
        "pytest.test_vendor.test_elsewhere": "skip",
    }
    assert found["pytest.test_vendor.test_good"]["title"] == "The codec answers"
    assert any("the codec said" in line for line in found["pytest.test_vendor.test_bad"]["evidence"])
    assert "no such thing" in found["pytest.test_vendor.test_unknown"]["reason"]
    page = (run / "report.html").read_text()
    assert "The codec answers" in page
    assert "\x1b" not in page
    (board,) = json.loads((run / "run.json").read_text())["boards"]
    assert board["outcome"] == "fail"
    assert len(board["verdicts"]) > len(found), "bringup's own checks are there, too"
    assert (run / board["record"] / "record.jsonl").is_file()


#: Notes which processes read a record.
READERS = """
import os, pathlib
from bringup.record import load

really, here = load._load, pathlib.Path(__file__).parent

def noted(folder, named):
    with (here / "readers").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    return really(folder, named)

load._load = noted
(here / "own").write_text(str(os.getpid()))
"""


def test_the_record_is_read_and_judged_in_another_process(
    native_board: NativeBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text(READERS)
    options = ["--bringup-serial", native_board.serial, "--bringup-output", str(tmp_path / "run")]
    done = run_pytest(tmp_path, *options, server=adb_server, tests="def test_good(board):\n    pass\n")
    assert "1 passed" in done.stdout
    readers = (tmp_path / "readers").read_text().split()
    assert readers
    assert (tmp_path / "own").read_text() not in readers


def test_after_a_lost_board_no_test_passes(make_native_board: Make, adb_server: AdbServer, tmp_path: Path) -> None:
    board = make_native_board()
    tests = """
import os, signal

def test_that_loses_it(board, deadline):
    os.kill(PID, signal.SIGKILL)
    board.shell(["sleep", "1000"], deadline)

def test_after_it(board):
    pass

def test_without_a_board():
    pass
""".replace("PID", str(board._first_process()))
    done = run_pytest(
        tmp_path,
        "--bringup-serial",
        board.serial,
        "--bringup-output",
        str(tmp_path / "run"),
        server=adb_server,
        tests=tests,
    )
    assert done.returncode == 1
    assert "1 passed" in done.stdout
    assert "the board was lost in test_vendor.py::test_that_loses_it" in done.stdout
    assert {verdict["outcome"] for verdict in verdicts(tmp_path / "run").values()} <= {"fail", "error"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--bringup-serial", "not-there"], "not-there"),
        (["--bringup-virtual", "no-such-board"], "no-such-board"),
    ],
)
def test_no_board_is_no_pass(options: list[str], words: str, adb_server: AdbServer, tmp_path: Path) -> None:
    tests = "def test_a(board):\n    pass\n\ndef test_b(heap):\n    pass\n"
    done = run_pytest(tmp_path, *options, server=adb_server, tests=tests)
    assert done.returncode == 1
    assert "2 errors" in done.stdout
    assert words in done.stdout
    assert "Traceback" not in done.stdout


def test_two_processes_of_a_session_do_not_share_a_board(
    native_board: NativeBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text("""
from pathlib import Path

def pytest_runtest_logreport(report):
    if report.failed:
        Path("failed").touch()
""")
    tests = """
import threading
from pathlib import Path

def test_one(board, deadline):
    while not Path("failed").exists() and not deadline.expired:
        threading.Event().wait(0.05)

def test_none_of_ours(deadline):
    pass
"""
    each = ("-p", "xdist", "-n", "2", "--dist", "each", "--bringup-serial", native_board.serial)
    done = run_pytest(tmp_path, *each, server=adb_server, tests=tests)
    assert "3 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "another process of this session does" in done.stdout
    assert "--dist loadgroup" in done.stdout


def test_a_process_that_may_not_have_the_board_is_told_so_each_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also once the other one has ended, and without a descriptor per test."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(BoardSession, "_connected", SimpleNamespace(serial="a"))
    first, second, third = (session_without_a_board() for _ in range(3))
    first.require_alone("x")
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    for _ in range(3):
        with pytest.raises(pytest.fail.Exception, match="another process of this session"):
            second.require_alone("x")
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208
    first.require_alone("x")
    first._open.close()
    with pytest.raises(pytest.fail.Exception, match="another process of this session"):
        second.require_alone("x")
    third.require_alone("x")
    third._open.close()
    assert list(tmp_path.iterdir()) == []


def session_without_a_board() -> BoardSession:
    return BoardSession(
        Selection.from_options(), virtual=None, place=None, root=RootPolicy.AUTO, seconds=1.0, output=None
    )


def test_a_wrong_option_is_a_usage_error(adb_server: AdbServer, tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--bringup-root", "perhaps", server=adb_server, tests="def test_a(board):\n    pass\n")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    done = run_pytest(tmp_path, "--bringup-output", "run", "-n", "2", server=adb_server)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "-n 0" in done.stderr
    done = run_pytest(tmp_path, "--bringup-output", "run", "--dist", "load", "--tx", "2*popen", server=adb_server)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR


def test_a_module_s_own_fixtures_win(adb_server: AdbServer, tmp_path: Path) -> None:
    tests = """
@pytest.fixture
def board():
    return "a wooden one"

@pytest.fixture(params=[1, 2])
def heap(request):
    return request.param

def test_mine(board, heap):
    assert board == "a wooden one" and heap in (1, 2)
"""
    done = run_pytest(tmp_path, server=adb_server, tests=tests)
    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stdout


def test_the_example_runs_on_a_virtual_board(amd64_board: VirtualBoard, adb_server: AdbServer, tmp_path: Path) -> None:
    from bringup.lab.booting import connect_virtual, forget_virtual

    address = adb_server.transport.address
    board = connect_virtual(amd64_board, address)
    try:
        options = ["--bringup-serial", board.serial, "--bringup-output", str(tmp_path / "run")]
        done = run_pytest(tmp_path, str(EXAMPLES), *options, server=adb_server)
    finally:
        forget_virtual(amd64_board, address)
    assert done.returncode == 0, done.stdout
    found = verdicts(tmp_path / "run")
    assert [verdict["outcome"] for verdict in found.values()] == ["pass"] * len(found)
    assert found["pytest.test_video_heap.test_every_heap_is_a_character_device"]["heap"] == "system"

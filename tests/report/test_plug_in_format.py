"""A report format of a package beside bringup: it renders in a process of its own; a broken one costs nothing else."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bringup.compare.runs import compare
from bringup.errors import UsageError
from bringup.plug_ins import PlugInFailed, PlugInLimits, said_apart
from bringup.report import find_format, format_names, rendered, write_report
from bringup.report.formats import _plug_in
from bringup.results.run import BoardRun, Run
from tests.support.command import bringup
from tests.support.plug_in import Install, installing

RUN = Run(boards=(BoardRun(serial="b1\x1b[31m", verdicts=()),), tool="0", started="2026-01-01T00:00:00Z")
GOOD = """
from bringup.report import Format
print("hello")
def render(run):
    return "\\n".join(f"{board.serial} {board.outcome}" for board in run.boards) + "\\n"
FORMAT = Format("lines", ".lines", render, "one line per board", lambda comparison: "compared\\n")
"""
BROKEN = {
    "raises at import": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "is not there": ("import no_such_module", "no_such_module"),
    "has no format": ("", "no attribute 'FORMAT'"),
    "has another format": ("FORMAT = 3", "is not a bringup.report.Format"),
    "has a suffix that is no text": (GOOD.replace('".lines"', "3"), "the suffix of its FORMAT is not"),
    "has a suffix that leaves the folder": (GOOD.replace(".lines", "/../../x.txt"), "the suffix of its FORMAT is not"),
    "has a suffix with a line end": (GOOD.replace(".lines", ".lines\\n"), "the suffix of its FORMAT is not"),
    "has a summary that is no text": (GOOD.replace('"one line per board"', "3"), "the summary of its FORMAT is not"),
    "raises": (GOOD.replace("return", "return 1 / 0, "), "ZeroDivisionError"),
    "renders no text": (GOOD.replace("return", "return 3 and None and"), "'NoneType'"),
    "ends its process": (GOOD.replace("return", "import os; os._exit(0)\n    return"), "its process ended"),
    "never returns": (GOOD.replace("return", "while True: pass\n    return"), "CPU time"),
    "is too long": (GOOD.replace("return", "return 'x' * (2 << 20) +"), "too long"),
    "writes elsewhere": (
        GOOD.replace("return", "import os; [os.write(n, b'junk\\n') for n in range(3, 64) if os.path.exists(f'/proc/self/fd/{n}')]\n    return"),
        "wrote into its answer",
    ),
}  # fmt: skip


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts packages where Python finds them."""
    with installing(tmp_path, monkeypatch, "bringup.formats") as put:
        yield put


def test_a_format_of_a_plug_in(install: Install, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    install(lines=GOOD, json=GOOD)
    assert rendered(RUN, "lines") == "b1\\x1b[31m error\n", "what a board says is no control character"
    assert rendered(RUN, "json").startswith("{"), "bringup's own names stay what they are"
    assert rendered(compare(RUN, RUN), "lines") == "compared\n"
    assert write_report(RUN, "lines", tmp_path).name == "report.lines"
    assert find_format("lines").summary == "one line per board"
    assert "lines" in format_names()
    assert capfd.readouterr() == ("", ""), "what a plug-in prints is not in the way"


@pytest.mark.parametrize("escaped", ["\\x1b[2J", "\\u202e"])
def test_a_summary_has_no_control_characters(install: Install, escaped: str) -> None:
    """What the plug-in's source escapes is a control character there, and shown as it is escaped here."""
    install(lines=GOOD.replace("one line", f"one {escaped} line"))
    assert find_format("lines").summary == f"one {escaped} line per board"


def test_a_long_report_is_whole(install: Install) -> None:
    install(long=GOOD.replace("return", "return 'ä' * 300_000 +"))
    assert rendered(RUN, "long") == "ä" * 300_000 + "b1\\x1b[31m error\n"


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_one_is_one_error(install: Install, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    source, why = BROKEN[what]
    monkeypatch.setattr(_plug_in, "_LIMITS", PlugInLimits(cpu_seconds=2, seconds=60, answer=1 << 20))
    install(bad=source, lines=GOOD)
    with pytest.raises(UsageError, match="the plug-in bad: ") as caught:
        rendered(RUN, "bad")
    assert why in caught.value.seen
    assert "(bad 1.2, entry point bad = bad_checks)" in caught.value.seen
    assert caught.value.hint == "fix it, or pip uninstall bad"
    assert rendered(RUN, "lines").startswith("b1")


def test_the_command_line(install: Install, tmp_path: Path) -> None:
    install(lines=GOOD, bad="raise RuntimeError('boom')")
    environ = {"PYTHONPATH": str(tmp_path / "site")}
    run = str(write_report(RUN, "json", tmp_path / "run.json"))
    assert bringup("report", run, "--format", "lines", environ=environ).stdout == "b1\\x1b[31m error\n"
    done = bringup("report", run, "--format", "bad", environ=environ)
    assert done.returncode == 2
    assert "the plug-in bad: RuntimeError: boom" in done.stderr
    done = bringup("report", run, "--format", "line", environ=environ)
    assert done.returncode == 2
    assert ", lava, lines, md" in done.stderr


def test_one_that_does_not_even_begin_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of this process may wait for a lock that another thread had: it leads no group that could be killed."""
    monkeypatch.setattr("bringup.plug_ins.os.setsid", signal.pause)
    with pytest.raises(PlugInFailed, match="did not end within 1 s"):
        list(said_apart(lambda _: None, PlugInLimits(cpu_seconds=2, seconds=1, answer=1 << 20)))


def test_one_for_which_no_process_can_be_started_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root, who runs these tests, may have as many as there is room for: a scripted fork."""
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    monkeypatch.setattr("bringup.plug_ins.os.fork", no_process)
    with pytest.raises(PlugInFailed, match="no process could be started for it: Resource temporarily unavailable"):
        list(said_apart(lambda _: None, PlugInLimits(cpu_seconds=2, seconds=1, answer=1 << 20)))
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208


def no_process() -> int:
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

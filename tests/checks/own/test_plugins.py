"""Plug-ins beside bringup: a good one is asked, a broken one is one error and costs nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bringup.checks.judge import judge
from bringup.checks.own import plugins
from bringup.facts.board import Facts
from bringup.results.verdict import Verdict
from tests.support.command import bringup
from tests.support.native_adbd import SECONDS, wait_for
from tests.support.plug_in import Install, installing
from tests.support.scripted_record import BOARD_CONFIG, ScriptedBoard

GOOD = """
from bringup.checks.registry import check
print("hello")
@check("acme.cma", "CMA has 64 MiB", asks="Reads CmaTotal.", why="The camera needs it.", source="ACME-12")
def cma(question, facts):
    print("noise", flush=True)
    total = facts.meminfo.get("CmaTotal")
    yield question.passed(f"CmaTotal {total}") if total else question.failed("no CMA")
"""
ASKS_PROGRAMS = """
import subprocess
from bringup.checks.registry import check
@check("acme.false", "A program that fails", asks="a", why="a", source="a")
def false(question, facts):
    status = subprocess.run(["false"]).returncode
    yield question.failed(f"status {status}") if status else question.passed("status 0")
"""
#: Says its process and waits, in a process whose parent is killed.
LEFT_ALONE = """
import sys
sys.path[:0] = [sys.argv[1]]
from bringup.checks.own import plugins
plugins.SECONDS = 3
plugins.plugin_checks()
"""
ASKED = """
from bringup.checks.registry import check
@check("bad.first", "A", asks="a", why="a", source="a")
def first(question, facts):
    yield question.passed("before")
@check("bad.second", "B", asks="b", why="b", source="b")
def second(question, facts):
"""
BROKEN = {
    "raises at import": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "is not there": ("import no_such_module", "no_such_module"),
    "exits": ("raise SystemExit(0)", "SystemExit"),
    "ends its process": ("import os; os._exit(0)", "its process ended"),
    "never returns": ("while True: pass", "CPU time"),
    "takes an id of ours": (GOOD.replace("acme.cma", "heap.folder"), "two checks are called heap.folder"),
    "raises when asked": (ASKED + "    raise KeyError('x')\n", "KeyError"),
    "answers nonsense": (ASKED + "    yield 3\n", "bad.second"),
    "answers without end": (ASKED + "    while True: yield question.passed('x' * 65536)\n", "too long"),
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts packages where Python finds them."""
    with installing(tmp_path, monkeypatch) as put:
        yield put


def verdicts(folder: Path) -> list[Verdict]:
    record = ScriptedBoard().record(folder / "record")
    return list(judge(Facts(record, BOARD_CONFIG, "as the test says")).verdicts)


def test_a_plug_in_is_asked(install: Install, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = verdicts(tmp_path / "before")
    install(acme=GOOD)
    *ours, own = verdicts(tmp_path / "after")
    assert ours == before
    assert (own.id, own.title, own.outcome) == ("acme.cma", "CMA has 64 MiB", "pass")
    assert own.evidence[0].startswith("CmaTotal ")
    assert capfd.readouterr() == ("", ""), "what a plug-in prints is not in the way"
    (about,) = plugins.plugin_checks()
    assert about.origin == "acme 1.2, entry point acme = acme_checks"


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_plug_in_is_one_error(
    install: Install, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, why = BROKEN[what]
    monkeypatch.setattr(plugins, "CPU_SECONDS", 2)
    install(bad=source, good=GOOD)
    found = verdicts(tmp_path)
    (error,) = [verdict for verdict in found if verdict.id.startswith("plugins.")]
    assert (error.id, error.outcome) == ("plugins.bad", "error")
    assert why in str(error.reason)
    assert "bad 1.2" in error.evidence[0]
    kept = [verdict.outcome for verdict in found if verdict.id == "bad.first"]
    assert kept == (["pass"] if source.startswith(ASKED) else []), "what it said before counts"
    assert [verdict.outcome for verdict in found if verdict.id == "acme.cma"] == ["pass"], "the next one is asked"
    assert len(found) > 50


def test_one_that_waits_for_ever(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "SECONDS", 1)
    install(bad="import threading; threading.Event().wait()")
    (error,) = [verdict for verdict in verdicts(tmp_path) if verdict.id.startswith("plugins.")]
    assert "did not end within 1 s" in str(error.reason)


def test_the_command_line(install: Install, tmp_path: Path) -> None:
    install(acme=GOOD, bad="raise RuntimeError('boom')", programs=ASKS_PROGRAMS)
    environ = {"PYTHONPATH": str(tmp_path / "site")}
    done = bringup("explain", "acme.cma", environ=environ)
    assert "From: acme 1.2, entry point acme = acme_checks" in done.stdout
    assert "Why: The camera needs it." in done.stdout
    assert "plugins" in bringup("explain", "plugins.bad", environ=environ).stdout
    ScriptedBoard().record(tmp_path / "record")
    done = bringup("check", str(tmp_path / "record"), "--json", environ=environ)
    found = {verdict["id"]: verdict for verdict in json.loads(done.stdout)["boards"][0]["verdicts"]}
    assert {"acme.cma", "plugins.bad"} <= found.keys()
    assert found["acme.false"]["outcome"] == "fail", "a program's status is what it was"


def test_one_whose_asker_is_killed_holds_nothing_open_and_ends(install: Install, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    source = f"import os, pathlib; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))"
    install(bad=f"{source}\nimport threading; threading.Event().wait()")
    reader, writer = os.pipe()
    argv = [sys.executable, "-c", LEFT_ALONE, str(tmp_path / "site")]
    asker = subprocess.Popen(argv, pass_fds=[writer])
    os.close(writer)
    wait_for(lambda: pid_file.exists() and pid_file.read_text() != "", SECONDS, "the plug-in is asked")
    asker.kill()
    asker.wait()
    plug_in = pid_file.read_text()
    try:
        assert select.select([reader], [], [], SECONDS)[0], "its end of the pipe is closed"
        wait_for(lambda: not is_running(plug_in), SECONDS, "its process ends")
    finally:
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(plug_in), signal.SIGKILL)


def is_running(pid: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False

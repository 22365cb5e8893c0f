"""Fixtures for every room: boards of three kinds (native adbd, virtual, scripted). And no skip goes unnoticed in CI."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

from tests.support import adb_servers

pytest_plugins = [
    "tests.support.native_adbd",
    "tests.support.virtual_board",
    "tests.support.judged",
    "tests.support.labgrid_lab",
    "tests.support.said",
]

# Hundreds of tests start Python anew, and pytest rewrites every assert. Where bytecode is not kept, each of them compiles
# all of bringup again: seconds per process.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Runs of tests are none of the history of whoever runs them.
os.environ["BRINGUP_HISTORY"] = "off"
_session_mark = adb_servers.mark_session()

# How long an example takes, or is looked for, says how busy the machine is. In CI Hypothesis draws the same each time.
settings.register_profile("any machine", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_skipped: list[str] = []
_left_servers: list[str] = []


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each CPU: half of the time a test waits, for a board, a browser or another process."""
    return 2 * len(os.sched_getaffinity(0))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """What shares a board or a browser is run by one worker."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.support.schedule import SharingScheduling

    return SharingScheduling(config, log)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _skipped.append(f"{report.nodeid}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """An adb server that a test left behind fails the session.

    With CI=true a test that was skipped does, too: .ci/run has made all that any of them needs.
    """
    if _session_mark is not None:
        _left_servers.extend(adb_servers.end_left_servers(_session_mark))
    if _left_servers:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    is_worker = hasattr(session.config, "workerinput")
    if _skipped and not is_worker and os.environ.get("CI", "").lower() == "true":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _left_servers:
        terminalreporter.section("adb servers that tests left behind")
        for line in _left_servers:
            terminalreporter.line(line)
    if _skipped and os.environ.get("CI", "").lower() == "true":
        terminalreporter.section("skipped, and should have run")
        for line in _skipped:
            terminalreporter.line(line)

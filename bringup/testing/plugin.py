"""What pytest finds: options, markers, fixtures. Everything heavier is imported when a test asks for a board.

Fixtures: ``board``, ``heap`` (the test runs once per heap of the board), ``deadline``, ``record``, ``adb``. Markers:
``needs_root``, ``needs_heap("NAME")``.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bringup.testing import Heap

if TYPE_CHECKING:
    from adbutils import AdbDevice

    from bringup.board import Board
    from bringup.deadline import Deadline
    from bringup.record.load import Record
    from bringup.testing.session import BoardSession

__all__: list[str] = []

_SESSION: pytest.StashKey[BoardSession] = pytest.StashKey()
_OURS = frozenset({"board", "heap", "record", "adb", "deadline"})
#: The parameter behind ``heap``. A test module may have a fixture ``heap`` of its own, which then has no parameter.
_PARAMETER = "bringup_heap_name"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which board, how long, and where the results go."""
    group = parser.getgroup("bringup", "boards (bringup)")
    group.addoption(
        "--bringup-serial", metavar="SERIAL", help="The board's serial; default: $ANDROID_SERIAL, or the only board."
    )
    group.addoption("--bringup-virtual", metavar="PROFILE", help="Boot this virtual board, and test on it.")
    group.addoption(
        "--bringup-place",
        metavar="NAME",
        help="Hold this place of labgrid, and test on its board; coordinator: --lg-coordinator or $LG_COORDINATOR.",
    )
    group.addoption(
        "--bringup-root", choices=("auto", "never", "require"), default="auto", help="As 'bringup run --root'."
    )
    group.addoption(
        "--bringup-seconds",
        metavar="N",
        type=float,
        default=60.0,
        help="How long each test on a board may take; default 60.",
    )
    group.addoption(
        "--bringup-output",
        metavar="DIR",
        help="Observe and judge the board, too, and write a run with the tests' results.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    config.addinivalue_line("markers", "needs_root: skip where commands on the board cannot run as root")
    config.addinivalue_line("markers", "needs_heap(name): skip where the board has no such DMA-BUF heap")
    if config.getoption("--bringup-output") and (config.getoption("numprocesses", 0) or config.getoption("tx", ())):
        raise pytest.UsageError("--bringup-output: several processes cannot share a board; run with -n 0")


def _session(config: pytest.Config) -> BoardSession:
    if _SESSION not in config.stash:
        from bringup.testing.session import BoardSession

        config.stash[_SESSION] = BoardSession.of(config)
    return config.stash[_SESSION]


def _fixtures(item: pytest.Item) -> set[str]:
    """The fixtures of this plug-in that a test has: a project may have a fixture ``board`` of its own."""
    found: Mapping[str, Sequence[Any]] = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    last = {name: found[name][-1] for name in _OURS & found.keys()}
    return {name for name, one in last.items() if one.func.__module__ == __name__ or name in one.argnames}


def _uses_board(item: pytest.Item) -> bool:
    """Whether a test has a fixture or a marker of this plug-in."""
    return bool(_fixtures(item)) or any(item.get_closest_marker(name) for name in ("needs_root", "needs_heap"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``heap`` runs once per heap of the board."""
    if _PARAMETER not in metafunc.fixturenames:
        return
    names = _session(metafunc.config).heap_names_or_problem()
    if isinstance(names, str):
        metafunc.parametrize(_PARAMETER, [pytest.param(None, id="no board")], indirect=True)
    elif not names:
        skip = pytest.mark.skip(reason="the board has no DMA-BUF heaps")
        metafunc.parametrize(_PARAMETER, [pytest.param(None, id="no heap", marks=skip)], indirect=True)
    else:
        metafunc.parametrize(_PARAMETER, names, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Before its fixtures: a test whose board is lost fails, one that needs what the board lacks is skipped.

    Its other fixtures end in time; a board may have to boot first, and is observed within limits of its own.
    """
    if not _uses_board(item):
        return (yield)
    session = _session(item.config)
    item.user_properties.append(("bringup", getattr(item, "callspec", None) and item.callspec.params.get(_PARAMETER)))  # type: ignore[attr-defined]
    if session.lost is not None:
        pytest.fail(session.lost, pytrace=False)
    if hasattr(item.config, "workerinput") and _fixtures(item) != {"deadline"}:
        session.require_alone(item.config.workerinput["testrunuid"])
    for marker in item.iter_markers("needs_heap"):
        missing = [name for name in marker.args if name not in session.heap_names()]
        if missing:
            pytest.skip(
                f"the board has no heap {', '.join(missing)}; it has: {', '.join(session.heap_names()) or 'none'}"
            )
    if item.get_closest_marker("needs_root") is not None and not session.is_root:
        pytest.skip(f"needs root: {session.root.reason}")
    fixtures = _fixtures(item)
    if "board" in fixtures:
        _ = session.board
    if "record" in fixtures:
        _ = session.record
    with _in_time(item, "the start of its fixtures: "):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test on a board ends in time, whatever it waits for."""
    with _in_time(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """And so do its fixtures."""
    with _in_time(item, "the end of its fixtures: "):
        return (yield)


@contextmanager
def _in_time(item: pytest.Item, what: str = "") -> Iterator[None]:
    if not _uses_board(item):
        yield
        return
    seconds: float = item.config.getoption("--bringup-seconds")
    with _alarm(seconds, f"{what}no end within {seconds:g} s (--bringup-seconds)"):
        yield


@contextmanager
def _alarm(seconds: float, why: str) -> Iterator[None]:
    """Fail the test when the time is over. Only where this thread may take a signal and nobody else has set a timer."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getitimer(signal.ITIMER_REAL)[0] > 0:
        yield
        return

    def expired(_signal: int, _frame: object) -> None:
        pytest.fail(why)

    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Notice a lost board, and keep what became of each test that used one."""
    report: Any = yield
    if _uses_board(item) and _SESSION in item.config.stash:
        session = item.config.stash[_SESSION]
        if call.excinfo is not None:
            session.notice(item.nodeid, call.excinfo.value)
        session.keep(item, report)
    return report  # type: ignore[no-any-return]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the run, and let the board go."""
    if _SESSION in session.config.stash:
        session.config.stash[_SESSION].finish()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where the report is."""
    if _SESSION in config.stash and config.stash[_SESSION].summary:
        terminalreporter.write_sep("-", "bringup")
        for line in config.stash[_SESSION].summary:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def board(pytestconfig: pytest.Config) -> Board:
    """The board under test. Every call takes a deadline; see the fixture ``deadline``."""
    return _session(pytestconfig).board


@pytest.fixture(scope="session")
def record(pytestconfig: pytest.Config) -> Record:
    """What 'bringup collect' reads from the board, its heap tests included; observed once per session."""
    return _session(pytestconfig).record


@pytest.fixture(scope="session")
def adb(board: Board) -> AdbDevice:
    """The same board as an ``adbutils.AdbDevice``, for what vendors have already."""
    return board.adb


@pytest.fixture
def deadline(pytestconfig: pytest.Config) -> Deadline:
    """When this test has to have ended."""
    from bringup.deadline import Deadline

    return Deadline.after(pytestconfig.getoption("--bringup-seconds"))


@pytest.fixture
def bringup_heap_name(request: pytest.FixtureRequest) -> str:
    """The name of one heap of the board."""
    if request.param is None:
        pytest.fail(str(_session(request.config).heap_names_or_problem()), pytrace=False)
    return str(request.param)


@pytest.fixture
def heap(bringup_heap_name: str) -> Heap:
    """One heap of the board; the test runs once per heap."""
    return Heap(bringup_heap_name)

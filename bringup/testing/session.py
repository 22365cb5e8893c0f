"""One board for all tests of a pytest session, and the run that they become."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from bringup import __version__
from bringup.board import CONNECT_SECONDS, Board, Root, RootPolicy, RootState, Selection, connect
from bringup.config.shipped import load_all
from bringup.deadline import Deadline, now
from bringup.errors import BoardInUse, BoardLost, BringupError, HostError, os_reason
from bringup.files import PRIVATE
from bringup.lab.booting import booted_board
from bringup.lab.judging import judging
from bringup.lab.locking import Use, using
from bringup.lab.places import PlaceRequest, connected_places
from bringup.lab.run_folder import prepare_folder, write_reports
from bringup.outcome import Outcome
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation, observe
from bringup.results.run import Run
from bringup.results.verdict import Verdict
from bringup.text import from_board, safe_name, visible

__all__ = ["BoardSession"]

T = TypeVar("T")

_LIST_HEAPS = ("ls", "-1", "/dev/dma_heap")
#: Of a failed test's message, in a verdict.
_LINES, _LONGEST = 12, 400


class BoardSession:
    """The board, connected when the first test needs it.

    :param virtual: boot the virtual board of this profile.
    :param place: hold this place of labgrid.
    :param output: the folder of the run that is written in the end; ``None``: none is.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        virtual: str | None,
        place: PlaceRequest | None,
        root: RootPolicy,
        seconds: float,
        output: Path | None,
    ) -> None:
        self._selection = selection
        self._virtual = virtual
        self._place = place
        self._policy = root
        self._seconds = seconds
        self._output = output
        self._open = ExitStack()
        if output is not None:  # now, while there are no threads of the tests
            self._judge = self._open.enter_context(judging(load_all()))
        self._verdicts: dict[str, Verdict] = {}
        self._failed: BringupError | None = None
        self._alone: bool | None = None
        self.lost: str | None = None
        self.summary: list[str] = []

    @classmethod
    def of(cls, config: pytest.Config) -> BoardSession:
        """As the options say."""
        serial, output = config.getoption("--bringup-serial"), config.getoption("--bringup-output")
        place = config.getoption("--bringup-place")
        coordinator = config.getoption("lg_coordinator", None) or ""
        chosen = [name for name in ("serial", "virtual", "place") if config.getoption(f"--bringup-{name}")]
        if len(chosen) > 1:
            raise pytest.UsageError(f"--bringup-{chosen[0]} and --bringup-{chosen[1]} both choose the board")
        with _as_failure():
            return cls(
                Selection.from_options(serials=[serial] if serial else []),
                virtual=config.getoption("--bringup-virtual"),
                place=PlaceRequest(names=(place,), coordinator=coordinator) if place else None,
                root=RootPolicy.named(config.getoption("--bringup-root")),
                seconds=config.getoption("--bringup-seconds"),
                output=Path(output) if output else None,
            )

    @property
    def _chosen_by(self) -> tuple[str, ...]:
        """As ``bringup run`` takes it; see :class:`Run`."""
        if self._place is not None:
            where = ("--coordinator", self._place.coordinator) if self._place.coordinator else ()
            return ("--place", *self._place.names, *where)
        return () if self._virtual is None else ("--virtual", self._virtual)

    @cached_property
    def board(self) -> Board:
        """The board. Where a run is to be written it is observed first, before a test changes anything."""
        with _as_failure():
            board = self._connected
            _ = self.root
            if self._output is not None:
                _ = self._observed
        return board

    def _once(self, ask: Callable[[], T]) -> T:
        """Ask for what all tests need. A board that failed is not asked again: its error is raised again."""
        if self._failed is not None:
            raise self._failed
        try:
            return ask()
        except BringupError as error:
            self._failed = error
            raise

    @cached_property
    def _connected(self) -> Board:
        return self._once(self._connect)

    def _connect(self) -> Board:
        if self._virtual is not None:
            return self._open.enter_context(booted_board(self._virtual, self._selection.server))
        if self._place is not None:
            held = connected_places(self._place, self._selection.server, self._say)
            return self._open.enter_context(held).boards[0]
        return connect(self._selection, Deadline.after(CONNECT_SECONDS))

    def _say(self, line: str) -> None:
        """Keep a line for the end of the tests; places, serials and labgrid's words are foreign."""
        self.summary.append(visible(line))

    @property
    def is_root(self) -> bool:
        """Whether commands on the board run as root."""
        return self.root.state is not RootState.NONE

    @cached_property
    def root(self) -> Root:
        """Whether commands run as root, and why not."""
        with _as_failure():
            return self._connected.become_root(self._policy, Deadline.after(CONNECT_SECONDS))

    @cached_property
    def record(self) -> Record:
        """What was observed of the board."""
        with _as_failure():
            return load_record(self._observed)

    @cached_property
    def _observed(self) -> Path:
        """The record's folder, once it is written."""
        how = Observation(root=self._policy)
        with using(self._connected, Use(), how.seconds) as claim:
            error = observe(self._connected, self._folder, how, claim=claim)
        if error is not None:
            raise error
        return self._folder

    def require_alone(self, session: str) -> None:
        """Of the processes of one session, let only one test on the board: ``adb root`` of the next would restart adbd.

        :param session: an id that pytest-xdist gives all of them.
        """
        if self._virtual is not None:
            return
        with _as_failure():
            if self._alone is None:
                self._alone = self._is_alone(session)
            if not self._alone:
                hint = "run with -n 0, or keep its tests together: --dist loadgroup, pytest.mark.xdist_group"
                raise BoardInUse("use the board", "another process of this session does", hint=hint)

    def _is_alone(self, session: str) -> bool:
        """Whether no other process of the session had the board, from now to the end of this one."""
        file = Path(tempfile.gettempdir(), safe_name(f"bringup-{session}-{self._connected.serial}"))
        with ExitStack() as opened:
            try:
                lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
            except OSError as error:
                raise HostError(f"open {visible(str(file))}", os_reason(error)) from error
            opened.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            if os.fstat(lock).st_nlink == 0:  # who had it has just ended
                return False
            self._open.push(opened.pop_all())
            self._open.callback(file.unlink, missing_ok=True)
        return True

    @cached_property
    def _folder(self) -> Path:
        """Where the record is written."""
        if self._output is None:
            return Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="bringup-")), "record")
        return prepare_folder(self._output, replace=True) / safe_name(self._connected.serial)

    @cached_property
    def _heap_names(self) -> list[str]:
        board = self._connected
        listed = self._once(lambda: board.shell(_LIST_HEAPS, Deadline.after(CONNECT_SECONDS)))
        return sorted(visible(line) for line in from_board(listed.stdout).splitlines() if line)

    def heap_names(self) -> list[str]:
        """The heaps that the board has, sorted; none where there is no folder of heaps."""
        with _as_failure():
            return self._heap_names

    def heap_names_or_problem(self) -> list[str] | str:
        """The same while tests are collected; the problem in words where there is no board."""
        try:
            return self._heap_names
        except BringupError as error:
            return _words(error)

    def notice(self, test: str, error: BaseException) -> None:
        """A test ended with this: a board that is lost stays lost for the tests after it."""
        if isinstance(error, BoardLost) and self.lost is None:
            self.lost = f"the board was lost in {test}: {_words(error)}"

    def keep(self, item: pytest.Item, report: Any) -> None:
        """Keep what became of a test: its call, or the step before or after it that did not pass."""
        if report.when != "call" and report.passed:
            return
        outcome = Outcome.SKIP if report.skipped else Outcome.PASS if report.passed else Outcome.FAIL
        if report.when != "call" and outcome is Outcome.FAIL:
            outcome = Outcome.ERROR  # a fixture's failure says nothing about what was asked
        function = getattr(item, "originalname", None) or item.name
        described = (getattr(getattr(item, "function", None), "__doc__", None) or "").strip()
        title = described or function.replace("_", " ")
        text = visible(str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr or ""))
        is_answer = outcome in (Outcome.PASS, Outcome.FAIL)
        heap = next((value for name, value in item.user_properties if name == "bringup"), None)
        self._verdicts[item.nodeid] = Verdict(
            f"pytest.{item.path.stem}.{function}",
            visible(title.splitlines()[0]),
            outcome,
            str(heap) if heap else None,
            (visible(item.nodeid), *(_last(text) if is_answer else ())),
            reason=None if is_answer else " ".join(_last(text))[:_LONGEST],
        )

    def finish(self) -> None:
        """Write the run, if one is wanted and the board was observed, and let the board go."""
        try:
            if self._output is not None:
                if "_folder" in self.__dict__:
                    self._write(self._output)
                else:  # what an earlier session wrote there stays
                    self.summary.append("no report: no board was observed")
        except BringupError as error:
            self.summary.append(f"no report: {_words(error)}")
        finally:
            self._open.close()

    def _write(self, output: Path) -> None:
        judged = self._judge(self._folder, self._folder.name, self._connected.serial)
        board = msgspec.structs.replace(judged, verdicts=(*judged.verdicts, *self._verdicts.values()))
        write_reports(Run(boards=(board,), tool=__version__, started=now(), chosen_by=self._chosen_by), output)
        self.summary.append(f"{board.outcome}: {output / 'report.html'}")


class _as_failure:  # noqa: N801 - used as a statement
    """A BringupError in the block fails the test with its words alone; a lost board stays the error that it is."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BringupError) and not isinstance(error, BoardLost):
            pytest.fail(_words(error), pytrace=False)


def _words(error: BringupError) -> str:
    return visible("\n".join([str(error), *(f"  → {line}" for line in error.hint.splitlines())]))


def _last(text: str) -> list[str]:
    """The lines that say most: pytest prints the error last."""
    lines = [line.strip()[:_LONGEST] for line in text.splitlines()]
    return [line for line in lines if line][-_LINES:]

"""Reading a record. Nothing here talks to a board, and nothing here trusts what a board once sent."""

from __future__ import annotations

import hashlib
import shutil
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from msgspec.structs import replace

from bringup import __version__
from bringup.allocator.answer import (
    Bye,
    Exhaustion,
    GlobFact,
    HeapsFact,
    HeldBuffer,
    Hello,
    Holder,
    HoldersEnd,
    IonFact,
    Latency,
    NodeFact,
    ReadTimes,
    Result,
    State,
    Timing,
    TracedBuffer,
    Tracing,
    Untimed,
)
from bringup.allocator.reader import with_board_text
from bringup.document import DocumentError, read_document
from bringup.errors import Blame, RecordError, os_reason
from bringup.files import open_input
from bringup.record.archive import unpack
from bringup.record.entries import (
    BoardEntry,
    End,
    JournalLine,
    RecordHead,
    ReturnEntry,
    StepEntry,
    StoredBytes,
    StoredFile,
    StoredRun,
)
from bringup.record.holders import HoldersWalk, WalkUnderWay
from bringup.record.journal import JOURNAL, SCHEMA
from bringup.text import from_board, shell_word, visible

__all__ = ["FileEntry", "RanEntry", "Record", "load_record"]

_LINE_LIMIT = 8 * 1024 * 1024
#: More than any plan can give; a large board's record has about 3,000.
_LINES_LIMIT = 200_000
_FILE_LIMIT = 16 * 1024 * 1024
_LINE: Final[Any] = JournalLine
_KINDS: Final = {str(kind.__struct_config__.tag) for kind in get_args(JournalLine)}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that was read from the board, or why it was not.

    :param state: ``State.OK`` with ``size`` 0 is an empty file; missing and denied are something else.
    :param truncated: there was more than the record holds.
    """

    path: str
    state: State
    errno: int = 0
    size: int = 0
    truncated: bool = False
    stored: Path | None = None
    sha256: str = ""

    def data(self) -> bytes:
        """The bytes read; none where the file was not read.

        :raises RecordError: the stored copy is gone or was changed since.
        """
        if self.stored is None:
            return b""
        action = f"read {self.path} from the record"
        try:
            with open_input(self.stored) as stored:
                data = stored.read(_FILE_LIMIT + 1)
        except OSError as error:
            raise RecordError(action, f"{self.stored}: {os_reason(error)}") from error
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise RecordError(action, f"{self.stored} is not what was recorded: its SHA-256 differs")
        return data

    def text(self) -> str:
        """The bytes as text."""
        return from_board(self.data())


@dataclass(frozen=True, slots=True)
class RanEntry:
    """A program that was run on the board."""

    argv: tuple[str, ...]
    state: State
    exit: int | None
    stdout: FileEntry
    stderr: FileEntry


class Record:
    """What was observed of one board at one time. Made by :func:`load_record`; read-only.

    :ivar incomplete: why the record does not hold everything that was asked for; ``None`` when it does.
    :ivar blame: who has to act where it is incomplete; ``None``: it is complete, or that is unknown.
    :ivar asked_heaps: the pattern of the heaps to test; ``None`` where none were, or the record does not say.
    :ivar asked_tests: the heap tests to run on each; empty where none were, or the record does not say.
    :ivar asked_exhaustion: whether each heap was to be used up.
    :ivar programs: the vendor's own test programs that were to be run.
    :ivar chosen_heaps: the heaps that the newest tests or measurements are about.
    :ivar newest: the newest line about heaps: where a record ends early, what came after it had begun.
    :ivar return_: what was read once the board was back, after the observation had ended early; its ``incomplete`` says
        why not all of it could be. ``None``: nothing was.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tool = ""
        self.started = ""
        self.board = BoardEntry()
        self.hello: Hello | None = None
        self.bye: Bye | None = None
        self.steps: list[StepEntry] = []
        self.globs: dict[str, GlobFact] = {}
        #: How often each pattern was listed.
        self.results: list[Result] = []
        self.latencies: list[Latency] = []
        self.reads: list[ReadTimes] = []
        self.ion: IonFact | None = None
        self.timings: list[Timing] = []
        self.untimed: list[Untimed] = []
        self.tracing: Tracing | None = None
        self.traced: list[TracedBuffer] = []
        self.exhaustions: list[Exhaustion] = []
        self.walks: list[HoldersWalk] = []
        self._walk = WalkUnderWay()
        self.asked_heaps: str | None = None
        self.asked_tests: tuple[str, ...] = ()
        self.asked_exhaustion = False
        self.programs: tuple[str, ...] = ()
        self.tested_heaps: set[str] = set()
        self.chosen_heaps: tuple[str, ...] = ()
        self.newest: HeapsFact | Result | ReadTimes | Latency | TracedBuffer | Exhaustion | None = None
        self.return_: Record | None = None
        self.round_trips: int | None = None
        self.incomplete: str | None = "the record ends before the observation did"
        self.blame: Blame | None = Blame.HOST
        self._files: dict[str, FileEntry] = {}
        self._readings: dict[str, list[FileEntry]] = {}
        self._nodes: dict[str, NodeFact] = {}
        self._runs: dict[str, list[RanEntry]] = {}

    @property
    def out_of_time(self) -> bool:
        """Whether the test allocator ended well, but before its plan did: its time was up."""
        return self.bye is not None and not self.bye.complete

    def file(self, path: str) -> FileEntry | None:
        """What became of reading ``path``; ``None``: it was not observed."""
        return self._files.get(path)

    def readings(self, path: str) -> tuple[FileEntry, ...]:
        """Every reading of ``path``, in order: a counter is read more than once."""
        return tuple(self._readings.get(path, ()))

    def files(self, prefix: str, suffix: str = "") -> Iterator[FileEntry]:
        """The files read whose path begins and ends so."""
        return (file for path, file in self._files.items() if path.startswith(prefix) and path.endswith(suffix))

    def node(self, path: str) -> NodeFact | None:
        """What was seen of a node; ``None``: it was not observed."""
        return self._nodes.get(path)

    def nodes(self, folder: str) -> list[NodeFact]:
        """The nodes directly in ``folder``."""
        start = folder.rstrip("/") + "/"
        return [n for path, n in self._nodes.items() if path.startswith(start) and "/" not in path[len(start) :]]

    def ran(self, program: str) -> RanEntry | None:
        """What became of running ``program``; ``None``: it was not run."""
        return next(reversed(self.runs(program)), None)

    def runs(self, program: str) -> list[RanEntry]:
        """What became of ``program`` each time that it was run."""
        return self._runs.get(program, [])

    def take(self, line: Any) -> None:
        """Add one line of the journal.

        :raises ValueError: a stored copy is not inside the record.
        """
        match line:
            case ReturnEntry():
                self.return_ = self.return_ or Record(self.folder)
                self.return_.board = replace(self.return_.board, boot_id=line.boot_id or self.return_.board.boot_id)
                self.return_.incomplete = line.why or None
            case End():
                self.incomplete = None if line.complete else line.why
                self.blame = None if line.complete else line.blame
                self.round_trips = line.round_trips
            case _ if self.return_ is not None and not isinstance(line, StepEntry):
                self.return_.take(line)
            case StoredFile():
                file = self._file_entry(line.path, line.state, line)
                self._files[file.path] = file
                self._readings.setdefault(file.path, []).append(file)
            case StoredRun(argv=argv, state=state):
                stdout, stderr = (
                    self._file_entry(f"{' '.join(argv)} ({name})", state, output, truncated=line.truncated)
                    for name, output in (("stdout", line.stdout), ("stderr", line.stderr))
                )
                self._runs.setdefault(argv[0] if argv else "", []).append(
                    RanEntry(argv, state, line.exit, stdout, stderr)
                )
            case NodeFact():
                self._nodes[line.path] = line
            case GlobFact():
                self.globs[line.pattern] = line
            case HeapsFact():
                self.tested_heaps.update(line.names)
                self.chosen_heaps, self.newest = line.names, line
            case HoldersEnd():
                readings = {path: len(entries) for path, entries in self._readings.items()}
                readings |= {program: len(runs) for program, runs in self._runs.items()}
                self.walks += self._walk.ended(line, readings, self.walks[-1:])
            case _:
                self._take_fact(line)

    def _take_fact(self, line: Any) -> None:
        lists: dict[type, list[Any]] = {
            StepEntry: self.steps,
            Result: self.results,
            Latency: self.latencies,
            ReadTimes: self.reads,
            Timing: self.timings,
            Untimed: self.untimed,
            TracedBuffer: self.traced,
            Exhaustion: self.exhaustions,
            HeldBuffer: self._walk.buffers,
            Holder: self._walk.holders,
        }
        names: dict[type, str] = {BoardEntry: "board", Hello: "hello", Bye: "bye", IonFact: "ion", Tracing: "tracing"}
        if isinstance(line, Result | ReadTimes | Latency | TracedBuffer | Exhaustion):
            self.newest = line
        if type(line) in lists:
            lists[type(line)].append(line)
        elif type(line) in names:
            setattr(self, names[type(line)], line)

    def _file_entry(
        self, path: str, state: State, stored: StoredFile | StoredBytes, *, truncated: bool = False
    ) -> FileEntry:
        place = None if stored.stored is None else self._inside(stored.stored)
        if isinstance(stored, StoredFile):
            return FileEntry(path, state, stored.errno, stored.size, stored.truncated, place, stored.sha256)
        return FileEntry(path, state, size=stored.size, truncated=truncated, stored=place, sha256=stored.sha256)

    def _inside(self, stored: str) -> Path:
        """The place of a stored copy, refused where it or a link on the way leads out of the record."""
        path = self.folder / stored
        if not path.resolve().is_relative_to(self.folder.resolve() / "files"):
            raise ValueError(f"{stored!r} is not inside the record")
        return path


def load_record(path: Path) -> Record:
    """Read a record, complete or cut short: a folder, or an archive, unpacked for as long as the record is used.

    :raises RecordError: there is no record, it is of another version, or a line before the last is damaged.
        A damaged last line is what a killed process leaves: the record loads and is incomplete.
    """
    if not path.is_file():
        return _load(path, path)
    folder = unpack(path)
    try:
        record = _load(folder, path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(record, shutil.rmtree, folder, ignore_errors=True)
    return record


def _load(folder: Path, named: Path) -> Record:
    action = f"read the record {named}"
    hint = "give the folder that 'bringup collect -o DIR' wrote"
    try:
        journal = open_input(folder / JOURNAL)
    except OSError as error:
        seen = f"{JOURNAL}: {os_reason(error)}" if folder.exists() else "there is no such file or folder"
        if records := sorted(folder.glob(f"*/{JOURNAL}")):
            seen = f"it is a folder of records, and has no {JOURNAL} itself"
            hint = f"name them: bringup check {shell_word(named)}/*/"
            if len(records) == 1:
                hint = f"name the record: {shell_word(named / records[0].parent.name)}"
        raise RecordError(action, seen, hint=hint) from error
    record = Record(folder)
    with journal:
        head = _read_head(journal.readline(_LINE_LIMIT), action, hint)
        record.tool, record.started = head.tool, head.started
        record.asked_heaps, record.asked_tests, record.asked_exhaustion = head.heaps, head.tests, head.exhausts
        record.programs = head.programs
        for number, raw in enumerate(iter(lambda: journal.readline(_LINE_LIMIT), b""), start=2):
            if number > _LINES_LIMIT:
                raise RecordError(action, f"{JOURNAL} has more than {_LINES_LIMIT:,} lines: no record has so many")
            try:
                line = _read_line(raw)
                if line is not None:
                    record.take(line)
            except ValueError as error:
                if _kind(raw) is None and not raw.endswith(b"\n"):
                    record.incomplete = f"line {number} of {JOURNAL} is cut off: the observation was killed"
                    break
                raise RecordError(action, f"{JOURNAL}:{number}: {error}") from error
    return _with_reason(record)


def _read_head(raw: bytes, action: str, hint: str) -> RecordHead:
    try:
        head = read_document(raw, RecordHead)
    except DocumentError as error:
        raise RecordError(action, f"{JOURNAL} does not begin with a {SCHEMA} line", hint=hint) from error
    if head.schema.startswith(f"{SCHEMA.partition('/')[0]}/") and head.schema != SCHEMA:
        seen = f"it is a {visible(head.schema[:80])}, and this bringup ({__version__}) reads {SCHEMA}"
        raise RecordError(action, seen, hint="judge it with the bringup that wrote it, or a newer one")
    if head.schema != SCHEMA:
        raise RecordError(action, f"{JOURNAL} does not begin with a {SCHEMA} line", hint=hint)
    return head


class _Kind(msgspec.Struct):
    t: str


def _kind(raw: bytes) -> str | None:
    """Which kind of line it is; ``None``: it is not a line of a journal."""
    try:
        return read_document(raw, _Kind).t
    except DocumentError:
        return None


def _read_line(raw: bytes) -> msgspec.Struct | None:
    """A line of the journal; ``None``: of a kind that a later version writes.

    :raises ValueError: it is not one, or not of the shape that its kind has.
    """
    try:
        line: msgspec.Struct = read_document(raw, _LINE)
    except DocumentError:
        if _kind(raw) in {None, *_KINDS}:
            raise
        return None
    # What this host wrote is text; what the board sent is bytes, written as Latin-1.
    return line if isinstance(line, BoardEntry | StepEntry | ReturnEntry | End) else with_board_text(line, raw)


def _with_reason(record: Record) -> Record:
    """Give the reason why a record that seems complete is not: a reboot meanwhile, or an unfinished plan."""
    boot_ids = [record.board.boot_id, record.hello and record.hello.boot_id, record.bye and record.bye.boot_id]
    boot_ids += [record.return_.board.boot_id] if record.return_ is not None else []
    if len({boot_id for boot_id in boot_ids if boot_id}) > 1:
        record.incomplete, record.blame = "the board rebooted while it was observed: its boot_id changed", Blame.BOARD
    elif record.incomplete is None and record.bye is None:
        record.incomplete, record.blame = "the test allocator did not finish", Blame.TEST
    elif record.incomplete is None and record.bye is not None and not record.bye.complete:
        last = record.bye.stopped_at or "the last item"
        why = f"the time that was given ended before '{visible(last)}': what comes after it was left out"
        record.incomplete, record.blame = why, Blame.BOARD
    return record

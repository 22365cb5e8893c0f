"""Reading a record. Nothing here talks to a board; nothing here trusts what a board once said."""

from __future__ import annotations

import hashlib
import json
import shutil
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bringup import __version__
from bringup.allocator.answer import (
    Bye,
    Exhaustion,
    GlobFact,
    HeapsFact,
    Hello,
    IonFact,
    Latency,
    Line,
    NodeFact,
    Reads,
    Result,
    State,
    Timing,
    TracedBuffer,
    Tracing,
    Untimed,
)
from bringup.allocator.protocol import parse_line
from bringup.errors import AllocatorError, RecordError, os_reason
from bringup.record.archive import unpack
from bringup.record.journal import JOURNAL, SCHEMA
from bringup.text import from_board, visible

__all__ = ["BoardEntry", "FileEntry", "RanEntry", "Record", "StepEntry", "load_record"]

_LINE_LIMIT = 8 * 1024 * 1024
_FILE_LIMIT = 16 * 1024 * 1024


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
            with self.stored.open("rb") as stored:
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


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """What was known before the test allocator spoke.

    :param root: ``adbd``, ``su`` or ``none``; ``root_reason`` says why there is none.
    """

    serial: str = "?"
    root: str = "none"
    root_reason: str = ""
    boot_id: str = ""


@dataclass(frozen=True, slots=True)
class StepEntry:
    """One step of observing: seconds since the start, and seconds taken, by the host's monotonic clock."""

    name: str
    at: float
    seconds: float


class Record:
    """What was observed of one board at one time. Made by :func:`load_record`; read-only.

    :ivar incomplete: why the record does not hold everything that was asked for; ``None`` when it does.
    :ivar asked_heaps: the pattern of the heaps to test; ``None`` where none were, or the record does not say.
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
        self.results: list[Result] = []
        self.latencies: list[Latency] = []
        self.reads: list[Reads] = []
        self.ion: IonFact | None = None
        self.timings: list[Timing] = []
        self.untimed: list[Untimed] = []
        self.tracing: Tracing | None = None
        self.traced: list[TracedBuffer] = []
        self.exhaustions: list[Exhaustion] = []
        self.asked_heaps: str | None = None
        self.tested_heaps: set[str] = set()
        self.round_trips: int | None = None
        self.incomplete: str | None = "the record ends before the observation did"
        self._files: dict[str, FileEntry] = {}
        self._readings: dict[str, list[FileEntry]] = {}
        self._nodes: dict[str, NodeFact] = {}
        self._ran: dict[str, RanEntry] = {}

    def file(self, path: str) -> FileEntry | None:
        """What became of reading ``path``; ``None``: it was not observed."""
        return self._files.get(path)

    def readings(self, path: str) -> tuple[FileEntry, ...]:
        """Every reading of ``path``, in order: a counter is read more than once."""
        return tuple(self._readings.get(path, ()))

    def files(self, prefix: str, suffix: str = "") -> Iterator[FileEntry]:
        """The files read whose path begins and ends so."""
        return (one for path, one in self._files.items() if path.startswith(prefix) and path.endswith(suffix))

    def node(self, path: str) -> NodeFact | None:
        """What was seen of a node; ``None``: it was not observed."""
        return self._nodes.get(path)

    def nodes(self, folder: str) -> list[NodeFact]:
        """The nodes directly in ``folder``."""
        start = folder.rstrip("/") + "/"
        return [n for path, n in self._nodes.items() if path.startswith(start) and "/" not in path[len(start) :]]

    def ran(self, program: str) -> RanEntry | None:
        """What became of running ``program``; ``None``: it was not run."""
        return self._ran.get(program)

    def take(self, entry: Mapping[str, Any], line: bytes) -> None:
        """Add one line of the journal; kinds that a later version writes are passed over.

        :raises KeyError, TypeError, ValueError, AllocatorError: the line is not what it says it is.
        """
        match entry["t"]:
            case "file":
                one = self._file_entry(entry, str(entry["path"]))
                self._files[one.path] = one
                self._readings.setdefault(one.path, []).append(one)
            case "ran":
                ran = self._ran_entry(entry)
                self._ran[ran.argv[0] if ran.argv else ""] = ran
            case "step":
                self.steps.append(StepEntry(str(entry["name"]), float(entry["at"]), float(entry["seconds"])))
            case "board":
                known = {key: str(entry[key]) for key in BoardEntry.__slots__ if key in entry}
                self.board = BoardEntry(**known)
            case "end":
                self.incomplete = None if entry["complete"] is True else str(entry["why"])
                self.round_trips = entry.get("round_trips")
            case (
                "hello"
                | "heaps"
                | "node"
                | "glob"
                | "result"
                | "latency"
                | "timing"
                | "untimed"
                | "ion"
                | "reads"
                | "bye"
            ):
                self._take_fact(line)
            case "tracing" | "pages" | "exhaust":
                self._take_measurement(line)

    def _take_fact(self, line: bytes) -> None:
        match parse_line(line):
            case Hello() as hello:
                self.hello = hello
            case Bye() as bye:
                self.bye = bye
            case NodeFact() as node:
                self._nodes[node.path] = node
            case GlobFact() as glob:
                self.globs[glob.pattern] = glob
            case Result() as result:
                self.results.append(result)
            case HeapsFact() as heaps:
                self.tested_heaps.update(heaps.names)
            case IonFact() as ion:
                self.ion = ion
            case other:
                self._take_times(other)

    def _take_times(self, line: Line) -> None:
        match line:
            case Latency():
                self.latencies.append(line)
            case Reads():
                self.reads.append(line)
            case Timing():
                self.timings.append(line)
            case Untimed():
                self.untimed.append(line)
            case _:
                raise ValueError("a line says one thing and is another")

    def _take_measurement(self, line: bytes) -> None:
        match parse_line(line):
            case Tracing() as tracing:
                self.tracing = tracing
            case TracedBuffer() as buffer:
                self.traced.append(buffer)
            case Exhaustion() as exhaustion:
                self.exhaustions.append(exhaustion)
            case _:
                raise ValueError("a line says one thing and is another")

    def _file_entry(self, entry: Mapping[str, Any], path: str) -> FileEntry:
        stored = entry.get("stored")
        return FileEntry(
            path=from_board(path.encode("latin-1", "replace")),
            state=State(entry["state"]),
            errno=int(entry.get("errno", 0)),
            size=int(entry.get("size", 0)),
            truncated=bool(entry.get("truncated", False)),
            stored=None if stored is None else self._inside(str(stored)),
            sha256=str(entry.get("sha256", "")),
        )

    def _ran_entry(self, entry: Mapping[str, Any]) -> RanEntry:
        argv = tuple(from_board(str(word).encode("latin-1", "replace")) for word in entry["argv"])
        state = State(entry["state"])
        exit_status = entry.get("exit")
        outputs = (
            self._file_entry({**entry[name], "state": state}, f"{' '.join(argv)} ({name})")
            for name in ("stdout", "stderr")
        )
        return RanEntry(argv, state, None if exit_status is None else int(exit_status), *outputs)

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
        journal = (folder / JOURNAL).open("rb")
    except OSError as error:
        seen = f"{JOURNAL}: {os_reason(error)}" if folder.exists() else "there is no such file or folder"
        if any(folder.glob(f"*/{JOURNAL}")):
            seen = f"it is a folder of records, and has no {JOURNAL} itself"
            hint = f"name them: bringup check {named}/*/"
        raise RecordError(action, seen, hint=hint) from error
    record = Record(folder)
    with journal:
        first = _entry(journal.readline(_LINE_LIMIT))
        other = str(first.get("schema", "")) if first else ""
        if other.startswith(f"{SCHEMA.partition('/')[0]}/") and other != SCHEMA:
            seen = f"it is a {visible(other[:80])}, and this bringup ({__version__}) reads {SCHEMA}"
            raise RecordError(action, seen, hint="judge it with the bringup that wrote it, or a newer one")
        if first is None or other != SCHEMA:
            raise RecordError(action, f"{JOURNAL} does not begin with a {SCHEMA} line", hint=hint)
        record.tool = str(first.get("tool", ""))
        record.started = str(first.get("started", ""))
        record.asked_heaps = first["heaps"] if isinstance(first.get("heaps"), str) else None
        for number, line in enumerate(iter(lambda: journal.readline(_LINE_LIMIT), b""), start=2):
            entry = _entry(line)
            if entry is None and not line.endswith(b"\n"):
                record.incomplete = f"line {number} of {JOURNAL} is cut off: the observation was killed"
                break
            if entry is None:
                raise RecordError(action, f"{JOURNAL}:{number}: not a JSON object")
            try:
                record.take(entry, line)
            except (KeyError, TypeError, ValueError, AllocatorError) as error:
                raise RecordError(action, f"{JOURNAL}:{number}: {error}") from error
    return _honest(record)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("t"), str) else None


def _honest(record: Record) -> Record:
    """Say what makes a seemingly complete record incomplete: a reboot in between, or a plan not finished."""
    seen = (record.board.boot_id, record.hello and record.hello.boot_id, record.bye and record.bye.boot_id)
    if len({one for one in seen if one}) > 1:
        record.incomplete = "the board rebooted while it was observed: its boot_id changed"
    elif record.incomplete is None and record.bye is None:
        record.incomplete = "the test allocator did not finish"
    elif record.incomplete is None and record.bye is not None and not record.bye.complete:
        record.incomplete = f"the time budget ended before {record.bye.stopped_at or 'the last item'}"
    return record

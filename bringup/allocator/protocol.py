"""Reading what the test allocator answers: one JSON object a line.

Strict on the types and sizes of what is known, tolerant of fields that a newer program adds. A stream that ends early
is data, not an exception: :class:`Reader` says why its answer is incomplete.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final, NoReturn

from bringup.allocator.lines import (
    Bye,
    FileFact,
    GlobFact,
    HeapsFact,
    Hello,
    IonFact,
    Latency,
    Line,
    NodeFact,
    NodeType,
    OpSamples,
    Outcome,
    Ran,
    Reads,
    Refused,
    Result,
    State,
    Timing,
    TimingSource,
    Untimed,
)
from bringup.errors import AllocatorError
from bringup.text import from_board, visible

__all__ = [
    "MAX_LINE_BYTES",
    "PROTOCOL",
    "Bye",
    "FileFact",
    "GlobFact",
    "HeapsFact",
    "Hello",
    "IonFact",
    "Latency",
    "Line",
    "NodeFact",
    "NodeType",
    "OpSamples",
    "Outcome",
    "Ran",
    "Reader",
    "Reads",
    "Refused",
    "Result",
    "State",
    "Timing",
    "TimingSource",
    "Untimed",
    "parse_line",
]

PROTOCOL: Final = 1
MAX_LINE_BYTES: Final = 8 * 1024 * 1024
MAX_SAMPLES: Final = 1000
MAX_ION_HEAPS: Final = 32
MAX_OPS: Final = 64
_U64: Final = 2**64 - 1
_U32: Final = 2**32 - 1


def _broken(seen: str) -> NoReturn:
    raise AllocatorError("read the test allocator's answer", seen)


class _Fields:
    """The fields of one line, each asked for with its type."""

    def __init__(self, raw: bytes, fields: dict[str, Any]) -> None:
        self.raw = raw
        self._fields = fields

    def _wrong(self, name: str) -> NoReturn:
        value = visible(repr(self._fields.get(name, "nothing"))[:80])
        _broken(f"{name} of a {visible(str(self._fields.get('t')))!r} line is {value}")

    def maybe(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def _bytes(self, name: str, value: object) -> bytes:
        if not isinstance(value, str):
            self._wrong(name)
        try:
            return value.encode("latin-1")
        except UnicodeEncodeError:
            self._wrong(name)

    def text(self, name: str) -> str:
        return from_board(self._bytes(name, self._fields.get(name)))

    def maybe_text(self, name: str) -> str | None:
        return self.text(name) if self.maybe(name) else None

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._fields.get(name)
        if not isinstance(value, list):
            self._wrong(name)
        return tuple(from_board(self._bytes(name, one)) for one in value)

    def number(self, name: str, highest: int = _U64) -> int:
        value = self._fields.get(name)
        if type(value) is not int or not 0 <= value <= highest:
            self._wrong(name)
        return value

    def maybe_number(self, name: str, highest: int = _U64) -> int | None:
        return self.number(name, highest) if self.maybe(name) else None

    def numbers(self, name: str, longest: int) -> tuple[int, ...]:
        value = self._fields.get(name)
        if not isinstance(value, list) or len(value) > longest:
            self._wrong(name)
        if not all(type(one) is int and 0 <= one <= _U64 for one in value):
            self._wrong(name)
        return tuple(value)

    def lists(self, name: str, many: int, longest: int) -> list[tuple[int, ...]]:
        value = self._fields.get(name)
        if not isinstance(value, list) or len(value) > many:
            self._wrong(name)
        return [_Fields(self.raw, {"t": self._fields["t"], name: one}).numbers(name, longest) for one in value]

    def pair(self, name: str) -> tuple[int, int] | None:
        if not self.maybe(name):
            return None
        value = self.numbers(name, 2)
        if len(value) != 2:
            self._wrong(name)
        return value[0], value[1]

    def flag(self, name: str) -> bool:
        value = self._fields.get(name)
        if not isinstance(value, bool):
            self._wrong(name)
        return value

    def data(self, name: str) -> bytes:
        try:
            return b64decode(self._bytes(name, self._fields.get(name)), validate=True)
        except binascii.Error:
            self._wrong(name)

    def state(self) -> State:
        try:
            return State(self.text("state"))
        except ValueError:
            self._wrong("state")

    def outcome(self) -> Outcome:
        try:
            return Outcome(self.text("outcome"))
        except ValueError:
            self._wrong("outcome")

    def timing_source(self) -> TimingSource:
        try:
            return TimingSource(self.text("source"))
        except ValueError:
            self._wrong("source")

    def node_type(self) -> NodeType | None:
        try:
            return NodeType(self.text("type")) if self.maybe("type") else None
        except ValueError:
            self._wrong("type")


def _hello(line: _Fields) -> Hello:
    protocol = line.number("protocol")
    if protocol != PROTOCOL:
        _broken(f"it speaks protocol {protocol}, not {PROTOCOL}")
    return Hello(
        raw=line.raw,
        protocol=protocol,
        source=line.text("source"),
        abi=line.text("abi"),
        page_size=line.number("page_size", _U32),
        pid=line.number("pid", _U32),
        uid=line.number("uid", _U32),
        label=line.maybe_text("label"),
        boot_id=line.maybe_text("boot_id"),
        sysname=line.maybe_text("sysname") or "",
        release=line.maybe_text("release") or "",
        version=line.maybe_text("version") or "",
        machine=line.maybe_text("machine") or "",
        budget=line.number("budget"),
    )


def _file(line: _Fields) -> FileFact:
    data = line.data("data")
    size = line.number("size")
    if size != len(data):
        _broken(f"a file line says {size} bytes and carries {len(data)}")
    return FileFact(line.raw, line.text("path"), line.state(), line.number("errno", _U32), line.flag("truncated"), data)


def _node(line: _Fields) -> NodeFact:
    return NodeFact(
        raw=line.raw,
        path=line.text("path"),
        state=line.state(),
        errno=line.number("errno", _U32),
        type=line.node_type(),
        mode=line.maybe_number("mode", 0o7777),
        uid=line.maybe_number("uid", _U32),
        gid=line.maybe_number("gid", _U32),
        rdev=line.pair("rdev"),
        size=line.maybe_number("size"),
        label=line.maybe_text("label"),
        target=line.maybe_text("target"),
    )


def _glob(line: _Fields) -> GlobFact:
    return GlobFact(
        raw=line.raw,
        pattern=line.text("pattern"),
        state=line.state(),
        errno=line.number("errno", _U32),
        count=line.number("count"),
        truncated=line.flag("truncated"),
    )


def _heaps(line: _Fields) -> HeapsFact:
    return HeapsFact(
        line.raw, line.text("pattern"), line.state(), line.number("errno", _U32), line.texts("names")
    )  # fmt: skip


def _ran(line: _Fields) -> Ran:
    return Ran(
        raw=line.raw,
        argv=line.texts("argv"),
        state=line.state(),
        errno=line.number("errno", _U32),
        exit=line.maybe_number("exit", 255),
        signal=line.maybe_number("signal", 255),
        stdout=line.data("stdout"),
        stderr=line.data("stderr"),
        truncated=line.flag("truncated"),
    )


def _result(line: _Fields) -> Result:
    return Result(
        raw=line.raw,
        heap=line.text("heap"),
        test=line.text("test"),
        outcome=line.outcome(),
        asserts=line.text("asserts"),
        seen=line.text("seen"),
        errno=line.number("errno", _U32),
        ns=line.number("ns"),
        seed=line.maybe_number("seed"),
    )


def _ion(line: _Fields) -> IonFact:
    names = line.texts("names")
    types, ids = line.numbers("types", MAX_ION_HEAPS), line.numbers("ids", MAX_ION_HEAPS)
    if not len(names) == len(types) == len(ids):
        _broken("an ion line has lists of different lengths")
    heaps = tuple(zip(names, types, ids, strict=True))
    return IonFact(line.raw, line.state(), line.number("errno", _U32), line.maybe_text("abi"), heaps)


def _reads(line: _Fields) -> Reads:
    lists = tuple(line.numbers(name, MAX_SAMPLES) for name in ("read_ns", "memory_ns"))
    if len({len(one) for one in lists}) != 1:
        _broken("a reads line has lists of different lengths")
    return Reads(line.raw, line.text("heap"), line.number("size"), *lists)


def _latency(line: _Fields) -> Latency:
    lists = tuple(line.numbers(name, MAX_SAMPLES) for name in ("alloc_ns", "free_ns", "memset_ns"))
    if len({len(one) for one in lists}) != 1:
        _broken("a latency line has lists of different lengths")
    return Latency(line.raw, line.text("heap"), line.number("size"), *lists)


def _timed(line: _Fields) -> dict[str, Any]:
    """What says which pass, source, size and number of threads a line is about."""
    return {
        "raw": line.raw,
        "run": line.number("run", _U32),
        "source": line.timing_source(),
        "name": line.text("name"),
        "flags": line.number("flags", _U32),
        "size": line.number("size"),
        "threads": line.number("threads", _U32),
    }


def _timing(line: _Fields) -> Timing:
    names = line.texts("ops")
    batches = line.numbers("batch", MAX_OPS)
    samples = line.lists("ns", MAX_OPS, MAX_SAMPLES)
    if not len(names) == len(batches) == len(samples) or len({len(one) for one in samples}) > 1:
        _broken("a timing line has lists of different lengths")
    if not all(batches):
        _broken("a timing line has a batch of no calls")
    return Timing(**_timed(line), ops=names, batch=batches, ns=tuple(samples))


def _untimed(line: _Fields) -> Untimed:
    return Untimed(**_timed(line), why=line.text("why"))


def _bye(line: _Fields) -> Bye:
    return Bye(
        line.raw, line.number("lines"), line.maybe_text("boot_id"), line.flag("complete"), line.maybe_text("stopped_at")
    )  # fmt: skip


def _refused(line: _Fields) -> Refused:
    return Refused(line.raw, line.number("line"), line.text("reason"))


_KINDS: Final[dict[str, Callable[[_Fields], Line]]] = {
    "hello": _hello,
    "file": _file,
    "node": _node,
    "glob": _glob,
    "heaps": _heaps,
    "ion": _ion,
    "reads": _reads,
    "ran": _ran,
    "result": _result,
    "latency": _latency,
    "timing": _timing,
    "untimed": _untimed,
    "bye": _bye,
    "refused": _refused,
}


def parse_line(raw: bytes) -> Line:
    """One line, with or without its newline.

    :raises AllocatorError: it is not one of the protocol's lines.
    """
    raw = raw.removesuffix(b"\n")
    if len(raw) > MAX_LINE_BYTES:
        _broken(f"a line of {len(raw)} bytes")
    try:
        fields = json.loads(raw.decode("ascii"))
    except (ValueError, RecursionError) as error:
        seen = f"not a JSON line: {visible(from_board(raw[:120]))!r}"
        raise AllocatorError("read the test allocator's answer", seen) from error
    kind = fields.get("t") if isinstance(fields, dict) else None
    parse = _KINDS.get(kind) if isinstance(kind, str) else None
    if parse is None:
        _broken(f"a line of an unknown kind: {visible(from_board(raw[:120]))!r}")
    return parse(_Fields(raw, fields))


class Reader:
    """Puts lines together from pieces of any size, and knows whether the answer is whole."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._lines = 0
        self._last: Line | None = None

    def feed(self, data: bytes) -> list[Line]:
        """The lines that are whole now.

        :raises AllocatorError: something else than the protocol's lines, or a line without end.
        """
        *whole, rest = data.split(b"\n")
        lines = []
        for end in whole:
            lines.append(self._take(b"".join((*self._pieces, end))))
            self._pieces, self._held = [], 0
        if rest:
            self._pieces.append(rest)
            self._held += len(rest)
            if self._held > MAX_LINE_BYTES:
                _broken(f"a line of more than {MAX_LINE_BYTES} bytes")
        return lines

    def _take(self, raw: bytes) -> Line:
        if isinstance(self._last, Bye | Refused):
            _broken(f"a line after the last one: {visible(from_board(raw[:120]))!r}")
        line = parse_line(raw)
        if self._lines == 0 and not isinstance(line, Hello | Refused):
            _broken(f"the first line is not hello: {visible(from_board(raw[:120]))!r}")
        self._lines += 1
        self._last = line
        return line

    @property
    def complete(self) -> bool:
        """Whether the last line came, and nothing is missing before it."""
        return self.why_incomplete is None

    @property
    def why_incomplete(self) -> str | None:
        """What is missing, ``None``: nothing. A plan that the time budget ended is complete as a stream."""
        if self._held:
            return f"it ends within a line, after {self._lines} lines"
        if self._last is None:
            return "it is empty"
        if isinstance(self._last, Bye) and self._last.lines != self._lines - 1:
            return f"{self._lines - 1} lines came before the last one, which says {self._last.lines}"
        return None if isinstance(self._last, Bye | Refused) else f"it ends after {self._lines} lines without bye"

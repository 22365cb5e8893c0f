"""Reading what the test allocator answers: one JSON object a line.

Strict on the types and sizes of what is known, tolerant of fields that a newer program adds.
:mod:`bringup.allocator.reader` puts lines together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sized
from typing import Any, Final

from bringup.allocator.answer import (
    Bye,
    Exhaustion,
    FileFact,
    GlobFact,
    HeapsFact,
    Hello,
    IonFact,
    Latency,
    Line,
    NodeFact,
    Ran,
    Reads,
    Refused,
    Result,
    Timing,
    TracedBuffer,
    Tracing,
    Untimed,
)
from bringup.allocator.fields import U32, Fields, broken
from bringup.errors import AllocatorError
from bringup.text import from_board, visible

__all__ = ["MAX_LINE_BYTES", "PROTOCOL", "parse_line"]

PROTOCOL: Final = 1
MAX_LINE_BYTES: Final = 8 * 1024 * 1024
MAX_SAMPLES: Final = 1000
MAX_ION_HEAPS: Final = 32
MAX_OPS: Final = 64


def _hello(line: Fields) -> Hello:
    protocol = line.number("protocol")
    if protocol != PROTOCOL:
        broken(f"it speaks protocol {protocol}, not {PROTOCOL}")
    return Hello(
        raw=line.raw,
        protocol=protocol,
        source=line.text("source"),
        abi=line.text("abi"),
        page_size=line.number("page_size", U32),
        pid=line.number("pid", U32),
        uid=line.number("uid", U32),
        label=line.maybe_text("label"),
        boot_id=line.maybe_text("boot_id"),
        sysname=line.maybe_text("sysname") or "",
        release=line.maybe_text("release") or "",
        version=line.maybe_text("version") or "",
        machine=line.maybe_text("machine") or "",
        budget=line.number("budget"),
    )


def _file(line: Fields) -> FileFact:
    data = line.data("data")
    size = line.number("size")
    if size != len(data):
        broken(f"a file line says {size} bytes and carries {len(data)}")
    return FileFact(line.raw, line.text("path"), line.state(), line.number("errno", U32), line.flag("truncated"), data)


def _node(line: Fields) -> NodeFact:
    return NodeFact(
        raw=line.raw,
        path=line.text("path"),
        state=line.state(),
        errno=line.number("errno", U32),
        type=line.node_type(),
        mode=line.maybe_number("mode", 0o7777),
        uid=line.maybe_number("uid", U32),
        gid=line.maybe_number("gid", U32),
        rdev=line.pair("rdev"),
        size=line.maybe_number("size"),
        label=line.maybe_text("label"),
        target=line.maybe_text("target"),
    )


def _glob(line: Fields) -> GlobFact:
    return GlobFact(
        raw=line.raw,
        pattern=line.text("pattern"),
        state=line.state(),
        errno=line.number("errno", U32),
        count=line.number("count"),
        truncated=line.flag("truncated"),
    )


def _heaps(line: Fields) -> HeapsFact:
    return HeapsFact(
        line.raw, line.text("pattern"), line.state(), line.number("errno", U32), line.texts("names")
    )  # fmt: skip


def _ran(line: Fields) -> Ran:
    return Ran(
        raw=line.raw,
        argv=line.texts("argv"),
        state=line.state(),
        errno=line.number("errno", U32),
        exit=line.maybe_number("exit", 255),
        signal=line.maybe_number("signal", 255),
        stdout=line.data("stdout"),
        stderr=line.data("stderr"),
        truncated=line.flag("truncated"),
    )


def _result(line: Fields) -> Result:
    return Result(
        raw=line.raw,
        heap=line.text("heap"),
        test=line.text("test"),
        outcome=line.outcome(),
        asserts=line.text("asserts"),
        seen=line.text("seen"),
        errno=line.number("errno", U32),
        ns=line.number("ns"),
        seed=line.maybe_number("seed"),
    )


def _ion(line: Fields) -> IonFact:
    names = line.texts("names")
    types, ids = line.numbers("types", MAX_ION_HEAPS), line.numbers("ids", MAX_ION_HEAPS)
    _as_long("ion", names, types, ids)
    heaps = tuple(zip(names, types, ids, strict=True))
    return IonFact(line.raw, line.state(), line.number("errno", U32), line.maybe_text("abi"), heaps)


def _samples(line: Fields, kind: str, *names: str) -> tuple[tuple[int, ...], ...]:
    """Lists of samples taken in turn."""
    lists = tuple(line.numbers(name, MAX_SAMPLES) for name in names)
    _as_long(kind, *lists)
    return lists


def _as_long(kind: str, *lists: Sized) -> None:
    if len({len(one) for one in lists}) > 1:
        broken(f"a {kind} line has lists of different lengths")


def _reads(line: Fields) -> Reads:
    return Reads(line.raw, line.text("heap"), line.number("size"), *_samples(line, "reads", "read_ns", "memory_ns"))


def _latency(line: Fields) -> Latency:
    lists = _samples(line, "latency", "alloc_ns", "free_ns", "memset_ns")
    return Latency(line.raw, line.text("heap"), line.number("size"), *lists)


def _timed(line: Fields) -> dict[str, Any]:
    """What says which pass, source, size and number of threads a line is about."""
    return {
        "raw": line.raw,
        "run": line.number("run", U32),
        "source": line.timing_source(),
        "name": line.text("name"),
        "flags": line.number("flags", U32),
        "size": line.number("size"),
        "threads": line.number("threads", U32),
    }


def _timing(line: Fields) -> Timing:
    names = line.texts("ops")
    batches = line.numbers("batch", MAX_OPS)
    samples = line.lists("ns", MAX_OPS, MAX_SAMPLES)
    _as_long("timing", names, batches, samples)
    _as_long("timing", *samples)
    if not all(batches):
        broken("a timing line has a batch of no calls")
    return Timing(**_timed(line), ops=names, batch=batches, ns=tuple(samples))


def _untimed(line: Fields) -> Untimed:
    return Untimed(**_timed(line), why=line.text("why"))


def _tracing(line: Fields) -> Tracing:
    events, formats = line.texts("events"), line.texts("formats")
    _as_long("tracing", events, formats)
    pairs = tuple(zip(events, formats, strict=True))
    return Tracing(line.raw, line.state(), line.number("errno", U32), line.text("path"), pairs)


def _pages(line: Fields) -> TracedBuffer:
    size, error = line.number("size"), line.number("errno", U32)
    return TracedBuffer(
        line.raw, line.text("heap"), size, line.state(), error, line.pieces("made"), line.pieces("closed")
    )  # fmt: skip


def _exhaust(line: Fields) -> Exhaustion:
    names = ("free", "limit", "held", "buffers", "asked", "largest", "fragmented_free", "largest_fragmented")
    numbers = tuple(line.number(name) for name in (*names, "largest_after", "free_after", "ns"))
    stopped, error = line.text("stopped"), line.number("errno", U32)
    return Exhaustion(line.raw, line.text("heap"), line.flag("cma"), stopped, error, line.text("seen"), *numbers)


def _bye(line: Fields) -> Bye:
    return Bye(
        line.raw, line.number("lines"), line.maybe_text("boot_id"), line.flag("complete"), line.maybe_text("stopped_at")
    )  # fmt: skip


def _refused(line: Fields) -> Refused:
    return Refused(line.raw, line.number("line"), line.text("reason"))


_KINDS: Final[dict[str, Callable[[Fields], Line]]] = {
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
    "tracing": _tracing,
    "pages": _pages,
    "exhaust": _exhaust,
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
        broken(f"a line of {len(raw)} bytes")
    try:
        fields = json.loads(raw.decode("ascii"))
    except (ValueError, RecursionError) as error:
        seen = f"not a JSON line: {visible(from_board(raw[:120]))!r}"
        raise AllocatorError("read the test allocator's answer", seen) from error
    kind = fields.get("t") if isinstance(fields, dict) else None
    parse = _KINDS.get(kind) if isinstance(kind, str) else None
    if parse is None:
        broken(f"a line of an unknown kind: {visible(from_board(raw[:120]))!r}")
    return parse(Fields(raw, fields))

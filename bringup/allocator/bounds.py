"""How much a plan's answer can be. The host enforces it: a board may send anything, for as long as it likes."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

from bringup.allocator.answer import (
    Bye,
    Exhaustion,
    FileFact,
    GlobFact,
    HeapsFact,
    HeldBuffer,
    Hello,
    Holder,
    HoldersEnd,
    IonFact,
    Latency,
    Line,
    NodeFact,
    Ran,
    ReadTimes,
    Refused,
    Result,
    Timing,
    TracedBuffer,
    Tracing,
    Untimed,
)
from bringup.allocator.manifest import heap_tests
from bringup.allocator.plan import (
    MAX_LIST_BYTES,
    Bench,
    Dmesg,
    Exhaust,
    Files,
    Glob,
    Heaps,
    Holders,
    Ion,
    Item,
    Measure,
    Node,
    Pages,
    Plan,
    Read,
    Reads,
    Run,
    Test,
    Tree,
)
from bringup.text import visible

__all__ = ["Bounds"]

#: ``MAX_HEAPS``, ``buffer_sizes`` and ``MAX_ORIGINS`` of the program's sources.
_HEAPS: Final = 128
_SIZES: Final = 4
_ORIGINS: Final = 48 + 1
#: More than the program has tests.
_TESTS: Final = 256
#: Of everything but contents: names, samples, trace buffers. A large board's record has about 3 MB in all.
_OTHER_BYTES: Final = 64 * 1024 * 1024


class Bounds:
    """What may still come of the answer to a plan: lines of each kind, results, bytes of contents and of the stream."""

    def __init__(self, plan: Plan) -> None:
        self._lines = Counter({_tag(Hello): 1, _tag(Refused): 1, _tag(Bye): 1})
        self._results: Counter[tuple[str, str]] = Counter()
        self._repetitions = sum(isinstance(item, Test) for item in plan.items)
        self._contents = self._largest = 0
        for item in plan.items:
            self._lines.update({_tag(kind): count for kind, count in _lines_of(item).items()})
            limit, count = _contents_of(item)
            self._contents += limit * count
            self._largest = max(self._largest, limit)
        self._stream = self._contents * 4 // 3 + _OTHER_BYTES  # JSON has four characters for three bytes of contents

    def take_bytes(self, count: int) -> str | None:
        """Count bytes of the stream; what is wrong with them, or ``None``."""
        self._stream -= count
        return "it is longer than the plan's answer can be" if self._stream < 0 else None

    def take(self, line: Line) -> str | None:
        """Count a line; what is wrong with it, or ``None``."""
        tag = _tag(type(line))
        self._lines[tag] -= 1
        if self._lines[tag] < 0:
            return f"it has more '{tag}' lines than the plan asks for"
        sizes = _sizes(line)
        self._contents -= sum(sizes)
        if self._contents < 0 or max(sizes, default=0) > self._largest:
            return f"a '{tag}' line has more bytes than the plan asks for"
        if isinstance(line, Result):
            self._results[line.heap, line.test] += 1
            if line.test not in heap_tests() or self._results[line.heap, line.test] > self._repetitions:
                return f"it has a result that the plan does not ask for: {visible(line.test[:80])!r}"
        return None


def _tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


def _sizes(line: Line) -> list[int]:
    """Bytes of each file or output in a line."""
    if isinstance(line, FileFact):
        return [line.size]
    return [len(line.stdout), len(line.stderr)] if isinstance(line, Ran) else []


def _contents_of(item: Item) -> tuple[int, int]:
    """How many bytes each of how many files or outputs of an item may have."""
    match item:
        case Read() | Dmesg():
            return item.limit, 1
        case Files() | Tree():
            return item.limit, item.count
        case Run():
            return item.limit, 2
        case Holders():
            return MAX_LIST_BYTES, 1
        case _:
            return 0, 0


def _lines_of(item: Item) -> dict[type[msgspec.Struct], int]:
    """How many lines of which kinds an item may give."""
    match item:
        case Glob() | Files() | Tree():
            return {FileFact: item.count, NodeFact: item.count, GlobFact: 1}
        case Holders():
            return {HeldBuffer: item.buffers, Holder: item.processes, HoldersEnd: 1, FileFact: 1}
        case Heaps():
            return {HeapsFact: 1 + len(item.further)}
        case _:
            return _LINES.get(type(item), {})


_LINES: Final[dict[type[Item], dict[type[msgspec.Struct], int]]] = {
    Read: {FileFact: 1},
    Dmesg: {FileFact: 1},
    Node: {NodeFact: 1},
    Run: {Ran: 1},
    Ion: {IonFact: 1},
    Test: {Result: _HEAPS * _TESTS},
    Reads: {ReadTimes: _HEAPS},
    Bench: {Latency: _HEAPS * _SIZES},
    Measure: {Timing: _ORIGINS, Untimed: _ORIGINS},
    Pages: {Tracing: 1, TracedBuffer: _HEAPS * _SIZES},
    Exhaust: {Exhaustion: _HEAPS},
}

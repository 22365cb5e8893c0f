"""Trace events from the kernel's ring buffer, and from them the blocks of memory that a buffer is made of.

The event's ``format`` says where a field is in an event, and ``header_page`` where the events begin in a sub-buffer.
Both differ between kernel versions, so they are read from the board. Only the header of an event is fixed
(``events/header_event``, include/linux/ring_buffer.h): 5 bits of type or length, 27 bits of time.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bringup.allocator.answer import TracedBuffer
from bringup.text import parse_number

__all__ = ["Block", "TraceEvent", "TraceFormats", "Traced", "traced"]

_ID = re.compile(r"^ID: (\d+)$", re.MULTILINE)
#: Types of events that carry no data; a smaller number is the length of the data in words of 4 bytes, 0: it follows.
_PADDING, _TIME_EXTEND, _TIME_STAMP = 29, 30, 31
#: Flags in ``commit``: events were lost before this sub-buffer (kernel/trace/ring_buffer.c: RB_MISSED_EVENTS, _STORED).
_LOST = 0xC0000000
_COMMITTED = 0xFFFFF
_NO_PAGE = 2**63  # pfn -1, as the kernel writes for a failed allocation


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One event: its name as ``kmem/mm_page_alloc``, its numbers by field, and its ``name`` where it has one."""

    kind: str
    values: Mapping[str, int]
    area: str = ""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    offset: int
    size: int
    signed: bool
    is_text: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Physically contiguous pages, as they were allocated together.

    :param pfn: the first page's frame number; ``order``: of the page allocator's block, ``None`` for CMA.
    :param align: log2 of the alignment in pages that CMA was asked for.
    """

    pfn: int
    pages: int
    order: int | None = None
    align: int = 0


@dataclass(frozen=True, slots=True)
class Traced:
    """What a buffer is made of.

    :param blocks: empty where they are not known; then ``why`` says why.
    :param area: the CMA area that it came from, where the kernel names it.
    :param cma: the blocks came from CMA.
    :param failed: the tracing failed; otherwise this heap on this kernel leaves no trace.
    """

    blocks: tuple[Block, ...] = ()
    area: str = ""
    cma: bool = False
    why: str = ""
    failed: bool = False


class TraceFormats:
    """The formats of events, as one kernel gives them.

    :param texts: event (``kmem/mm_page_alloc``) or ``header_page`` to the text of its format; an empty text: this
        kernel does not have it.
    """

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        known = {name: text for name, text in texts if text}
        page = {field.name: field for field in _fields(known.pop("header_page", ""))}
        self.names = frozenset(known)
        self._commit, self._data = page.get("commit"), page.get("data")
        self._events: dict[int, tuple[str, tuple[_Field, ...]]] = {}
        for name, text in known.items():
            if match := _ID.search(text):
                self._events[parse_number(match[1]) or 0] = (name, tuple(_fields(text)))
        common = next((fields for _, fields in self._events.values()), ())
        self._type = next((field for field in common if field.name == "common_type"), None)

    @property
    def usable(self) -> bool:
        """Whether the formats are enough to read events."""
        return None not in (self._commit, self._data, self._type)

    def events(self, pieces: Iterable[bytes]) -> Iterator[TraceEvent | None]:
        """The events of sub-buffers, in order; ``None`` where events were lost or the data is damaged."""
        for piece in pieces:
            yield from self._piece(piece)

    def _piece(self, piece: bytes) -> Iterator[TraceEvent | None]:
        if self._commit is None or self._data is None or len(piece) < self._data.offset:
            yield None
            return
        # The head of a sub-buffer: how many bytes are events, with flags for lost ones.
        committed = int.from_bytes(piece[self._commit.offset : self._commit.offset + 4], "little")
        if committed & _LOST:
            yield None
        at, end = self._data.offset, min(self._data.offset + (committed & _COMMITTED), len(piece))
        while at + 4 <= end:
            # An event begins with one word: type or length, and the time since the event before. The word after it is
            # the length in bytes (itself included) where the type does not hold it.
            head = int.from_bytes(piece[at : at + 4], "little")
            kind, delta = head & 31, head >> 5
            length = int.from_bytes(piece[at + 4 : at + 8], "little")
            if kind == _PADDING and delta == 0:  # the rest of the sub-buffer is empty
                return
            if kind in (_TIME_EXTEND, _TIME_STAMP):
                at += 8
            elif kind == _PADDING:  # an event that was discarded
                at += 4 + length
            elif kind:  # data of so many words
                yield from self._event(piece[at + 4 : min(at + 4 + kind * 4, end)])
                at += 4 + kind * 4
            elif length < 4:  # not even its own word: the data makes no sense
                yield None
                return
            else:  # data whose length is in a word of its own
                yield from self._event(piece[at + 8 : min(at + 4 + length, end)])
                at += 4 + length

    def _event(self, data: bytes) -> Iterator[TraceEvent | None]:
        number = _number(data, self._type) if self._type else None
        known = self._events.get(-1 if number is None else number)
        if known is None:
            return
        name, fields = known
        values = {field.name: _number(data, field) for field in fields if not field.is_text}
        area = "".join(_text(data, field) for field in fields if field.is_text and field.name == "name")
        if None in values.values():
            yield None
            return
        yield TraceEvent(name, {key: value for key, value in values.items() if value is not None}, area)


def _fields(text: str) -> Iterator[_Field]:
    """The lines ``field:TYPE NAME[LENGTH]; offset:N; size:N; signed:N;`` (kernel/trace/trace_events.c)."""
    for line in text.split("\n"):
        declared, *others = line.strip().split(";")
        if not declared.startswith("field:"):
            continue
        words, _, name = declared.removeprefix("field:").strip().rpartition(" ")
        values = dict(other.strip().partition(":")[::2] for other in others)
        offset, size = (parse_number(values.get(key, ""), most_digits=9) for key in ("offset", "size"))
        name = name.partition("[")[0].lstrip("*")
        if name and offset is not None and size is not None:
            yield _Field(name, offset, size, values.get("signed") == "1", "__data_loc" in words)


def _number(data: bytes, field: _Field) -> int | None:
    raw = data[field.offset : field.offset + field.size]
    return int.from_bytes(raw, "little", signed=field.signed) if len(raw) == field.size <= 8 else None


def _text(data: bytes, field: _Field) -> str:
    """A string that is elsewhere in the event: 16 bits of offset, 16 bits of length."""
    where = int.from_bytes(data[field.offset : field.offset + 4], "little")
    raw = data[where & 0xFFFF : (where & 0xFFFF) + (where >> 16)]
    return raw.partition(b"\0")[0].decode("ascii", "backslashreplace")


def traced(formats: TraceFormats, buffer: TracedBuffer, page_size: int) -> Traced:
    """What a buffer is made of, by the events while it was made and while it was closed."""
    if not formats.usable:
        return Traced(why="the kernel's trace formats could not be parsed", failed=True)
    made, closed = list(formats.events(buffer.made)), list(formats.events(buffer.closed))
    if None in made or None in closed:
        return Traced(why="the kernel lost trace events: its ring buffer was too small", failed=True)
    pages = -(-buffer.size // page_size)
    while_made, while_closed = [event for event in made if event], [event for event in closed if event]
    return _from_cma(while_made, pages) or _from_page_allocator(while_made, while_closed, pages)


def _from_cma(made: list[TraceEvent], pages: int) -> Traced | None:
    """``cma_alloc_finish`` since Linux 5.13, ``cma_alloc`` before; both also report allocations that failed."""
    allocations = [
        event
        for event in made
        if event.kind in ("cma/cma_alloc_finish", "cma/cma_alloc")
        and event.values.get("errorno", 0) == 0
        and event.values.get("page", 1)
        and 0 < event.values.get("pfn", 0) < _NO_PAGE
        and event.values.get("count", 0)
    ]
    if not allocations:
        return None
    blocks = tuple(
        Block(event.values["pfn"], event.values["count"], align=event.values.get("align", 0)) for event in allocations
    )
    allocated = sum(block.pages for block in blocks)
    area = allocations[0].area
    if allocated != pages:
        return Traced(area=area, cma=True, why=f"CMA gave {allocated} pages for a buffer of {pages}", failed=True)
    return Traced(blocks, area, cma=True)


def _from_page_allocator(made: list[TraceEvent], closed: list[TraceEvent], pages: int) -> Traced:
    """The buffer's pages are allocated while it is made and freed while it is closed; others are the kernel's own.

    Some kernels free a buffer later, in a thread. Then the blocks whose allocation flags, taken together, add up to its
    size are used.
    """
    allocated = [
        event for event in made if event.kind == "kmem/mm_page_alloc" and 0 < event.values.get("pfn", 0) < _NO_PAGE
    ]
    freed = {_key(event) for event in closed if event.kind == "kmem/mm_page_free"}
    both = {_key(event): event for event in allocated if _key(event) in freed}
    for candidates in (list(both.values()), allocated):
        if (chosen := _adding_up(candidates, pages)) is not None:
            return Traced(tuple(Block(pfn, 1 << order, order) for pfn, order in sorted(map(_key, chosen))))
    seen = sum(1 << _key(event)[1] for event in both.values())
    if not allocated:
        return Traced(why="the kernel traced no allocation: the heap has its own memory, or kept freed pages")
    return Traced(why=f"{seen} of {pages} pages were seen; a heap that keeps freed pages hands them out untraced")


def _key(event: TraceEvent) -> tuple[int, int]:
    return event.values.get("pfn", 0), event.values.get("order", 0) & 31


def _adding_up(events: list[TraceEvent], pages: int) -> list[TraceEvent] | None:
    """All events, or those of some groups with equal allocation flags, if they add up to the buffer; else ``None``."""
    by_flags: dict[int, list[TraceEvent]] = {}
    for event in events:
        by_flags.setdefault(event.values.get("gfp_flags", 0), []).append(event)
    groups = sorted(by_flags.values(), key=len, reverse=True)[:8]
    for count in range(len(groups), 0, -1):
        for combination in itertools.combinations(groups, count):
            chosen = [event for group in combination for event in group]
            if sum(1 << _key(event)[1] for event in chosen) == pages:
                return chosen
    return None

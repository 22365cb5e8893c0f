"""Trace events out of the kernel's ring buffer, and from them the blocks of memory that a buffer was made of.

Where a field stands in an event is told by the event's ``format``, and where the events begin in a sub-buffer by
``header_page``: both differ between kernel versions and are read, not known. What is fixed is the header of an event
(``events/header_event``: 5 bits of type and length, 27 bits of time).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bringup.allocator.answer import TracedBuffer

__all__ = ["Block", "TraceEvent", "TraceFormats", "Traced", "traced"]

_ID = re.compile(r"^ID: (\d+)$", re.MULTILINE)
_FIELD = re.compile(r"field:\s*([^;]*?)\s*(\w+)(\[\w*\])?;\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:([01]);)?")
_PADDING, _TIME_EXTEND, _TIME_STAMP = 29, 30, 31
_LOST = 0xC0000000
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
    """Physically contiguous pages, as they were handed out together.

    :param pfn: the first page's frame number; ``order``: of the page allocator's block, ``None`` for CMA.
    :param align: log2 of the alignment in pages that was asked of CMA.
    """

    pfn: int
    pages: int
    order: int | None = None
    align: int = 0


@dataclass(frozen=True, slots=True)
class Traced:
    """What a buffer is made of.

    :param blocks: empty where it cannot be told; then ``why`` says why.
    :param area: the CMA area that it came from, where the kernel names it.
    :param cma: the blocks came from CMA.
    :param failed: the tracing went wrong; otherwise this heap on this kernel leaves no trace.
    """

    blocks: tuple[Block, ...] = ()
    area: str = ""
    cma: bool = False
    why: str = ""
    failed: bool = False


class TraceFormats:
    """The formats of events, as one kernel tells them.

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
            if found := _ID.search(text):
                self._events[int(found[1])] = (name, tuple(_fields(text)))
        common = next((fields for _, fields in self._events.values()), ())
        self._type = next((field for field in common if field.name == "common_type"), None)

    @property
    def usable(self) -> bool:
        """Whether the formats are enough to read events by."""
        return None not in (self._commit, self._data, self._type)

    def events(self, pieces: Iterable[bytes]) -> Iterator[TraceEvent | None]:
        """The events of sub-buffers, in order; ``None`` where events were lost or the data makes no sense."""
        for piece in pieces:
            yield from self._piece(piece)

    def _piece(self, piece: bytes) -> Iterator[TraceEvent | None]:
        if self._commit is None or self._data is None or len(piece) < self._data.offset:
            yield None
            return
        committed = int.from_bytes(piece[self._commit.offset : self._commit.offset + 4], "little")
        if committed & _LOST:
            yield None
        at, end = self._data.offset, min(self._data.offset + (committed & 0xFFFFF), len(piece))
        while at + 4 <= end:
            head = int.from_bytes(piece[at : at + 4], "little")
            kind, delta = head & 31, head >> 5
            length = int.from_bytes(piece[at + 4 : at + 8], "little")
            if kind == _PADDING and delta == 0:
                return
            if kind in (_TIME_EXTEND, _TIME_STAMP):
                at += 8
            elif kind == _PADDING:
                at += 4 + length
            elif kind:
                yield from self._event(piece[at + 4 : min(at + 4 + kind * 4, end)])
                at += 4 + kind * 4
            elif length < 4:
                yield None
                return
            else:
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
    for found in _FIELD.finditer(text):
        words, name, _, offset, size, signed = found.groups()
        yield _Field(name, int(offset), int(size), signed == "1", "__data_loc" in words)


def _number(data: bytes, field: _Field) -> int | None:
    raw = data[field.offset : field.offset + field.size]
    return int.from_bytes(raw, "little", signed=field.signed) if len(raw) == field.size <= 8 else None


def _text(data: bytes, field: _Field) -> str:
    """A string that the event holds elsewhere: 16 bits of offset, 16 bits of length."""
    where = int.from_bytes(data[field.offset : field.offset + 4], "little")
    raw = data[where & 0xFFFF : (where & 0xFFFF) + (where >> 16)]
    return raw.partition(b"\0")[0].decode("ascii", "backslashreplace")


def traced(formats: TraceFormats, buffer: TracedBuffer, page_size: int) -> Traced:
    """What a buffer of ``buffer.size`` bytes is made of, by the events while it was made and while it was closed."""
    if not formats.usable:
        return Traced(why="the kernel's trace formats were not understood", failed=True)
    made, closed = list(formats.events(buffer.made)), list(formats.events(buffer.closed))
    if None in made or None in closed:
        return Traced(why="the kernel lost trace events: its ring buffer was too small", failed=True)
    pages = -(-buffer.size // page_size)
    known, gone = [one for one in made if one], [one for one in closed if one]
    return _from_cma(known, pages) or _from_page_allocator(known, gone, pages)


def _from_cma(made: list[TraceEvent], pages: int) -> Traced | None:
    """``cma_alloc_finish`` since Linux 5.13, ``cma_alloc`` before; both also tell of what failed."""
    found = [
        one
        for one in made
        if one.kind in ("cma/cma_alloc_finish", "cma/cma_alloc")
        and one.values.get("errorno", 0) == 0
        and one.values.get("page", 1)
        and 0 < one.values.get("pfn", 0) < _NO_PAGE
        and one.values.get("count", 0)
    ]
    if not found:
        return None
    blocks = tuple(Block(o.values["pfn"], o.values["count"], align=o.values.get("align", 0)) for o in found)
    told = sum(block.pages for block in blocks)
    area = found[0].area
    if told != pages:
        return Traced(area=area, cma=True, why=f"CMA gave {told} pages for a buffer of {pages}", failed=True)
    return Traced(blocks, area, cma=True)


def _from_page_allocator(made: list[TraceEvent], closed: list[TraceEvent], pages: int) -> Traced:
    """The buffer's pages come with its making and go with its closing; the kernel's own, for lists and the like, stay.

    Some kernels free a buffer later, in a thread of theirs: then the blocks whose flags, taken together, give its size.
    """
    taken = [one for one in made if one.kind == "kmem/mm_page_alloc" and 0 < one.values.get("pfn", 0) < _NO_PAGE]
    gone = {_key(one) for one in closed if one.kind == "kmem/mm_page_free"}
    both = {_key(one): one for one in taken if _key(one) in gone}
    for candidates in (list(both.values()), taken):
        if (chosen := _adding_up(candidates, pages)) is not None:
            return Traced(tuple(Block(pfn, 1 << order, order) for pfn, order in sorted(map(_key, chosen))))
    told = sum(1 << _key(one)[1] for one in both.values())
    if not taken:
        return Traced(why="the kernel traced no allocation: the heap has memory of its own, or kept some from before")
    return Traced(why=f"{told} of {pages} pages were seen; a heap that keeps freed pages hands them out untraced")


def _key(event: TraceEvent) -> tuple[int, int]:
    return event.values.get("pfn", 0), event.values.get("order", 0) & 31


def _adding_up(events: list[TraceEvent], pages: int) -> list[TraceEvent] | None:
    """All of them, or those with some of the allocation flags, when they make up the buffer."""
    by_flags: dict[int, list[TraceEvent]] = {}
    for event in events:
        by_flags.setdefault(event.values.get("gfp_flags", 0), []).append(event)
    groups = sorted(by_flags.values(), key=len, reverse=True)[:8]
    for count in range(len(groups), 0, -1):
        for some in itertools.combinations(groups, count):
            chosen = [event for group in some for event in group]
            if sum(1 << _key(event)[1] for event in chosen) == pages:
                return chosen
    return None

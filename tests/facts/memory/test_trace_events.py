"""Trace events: as real kernels wrote them, and as none would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.allocator.answer import State, TracedBuffer, Tracing
from bringup.allocator.reader import parse_line
from bringup.facts.memory.trace_events import Block, TraceFormats, traced
from tests.support.traced import TRACING, cma_buffer, page_buffer

#: Taken on the virtual boards arm64-5.10, arm64-6.12 and arm64-7.x.
REAL = json.loads((Path(__file__).parent / "traced.json").read_text("utf-8"))
FORMATS = TraceFormats(zip(TRACING["events"], TRACING["formats"], strict=True))


def buffer(line: object) -> TracedBuffer:
    parsed = parse_line(json.dumps(line).encode())
    assert isinstance(parsed, TracedBuffer)
    return parsed


@pytest.mark.parametrize("kernel", REAL)
def test_what_real_kernels_wrote_is_understood(kernel: str) -> None:
    tracing = parse_line(json.dumps(REAL[kernel]["tracing"]).encode())
    assert isinstance(tracing, Tracing)
    formats = TraceFormats(tracing.formats)
    assert formats.usable
    buffers = [buffer(line) for line in REAL[kernel]["pages"]]
    assert {one.heap for one in buffers} == {"system", "linux,cma"}
    for one in buffers:
        found = traced(formats, one, 4096)
        assert found.why == ""
        assert sum(block.pages for block in found.blocks) == one.size // 4096
        assert found.cma == (one.heap == "linux,cma")
        if found.cma:
            (block,) = found.blocks
            assert 0x5E000 <= block.pfn <= 0x60000 - block.pages
            assert (block.align, block.pfn % (1 << block.align)) == (min(8, (block.pages - 1).bit_length()), 0)
            assert found.area == ("" if kernel.startswith("5.10") else "linux,cma")


def test_orders_are_those_of_the_system_heap() -> None:
    orders = {}
    for kernel, found in REAL.items():
        formats = TraceFormats(zip(found["tracing"]["events"], found["tracing"]["formats"], strict=True))
        lines = [one for one in found["pages"] if (one["heap"], one["size"]) == ("system", 65536)]
        orders[kernel] = {block.order for line in lines for block in traced(formats, buffer(line), 4096).blocks}
    assert orders == {"5.10.223": {0}, "6.12.107": {4}, "7.3.4": {4}}


def test_blocks_have_to_add_up() -> None:
    found = traced(FORMATS, buffer(page_buffer("system", (0x41000, 8), size=2 << 20)), 4096)
    assert (found.blocks, found.failed) == ((), False)
    assert "of 512 pages were seen" in found.why
    assert traced(FORMATS, buffer(cma_buffer("cma", (0x5E000, 16))), 4096).blocks == (Block(0x5E000, 16),)
    short = cma_buffer("cma", (0x5E000, 16)) | {"size": 1 << 20}
    assert traced(FORMATS, buffer(short), 4096).why == "CMA gave 16 pages for a buffer of 256"


def test_lost_events_and_unknown_formats_conclude_nothing() -> None:
    assert traced(FORMATS, buffer(cma_buffer("cma", (0x5E000, 1), lost=True)), 4096).failed
    assert traced(TraceFormats([]), buffer(cma_buffer("cma", (0x5E000, 1))), 4096).failed


@given(
    st.lists(st.binary(max_size=200), max_size=3), st.lists(st.tuples(st.sampled_from(TRACING["events"]), st.text()))
)
def test_no_bytes_and_no_formats_break_it(pieces: list[bytes], texts: list[tuple[str, str]]) -> None:
    for formats in (FORMATS, TraceFormats(texts)):
        list(formats.events(pieces))
        traced(formats, TracedBuffer("x", 4096, State.OK, 0, tuple(pieces), tuple(pieces)), 4096)


@given(st.binary(max_size=400))
def test_any_committed_bytes_are_read_to_their_end(data: bytes) -> None:
    head = bytes(8) + len(data).to_bytes(8, "little")
    list(FORMATS.events([head + data]))


@pytest.mark.parametrize(
    ("given", "freed", "size", "blocks"),
    [
        # What was given for the buffer comes back when it is closed; the rest is the kernel's own.
        (((0x10, 0), (0x20, 0)), ((0x20, 0),), 4096, [0x20]),
        (((0x10, 0), (0x20, 1), (0x30, 2)), ((0x30, 2), (0x10, 0)), 5 * 4096, [0x10, 0x30]),
        (((0x20, 1), (0x10, 0)), ((0x20, 1), (0x10, 0), (0x50, 3)), 3 * 4096, [0x10, 0x20]),
        # The same frame of another order is another block.
        (((0x10, 0), (0x20, 1)), ((0x10, 1), (0x20, 1)), 2 * 4096, [0x20]),
        # Nothing came back yet: all that was given has to add up.
        (((0x10, 0), (0x20, 0)), (), 2 * 4096, [0x10, 0x20]),
        (((0x10, 0), (0x20, 0)), (), 4096, []),
        # A last page that is not full.
        (((0x10, 0), (0x20, 0)), (), 4097, [0x10, 0x20]),
    ],
)
def test_which_pages_are_the_buffers(
    given: tuple[tuple[int, int], ...], freed: tuple[tuple[int, int], ...], size: int, blocks: list[int]
) -> None:
    found = traced(FORMATS, buffer(page_buffer("system", *given, size=size, freed=freed)), 4096)
    assert [block.pfn for block in found.blocks] == blocks
    assert [block.pages for block in found.blocks] == [1 << (block.order or 0) for block in found.blocks]


def test_a_heap_that_keeps_freed_pages_says_how_many_were_seen() -> None:
    line = page_buffer("system", (0x10, 0), (0x20, 1), size=8 * 4096, freed=((0x20, 1), (0x10, 0)))
    assert traced(FORMATS, buffer(line), 4096).why.startswith("3 of 8 pages were seen")
    untraced = page_buffer("system", size=4096)
    assert traced(FORMATS, buffer(untraced), 4096).why.startswith("the kernel traced no allocation")

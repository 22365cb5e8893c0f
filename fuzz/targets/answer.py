"""The test allocator's answer, in two pieces."""

from __future__ import annotations

from contextlib import suppress

from bringup.allocator.bounds import Bounds
from bringup.allocator.plan import Plan
from bringup.allocator.reader import Reader
from bringup.errors import AllocatorError
from bringup.record.questions import EVERYTHING

_PLAN = Plan(EVERYTHING)


def one(data: bytes) -> None:
    half = len(data) // 2
    for bounds in (None, Bounds(_PLAN)):
        reader = Reader(bounds)
        with suppress(AllocatorError):
            for piece in (data[:half], data[half:]):
                for line in reader.feed(piece):
                    assert line.raw in data
        assert reader.complete == (reader.why_incomplete is None)

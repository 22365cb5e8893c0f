"""What every line of the test allocator's answer is made of: its base class, states, ranges of numbers."""

from __future__ import annotations

import enum
from collections.abc import Sized
from typing import Annotated

import msgspec

U8 = Annotated[int, msgspec.Meta(ge=0, le=255)]
U32 = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Mode = Annotated[int, msgspec.Meta(ge=0, le=0o7777)]
Samples = Annotated[tuple[Count, ...], msgspec.Meta(max_length=1000)]
IonNumbers = Annotated[tuple[Count, ...], msgspec.Meta(max_length=32)]


class State(enum.StrEnum):
    """What happened when something was read; ``OK`` with size 0: it is there and empty."""

    OK = "ok"
    MISSING = "missing"
    DENIED = "denied"
    FAILED = "failed"
    TIMEOUT = "timeout"


class AnswerLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="t"):
    """A line of the answer. ``raw`` is its JSON text as it came, without the newline."""

    raw: bytes = b""


def require_same_length(*lists: Sized) -> None:
    """:raises ValueError: the lists have different lengths."""
    if len(set(map(len, lists))) > 1:
        raise ValueError("it has lists of different lengths")

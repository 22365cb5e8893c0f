"""A board's buffers watched over time: the lines of a series, and what it shows. Sizes are in bytes."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from bringup.document import Count, DocumentError, read_document, require_finite
from bringup.outcome import Outcome

__all__ = [
    "SCHEMA",
    "GrowthFacts",
    "LeakFound",
    "Look",
    "Series",
    "WatchBegin",
    "WatchEnd",
    "WatchLine",
    "WatchedShare",
    "read_series",
]

SCHEMA: Final = "bringup.watch/1"
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class _Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """A line of a series.

    :param at: Seconds since the first line, by the host's monotonic clock.
    """

    at: Seconds

    def __post_init__(self) -> None:
        require_finite(self)


class WatchBegin(_Line, frozen=True, kw_only=True, tag="begin"):
    """The first line.

    :param tool: The version of bringup.
    :param serial: As adb lists the board.
    :param kernel: The kernel's release.
    :param started: By the host's clock: ISO 8601 in UTC.
    :param interval: Seconds from one look to the next.
    :param swing: Seconds within which what a process holds returns to its least, if it does not leak.
    :param rounds: How many rounds of the steps there are to be; 0: none, the board is only looked at.
    :param steps: The commands of a round.
    :param error_rate: How often a leak is reported at most in a whole series where there is none.
    """

    schema: Literal["bringup.watch/1"]
    tool: str
    serial: str
    kernel: str | None
    started: str
    interval: Seconds
    swing: Seconds
    rounds: Count
    steps: tuple[str, ...]
    error_rate: Annotated[float, msgspec.Meta(gt=0, lt=1)]


class WatchedShare(msgspec.Struct, frozen=True):
    """What a process holds of an exporter's buffers.

    :param pid: 0: no process holds them.
    :param start: When it began, in ticks since the board booted.
    :param exporter: Null: unknown.
    :param buffers: How many; bytes: their sizes, also where others hold them, too.
    :param pss: Bytes, of which a buffer that n processes hold counts 1/n.
    """

    pid: int
    start: int
    process: str
    exporter: str | None
    buffers: Count
    bytes: Count
    pss: Count


class Look(_Line, frozen=True, kw_only=True, tag="look"):
    """Who held buffers at one time.

    :param round: After which round; 0: before the first; null: there are no rounds.
    :param shares: Those that hold any.
    :param notes: What could not be seen.
    :param sees_all: Whether each buffer that a process holds was seen: by its process, or in the kernel's list.
    """

    round: Count | None
    shares: tuple[WatchedShare, ...]
    notes: tuple[str, ...] = ()
    sees_all: bool = True


class LeakFound(_Line, frozen=True, kw_only=True, tag="leak"):
    """What somebody holds grows beyond noise. At most one line per process and exporter.

    :param process: Empty: all together, buffers that no process holds included.
    :param pid: 0: all together, or no process.
    :param p: Of the rank test; limit: below which it is a leak, here and now.
    :param slope: Bytes per round, or per second where there are no rounds.
    :param before: Bytes at first; after: bytes now.
    """

    process: str
    pid: int
    start: int
    exporter: str | None
    p: float
    limit: float
    slope: float
    before: Count
    after: Count


class GrowthFacts(msgspec.Struct, frozen=True):
    """What one process holds of one exporter's buffers, from the first look to the last.

    :param process: Empty: all together, buffers that no process holds included.
    :param is_decided: Whether it was watched for long enough to find a leak.
    :param slope: Bytes per round or second; null: it does not grow beyond noise, or that is unknown.
    """

    process: str
    pid: int
    start: int
    exporter: str | None
    before: Count
    after: Count
    most: Count
    is_leak: bool
    is_decided: bool
    slope: float | None


class WatchEnd(_Line, frozen=True, kw_only=True, tag="end"):
    """The last line.

    :param outcome: fail: there is a leak. pass: there is none beyond noise. error: it was watched for too short a time,
        the watch ended early, or not every buffer could be seen.
    :param why: Why it ended.
    :param looks: How often the board was looked at.
    :param growth: What grew or shrank, the most growth first.
    :param notes: What could not be seen at the last look at which something could not.
    :param enough: Rounds, or seconds where there are none, after which a leak could be found; null: it was so long.
    """

    outcome: Outcome
    why: str
    looks: Count
    growth: tuple[GrowthFacts, ...]
    notes: tuple[str, ...] = ()
    enough: Seconds | None = None


WatchLine = WatchBegin | Look | LeakFound | WatchEnd


class Series(msgspec.Struct, frozen=True):
    """A series that was read.

    :param end: Null: it was cut off.
    """

    begin: WatchBegin
    looks: tuple[Look, ...]
    end: WatchEnd | None


def read_series(raw: bytes) -> Series:
    """Read the lines of a series. A last line that is cut off is left out.

    :raises DocumentError: it is not a series, or a line in it is damaged.
    """
    lines = raw.split(b"\n")
    whole = lines[:-1] if lines[-1] else [line for line in lines if line]
    if not whole:
        raise DocumentError("it has no line")
    begin: WatchBegin = _read(whole[0], 1, WatchBegin)
    rest: list[WatchLine] = [_read(line, number, WatchLine) for number, line in enumerate(whole[1:], start=2) if line]
    looks = tuple(line for line in rest if isinstance(line, Look))
    ends = [line for line in rest if isinstance(line, WatchEnd)]
    return Series(begin, looks, ends[-1] if ends else None)


def _read(raw: bytes, number: int, kind: Any) -> Any:
    try:
        return read_document(raw, kind)
    except DocumentError as error:
        raise DocumentError(f"line {number}: {error}") from error

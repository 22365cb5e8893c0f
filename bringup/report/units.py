"""Figures with their units, as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["address", "duration", "moment", "rate", "ratio", "seconds", "size"]

_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
_TIMES = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))


def size(count: int) -> str:
    """Bytes in binary units: ``64 KiB``."""
    return next((f"{count / unit:,.4g} {name}" for unit, name in _SIZES if count >= unit), f"{count} B")


def duration(nanoseconds: float) -> str:
    """Nanoseconds to three figures: ``41.2 µs``."""
    for unit, name in _TIMES:
        if nanoseconds >= unit:
            value = nanoseconds / unit
            return f"{value:,.0f} {name}" if value >= 100 else f"{value:.3g} {name}"
    return f"{nanoseconds:.3g} ns"


def ratio(part: int, whole: int) -> str:
    """How many times ``whole`` a ``part`` is: ``1.8×``; empty where ``whole`` is not above 0."""
    if whole <= 0:
        return ""
    value = part / whole
    return f"{value:,.0f}×" if value >= 100 else f"{value:.2g}×"


def seconds(value: float) -> str:
    """Seconds with milliseconds below a minute: ``0.042 s``."""
    return f"{value:.3f} s" if value < 60 else f"{value:,.0f} s"


def moment(iso: str) -> str:
    """An ISO 8601 time as ``22 November 2026, 11:48 UTC``; any other text unchanged."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    if when.tzinfo is None:
        return f"{when.day} {when:%B %Y, %H:%M}"
    when = when.astimezone(UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def rate(mb_per_s: float) -> str:
    """10^6 bytes a second to three figures: ``412 MB/s``, ``1.8 GB/s``."""
    if mb_per_s >= 1000:
        return f"{mb_per_s / 1000:.3g} GB/s"
    return f"{mb_per_s:.3g} MB/s"


def address(place: int) -> str:
    """A physical address in hexadecimal, its digits in groups of four: ``0x8_8000_0000``."""
    return f"{place:#_x}"

"""Kernel versions: parse what ``uname -r`` says, compare, and name the flavour of the tree."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field

from msgspec import Struct

from bringup.errors import UsageError

__all__ = ["ANY_VERSION", "Flavour", "KernelVersion", "VersionRange"]

_RELEASE = r"(?:v|Linux version |Linux )?(\d{1,5})\.(\d{1,5})(?:\.(\d{1,5}))?(?P<tail>[-+~_.][\x21-\x7e]*)?"
_ANDROID = r"-android(\d{1,3})(?![\w])"
_RC = r"-rc(\d{1,3})(?!\d)"


class Flavour(enum.StrEnum):
    """Whose tree a kernel was built from; it decides which symbols exist and which are right to be unset."""

    MAINLINE = "mainline"
    GKI = "gki"
    VENDOR = "vendor"

    @classmethod
    def named(cls, text: str) -> Flavour:
        """The flavour of that name.

        :raises UsageError: there is none.
        """
        try:
            return cls(text)
        except ValueError as error:
            known = ", ".join(flavour.value for flavour in cls)
            raise UsageError("read a kernel's flavour", f"{text!r} is none", hint=f"one of {known}") from error


@dataclass(frozen=True, slots=True, order=True)
class KernelVersion:
    """A kernel release. Ordered by number only: a release candidate and vendor suffixes do not count.

    :param release: the text it was read from, e.g. ``6.1.75-android14-11-gabcdef``.
    :param android: Android release of an Android Common Kernel (``14``), else ``None``.
    """

    major: int
    minor: int
    patch: int = 0
    release: str = field(default="", compare=False)
    android: int | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, text: str) -> KernelVersion:
        """Read ``6.12.107+deb13-cloud-amd64``, ``5.10.223``, ``v7.3-rc2``, ``6.1.75-android14-11-gabc``.

        :raises UsageError: the text does not start with a kernel version.
        """
        release = text.strip()
        match = re.fullmatch(_RELEASE, release, re.ASCII)
        if match is None:
            shown = release if len(release) <= 60 else release[:57] + "..."
            raise UsageError(
                "read a kernel version", f"{shown!r} is none", hint="write it as uname -r does: 6.12 or 6.12.107-g0123"
            )
        android = re.search(_ANDROID, match["tail"] or "", re.ASCII)
        return cls(
            int(match[1]),
            int(match[2]),
            int(match[3] or 0),
            release=release,
            android=int(android[1]) if android else None,
        )

    @property
    def series(self) -> tuple[int, int]:
        """Major and minor: what symbols, their types and heap names hang on."""
        return (self.major, self.minor)

    @property
    def flavour(self) -> Flavour | None:
        """``GKI`` when the release names an Android branch; the number alone does not say it."""
        return Flavour.GKI if self.android is not None else None

    @property
    def candidate(self) -> int | None:
        """Number of the release candidate (``-rc3`` is 3), ``None`` for a release."""
        match = re.search(_RC, self.release, re.ASCII)
        return int(match[1]) if match else None

    def __str__(self) -> str:
        return self.release or f"{self.major}.{self.minor}.{self.patch}"


class VersionRange(Struct, frozen=True):
    """Series from ``first`` to ``last``, both included; ``None`` leaves that end open.

    Written ``5.6..6.16``, ``6.17..``, ``..5.10``, ``6.12`` (that series alone) or ``..`` (all).
    Stable point releases belong to their series: ``6.16.12`` lies in ``5.6..6.16``.
    """

    first: tuple[int, int] | None = None
    last: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """Read a range.

        :raises UsageError: not a range, or it ends before it begins.
        """
        low, dots, high = text.strip().partition("..")
        first = KernelVersion.parse(low).series if low.strip() or not dots else None
        if not dots:
            return cls(first, first)
        last = KernelVersion.parse(high).series if high.strip() else None
        if first is not None and last is not None and last < first:
            raise UsageError("read a range of kernel versions", f"{text.strip()!r} ends before it begins")
        return cls(first, last)

    def __contains__(self, version: KernelVersion) -> bool:
        series = version.series
        return (self.first is None or series >= self.first) and (self.last is None or series <= self.last)

    def __str__(self) -> str:
        if self.first is not None and self.first == self.last:
            return _dotted(self.first)
        return f"{_dotted(self.first)}..{_dotted(self.last)}"


def _dotted(series: tuple[int, int] | None) -> str:
    return "" if series is None else f"{series[0]}.{series[1]}"


ANY_VERSION = VersionRange()
"""All kernels."""

"""What of DMA-BUF heaps is in mainline and what in Android Common Kernels only, feature by feature.

The facts are data (``data/upstream.yaml``); each names its sources.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from bringup.kernel.data.shipped import shipped_data
from bringup.kernel.history.version import KernelVersion, VersionRange

__all__ = [
    "ArtifactKind",
    "Feature",
    "Origin",
    "OutOfTree",
    "Span",
    "State",
    "features",
    "looked_at",
    "newer_than_read",
    "out_of_tree",
]


class State(enum.StrEnum):
    """Whether a kernel series has a feature."""

    YES = "yes"
    NO = "no"
    NOT_YET = "not yet"
    REMOVED = "removed"
    UNKNOWN = "not known"


class ArtifactKind(enum.StrEnum):
    """What of a board depends on a tree that is not mainline."""

    HEAP = "heap"
    OPTION = "option"
    MODULE = "module"
    INTERFACE = "interface"


class Origin(enum.StrEnum):
    """Whose it is, where a kernel series of mainline does not have it."""

    ANDROID = "android"  # Android Common Kernels, or what Android asks vendors to add to them
    VENDOR = "vendor"  # a vendor's tree
    BACKPORT = "backport"  # a later mainline has it
    REMOVED = "removed"  # mainline had it
    UNKNOWN = "unknown"  # no mainline kernel has it; whose it is, is not known here


class Span(Struct, frozen=True):
    """The series that have something.

    :param present: where it is; ``None``: nowhere.
    :param absent: where it is known not to be; ``None``: everywhere else.
    :param known: ``False``: nothing is known.
    """

    present: VersionRange | None = None
    absent: VersionRange | None = None
    known: bool = True
    note: str = ""

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> Span:
        """Build from the dict of the file."""
        present, absent = data.get("present"), data.get("absent")
        return cls(
            VersionRange.parse(present) if present else None,
            VersionRange.parse(absent) if absent else None,
            data.get("known", "yes") == "yes",
            data.get("note", ""),
        )

    def state(self, version: KernelVersion) -> State:
        """Whether that series has it; not known of one newer than the newest whose source was read."""
        if not self.known or version.series > looked_at().series:
            return State.UNKNOWN
        if self.present is None:
            return State.NO
        if version in self.present:
            return State.YES
        if self.absent is not None and version not in self.absent:
            return State.UNKNOWN
        later = self.present.first is not None and version.series < self.present.first
        return State.NOT_YET if later else State.REMOVED

    def __str__(self) -> str:
        if not self.known:
            return "not known"
        if self.present is None:
            return "never"
        first, dots, last = str(self.present).partition("..")
        if not dots:
            return f"{first} only"
        if first and self.absent is not None and self.absent.last is not None:
            first = f"after {_dotted(self.absent.last)}, by {first}"
        elif first and not last:
            first = f"since {first}"
        return " to ".join(filter(None, (first, last))) if first else f"up to {last}"


def _dotted(series: tuple[int, int]) -> str:
    return f"{series[0]}.{series[1]}"


class Feature(Struct, frozen=True):
    """One feature and the kernels that have it.

    :param android: the same for the branches of Android Common Kernels.
    """

    id: str
    title: str
    mainline: Span
    android: Span
    note: str
    sources: tuple[str, ...]


class OutOfTree(Struct, frozen=True):
    """Something that is known not to be in mainline.

    :param names: names or shell patterns: heaps, symbols without ``CONFIG_``, modules, or paths.
    :param origin: whose tree it is from.
    :param instead: what mainline offers in its place; ``None`` where nothing is known.
    """

    kind: ArtifactKind
    names: tuple[str, ...]
    standing: Origin
    origin: str
    instead: str | None
    sources: tuple[str, ...]


@cache
def looked_at() -> KernelVersion:
    """The newest series of mainline whose source was read."""
    return KernelVersion.parse(shipped_data()["upstream"]["looked_at"])


def newer_than_read(version: KernelVersion | None) -> tuple[str, ...]:
    """A note where a kernel is newer than what is known here; empty for a known one, or where there is no version."""
    if version is None or version.series <= looked_at().series:
        return ()
    return (f"no source newer than {looked_at()} was read: what is new, renamed or gone in {version} is not known",)


@cache
def features() -> tuple[Feature, ...]:
    """All features, in the order in which to show them."""
    return tuple(
        Feature(
            entry["id"],
            entry["title"],
            Span.from_data(entry["mainline"]),
            Span.from_data(entry["android"]),
            entry.get("note", ""),
            tuple(entry["source"]),
        )
        for entry in shipped_data()["upstream"]["features"]
    )


@cache
def out_of_tree() -> tuple[OutOfTree, ...]:
    """What is known not to be in mainline."""
    return tuple(
        OutOfTree(
            ArtifactKind(entry["kind"]),
            tuple(entry["names"]),
            Origin(entry["standing"]),
            entry["origin"],
            entry.get("instead"),
            tuple(entry["source"]),
        )
        for entry in shipped_data()["upstream"]["out_of_tree"]
    )

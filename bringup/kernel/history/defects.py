"""What kernels are known to have wrong: each defect, the releases that have it, and those in which the fix was seen."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from bringup.kernel.data.shipped import shipped_data
from bringup.kernel.history.version import KernelVersion

__all__ = ["Defect", "DefectState", "Judged", "Sighting", "defect_shown_by", "defects"]

# Debian calls every 6.1.y kernel 6.1.0-NN: a 0 says something only where nothing follows it.
_MAINLINE = r"v?\d+\.\d+(\.0)?(-rc\d+)?"


class DefectState(enum.StrEnum):
    """Whether a kernel has a defect."""

    PRESENT = "present"
    FIXED = "fixed"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A release in which a defect, or its fix, was seen, and where."""

    version: KernelVersion
    source: str


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a kernel has a defect, and why that is believed: a phrase."""

    state: DefectState
    why: str


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect of kernels, as a heap test shows it.

    :param test: the heap test that shows it.
    :param errno: the errno that the test reports with it; with another one the test found something else.
    :param since: the first mainline release that has it.
    :param commit: mainline's fix; empty: there is none.
    :param subject: the fix's subject line.
    :param present: releases in which it was seen.
    :param fixed: releases in which the fix was seen; mainline's as ``x.y``.
    :param never_fixed: why no release has a fix; empty: some have.
    """

    id: str
    title: str
    test: str
    errno: str
    since: KernelVersion
    commit: str
    subject: str
    present: tuple[Sighting, ...]
    fixed: tuple[Sighting, ...]
    never_fixed: str = ""

    def state_in(self, kernel: KernelVersion) -> Judged:
        """Whether that kernel has the defect."""
        if kernel < self.since:
            return Judged(DefectState.UNKNOWN, f"first in mainline with {self.since}")
        for sighting in self.fixed:
            if _includes_fix(kernel, sighting.version):
                return Judged(DefectState.FIXED, f"fixed in {sighting.version}: {sighting.source}")
        if self.never_fixed:
            return Judged(DefectState.PRESENT, self.never_fixed)
        if kernel.patch == 0 and not re.fullmatch(_MAINLINE, kernel.release, re.ASCII):
            return Judged(DefectState.UNKNOWN, f"{kernel} does not say which stable release it is")
        for sighting in self.present:
            if kernel.series == sighting.version.series and kernel <= sighting.version:
                return Judged(DefectState.PRESENT, f"seen in {sighting.version}: {sighting.source}")
        mainline = self.fixed_in_mainline
        if mainline is not None and kernel.patch == 0 and kernel.series < mainline.series:
            return Judged(DefectState.PRESENT, f"mainline has the fix from {mainline} on")
        return Judged(
            DefectState.UNKNOWN, f"whether {kernel.major}.{kernel.minor}.{kernel.patch} has the fix is not known"
        )

    @property
    def fixed_in_mainline(self) -> KernelVersion | None:
        """Mainline's first release with the fix."""
        return next((sighting.version for sighting in self.fixed if _is_mainline(sighting.version)), None)

    @property
    def where_fixed(self) -> str:
        """The fix and the releases in which it was seen, for people."""
        if not self.fixed:
            return f"never fixed: {self.never_fixed}"
        releases = ", ".join(str(sighting.version) for sighting in self.fixed)
        return f"fixed by commit {self.commit} (“{self.subject}”), seen in {releases}"


def _includes_fix(kernel: KernelVersion, fixed: KernelVersion) -> bool:
    """Whether a kernel is a later release of the line in which a fix was seen."""
    if not _is_mainline(fixed):
        return kernel.series == fixed.series and kernel.patch >= fixed.patch
    if kernel.series == fixed.series and kernel.patch == 0 and kernel.candidate is not None:
        return False  # in which release candidate the fix came is not recorded
    return kernel.series >= fixed.series


def _is_mainline(version: KernelVersion) -> bool:
    return version.patch == 0


@cache
def defects() -> tuple[Defect, ...]:
    """Every known defect, in the order of the file."""
    return tuple(_from_data(entry) for entry in shipped_data()["defects"])


def defect_shown_by(test: str) -> Defect | None:
    """The defect that a heap test shows; ``None`` where none is known."""
    return next((defect for defect in defects() if defect.test == test), None)


def _from_data(data: dict[str, Any]) -> Defect:
    return Defect(
        id=data["id"],
        title=data["title"],
        test=data["test"],
        errno=data["errno"],
        since=KernelVersion.parse(data["since"]),
        commit=data.get("commit", ""),
        subject=data.get("subject", ""),
        present=tuple(map(_sighting, data.get("present", ()))),
        fixed=tuple(map(_sighting, data.get("fixed", ()))),
        never_fixed=data.get("never_fixed", ""),
    )


def _sighting(data: dict[str, str]) -> Sighting:
    return Sighting(KernelVersion.parse(data["release"]), data["source"])

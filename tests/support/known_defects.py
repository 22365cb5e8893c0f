"""What a test may expect of a kernel that may have a known defect: by the kernel that runs, not by the board's name."""

from __future__ import annotations

from bringup.kernel.history.defects import DefectState, defect_shown_by
from bringup.kernel.history.version import KernelVersion
from bringup.outcome import Outcome

__all__ = ["expected_outcomes", "settled"]

_EXPECTED = {
    DefectState.PRESENT: frozenset({Outcome.WARN}),
    DefectState.FIXED: frozenset({Outcome.PASS}),
    DefectState.UNKNOWN: frozenset({Outcome.WARN, Outcome.PASS}),
}


def expected_outcomes(test: str, release: str) -> frozenset[Outcome]:
    """The outcomes that a heap test which shows a known defect may have on a kernel, as ``uname -r`` names it."""
    defect = defect_shown_by(test)
    assert defect is not None, f"{test} shows no known defect"
    return _EXPECTED[defect.state_in(KernelVersion.parse(release)).state]


def settled(outcomes: dict[str, Outcome], release: str) -> dict[str, Outcome]:
    """The outcomes with each that is as the kernel's known defects let it be put to ``pass``."""
    return {
        test: Outcome.PASS
        if defect_shown_by(test) is not None and outcome in expected_outcomes(test, release)
        else outcome
        for test, outcome in outcomes.items()
    }

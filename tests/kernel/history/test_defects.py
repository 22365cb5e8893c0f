"""Whether a kernel has a known defect, by its release: it has it, the fix was seen, or it is not known."""

from __future__ import annotations

import pytest

from bringup.kernel.history.defects import Defect, DefectState, defect_shown_by, defects
from bringup.kernel.history.version import KernelVersion

PRESENT, FIXED, UNKNOWN = DefectState.PRESENT, DefectState.FIXED, DefectState.UNKNOWN


def state(test: str, release: str) -> DefectState:
    defect = defect_shown_by(test)
    assert defect is not None
    return defect.state_in(KernelVersion.parse(release)).state


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("5.4.210-android11", UNKNOWN),  # Android's backport of what came with 5.6
        ("5.6.0", PRESENT),
        ("5.10.223", PRESENT),
        ("5.10.224", UNKNOWN),
        ("6.1.190", UNKNOWN),
        ("6.1.192", FIXED),
        ("6.12.107+deb13-cloud-amd64", PRESENT),
        ("6.12.110", UNKNOWN),
        ("6.12.112", FIXED),
        ("6.12.117+deb13-cloud-amd64", FIXED),
        ("6.12.117-android16-5-g0123abc", FIXED),
        ("6.18.0", PRESENT),
        ("6.18", PRESENT),
        ("6.18.40", UNKNOWN),
        ("7.2.0", PRESENT),
        ("7.2.3", UNKNOWN),
        ("7.2.12", FIXED),
        ("7.3.0-rc2", UNKNOWN),
        ("7.3.0", FIXED),
        ("7.3.0-1-amd64", FIXED),
        ("8.0.1", FIXED),
        # Debian's 6.1.0-28 is 6.1.119, its 5.10.0-33 is 5.10.226.
        ("6.1.0-28-amd64", UNKNOWN),
        ("5.10.0-33-arm64", UNKNOWN),
    ],
)
def test_the_descriptor_that_a_heap_leaves(release: str, expected: DefectState) -> None:
    assert state("fd.after_efault", release) is expected


@pytest.mark.parametrize(
    ("release", "expected"), [("4.9.337", UNKNOWN), ("4.12.0", PRESENT), ("5.10.223", PRESENT), ("5.10.250", PRESENT)]
)
def test_the_descriptor_that_ion_leaves_was_never_fixed(release: str, expected: DefectState) -> None:
    assert state("ion.after_efault", release) is expected


def test_why_is_said_with_the_source() -> None:
    defect = defect_shown_by("fd.after_efault")
    assert defect is not None
    why = [defect.state_in(KernelVersion.parse(release)).why for release in ("6.12.107", "6.12.117", "6.12.110")]
    assert why == [
        "seen in 6.12.107: drivers/dma-buf/dma-heap.c",
        "fixed in 6.12.112: ChangeLog-6.12.112, in Debian's changelog of 6.12.113-1; drivers/dma-buf/dma-heap.c of 6.12.117",
        "whether 6.12.110 has the fix is not known",
    ]
    assert "30d0aff2c65a" in defect.where_fixed
    assert defect.where_fixed.endswith("seen in 7.3, 7.2.12, 6.12.112, 6.1.192")


def test_a_test_without_a_known_defect() -> None:
    assert defect_shown_by("zero.reuse") is None


@pytest.mark.parametrize("defect", defects(), ids=lambda defect: defect.id)
def test_what_the_file_says_does_not_contradict_itself(defect: Defect) -> None:
    assert bool(defect.fixed) is bool(defect.commit) is bool(defect.subject) is not bool(defect.never_fixed)
    assert all(defect.state_in(seen.version).state is PRESENT for seen in defect.present)
    assert all(defect.state_in(seen.version).state is FIXED for seen in defect.fixed)
    assert defect.state_in(defect.since).state is PRESENT

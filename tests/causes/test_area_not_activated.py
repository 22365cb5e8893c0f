"""CMA areas that lie across the border of two zones. On kernels: tests/test_cma_failures.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.causes.allocation_failed import why_test_failed
from bringup.causes.region_rejected import region_rejected, rejections
from bringup.checks.judge import judge
from tests.support.field_boards import MIB, cma, field_board
from tests.support.said import Said
from tests.support.scripted_facts import facts
from tests.support.scripted_record import result

ZONES = (
    "Zone ranges:",
    "  DMA      [mem 0x0000000040000000-0x00000000ffffffff]",
    "  DMA32    empty",
    "  Normal   [mem 0x0000000100000000-0x000000013fffffff]",
    "Movable zone start for each node",
    "  Node 0: 0x0000000130000000",
    "Early memory node ranges",
)
SAYS = "cma: CMA area {} could not be activated"
ACROSS = {"linux,cma": cma(0xFF00_0000, 32 * MIB, "linux,cma-default"), "video@50000000": cma(0x5000_0000, 16 * MIB)}


@pytest.mark.parametrize("area", ["linux,cma", "reserved"], ids=["a node's", "that of cma="])
def test_an_area_that_has_no_memory_fails_the_board(tmp_path: Path, said: Said, area: str) -> None:
    known = facts(field_board("6.12.30", [*ZONES, SAYS.format(area)], ACROSS, ("system", area)), tmp_path)
    (rejected,) = rejections(known)
    assert rejected.harms
    why = region_rejected(known, (rejected,))
    said(why)
    assert why.cause is not None
    assert (why.cause.id, area in why.cause.text) == ("cma.not-activated", True)
    assert [line for line in why.evidence if "mem 0x" in line] == [ZONES[1], ZONES[3]]
    assert ZONES[5] in why.evidence


def test_that_there_is_no_area_is_not_said(tmp_path: Path) -> None:
    """CmaTotal lacks an area that was given up, and the option for the size of another one is 0."""
    options = {"CMA_SIZE_MBYTES": "0"}
    log, heaps = [SAYS.format("linux,cma")], ("system", "linux,cma")
    given = field_board("6.12.30", log, ACROSS, heaps, cma_kib=(0, 0), kernel=options)
    causes = {verdict.cause.id for verdict in judge(facts(given, tmp_path, None)).verdicts if verdict.cause}
    assert "cma.not-activated" in causes
    assert not {"cma.size-zero", "kconfig.cma-size-zero"} & causes


@pytest.mark.parametrize(
    ("area", "cause"),
    [("linux,cma", "cma.not-activated"), ("video@50000000", "cma.exhausted")],
    ids=["its", "another's"],
)
def test_its_heap_is_not_used_up(tmp_path: Path, area: str, cause: str) -> None:
    """The counters say that no page is free, of none: that is not for want of size."""
    counters = {f"/sys/kernel/debug/cma/linux,cma/{name}": "0\n" for name in ("count", "used", "maxchunk")}
    given = field_board("6.12.30", [*ZONES, SAYS.format(area)], ACROSS, ("system", "linux,cma"), more_files=counters)
    given.results = [result("linux,cma", "alloc.1m", "fail", errno=12, seen="ALLOC of 1048576 bytes: ENOMEM")]
    known = facts(given, tmp_path)
    (refused,) = known.record.results
    why = why_test_failed(known, refused)
    assert why.cause is not None
    assert why.cause.id == cause

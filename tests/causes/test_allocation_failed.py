"""Why an allocation failed: the area was used up, in pieces, or busy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.causes.allocation_failed import cma_failures, why_cma_failed, why_test_failed
from tests.support.said import Said
from tests.support.scripted_facts import facts, kconfig
from tests.support.scripted_record import broken, files, result

FAILED = "cma: cma_alloc: {}alloc failed, req-size: {} pages, ret: -{}\n"
FAILED_7_2 = "cma: __cma_alloc_frozen: a: alloc failed, req-size: 24 pages, ret: -12\n"
FREE = "cma: number of available pages: {}\n"


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (FAILED.format("", 6075, 12) + FREE.format("5957@1+445@9000=> 6402 free of 32768 total pages"), "cma.fragmented"),
        (FAILED.format("reserved: ", 256, 12) + FREE.format("3@125+20@172=> 23 free of 4096 total pages"), "cma.exhausted"),
        (FAILED.format("linux,cma: ", 256, 12) + FREE.format("=> 0 free of 4096 total pages"), "cma.exhausted"),
        # 7.x tells the ranges of an area on lines of their own
        (FAILED.format("a: ", 64, 12) + FREE.format("") + "cma: range 0: 16@0+16@32\ncma: \n=> 32 free of 64 total pages\n", "cma.exhausted"),
        # The function that logs it: cma_alloc, __cma_alloc in 6.12, __cma_alloc_frozen in 7.2 and 7.3 (mm/cma.c)
        (FAILED_7_2 + FREE.format("") + "cma: range 0: 16@0+16@32\n=> 32 free of 64 total pages\n", "cma.fragmented"),
        (FAILED.format("", 524288, 16) + FREE.format("524288@0=> 524288 free of 524288 total pages"), "cma.busy"),
    ],
    ids=["in pieces", "used up", "nothing free", "7.x used up", "7.2 in pieces", "busy"],
)  # fmt: skip
def test_used_up_in_pieces_or_busy(tmp_path: Path, said: Said, log: str, cause: str) -> None:
    known = facts(broken(files=files(dmesg=log)), tmp_path)
    why = why_cma_failed(known, cma_failures(known))
    said(why)
    assert why.cause is not None
    assert why.cause.id == cause
    assert why.alternatives == ()


AREA = "__sys__kernel__debug__cma__linux,cma__"


def pool(count: int, used: int, longest: int) -> dict[str, str]:
    return {f"{AREA}count": f"{count}\n", f"{AREA}used": f"{used}\n", f"{AREA}maxchunk": f"{longest}\n"}


@pytest.mark.parametrize(
    ("area", "cause"),
    [
        (pool(8192, 8192, 0), "cma.exhausted"),
        (pool(8192, 7937, 255), "cma.exhausted"),
        (pool(8192, 63, 255), "cma.fragmented"),
        (pool(8192, 32, 8160), "cma.busy"),
        # 256 pages may lie where they are not aligned to 256: it does not tell
        (pool(8192, 63, 300), None),
        ({}, None),
        # 7.x tells in sysfs how much is free, and not in how many pieces
        ({"__sys__kernel__mm__cma__linux,cma__total_pages": "8192\n", "__sys__kernel__mm__cma__linux,cma__available_pages": "9\n"}, "cma.exhausted"),
        ({"__sys__kernel__mm__cma__linux,cma__total_pages": "8192\n", "__sys__kernel__mm__cma__linux,cma__available_pages": "900\n"}, None),
    ],
    ids=["all used", "too little free", "in pieces", "busy", "alignment", "unknown", "7.x little free", "7.x pieces"],
)  # fmt: skip
def test_what_was_free_before_the_tests_explains_why_one_failed(
    tmp_path: Path, said: Said, area: dict[str, str], cause: str | None
) -> None:
    failed = result("linux,cma", "alloc.1m", "fail", errno=12, seen="ALLOC of 1048576 bytes: ENOMEM")
    known = facts(broken(files=files(**area), results=[failed]), tmp_path)
    why = why_test_failed(known, known.record.results[0])
    said(why)
    assert why.cause is not None
    if cause is None:
        assert why.alternatives, "not told, so both are"
    else:
        assert why.cause.id == cause
        assert why.alternatives == ()
        assert "before the tests" in why.evidence[0]


@pytest.mark.parametrize(
    ("alignment", "longest", "is_busy"),
    [("", 511, True), ("", 510, False), ("2", 259, True), ("2", 258, False), ("0", 256, True), ("12", 511, True)],
)
def test_a_run_with_room_for_an_aligned_buffer_was_busy(
    tmp_path: Path, alignment: str, longest: int, is_busy: bool
) -> None:
    """256 pages, aligned to as many as CONFIG_CMA_ALIGNMENT says, at most to their size."""
    failed = result("linux,cma", "alloc.1m", "fail", errno=12, seen="ALLOC of 1048576 bytes: ENOMEM")
    config = kconfig(CMA_ALIGNMENT=alignment)
    known = facts(broken(files=files(**pool(8192, 63, longest)), results=[failed], config=config), tmp_path)
    why = why_test_failed(known, known.record.results[0])
    assert why.cause is not None
    assert (why.cause.id == "cma.busy") is is_busy


@pytest.mark.parametrize("code", [12, 16])
def test_the_log_is_evidence_where_it_says_the_same(tmp_path: Path, code: int) -> None:
    failed = result("linux,cma", "alloc.1m", "fail", errno=12, seen="ALLOC of 1048576 bytes: ENOMEM")
    said = FAILED.format("linux,cma: ", 256, code) + FREE.format("255@32=> 8129 free of 8192 total pages")
    known = facts(broken(files=files(dmesg=said, **pool(8192, 63, 255)), results=[failed]), tmp_path)
    why = why_test_failed(known, known.record.results[0])
    assert why.cause is not None
    assert why.cause.id == "cma.fragmented"
    assert any("alloc failed" in line for line in why.evidence) == (code == 12)


@pytest.mark.parametrize(("free", "first"), [(64, "cma.exhausted"), (32768, "cma.fragmented")])
def test_both_where_the_log_does_not_tell(tmp_path: Path, said: Said, free: int, first: str) -> None:
    meminfo = f"CmaTotal: 65536 kB\nCmaFree: {free} kB\n"
    known = facts(broken(files=files(dmesg=FAILED.format("", 2048, 12), __proc__meminfo=meminfo)), tmp_path)
    why = why_cma_failed(known, cma_failures(known))
    said(why)
    assert why.cause is not None
    assert [why.cause.id, why.alternatives[0].cause.id] == sorted(
        ["cma.exhausted", "cma.fragmented"], key=lambda x: x != first
    )
    assert "maxchunk" in why.alternatives[0].told_apart_by


@pytest.mark.parametrize(
    "below", ["=> 40 free of 4096 total pages", "3@125+20@172"], ids=["without runs", "cut off after its runs"]
)
def test_a_half_of_what_was_free_does_not_show_which(tmp_path: Path, said: Said, below: str) -> None:
    known = facts(broken(files=files(dmesg=FAILED.format("a: ", 64, 12) + FREE.format(below))), tmp_path)
    why = why_cma_failed(known, cma_failures(known))
    said(why)
    assert why.alternatives


@pytest.mark.parametrize(
    ("heap", "code", "cause", "evidence"),
    [
        ("system", 12, "heap.no-memory", ("MemTotal: 2014208 kB",)),
        ("system", 6, "heap.driver-gone", ()),
        ("linux,cma", 19, "heap.driver-gone", ()),
        ("system", 25, "heap.not-a-heap", ()),
        ("ion/linux,cma", 25, None, ()),  # what is known of errnos is about nodes in /dev/dma_heap
        ("system", 14, None, ()),
    ],
)
def test_the_errno_of_a_test_shows_the_cause_or_none(
    tmp_path: Path, said: Said, heap: str, code: int, cause: str | None, evidence: tuple[str, ...]
) -> None:
    failed = result(heap, "alloc.1m", "fail", errno=code, seen="ALLOC of 1048576 bytes failed")
    known = facts(broken(results=[failed]), tmp_path)
    why = why_test_failed(known, known.record.results[0])
    said(why)
    assert (why.cause and why.cause.id, why.evidence) == (cause, evidence)
    assert bool(why.remedy) == (cause is not None)

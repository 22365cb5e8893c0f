"""ION beside the heaps that replace it: every point the same, better, worse, different and not known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bringup.checks.judge import judge
from bringup.config.schema import BoardConfig
from bringup.facts.board import Facts
from bringup.facts.ion_equivalence import comparisons
from bringup.results.ion import IonComparison, PointResult
from bringup.results.verdict import Outcome, Verdict
from tests.support.said import Said, assert_text
from tests.support.scripted_record import HELLO, ScriptedBoard, result
from tests.support.suite import find_check
from tests.support.traced import TRACING, cma_buffer, page_buffer

Lines = Iterable[dict[str, Any]]
SYSTEM, CACHED = "system", "ion/ion_system_heap/cached"
PROMISES = ("size.lseek", "size.rounding", "zero.fresh", "zero.reuse")
ION = {
    "t": "ion", "state": "ok", "errno": 0, "abi": "4.12",
    "names": ["linux,cma", "ion_system_heap"], "types": [4, 0], "ids": [1, 0],
}  # fmt: skip
LEGACY = ION | {"abi": "legacy", "names": ["0x1", "0x10"], "types": [0, 4], "ids": [0, 4]}


def config(flags: int = 1, kind: str = "system", **replaces: Any) -> BoardConfig:
    replaces = {"name": "ion_system_heap", "flags": flags, "legacy_mask": 1, "legacy_flags": flags} | replaces
    heap = {"name": SYSTEM, "kind": kind, "replaces": replaces}
    return BoardConfig.model_validate({"name": "scripted", "title": "A scripted board", "heaps": [heap]})


def reads(heap: str, ratio: float) -> dict[str, Any]:
    times = {"read_ns": [int(10_000 * ratio)] * 5, "memory_ns": [10_000] * 5}
    return {"t": "reads", "heap": heap, "size": 65536} | times


def latency(heap: str, alloc: int, size: int = 1 << 20) -> dict[str, Any]:
    return {
        "t": "latency", "heap": heap, "size": size,
        "alloc_ns": [alloc] * 5, "free_ns": [1000] * 5, "memset_ns": [1000] * 5,
    }  # fmt: skip


def heaps_line(*names: str) -> dict[str, Any]:
    return {"t": "heaps", "pattern": "ion/*", "state": "ok", "errno": 0, "names": list(names)}


def kept(*heaps: str, broken: str = "", at: str = "") -> list[dict[str, Any]]:
    return [
        result(
            heap, test, "fail" if (heap, test) == (at, broken) else "pass", seen="as the test says" * (test == broken)
        )
        for heap in heaps
        for test in PROMISES
    ]


#: The ION heap of these tests with the flag, and without: that is what shows that time tells.
UNCACHED = "ion/ion_system_heap"
HEALTHY = [reads(SYSTEM, 1.0), reads(CACHED, 1.1), reads(UNCACHED, 30.0), latency(SYSTEM, 900), latency(CACHED, 1000)]

Compare = Callable[..., IonComparison]


def board(lines: Lines = HEALTHY, tests: Lines | None = None, ion: dict[str, Any] | None = ION) -> ScriptedBoard:
    results = list(kept(SYSTEM, CACHED, UNCACHED) if tests is None else tests)
    first = [] if ion is None else [ion]
    return ScriptedBoard(
        results=[result("linux,cma", "open"), *results],
        latencies=[*first, heaps_line(CACHED, UNCACHED), *lines],
        hello=HELLO | {"release": "5.10.223"},
    )


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    def compared(scripted: ScriptedBoard, given: BoardConfig | None = None) -> IonComparison:
        facts = Facts(scripted.record(tmp_path / "record"), given or config())
        (one,) = comparisons(facts)
        return one

    return compared


def ask(
    folder: Path, scripted: ScriptedBoard, given: BoardConfig | None = None, check: str = "ion.replaced"
) -> Verdict:
    (one,) = find_check(check).ask(Facts(scripted.record(folder / "record"), given or config()))
    return one


def points(one: IonComparison) -> dict[str, PointResult]:
    return {point.name: point.result for point in one.points}


def test_two_heaps_that_are_alike(compare: Compare) -> None:
    one = compare(board())
    assert (one.heap, one.ion, one.flags, one.source) == (SYSTEM, "ion_system_heap", 1, CACHED)
    assert points(one) == {
        "size": PointResult.SAME,
        "zeroing": PointResult.SAME,
        "cacheability": PointResult.SAME,
        "contiguity": PointResult.SAME,
        "alignment": PointResult.SAME,
        "latency": PointResult.SAME,
    }
    assert one.equivalent is True
    assert {point.name: point.ion for point in one.points}["contiguity"] == "not contiguous"


@pytest.mark.parametrize("test", PROMISES)
@pytest.mark.parametrize(("at", "expected"), [(SYSTEM, PointResult.WORSE), (CACHED, PointResult.BETTER)])
def test_a_promise_that_one_of_them_breaks(compare: Compare, test: str, at: str, expected: PointResult) -> None:
    one = compare(board(tests=kept(SYSTEM, CACHED, broken=test, at=at)))
    name = "size" if test.startswith("size") else "zeroing"
    assert points(one)[name] is expected
    assert one.equivalent is (expected is PointResult.BETTER)
    said = {point.name: (point.ion, point.heap) for point in one.points}[name]
    assert any(f"{test}: as the test says" in side for side in said)


@pytest.mark.parametrize(
    ("flags", "kind", "heap", "ion", "others", "expected"),
    [
        (1, "system", 1.0, 1.1, 30.0, PointResult.SAME),
        (1, "system", 25.0, 1.1, 30.0, PointResult.DIFFERENT),
        (0, "system", 1.0, 30.0, 1.1, PointResult.DIFFERENT),
        (0, "system-uncached", 28.0, 30.0, 1.1, PointResult.SAME),
        # Nothing on the board reads slower: what each promises may differ, that they are alike is not known.
        (1, "system", 1.0, 1.0, 1.0, PointResult.UNKNOWN),
        (0, "system", 1.0, 1.0, 1.0, PointResult.DIFFERENT),
        (0, "system-uncached", 1.0, 1.0, 1.0, PointResult.UNKNOWN),
        (0, "vendor", 1.0, 1.0, 1.0, PointResult.UNKNOWN),
        # Neither of the two.
        (1, "system", 3.0, 1.1, 30.0, PointResult.UNKNOWN),
        (1, "system", 1.0, 3.0, 30.0, PointResult.UNKNOWN),
    ],
)
def test_cacheability(
    compare: Compare, flags: int, kind: str, heap: float, ion: float, others: float, expected: PointResult
) -> None:
    source, other = (CACHED, UNCACHED) if flags else (UNCACHED, CACHED)
    one = compare(board([reads(SYSTEM, heap), reads(source, ion), reads(other, others)]), config(flags, kind))
    assert one.source == source
    assert points(one)["cacheability"] is expected


def test_what_was_not_timed_is_not_known(compare: Compare) -> None:
    one = points(compare(board([])))
    assert (one["cacheability"], one["latency"]) == (PointResult.UNKNOWN, PointResult.UNKNOWN)


@pytest.mark.parametrize(
    ("heap", "expected"), [(300, PointResult.BETTER), (1000, PointResult.SAME), (2100, PointResult.WORSE)]
)
def test_latency(compare: Compare, heap: int, expected: PointResult) -> None:
    small = [latency(SYSTEM, 10**9, 4096), latency(CACHED, 1, 4096)]  # too small to be judged
    assert points(compare(board([latency(SYSTEM, heap), latency(CACHED, 1000), *small])))["latency"] is expected


POOL = "linux,cma"
OLD_POOL = "ion/linux,cma"
#: Frames of 1 MiB each, at 2 GiB: aligned, in one piece; the second is not aligned.
ALIGNED, SHIFTED, PIECES = ((0x80000, 256),), ((0x80010, 256),), ((0x80000, 128), (0x90000, 128))


def pool(ion: tuple[tuple[int, int], ...] | None, heap: tuple[tuple[int, int], ...] | None) -> ScriptedBoard:
    """A CMA heap beside ION's, their buffers' frames as the kernel traced them."""
    of_ion = [] if ion is None else [cma_buffer(OLD_POOL, *ion)]
    of_heap = [] if heap is None else [cma_buffer(POOL, *heap)]
    uncached = [reads(POOL, 30.0), reads(OLD_POOL, 30.0)]
    scripted = board([TRACING, *of_ion, *of_heap, *uncached], kept(POOL, OLD_POOL))
    scripted.latencies.insert(0, heaps_line(OLD_POOL))
    return scripted


POOLS = BoardConfig.model_validate(
    {
        "name": "scripted", "title": "A scripted board",
        "heaps": [{"name": POOL, "kind": "cma", "replaces": {"name": POOL}}],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("ion", "heap", "contiguity", "alignment", "outcome"),
    [
        (ALIGNED, ALIGNED, PointResult.SAME, PointResult.SAME, Outcome.PASS),
        (ALIGNED, SHIFTED, PointResult.SAME, PointResult.WORSE, Outcome.FAIL),
        (SHIFTED, ALIGNED, PointResult.SAME, PointResult.BETTER, Outcome.PASS),
        (ALIGNED, PIECES, PointResult.WORSE, PointResult.WORSE, Outcome.FAIL),
        (PIECES, ALIGNED, PointResult.BETTER, PointResult.UNKNOWN, Outcome.WARN),
        (ALIGNED, None, PointResult.UNKNOWN, PointResult.UNKNOWN, Outcome.WARN),
        (None, ALIGNED, PointResult.UNKNOWN, PointResult.UNKNOWN, Outcome.WARN),
    ],
    ids=["alike", "shifted", "was shifted", "in pieces", "was in pieces", "heap not traced", "ION not traced"],
)
def test_where_the_pages_of_both_lie(
    compare: Compare,
    tmp_path: Path,
    said: Said,
    ion: tuple[tuple[int, int], ...] | None,
    heap: tuple[tuple[int, int], ...] | None,
    contiguity: PointResult,
    alignment: PointResult,
    outcome: Outcome,
) -> None:
    found = points(compare(pool(ion, heap), POOLS))
    assert (found["contiguity"], found["alignment"]) == (contiguity, alignment)
    verdict = ask(tmp_path / "again", pool(ion, heap), POOLS)
    said(verdict)
    assert verdict.outcome is outcome


def times(heap: str, least: int, size: int = 1 << 20) -> dict[str, Any]:
    """Microseconds: the median is three times the least, the 95th percentile 20 times."""
    alloc, free = ([1000 * least * factor for factor in factors] for factors in ((1, 2, 3, 4, 20), (3, 6, 9, 12, 60)))
    return latency(heap, 0, size) | {"alloc_ns": alloc, "free_ns": free}


TIMED = [times(SYSTEM, 10), times(CACHED, 11), times(SYSTEM, 7, 4096), times(CACHED, 5, 4096)]


@pytest.mark.parametrize(
    ("what", "scripted", "given"),
    [
        ("alike", board([*HEALTHY[:3], *TIMED]), None),
        ("the new one is slower and does not zero", board([*TIMED, times(SYSTEM, 50, 4 << 20), times(CACHED, 10, 4 << 20)], kept(SYSTEM, CACHED, broken="zero.fresh", at=SYSTEM)), None),
        ("the old one was not tested", board(tests=kept(SYSTEM)), None),
        ("time does not show a cache", board([reads(SYSTEM, 1.0), reads(CACHED, 1.2)]), config(flags=0)),
        ("neither cached nor not", board([reads(SYSTEM, 3.0), *HEALTHY[1:3]]), config(kind="vendor")),
        ("scattered pages", board([TRACING, page_buffer(SYSTEM, (0x80000, 4), (0x90000, 4)), page_buffer(SYSTEM, (0x80000, 0)), *HEALTHY]), None),
        ("a pool at the beginning of memory", pool(((0x100, 3),), ((0x104, 3),)), POOLS),
    ],
)  # fmt: skip
def test_what_is_said_of_each_point(
    compare: Compare, what: str, scripted: ScriptedBoard, given: BoardConfig | None
) -> None:
    points = compare(scripted, given).points
    said = [
        f"{one.name}: {one.result}\n    ION: {one.ion}\n    heap: {one.heap}\n    by: {one.why}\n" for one in points
    ]
    assert_text("facts/ion_points", what, "".join(said))


def test_two_heaps_that_are_alike_pass(tmp_path: Path, said: Said) -> None:
    one = ask(tmp_path, board())
    said(one)
    assert (one.outcome, one.heap, one.cause) == (Outcome.PASS, SYSTEM, None)
    assert one.evidence[0] == "ION heap ion_system_heap, flags 0x1: tested as ion/ion_system_heap/cached"


def test_a_slower_heap_is_equal_and_reported(tmp_path: Path, said: Said) -> None:
    lines = [one for one in HEALTHY if one["t"] == "reads"]
    one = ask(tmp_path, board([*lines, latency(SYSTEM, 2100), latency(CACHED, 1000)]))
    said(one)
    assert one.outcome is Outcome.WARN
    assert one.cause is not None
    assert one.cause.text == "system is equal, but slower to allocate from"


def test_what_is_not_known_warns_and_says_what(tmp_path: Path, said: Said) -> None:
    one = ask(tmp_path, board([latency(SYSTEM, 900), latency(CACHED, 1000)]))
    said(one)
    assert (one.outcome, one.heap) == (Outcome.WARN, SYSTEM)
    assert one.cause is not None
    assert one.cause.text == "equal as far as this board shows; not known: cacheability"
    assert sum(line.startswith("cacheability not known") for line in one.evidence) == 1


def test_a_heap_that_gives_less_fails_and_says_what_to_do(tmp_path: Path, said: Said) -> None:
    one = ask(tmp_path, board([reads(SYSTEM, 1.0), reads(UNCACHED, 30.0)]), config(flags=0))
    said(one)
    assert one.outcome is Outcome.FAIL
    assert one.cause is not None
    assert one.cause.text == "system is not what ion_system_heap was: cacheability"
    assert one.remedy[0].startswith("map the ION heap to a heap of its kind")


def test_tests_that_were_not_run_are_an_error_and_never_a_pass(tmp_path: Path, said: Said) -> None:
    one = ask(tmp_path, board(tests=kept(SYSTEM)))
    said(one)
    assert one.outcome is Outcome.ERROR
    assert one.reason == "not known: size, zeroing"


@pytest.mark.parametrize(
    ("ion", "given", "outcome", "reason"),
    [
        (ION | {"state": "missing", "errno": 2, "abi": None, "names": [], "types": [], "ids": []}, None, Outcome.SKIP, "there is no /dev/ion to compare with"),
        (ION, config(name="ion_camera_heap"), Outcome.SKIP, "ION has no heap ion_camera_heap; it has linux,cma, ion_system_heap"),
        (LEGACY, config(legacy_mask=4), Outcome.SKIP, "ION has no heap of mask 0x4; it has 0x1, 0x10"),
        (ION, BoardConfig.model_validate({"name": "x", "title": "x"}), Outcome.SKIP, "the board config names no ION heap that a heap replaces"),
    ],
)  # fmt: skip
def test_where_there_is_nothing_to_compare(
    tmp_path: Path, ion: dict[str, Any], given: BoardConfig | None, outcome: Outcome, reason: str
) -> None:
    one = ask(tmp_path, board(ion=ion), given)
    assert (one.outcome, one.reason) == (outcome, reason)


def test_a_heap_that_is_not_there_is_not_compared(tmp_path: Path) -> None:
    scripted = board()
    scripted.heaps = {"linux,cma": {}}
    one = ask(tmp_path, scripted)
    assert (one.outcome, one.reason) == (Outcome.ERROR, "system is not there; see heap.expected")


def test_what_rests_on_the_interface_of_before_4_12_says_that_it_was_never_run_on_hardware(tmp_path: Path) -> None:
    source = "ion/0x1/cached"
    lines = [reads(SYSTEM, 1.0), reads(source, 1.1), reads(UNCACHED, 30.0)]
    scripted = board(lines, kept(SYSTEM, source), LEGACY)
    words = "pre-4.12 ION support has not been tested on hardware"
    run = judge(Facts(scripted.record(tmp_path / "record"), config()))
    by_check = {one.id: one for one in run.verdicts if one.heap in (None, SYSTEM, source)}
    assert words in by_check["ion.replaced"].evidence
    assert words in by_check["ion.heaps"].evidence
    of_allocator = [one for one in run.verdicts if one.id.startswith("allocator.") and one.heap]
    assert {words in one.evidence for one in of_allocator if one.heap == source} == {True}
    assert {words in one.evidence for one in of_allocator if one.heap == SYSTEM} == {False}


@pytest.mark.parametrize(
    ("ion", "outcome"),
    [
        (ION, Outcome.PASS),
        (ION | {"state": "missing", "errno": 2, "abi": None, "names": [], "types": [], "ids": []}, Outcome.SKIP),
        (ION | {"state": "denied", "errno": 13, "abi": None, "names": [], "types": [], "ids": []}, Outcome.ERROR),
        (None, Outcome.SKIP),
    ],
)
def test_the_heaps_that_ion_lists(tmp_path: Path, ion: dict[str, Any] | None, outcome: Outcome) -> None:
    one = ask(tmp_path, board(ion=ion), check="ion.heaps")
    assert one.outcome is outcome
    if outcome is Outcome.PASS:
        assert one.evidence == ("linux,cma: type dma, id 1", "ion_system_heap: type system, id 0")


def test_a_run_shows_ion_and_its_heaps(tmp_path: Path) -> None:
    run = judge(Facts(board().record(tmp_path / "record"), config()))
    assert run.ion is not None
    assert [one.name for one in run.ion.heaps] == ["linux,cma", "ion_system_heap"]
    assert [one.heap for one in run.ion.comparisons] == [SYSTEM]
    shown = {one.name: one for one in run.ion_heaps}
    assert shown[CACHED].kind == "system"
    assert shown[CACHED].tests == {"pass": len(PROMISES)}
    assert [one.size for one in shown[CACHED].latency] == [1 << 20]
    assert not any(one.name.startswith("ion/") for one in run.heaps)

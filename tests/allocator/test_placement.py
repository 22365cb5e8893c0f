"""Where pages lie, and heaps asked for all they have, on a scripted heap: judged as on a board; each planted defect is
caught by its own check."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import replace
from pathlib import Path

import pytest

from bringup.allocator.answer import Bye, Exhaustion, FileFact, Result, TracedBuffer, Tracing
from bringup.allocator.plan import Exhaust, Heaps, Pages, Plan, Read, Test
from bringup.checks.judge import judge
from bringup.config.schema import BoardConfig
from bringup.facts.board import Facts
from bringup.facts.memory.buffer_placement import placements
from bringup.record.journal import SCHEMA, Journal
from bringup.record.load import Record, load_record
from bringup.record.questions import TRACE_EVENTS
from bringup.results.verdict import Outcome, Verdict
from tests.support.allocator_programs import Answer, Program
from tests.support.documents import read_back
from tests.support.scripted_record import node
from tests.support.suite import find_check

MIB = 1 << 20
CHECKS = (
    "pages.contiguous", "pages.region", "pages.promised", "pages.runs", "pages.counters",
    "exhaustion.clean", "exhaustion.cma",
)  # fmt: skip
CONFIG = BoardConfig.model_validate(
    {
        "name": "scripted",
        "title": "A scripted board",
        "memory": {"dma_limit": 4 << 30},
        "heaps": [{"name": "system", "kind": "system"}, {"name": "linux,cma", "kind": "cma"}],
    }
)
PLAN = Plan().add(Heaps("*"), Pages(TRACE_EVENTS), Exhaust(60_000))
COUNTERS = ("alloc_pages_success", "release_pages_success")
pytestmark = pytest.mark.skipif(os.sysconf("SC_PAGESIZE") != 4096, reason="the scripted frames are of 4 KiB")


def recorded(answer: Answer, folder: Path, base_pfn: int = 0x5E000) -> Record:
    """A record of the answer, with what the board's debugfs says of the area: 16 MiB from ``base_pfn``."""
    with Journal(folder) as journal:
        journal.line({"t": "record", "schema": SCHEMA, "tool": "0", "started": "2026-01-01T00:00:00Z"})
        for line in answer.lines:
            entry = json.loads(line.raw)
            if isinstance(line, FileFact):  # a counter, in a folder that stands for sysfs
                del entry["data"]
                entry["path"] = f"/sys/kernel/mm/cma/linux,cma/{Path(line.path).name}"
                entry |= journal.store(entry["path"], line.data)
            journal.line(entry)
        for name, text in (("base_pfn", f"{base_pfn}\n"), ("count", "4096\n")):
            path = f"/sys/kernel/debug/cma/linux,cma/{name}"
            state = {"t": "file", "path": path, "state": "ok", "errno": 0, "truncated": False}
            journal.line(state | journal.store(path, text.encode()))
        for heap in ("system", "linux,cma"):
            journal.line(node(f"/dev/dma_heap/{heap}"))
        found = {"t": "glob", "pattern": "/dev/dma_heap/*", "state": "ok", "errno": 0, "count": 2, "truncated": False}
        journal.line(found)
        journal.line({"t": "end", "complete": True, "round_trips": 1})
    return load_record(folder)


def judged(program: Program, folder: Path, fault: str = "", plan: Plan = PLAN, **more: int) -> dict[str, list[Verdict]]:
    """Between two readings of the area's counters, as every observation does it."""
    reads = tuple(Read(str(folder / name), 64) for name in COUNTERS)
    for read in reads:
        Path(str(read.path)).write_text("0\n")
    answer = program.run(
        replace(plan, items=(*reads, *plan.items, *reads)),
        env={"BRINGUP_FAULT": fault, "BRINGUP_COUNTERS": str(folder)},
    )
    facts = Facts(recorded(answer, folder / "record", **more), CONFIG)
    return {check: list(find_check(check).ask(facts)) for check in CHECKS}


def wrong(found: dict[str, list[Verdict]]) -> set[tuple[str, str | None, Outcome]]:
    fine = (Outcome.PASS, Outcome.SKIP)
    return {(one.id, one.heap, one.outcome) for some in found.values() for one in some if one.outcome not in fine}


def test_a_healthy_heap_passes_every_check(scripted: Program, tmp_path: Path) -> None:
    found = judged(scripted, tmp_path)
    passed = {(one.id, one.heap) for some in found.values() for one in some if one.outcome is Outcome.PASS}
    cma = {(check, "linux,cma") for check in CHECKS if check != "pages.runs"}
    # These are no CMA heaps by their names, and take their memory where the system heap does.
    elsewhere = {("pages.runs", heap) for heap in ("system", "vendor-secure", "protected,secure-video")}
    elsewhere |= {("exhaustion.clean", heap) for heap in ("system", "vendor-secure")}
    assert passed == cma | elsewhere
    assert wrong(found) == set()


@pytest.mark.parametrize(
    ("fault", "caught_by", "outcome", "seen"),
    [
        ("cma_pieces", "pages.contiguous", "fail", "64 KiB: 2 blocks, at 0x5e000000, 0x5e020000"),
        ("cma_misaligned", "pages.contiguous", "fail", "64 KiB: at 0x5e001000, not aligned to 64 KiB"),
        ("cma_elsewhere", "pages.region", "fail", "4 KiB: 0x70000000 to 0x70001000"),
        ("cma_high", "pages.promised", "fail", "4 KiB: 0x140000000 to 0x140001000"),
        ("cma_uncounted", "pages.counters", "fail", "1297 pages traced, 0 more counted as allocated"),
        ("cma_released_uncounted", "pages.counters", "fail", "1297 pages traced, "),
        ("exhausted_errno", "exhaustion.clean", "fail", "ALLOC of "),
        ("exhausted_leak", "exhaustion.clean", "fail", "16 MiB were free before, "),
        ("cma_half", "exhaustion.cma", "warn", "8 MiB of 16 MiB could be held"),
        ("cma_stays_in_pieces", "exhaustion.cma", "warn", "16 MiB of 16 MiB could be held"),
    ],
)
def test_a_planted_defect_is_caught_by_its_own_check_and_no_other(
    scripted: Program, tmp_path: Path, fault: str, caught_by: str, outcome: str, seen: str
) -> None:
    found = judged(scripted, tmp_path, fault, base_pfn=0x140000 if fault == "cma_high" else 0x5E000)
    assert wrong(found) == {(caught_by, "linux,cma", Outcome(outcome))}
    (told,) = [one for one in found[caught_by] if one.outcome is Outcome(outcome)]
    assert any(line.startswith(seen) for line in told.evidence), told.evidence
    assert told.cause is not None


@pytest.mark.parametrize(
    "fault",
    [
        "cma_pieces",
        "cma_misaligned",
        "cma_elsewhere",
        "cma_high",
        "cma_uncounted",
        "exhausted_errno",
        "exhausted_leak",
        "cma_half",
    ],
)
def test_no_other_test_catches_them(scripted: Program, fault: str) -> None:
    answer = scripted.run(Plan().add(Heaps("linux,cma"), Test("*")), env={"BRINGUP_FAULT": fault})
    assert {one.outcome for one in answer.of(Result)} <= {Outcome.PASS, Outcome.SKIP}


def test_what_was_traced_is_what_was_asked_for(scripted: Program, tmp_path: Path) -> None:
    record = recorded(scripted.run(PLAN), tmp_path / "record")
    blocks = {(one.heap, one.size): one.traced.blocks for one in placements(Facts(record, CONFIG))}
    assert [(one.pfn, one.pages, one.align) for one in blocks["linux,cma", MIB]] == [(0x5E000, 256, 8)]
    assert [(one.pfn, one.order) for one in blocks["system", 65536]] == [(0x41000, 4)]
    assert [(one.pfn, one.order) for one in blocks["system", 4 * MIB]] == [
        (0x41000, 8), (0x41200, 8), (0x41300, 8), (0x41500, 8),
    ]  # fmt: skip


def test_a_heap_that_frees_later_is_recognised_by_its_flags(scripted: Program, tmp_path: Path) -> None:
    assert wrong(judged(scripted, tmp_path, "frees_later")) == set()
    record = recorded(scripted.run(PLAN, env={"BRINGUP_FAULT": "frees_later"}), tmp_path / "again")
    found = [one for one in placements(Facts(record, CONFIG)) if one.heap == "system"]
    assert [sum(block.pages for block in one.traced.blocks) for one in found] == [1, 16, 256, 1024]


def test_a_heap_that_keeps_pages_is_skipped(scripted: Program, tmp_path: Path) -> None:
    found = judged(scripted, tmp_path, "keeps_pages")
    assert wrong(found) == set()
    (told,) = [one for one in found["pages.runs"] if one.heap == "system"]
    assert told.outcome is Outcome.SKIP
    assert told.reason is not None
    assert "hands them out untraced" in told.reason


def test_lost_events_are_an_error(scripted: Program, tmp_path: Path) -> None:
    found = judged(scripted, tmp_path, "trace_lost")
    assert {one[0] for one in wrong(found)} == {"pages.contiguous", "pages.region", "pages.runs"}
    assert {one[2] for one in wrong(found)} == {Outcome.ERROR}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no_tracing", "tracefs: /sys/kernel/tracing/instances is not there (errno 2)"),
        ("tracing_denied", "tracefs: /sys/kernel/tracing/instances may not be used (errno 13)"),
    ],
)
def test_without_tracing_the_checks_are_skipped(scripted: Program, tmp_path: Path, fault: str, reason: str) -> None:
    found = judged(scripted, tmp_path, fault)
    told = [one for check, some in found.items() if check.startswith("pages.") for one in some]
    assert {one.outcome for one in told} == {Outcome.SKIP}
    assert all(one.reason is not None and one.reason.startswith(reason) for one in told)


def test_this_machine_says_why_it_cannot_be_traced(real: Program) -> None:
    """Tracefs is root's; in a container it is not there or read-only. Where it can be used, nothing is left behind."""
    answer = real.run(Plan().add(Heaps("nothing*"), Pages(TRACE_EVENTS)))
    tracing = answer.one(Tracing)
    instances = Path("/sys/kernel/tracing/instances")
    assert tracing.state.value in ("ok", "missing", "denied", "failed"), platform.node()
    assert bool(tracing.errno) == (tracing.state.value != "ok")
    assert not instances.is_dir() or not list(instances.glob("bringup-*"))


def test_a_cma_heap_is_asked_for_all_and_another_for_its_share(scripted: Program) -> None:
    found = {one.heap: one for one in scripted.run(PLAN).of(Exhaustion)}
    cma, system = found["linux,cma"], found["system"]
    assert (cma.cma, cma.stopped, cma.errno, cma.held) == (True, "ENOMEM", 12, 16 * MIB)
    assert (cma.largest, cma.largest_after, cma.free_after) == (16 * MIB, 16 * MIB, 16 * MIB)
    assert (cma.fragmented_free, cma.largest_fragmented) == (8 * MIB, 8 * MIB), "memfds are never in pieces"
    assert (system.cma, system.stopped, system.errno, system.held) == (False, "budget", 0, 64 * MIB)
    assert (system.largest, system.largest_after, system.free_after) == (0, 0, 256 * MIB)
    assert "protected,secure-video" not in found


@pytest.mark.parametrize(
    "delay",
    [
        pytest.param("freed_to_a_list", id="CMA pages on the list of a CPU, which CmaFree does not count"),
        pytest.param("freed_late", id="a kernel that frees a second after close"),
        pytest.param("files_read", id="somebody reads files meanwhile"),
    ],
)
def test_memory_that_only_looks_as_if_it_were_missing(scripted: Program, delay: str) -> None:
    plan = Plan().add(Heaps("system", ("linux,cma",)), Exhaust(60_000), Test("free.memory"))
    answer = scripted.run(plan, env={"BRINGUP_FAULT": delay})
    assert {(one.heap, one.free_after) for one in answer.of(Exhaustion)} == {
        ("system", 256 * MIB),
        ("linux,cma", 16 * MIB),
    }
    assert {one.outcome for one in answer.of(Result)} == {Outcome.PASS}


@pytest.mark.parametrize("budget", [4096, 65536, MIB + 4096])
def test_a_budget_holds_for_exhausting_too(scripted: Program, budget: int) -> None:
    """The scripted heap aborts when more is held."""
    plan = Plan(budget_bytes=budget).add(Heaps("*"), Exhaust(60_000))
    found = scripted.run(plan, env={"BRINGUP_CAP": str(budget)}).of(Exhaustion)
    assert {(one.stopped, one.held) for one in found} == {("budget", budget)}


def test_a_log_that_cannot_be_marked_spares_the_cma_heap(scripted: Program, tmp_path: Path) -> None:
    found = judged(scripted, tmp_path, "log_denied")
    (told,) = [one for one in found["exhaustion.clean"] if one.heap == "linux,cma"]
    assert told.outcome is Outcome.SKIP
    assert told.reason is not None
    assert told.reason.startswith("the kernel's log, where failed allocations appear, cannot be marked")


def test_a_heap_that_does_not_open_says_so(scripted: Program) -> None:
    answer = scripted.run(Plan().add(Heaps("absent"), Pages(TRACE_EVENTS), Exhaust(1000)))
    assert answer.of(TracedBuffer) == [], "the test `open` tells of it"
    assert (answer.one(Exhaustion).stopped, answer.one(Exhaustion).seen) == (
        "not tried", "the heap does not open: ENOENT",
    )  # fmt: skip
    assert answer.one(Bye).complete


def test_a_run_gets_runs_orders_and_exhaustion(scripted: Program, tmp_path: Path) -> None:
    board = judge(Facts(recorded(scripted.run(PLAN), tmp_path / "record"), CONFIG))
    heaps = {one.name: one for one in board.heaps}
    system, cma = heaps["system"].pages[-1], heaps["linux,cma"].pages[-1]
    assert (system.size, system.runs, system.orders) == (4 * MIB, ((256, 2), (512, 1)), ((8, 4),))
    assert system.extents == ((0x41000000, MIB), (0x41200000, 2 * MIB), (0x41500000, MIB))
    assert (system.lowest, system.highest, system.region) == (0x41000000, 0x41600000, None)
    assert (cma.runs, cma.orders, cma.lowest) == (((1024, 1),), (), 0x5E000000)
    assert cma.region is not None
    assert (cma.region.name, cma.region.begin, cma.region.end) == ("linux,cma", 0x5E000000, 0x5F000000)
    assert heaps["linux,cma"].exhaustion is not None
    assert heaps["linux,cma"].exhaustion.held == 16 * MIB
    assert read_back(board) == board

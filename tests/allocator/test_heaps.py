"""The heap tests on a scripted heap: a healthy one passes all, and each planted defect is caught by its own test."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from bringup.allocator.answer import Bye, HeapsFact, Latency, Result
from bringup.allocator.build import SOURCES
from bringup.allocator.manifest import HeapTest, Source, heap_tests
from bringup.allocator.plan import Bench, Heaps, Plan, Stress, Test
from bringup.config.units import show_size
from bringup.kernel.history.heap_names import heap_names
from bringup.outcome import Outcome
from tests.support.allocator_programs import Program, list_tests
from tests.support.heap_tests import (
    ALLOCATING,
    CMA_ALONE,
    DEVICES,
    EVERY,
    HEAPS,
    MAPPING,
    OF_ION,
    ON_CMA,
    ON_SYSTEM,
    PLANTED_DEFECTS,
    PROTECTED_ALONE,
    STATISTICS,
    SYNC_FILES,
    results,
    with_outcome,
)

_SOURCES = {
    (Source.NODE,): "a heap in /dev/dma_heap",
    (Source.ION,): "ION from 4.12",
    (Source.LEGACY_ION,): "ION before 4.12",
    (Source.ION, Source.LEGACY_ION): "ION",
}


def row(test: HeapTest) -> str:
    """A test's line in the document."""
    needs = [_SOURCES[test.only]] if test.only else []
    if test.pages:
        needs.append("a page" if test.pages == 1 else f"{test.pages} pages")
    if test.bytes:
        needs.append(show_size(test.bytes))
    if test.maps:
        needs.append("mapping")
    if test.since:
        needs.append(f"ION: Linux {'.'.join(map(str, test.since))}")
    return f"| `{test.id}` | {test.asserts} | {', '.join(needs)} |"


def test_the_document_has_the_table_of_tests() -> None:
    document = (Path(__file__).parents[2] / "docs" / "allocator-protocol.md").read_text("utf-8")
    table = document.partition("| id | asserts | needs |\n|---|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [row(test) for test in heap_tests().values()]


def test_the_list_of_tests_is_complete_and_says_what_each_asserts(scripted: Program) -> None:
    listed = list_tests(scripted)
    assert {test.id for test in listed} == EVERY | OF_ION
    assert all(test.asserts for test in listed)
    assert len({test.asserts for test in listed}) == len(listed)


def test_the_names_of_the_default_cma_heap_are_those_of_the_kernels_history() -> None:
    source = (SOURCES / "heap.c").read_text("utf-8")
    row = re.search(r"default_cma_names\[\] = \{(.*), NULL\};", source)
    assert row is not None
    history = (entry for entry in heap_names() if entry.heap.startswith("default CMA area"))
    names = {name.rstrip("*") for entry in history for name in entry.names}
    assert set(re.findall(r'"([^"]+)"', row[1])) == names


@pytest.mark.parametrize("heap", ["system", "linux,cma"])
def test_a_healthy_heap_passes_every_test(scripted: Program, heap: str) -> None:
    found = results(scripted, Plan().add(Heaps(heap), Test("*")))
    asked = ON_SYSTEM if heap == "system" else ON_CMA
    assert with_outcome(found, Outcome.PASS) == asked
    assert with_outcome(found, Outcome.SKIP) == EVERY - asked
    assert {found[one].seen for one in asked} == {""}
    assert {one.errno for one in found.values()} == {0}


@pytest.mark.parametrize(
    ("heap", "reason"),
    [
        ("protected,secure-video", "protected heap: no CPU mapping"),
        ("vendor-secure", "no CPU mapping (mmap: EINVAL), as for a protected heap"),
    ],
)
def test_a_heap_that_no_cpu_may_map_skips_what_needs_a_mapping(scripted: Program, heap: str, reason: str) -> None:
    found = results(scripted, Plan().add(Heaps(heap), Test("*")))
    by_name = heap.startswith("protected,")
    elsewhere = set() if by_name else CMA_ALONE | PROTECTED_ALONE  # asked first, of the name
    assert with_outcome(found, Outcome.SKIP) == MAPPING | elsewhere
    assert {found[one].seen for one in MAPPING - elsewhere} == {reason}
    assert with_outcome(found, Outcome.PASS) == EVERY - MAPPING - elsewhere


@pytest.mark.parametrize(("fault", "caught_by", "seen"), PLANTED_DEFECTS)
def test_a_planted_defect_is_caught_by_its_own_test_and_no_other(
    scripted: Program, fault: str, caught_by: str, seen: str
) -> None:
    found = results(scripted, Plan().add(Heaps("system"), Test("*")), fault)
    assert with_outcome(found, Outcome.FAIL) == {caught_by}
    assert found[caught_by].seen.startswith(seen)
    assert with_outcome(found, Outcome.PASS) == ON_SYSTEM - {caught_by}


def test_a_private_mapping_of_a_cma_heap_is_caught(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("linux,cma"), Test("*")), "map_private")
    assert with_outcome(found, Outcome.FAIL) == {"mmap.private"}
    assert found["mmap.private"].seen == "mmap with MAP_PRIVATE: expected EINVAL, got success"


def test_a_protected_heap_that_maps_is_caught(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("protected,*"), Test("*")), "protected_maps")
    assert with_outcome(found, Outcome.FAIL) == PROTECTED_ALONE
    assert found["protected.mmap"].seen == "mmap of protected memory: expected EINVAL, got success"


@pytest.mark.parametrize("kernel", ["5.10.223", "6.12.107", "6.12.117", "7.3.0"])
def test_a_descriptor_that_is_left_open_is_a_warning(scripted: Program, kernel: str) -> None:
    """Whether the kernel should have the fix is judged on the host."""
    found = results(scripted, Plan().add(Heaps("system"), Test("fd.*")), "leak_on_efault", BRINGUP_KERNEL=kernel)
    assert with_outcome(found, Outcome.WARN) == {"fd.after_efault"}
    leak = found["fd.after_efault"]
    assert leak.seen.startswith("ALLOC gave EFAULT and left a descriptor open: ")
    assert leak.errno == errno.EFAULT
    healthy = results(scripted, Plan().add(Heaps("system"), Test("fd.*")), BRINGUP_KERNEL=kernel)
    assert {one.outcome for one in healthy.values()} == {Outcome.PASS}


@pytest.mark.parametrize("test", ["share.processes", "share.threads"])
def test_the_seed_is_printed_and_the_plan_can_set_it(scripted: Program, test: str) -> None:
    answer = scripted.run(Plan().add(Heaps("system"), Test(test), Stress(77, 30), Test(test), Test("open")))
    first, second, other = answer.of(Result)
    assert (first.seed, second.seed, other.seed) == (1, 77, None)
    assert {first.outcome, second.outcome} == {Outcome.PASS}
    assert second.ns > 25e6, "it goes on for the time that was asked for"
    broken = scripted.run(
        Plan().add(Heaps("system"), Stress(78, 0), Test(test)),
        env={"BRINGUP_FAULT": "cross_talk" + "_of_threads" * (test == "share.threads")},
    )
    assert broken.one(Result).seen.startswith("seed 78, worker ")


def test_statistics_that_a_kernel_does_not_have_are_skipped(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("linux,cma"), Test("*")), "no_statistics")
    assert with_outcome(found, Outcome.SKIP) == STATISTICS | PROTECTED_ALONE
    assert found["account.bufinfo"].seen == "/sys/kernel/debug/dma_buf/bufinfo: EACCES"
    assert found["account.sysfs"].seen == "/sys/kernel/dmabuf/buffers: ENOENT"


def test_what_needs_another_driver_is_skipped_without_it(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("linux,cma"), Test("*")), "no_devices")
    assert with_outcome(found, Outcome.SKIP) == DEVICES | PROTECTED_ALONE
    assert {one: found[one].seen for one in DEVICES} == {
        "share.drm": "no DRM render node opens here",
        "share.udmabuf": "/dev/udmabuf: ENOENT",
        "poll.fence": "/sys/kernel/debug/sync/sw_sync: ENOENT",
    }


def test_what_a_drm_driver_cannot_import_is_reported_and_not_a_fault_of_the_heap(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("system"), Test("share.drm")), "limited_driver_refuses")
    assert (found["share.drm"].outcome, found["share.drm"].seen) == (
        Outcome.SKIP,
        "no DRM driver imports it: panfrost: EINVAL",
    )


def test_a_kernel_without_sync_files_skips_their_tests(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("linux,cma"), Test("*")), "no_sync_file")
    assert with_outcome(found, Outcome.SKIP) == SYNC_FILES | PROTECTED_ALONE
    assert found["sync_file.rw"].seen.startswith("this kernel has no EXPORT_SYNC_FILE")


def test_every_test_was_seen_to_fail() -> None:
    planted = {caught_by for _, caught_by, _ in PLANTED_DEFECTS}
    elsewhere = {"open", "alloc.page", "alloc.1m", "alloc.4m", "fd.after_efault", *CMA_ALONE, *PROTECTED_ALONE}
    assert planted | elsewhere == EVERY, "these seven in tests of their own"


def test_a_heap_that_may_not_be_opened_fails_once_and_skips_the_rest(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("system"), Test("*")), "open_denied")
    assert (found["open"].outcome, found["open"].errno, found["open"].seen) == (Outcome.FAIL, 13, "open: EACCES")
    assert with_outcome(found, Outcome.SKIP) == EVERY - {"open"}
    assert found["mmap.rw"].seen == "the heap does not open: EACCES"


@pytest.mark.parametrize(
    ("fault", "outcome", "caught_by"),
    [
        ("no_memory", Outcome.FAIL, ALLOCATING),
        ("no_large_memory", Outcome.FAIL, {"alloc.1m", "alloc.4m", "free.memory"}),
        ("no_descriptors", Outcome.ERROR, ALLOCATING),
    ],
)
def test_a_shortage_is_reported_by_the_tests_that_are_about_it(
    scripted: Program, fault: str, outcome: Outcome, caught_by: set[str]
) -> None:
    found = results(scripted, Plan().add(Heaps("system"), Test("*")), fault)
    assert with_outcome(found, outcome) == caught_by & ON_SYSTEM
    assert with_outcome(found, Outcome.PASS) == ON_SYSTEM - caught_by


def test_a_heap_that_every_cpu_may_map_does_not_hide_behind_einval(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("system"), Test("*")), "system_unmappable")
    assert with_outcome(found, Outcome.FAIL) == MAPPING & ON_SYSTEM
    assert found["mmap.rw"].seen == "mmap of 4096 bytes: EINVAL"


def test_a_crash_is_an_error_and_the_next_test_runs(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("system"), Test("*")), "sync_crash")
    synchronising = {"sync.rw", "share.drm"}
    assert with_outcome(found, Outcome.ERROR) == synchronising
    assert {found[one].seen for one in synchronising} == {"the test was killed by signal 7"}
    assert with_outcome(found, Outcome.PASS) == ON_SYSTEM - synchronising


def test_a_hang_is_an_error_and_the_next_test_runs(impatient: Program) -> None:
    found = results(impatient, Plan().add(Heaps("system"), Test("sync.*")), "sync_hang")
    assert {test: one.outcome for test, one in found.items()} == {
        "sync.rw": Outcome.ERROR,
        "sync.bad_flags": Outcome.PASS,
        "sync.bad_pointer": Outcome.PASS,
    }
    assert found["sync.rw"].seen == "did not end within 3 s"


def test_free_memory_that_is_not_known_is_an_error_and_nothing_is_allocated(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("system"), Test("*"), Bench(3)), "free_unknown")
    assert with_outcome(found, Outcome.ERROR) == ALLOCATING
    assert {found[one].seen for one in ALLOCATING} == {"how much memory is free for this heap cannot be read"}
    assert with_outcome(found, Outcome.PASS) == EVERY - ALLOCATING


@pytest.mark.parametrize("budget", [0, 4096, 65536, 1 << 20, (4 << 20) - 1, 1 << 40])
@pytest.mark.parametrize("heap", ["system", "linux,cma"])
def test_no_test_holds_more_than_the_budget(scripted: Program, heap: str, budget: int) -> None:
    """The scripted heap aborts when more is held; half of its memory is the most."""
    half = (16 << 20) // 2 if heap == "linux,cma" else (256 << 20) // 2
    cap = min(budget or half, half)
    answer = scripted.run(
        Plan(budget_bytes=budget).add(Heaps(heap), Test("*"), Bench(2)), env={"BRINGUP_CAP": str(cap)}
    )
    found = {one.test: one for one in answer.of(Result)}
    sizes = {"alloc.page": 4096, "alloc.64k": 65536, "alloc.1m": 1 << 20, "alloc.4m": 4 << 20}
    needs = {
        **sizes,
        "size.rounding": 8192,
        "mmap.partial_unmap": 16384,
        "share.processes": 12 * 4096,
        "share.threads": 12 * 4096,
    }
    too_big = {test for test, size in needs.items() if size > cap}
    asked = ON_SYSTEM if heap == "system" else ON_CMA
    assert with_outcome(found, Outcome.PASS) == asked - too_big
    assert with_outcome(found, Outcome.SKIP) == EVERY - asked | too_big
    assert {one.size for one in answer.of(Latency)} == {size for size in sizes.values() if size <= cap}
    for test in too_big:
        assert found[test].seen.startswith(f"needs {needs[test]} bytes; at most {cap} may be held (")


def test_the_cap_of_the_scripted_heap_works(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("system"), Test("*")), BRINGUP_CAP="65536")
    assert {"alloc.1m", "alloc.4m"} <= with_outcome(found, Outcome.ERROR)


def test_a_budget_below_a_page_allocates_nothing(scripted: Program) -> None:
    found = results(scripted, Plan(budget_bytes=1).add(Heaps("system"), Test("*")), BRINGUP_CAP="0")
    assert with_outcome(found, Outcome.SKIP) == ALLOCATING


def test_heaps_are_chosen_by_pattern_and_come_in_order(scripted: Program) -> None:
    def chosen(pattern: str) -> tuple[str, ...]:
        return scripted.run(Plan().add(Heaps(pattern))).one(HeapsFact).names

    assert chosen("*") == HEAPS
    assert chosen("*secure*") == ("protected,secure-video", "vendor-secure")
    assert chosen("system") == ("system",)
    assert chosen("absent") == ("absent",), "a name is taken as it is: that it does not open is a finding"
    assert chosen("absent*") == ()


def test_a_later_choice_replaces_an_earlier_one(scripted: Program) -> None:
    plan = Plan().add(Heaps("*"), Test("open"), Heaps("system"), Test("bad.len_*"))
    seen = [(one.heap, one.test) for one in scripted.run(plan).of(Result)]
    assert seen == [(heap, "open") for heap in HEAPS] + [("system", "bad.len_zero"), ("system", "bad.len_max")]


def test_latency_has_as_many_samples_as_were_asked_for(scripted: Program) -> None:
    answer = scripted.run(Plan().add(Heaps("system"), Bench(7)))
    assert [one.size for one in answer.of(Latency)] == [4096, 65536, 1 << 20, 4 << 20]
    for one in answer.of(Latency):
        assert (one.heap, len(one.alloc_ns), len(one.free_ns), len(one.memset_ns)) == ("system", 7, 7, 7)
        assert min(*one.alloc_ns, *one.free_ns, *one.memset_ns) > 0


def test_a_heap_that_does_not_open_has_no_latency(scripted: Program) -> None:
    answer = scripted.run(Plan().add(Heaps("absent"), Bench(3)))
    assert answer.of(Latency) == []
    assert answer.one(Bye).complete


def test_the_time_budget_ends_a_timing_and_keeps_what_was_taken(scripted: Program) -> None:
    plan = Plan(budget_ms=500).add(Heaps("system"), *[Bench(1000)] * 300)
    bye = scripted.run(plan).one(Bye)
    if bye.complete:
        pytest.fail("the budget does nothing: 1.2 million samples within half a second")
    assert bye.stopped_at is not None
    assert bye.stopped_at.startswith("bench system ")


def test_a_test_says_how_long_it_took(scripted: Program) -> None:
    found = results(scripted, Plan().add(Heaps("system"), Test("*")))
    assert all(one.ns > 0 for one in found.values())

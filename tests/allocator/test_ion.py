"""The tests on a scripted ION, of 4.12 and of before: a healthy one passes all, each planted defect is caught by its own."""

from __future__ import annotations

import pytest

from bringup.allocator.answer import HeapsFact, IonFact, Latency, ReadTimes, Result, State
from bringup.allocator.plan import Bench, Heaps, Ion, Plan, Reads, Test
from bringup.outcome import Outcome
from tests.support.allocator_programs import Program
from tests.support.heap_tests import (
    ION_TESTS,
    NODE_ALONE,
    ON_ION,
    ON_LEGACY,
    PLANTED_DEFECTS,
    SINCE_4_6,
    SINCE_5_3,
    SYNC_FILES,
    with_outcome,
)
from tests.support.ktap import below, parse

SOURCES = [
    ("4.12", "ion/ion_system_heap", ON_ION),
    ("4.12", "ion/linux,cma/cached", ON_ION),
    ("4.12", "ion/ion_system_contig_heap/0x1", ON_ION),
    ("legacy", "ion/0x1", ON_LEGACY),
    ("legacy", "ion/0x10/cached", ON_LEGACY),
]


def results(program: Program, abi: str, plan: Plan, fault: str = "", **options: str) -> dict[str, Result]:
    answer = program.run(plan, env={"BRINGUP_ION": abi, "BRINGUP_FAULT": fault, **options})
    return {one.test: one for one in answer.of(Result)}


@pytest.mark.parametrize(("abi", "source", "asked"), SOURCES)
def test_a_healthy_ion_passes_every_test(scripted: Program, abi: str, source: str, asked: set[str]) -> None:
    found = results(scripted, abi, Plan().add(Heaps(source), Test("*")))
    assert with_outcome(found, Outcome.PASS) == asked
    assert set(found) == asked
    assert {one.heap for one in found.values()} == {source}


def test_ion_lists_its_heaps(scripted: Program) -> None:
    answer = scripted.run(Plan().add(Ion(), Heaps("ion/*")), env={"BRINGUP_ION": "4.12"})
    told = answer.one(IonFact)
    assert (told.state, told.abi) == (State.OK, "4.12")
    known = (("linux,cma", 4, 2), ("ion_system_contig_heap", 1, 1), ("ion_system_heap", 0, 0))
    assert told.heaps == (("secure_heap", 9, 9), *known)
    names = sorted(name for name, _, _ in known)
    chosen = answer.one(HeapsFact)
    assert chosen.names == tuple(f"ion/{name}{flags}" for name in names for flags in ("", "/cached"))


def test_a_vendors_heap_is_tested_when_it_is_named_and_not_otherwise(scripted: Program) -> None:
    """It may be a TEE's, and want flags of its own."""
    answer = scripted.run(
        Plan().add(Heaps("ion/*"), Heaps("ion/secure_heap"), Test("alloc.*")), env={"BRINGUP_ION": "4.12"}
    )
    assert not any("secure" in name for name in answer.of(HeapsFact)[0].names)
    assert {(one.heap, one.outcome) for one in answer.of(Result)} == {("ion/secure_heap", Outcome.PASS)}


def test_a_system_contig_heap_promises_no_large_piece(scripted: Program) -> None:
    plan = Plan().add(Heaps("ion/ion_system_contig_heap"), Test("alloc.*"), Test("free.memory"))
    found = results(scripted, "4.12", plan, "no_large_memory")
    assert with_outcome(found, Outcome.SKIP) == {"alloc.1m", "alloc.4m", "free.memory"}
    assert with_outcome(found, Outcome.PASS) == {"alloc.page", "alloc.64k"}
    assert "no contiguous memory is left" in found["alloc.4m"].seen
    other = results(scripted, "4.12", Plan().add(Heaps("ion/ion_system_heap"), Test("alloc.*")), "no_large_memory")
    assert with_outcome(other, Outcome.FAIL) == {"alloc.1m", "alloc.4m"}


def test_before_4_12_heaps_are_masks_that_were_tried(scripted: Program) -> None:
    answer = scripted.run(Plan().add(Ion(), Heaps("ion/*")), env={"BRINGUP_ION": "legacy"})
    told = answer.one(IonFact)
    assert (told.abi, told.heaps) == ("legacy", (("0x1", 0, 0), ("0x2", 1, 1), ("0x10", 4, 4)))
    assert answer.one(HeapsFact).names[:2] == ("ion/0x1", "ion/0x1/cached")


def test_a_board_without_ion_says_so_and_runs_no_test(scripted: Program) -> None:
    answer = scripted.run(Plan().add(Ion(), Heaps("ion/*"), Test("*"), Reads(3), Bench(1)))
    told = answer.one(IonFact)
    assert (told.state, told.abi, told.heaps) == (State.MISSING, None, ())
    assert (answer.one(HeapsFact).state, answer.one(HeapsFact).names) == (State.MISSING, ())
    assert answer.of(Result) == []


def test_heaps_are_not_ions_and_ions_are_not_heaps(scripted: Program) -> None:
    answer = scripted.run(Plan().add(Heaps("*"), Heaps("ion/*")), env={"BRINGUP_ION": "4.12"})
    nodes, ion = answer.of(HeapsFact)
    assert not any("/" in name for name in nodes.names)
    assert all(name.startswith("ion/") for name in ion.names)


#: Which ION, the scripted ION's name of its defect, the test that catches it, what that reports.
DEFECTS_OF_ION = [
    ("4.12", "ion_query", "ion.query", "HEAP_QUERY counts 5 heaps, and gives 4"),
    ("4.12", "ion_query_room", "ion.query", "HEAP_QUERY with room for one heap: success, 4 heaps"),
    ("4.12", "ion_bad_query", "ion.bad_query", "HEAP_QUERY for 0 heaps: expected EINVAL, got success"),
    ("4.12", "ion_old_flag", "ion.old_flag", "ALLOC with flags 0x2: EINVAL"),
    ("4.12", "ion_cloexec", "fd.cloexec", "with O_CLOEXEC: the descriptor has FD_CLOEXEC not set"),
    ("4.12", "ion_bad_len", "ion.bad_len", "ALLOC of 0 bytes: expected EINVAL, got ENOMEM"),
    ("4.12", "ion_bad_mask", "ion.bad_mask", "ALLOC with mask 0: expected ENODEV, got EINVAL"),
    ("4.12", "ion_bad_number", "ion.bad_number", "ioctl number 127: expected ENOTTY, got EINVAL"),
    ("4.12", "ion_bad_pointer", "ion.bad_pointer", "ALLOC with an unreadable argument: expected EFAULT, got "),
    ("4.12", "ion_leak_fd", "ion.after_failures", "ALLOC of 0 bytes: "),
    ("legacy", "ion_import", "ion.handle", "IMPORT of what SHARE gave for handle 1: success, handle 2"),
    ("legacy", "ion_double_free", "ion.handle", "FREE of a handle that was freed: expected EINVAL, got success"),
    ("legacy", "ion_bad_handle", "ion.bad_handle", "SHARE of handle 0: expected EINVAL, got ENOENT"),
    ("legacy", "ion_sync", "ion.sync", "ION_IOC_SYNC: expected success, got EIO"),
    ("legacy", "ion_custom", "ion.custom", "CUSTOM 0xffffffff: expected ENOTTY or EINVAL, got success"),
    ("legacy", "ion_cloexec", "fd.cloexec", "with O_CLOEXEC: the descriptor has FD_CLOEXEC not set"),
    ("legacy", "ion_bad_len", "ion.bad_len", "ALLOC of 0 bytes: expected EINVAL, got ENOMEM"),
    ("legacy", "ion_bad_mask", "ion.bad_mask", "ALLOC with mask 0: expected ENODEV, got EINVAL"),
    ("legacy", "ion_bad_number", "ion.bad_number", "ioctl number 127: expected ENOTTY, got EINVAL"),
    ("legacy", "ion_bad_pointer", "ion.bad_pointer", "ALLOC with an unreadable argument: expected EFAULT, got "),
    ("legacy", "ion_leak_fd", "ion.after_failures", "ALLOC of 0 bytes: "),
    ("legacy", "ion_leak_on_efault", "ion.after_efault", "ALLOC gave EFAULT: "),
]


@pytest.mark.parametrize(("abi", "fault", "caught_by", "seen"), DEFECTS_OF_ION)
def test_a_defect_of_ion_is_caught_by_its_own_test_and_no_other(
    scripted: Program, abi: str, fault: str, caught_by: str, seen: str
) -> None:
    source, asked = ("ion/0x1", ON_LEGACY) if abi == "legacy" else ("ion/ion_system_heap", ON_ION)
    found = results(scripted, abi, Plan().add(Heaps(source), Test("*")), fault)
    assert with_outcome(found, Outcome.FAIL) == {caught_by}
    assert found[caught_by].seen.startswith(seen)
    assert with_outcome(found, Outcome.PASS) == asked - {caught_by}


def test_the_descriptor_that_every_ion_since_4_12_leaves_is_a_warning(scripted: Program) -> None:
    found = results(scripted, "4.12", Plan().add(Heaps("ion/ion_system_heap"), Test("*")), "ion_leak_on_efault")
    assert with_outcome(found, Outcome.WARN) == {"ion.after_efault"}
    assert found["ion.after_efault"].seen.startswith("ALLOC gave EFAULT and left a descriptor open: ")
    assert with_outcome(found, Outcome.PASS) == ON_ION - {"ion.after_efault"}


def test_every_test_of_ion_was_seen_to_fail() -> None:
    planted = {caught_by for _, _, caught_by, _ in DEFECTS_OF_ION}
    assert planted == ION_TESTS | {"fd.cloexec"}


#: Defects of buffers: the same test catches them whoever gave the buffer.
SHARED = [
    (fault, caught_by)
    for fault, caught_by, _ in PLANTED_DEFECTS
    if caught_by not in NODE_ALONE and fault not in ("cloexec", "sysfs_exporter")  # ION promises no exporter's name
]


@pytest.mark.parametrize(("fault", "caught_by"), SHARED)
def test_a_defect_of_a_buffer_is_caught_where_ion_gave_it(scripted: Program, fault: str, caught_by: str) -> None:
    found = results(scripted, "4.12", Plan().add(Heaps("ion/ion_system_heap"), Test("*")), fault)
    assert with_outcome(found, Outcome.FAIL) == {caught_by}
    assert with_outcome(found, Outcome.PASS) == ON_ION - {caught_by}


@pytest.mark.parametrize(("kernel", "missing"), [("4.4.302", SINCE_5_3 | SINCE_4_6), ("4.9.337", SINCE_5_3)])
def test_what_an_older_kernel_does_not_have_is_skipped(scripted: Program, kernel: str, missing: set[str]) -> None:
    found = results(scripted, "legacy", Plan().add(Heaps("ion/0x1"), Test("*")), BRINGUP_KERNEL=kernel)
    told = {test for test in with_outcome(found, Outcome.SKIP) if "do not have it" in found[test].seen}
    assert missing <= told
    assert with_outcome(found, Outcome.FAIL) == set()


def test_sync_files_are_skipped_where_the_kernel_has_none(scripted: Program) -> None:
    found = results(scripted, "4.12", Plan().add(Heaps("ion/ion_system_heap"), Test("*")), "no_sync_file")
    assert with_outcome(found, Outcome.SKIP) == SYNC_FILES


@pytest.mark.parametrize(
    ("abi", "source", "errno", "seen"),
    [
        ("4.12", "ion/no_such_heap", 19, "open: ENODEV"),
        ("legacy", "ion/0x40", 0, ""),  # a mask is not asked whether it is there before it is allocated from
    ],
)
def test_a_heap_that_ion_does_not_have(scripted: Program, abi: str, source: str, errno: int, seen: str) -> None:
    found = results(scripted, abi, Plan().add(Heaps(source), Test("open"), Test("alloc.page")))
    assert (found["open"].errno, found["open"].seen) == (errno, seen)
    assert found["alloc.page"].outcome is not Outcome.PASS


def test_ion_that_may_not_be_opened_fails_once(scripted: Program) -> None:
    found = results(scripted, "4.12", Plan().add(Heaps("ion/ion_system_heap"), Test("*")), "open_denied")
    assert (found["open"].outcome, found["open"].errno) == (Outcome.FAIL, 13)
    assert with_outcome(found, Outcome.SKIP) == set(found) - {"open"}


@pytest.mark.parametrize("abi", ["4.12", "legacy"])
@pytest.mark.parametrize("budget", [0, 4096, 1 << 20])
def test_no_test_on_ion_holds_more_than_the_budget(scripted: Program, abi: str, budget: int) -> None:
    cap = min(budget or 8 << 20, 8 << 20)
    plan = Plan(budget_bytes=budget).add(
        Heaps("ion/linux,cma" if abi == "4.12" else "ion/0x10"), Test("*"), Reads(2), Bench(2)
    )
    answer = scripted.run(plan, env={"BRINGUP_ION": abi, "BRINGUP_CAP": str(cap)})
    assert {one.outcome for one in answer.of(Result)} <= {Outcome.PASS, Outcome.SKIP}
    assert max(one.size for one in answer.of(Latency)) <= cap
    assert len(answer.of(ReadTimes)) == (cap >= 65536)


def test_reads_are_timed_beside_the_process_s_own_memory(scripted: Program) -> None:
    answer = scripted.run(Plan().add(Heaps("*"), Reads(5), Heaps("ion/*"), Reads(5)), env={"BRINGUP_ION": "4.12"})
    lines = {one.heap: one for one in answer.of(ReadTimes)}
    ion = {
        f"ion/{name}{flags}"
        for name in ("ion_system_heap", "ion_system_contig_heap", "linux,cma")
        for flags in ("", "/cached")
    }
    assert set(lines) == {"system", "linux,cma"} | ion, "a protected heap is not read"
    assert {(one.size, len(one.read_ns), len(one.memory_ns)) for one in lines.values()} == {(65536, 5, 5)}
    assert all(min(one.read_ns) > 0 for one in lines.values())


def test_by_hand_ion_is_tested_with_the_rest(scripted: Program) -> None:
    done = scripted.call("--ktap", env={"BRINGUP_ION": "4.12"})
    whole = parse(done.stdout.decode("ascii"))
    assert done.returncode == 0
    names = [name for _, name, _, _ in whole.results]
    assert len(names) == 4 + 6
    index = names.index("ion/ion_system_heap/cached")
    assert {name for _, name, _, _ in below(whole, index).results} == ON_ION


def test_by_hand_ion_of_before_4_12_says_that_it_was_never_run_on_hardware(scripted: Program) -> None:
    done = scripted.call("--ktap", "ion/0x1", "system", env={"BRINGUP_ION": "legacy"})
    whole = parse(done.stdout.decode("ascii"))
    warned = ["ION before 4.12: these tests were never run on hardware" in below(whole, i).comments for i in (0, 1)]
    assert warned == [True, False]

"""The heap tests on a scripted heap: a healthy one passes all, and each planted defect is caught by its own test."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from bringup.allocator.answer import Bye, HeapsFact, Latency, Result
from bringup.allocator.plan import Plan
from bringup.outcome import Outcome
from tests.support.allocator_programs import Program

HEAPS = ("linux,cma", "protected,secure-video", "system", "vendor-secure")
MAPPING = {
    "zero.fresh", "zero.reuse", "mmap.rw", "mmap.two", "mmap.partial_unmap", "mmap.beyond", "mmap.private",
    "access.rdonly", "access.wronly", "access.rdwr", "share.socket", "share.processes",
    "share.threads", "share.udmabuf",
}  # fmt: skip
STATISTICS = {"account.fdinfo", "account.bufinfo", "account.sysfs", "name.set"}
SYNC_FILES = {"sync_file.rw", "sync_file.bad", "poll.fence"}
DEVICES = {"share.drm", "share.udmabuf", "poll.fence"}
ALLOCATING = {
    "alloc.page", "alloc.64k", "alloc.1m", "alloc.4m", "size.lseek", "sync.rw", "sync.bad_flags", "free.memory",
    "size.fstat", "size.rounding", "size.bad_lseek", "abi.older_struct", "abi.newer_struct", "abi.other_magic",
    "fd.cloexec", "fd.after_efault", "poll.idle", "sync.bad_pointer", "bad.buffer_ioctl", "name.long",
    "fd.after_refusals", "protected.mmap", "share.drm",
    *MAPPING, *STATISTICS, *SYNC_FILES,
}  # fmt: skip
REFUSING = {
    "bad.len_zero", "bad.len_max", "bad.fd", "bad.fd_flags", "bad.heap_flags", "bad.ioctl_number", "bad.pointer",
    "bad.not_a_heap", "fd.after_failures",
}  # fmt: skip
EVERY = {"open", *ALLOCATING, *REFUSING}
#: What ION alone is asked (test_ion.py).
OF_ION = {
    "ion.query", "ion.bad_query", "ion.old_flag", "ion.handle", "ion.bad_handle", "ion.sync", "ion.custom",
    "ion.bad_len", "ion.bad_mask", "ion.bad_number", "ion.bad_pointer", "ion.after_failures", "ion.after_efault",
}  # fmt: skip
CMA_ALONE = {"mmap.private"}
PROTECTED_ALONE = {"protected.mmap"}
#: What a system heap and a CMA heap are asked; the rest is skipped.
ON_SYSTEM = EVERY - CMA_ALONE - PROTECTED_ALONE
ON_CMA = EVERY - PROTECTED_ALONE


def results(program: Program, plan: Plan, fault: str = "", **options: str) -> dict[str, Result]:
    answer = program.run(plan, env={"BRINGUP_FAULT": fault, **options})
    return {one.test: one for one in answer.of(Result)}


def with_outcome(found: dict[str, Result], outcome: Outcome) -> set[str]:
    return {one for one, result in found.items() if result.outcome is outcome}


def test_the_document_names_every_test() -> None:
    document = (Path(__file__).parents[2] / "docs" / "allocator-protocol.md").read_text("utf-8")
    table = document.partition("| id | asserts | needs |")[2].partition("\n\n")[0]
    first_column = "".join(line.split("|")[1] for line in table.splitlines()[2:])
    assert set(re.findall(r"`([^`]+)`", first_column)) == EVERY | OF_ION


def test_the_list_of_tests_is_complete_and_says_what_each_asserts(scripted: Program) -> None:
    listed = dict(line.split("\t") for line in scripted.call("--list").stdout.decode().splitlines())
    assert set(listed) == EVERY | OF_ION
    assert all(listed.values())
    assert len(set(listed.values())) == len(listed)


@pytest.mark.parametrize("heap", ["system", "linux,cma"])
def test_a_healthy_heap_passes_every_test(scripted: Program, heap: str) -> None:
    found = results(scripted, Plan().heaps(heap).test("*"))
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
    found = results(scripted, Plan().heaps(heap).test("*"))
    by_name = heap.startswith("protected,")
    elsewhere = set() if by_name else CMA_ALONE | PROTECTED_ALONE  # asked first, of the name
    assert with_outcome(found, Outcome.SKIP) == MAPPING | elsewhere
    assert {found[one].seen for one in MAPPING - elsewhere} == {reason}
    assert with_outcome(found, Outcome.PASS) == EVERY - MAPPING - elsewhere


@pytest.mark.parametrize(
    ("fault", "caught_by", "seen"),
    [
        ("dirty_fresh", "zero.fresh", "a new buffer: byte 4095 of 4096 is 0x5a"),
        ("dirty_reuse", "zero.reuse", "after a dirty buffer was freed: byte 4095 of 4096 is 0x5a"),
        (
            "lost_write",
            "mmap.rw",
            "a second mapping: offset 0 holds 0x0000000000000000, 0x9e3779b97f4a7c15 was written",
        ),
        ("short_size", "size.lseek", "asked for 1048576 bytes, lseek says 1044480"),
        ("enomem", "alloc.64k", "ALLOC of 65536 bytes: ENOMEM"),
        ("closed_fd", "alloc.64k", "ALLOC gave descriptor 1000, which is not open"),
        ("sync_error", "sync.rw", "SYNC END WRITE: EIO"),
        ("sync_bad_flags", "sync.bad_flags", "SYNC with flags 0x0: EINVAL was expected, success came"),
        ("len_zero", "bad.len_zero", "len 0: EINVAL was expected, ENOMEM came"),
        ("len_max", "bad.len_max", "len 2^64-1: EINVAL was expected, ENOMEM came"),
        ("fd", "bad.fd", "fd 1: EINVAL was expected, success came"),
        ("fd_flags", "bad.fd_flags", "fd_flags with O_NONBLOCK: EINVAL was expected, success came"),
        ("heap_flags", "bad.heap_flags", "heap_flags 1: EINVAL was expected, success came"),
        ("ioctl_number", "bad.ioctl_number", "ioctl number 1: EINVAL was expected, ENOTTY came"),
        ("pointer", "bad.pointer", "an unreadable argument: EFAULT was expected, EINVAL came"),
        ("not_a_heap", "bad.not_a_heap", "ALLOC on /dev/null: ENOTTY was expected, EINVAL came"),
        ("leak_fd", "fd.after_failures", "len 0: "),
        (
            "leak_memory",
            "free.memory",
            "64 times 1048576 bytes were allocated and closed: 134217728 bytes free before, ",
        ),
        ("fstat_size", "size.fstat", "asked for 4096 bytes, st_size is 4097"),
        ("not_rounded", "size.rounding", "asked for 4097 bytes: 8192 were expected, lseek says 4097"),
        ("bad_lseek", "size.bad_lseek", "lseek SEEK_SET 1: EINVAL was expected, success came"),
        ("older_struct", "abi.older_struct", "ALLOC as 0xc0104800: EINVAL"),
        ("newer_struct", "abi.newer_struct", "ALLOC as 0xc0304800: EINVAL"),
        ("other_magic", "abi.other_magic", "ALLOC as 0xc0184900: ENOTTY"),
        ("access_rdonly", "access.rdonly", "fd_flags O_RDONLY, mmap PROT_WRITE: EACCES was expected, success came"),
        ("access_wronly", "access.wronly", "fd_flags O_WRONLY, mmap PROT_READ: EACCES was expected, success came"),
        ("access_rdwr", "access.rdwr", "fd_flags O_RDWR, mmap PROT_WRITE: success was expected, EACCES came"),
        ("cloexec", "fd.cloexec", "without O_CLOEXEC: the descriptor has FD_CLOEXEC set"),
        ("open_after_exec", "fd.cloexec", "with O_CLOEXEC: after exec the descriptor is still open"),
        ("leak_on_refusal", "fd.after_refusals", "EXPORT_SYNC_FILE that cannot write its answer: "),
        (
            "incoherent",
            "mmap.two",
            "offset 0: 0x2222222222222222 was written through one mapping, the other reads 0x1111111111111111",
        ),
        (
            "partial_unmap",
            "mmap.partial_unmap",
            "after munmap of the second page of four: offset 8192 holds 0x0000000000000000, not 0x0303030303030303",
        ),
        (
            "map_beyond",
            "mmap.beyond",
            "mmap of 8192 bytes at offset 0 of a buffer of one page: EINVAL was expected, success came",
        ),
        (
            "share_lost",
            "share.socket",
            "the other process wrote 0x6272696e67757021, offset 0 holds 0x0000000000000000",
        ),
        ("cross_talk", "share.processes", "seed 1, worker "),
        ("cross_talk_of_threads", "share.threads", "seed 1, worker "),
        ("stays_counted", "share.processes", "seed 1, "),
        ("stays_counted_of_threads", "share.threads", "seed 1, "),
        ("threads_leak", "share.threads", "seed 1, "),
        ("vgem_refuses", "share.drm", "vgem does not import the buffer: EINVAL"),
        ("other_comes_back", "share.drm", "vgem: PRIME_HANDLE_TO_FD gives inode "),
        ("udmabuf_private", "share.udmabuf", "offset 0: the udmabuf's memory holds 0x0000000000000000, "),
        ("fence_forgotten", "poll.fence", "poll of a buffer that is read from gives 0x5, not 0x1"),
        ("poll", "poll.idle", "poll of an idle buffer gives 0x4, not POLLIN|POLLOUT"),
        (
            "sync_pointer",
            "sync.bad_pointer",
            "SYNC with an unreadable argument: EFAULT was expected, EINVAL came",
        ),
        ("buffer_ioctl", "bad.buffer_ioctl", "an unknown ioctl on a buffer: ENOTTY was expected, EINVAL came"),
        ("sync_file_import", "sync_file.rw", "IMPORT_SYNC_FILE of what EXPORT gave, with flags 1: EIO"),
        ("sync_file_flags", "sync_file.bad", "EXPORT_SYNC_FILE with flags 0x0: EINVAL was expected, success came"),
        ("name_lost", "name.set", "the buffer was named bringup; fdinfo does not say so"),
        ("long_name", "name.long", "SET_NAME of 32 bytes: EINVAL was expected, success came"),
        ("fdinfo_size", "account.fdinfo", "fdinfo: size 8192, the buffer has 4096"),
        (
            "bufinfo_stays",
            "account.bufinfo",
            "/sys/kernel/debug/dma_buf/bufinfo: the buffer is still there 500 ms after close",
        ),
        (
            "sysfs_exporter",
            "account.sysfs",
            "/sys/kernel/dmabuf/buffers: the exporter is other, not system",
        ),
        ("leak_on_efault", "fd.after_efault", "ALLOC gave EFAULT: "),
    ],
)
def test_a_planted_defect_is_caught_by_its_own_test_and_no_other(
    scripted: Program, fault: str, caught_by: str, seen: str
) -> None:
    found = results(scripted, Plan().heaps("system").test("*"), fault)
    assert with_outcome(found, Outcome.FAIL) == {caught_by}
    assert found[caught_by].seen.startswith(seen)
    assert with_outcome(found, Outcome.PASS) == ON_SYSTEM - {caught_by}


def test_a_private_mapping_of_a_cma_heap_is_caught(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("linux,cma").test("*"), "map_private")
    assert with_outcome(found, Outcome.FAIL) == {"mmap.private"}
    assert found["mmap.private"].seen == "mmap with MAP_PRIVATE: EINVAL was expected, success came"


def test_a_protected_heap_that_maps_is_caught(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("protected,*").test("*"), "protected_maps")
    assert with_outcome(found, Outcome.FAIL) == PROTECTED_ALONE
    assert found["protected.mmap"].seen == "mmap of protected memory: EINVAL was expected, success came"


@pytest.mark.parametrize(
    ("kernel", "outcome"),
    [
        ("5.10.223", Outcome.WARN),
        ("6.1.190", Outcome.WARN),
        ("6.1.191", Outcome.FAIL),
        ("6.12.107", Outcome.WARN),
        ("6.12.111", Outcome.WARN),
        ("6.12.112", Outcome.FAIL),
        ("6.18.40", Outcome.WARN),
        ("7.1.0", Outcome.WARN),
        ("7.2.0", Outcome.WARN),
        ("7.2.13", Outcome.FAIL),
        ("7.3.0", Outcome.FAIL),
        ("8.0.0", Outcome.FAIL),
    ],
)
def test_a_leak_that_a_kernel_is_known_for_is_a_warning(scripted: Program, kernel: str, outcome: Outcome) -> None:
    found = results(scripted, Plan().heaps("system").test("fd.*"), "leak_on_efault", BRINGUP_KERNEL=kernel)
    assert with_outcome(found, outcome) == {"fd.after_efault"}
    assert ("known defect of this kernel" in found["fd.after_efault"].seen) == (outcome is Outcome.WARN)
    assert ("Linux commit 30d0aff2c65a mends it" in found["fd.after_efault"].seen) == (outcome is Outcome.WARN)
    healthy = results(scripted, Plan().heaps("system").test("fd.*"), BRINGUP_KERNEL=kernel)
    assert {one.outcome for one in healthy.values()} == {Outcome.PASS}


@pytest.mark.parametrize("test", ["share.processes", "share.threads"])
def test_the_seed_is_told_and_the_plan_can_set_it(scripted: Program, test: str) -> None:
    answer = scripted.run(Plan().heaps("system").test(test).stress(77, 30).test(test).test("open"))
    first, second, other = answer.of(Result)
    assert (first.seed, second.seed, other.seed) == (1, 77, None)
    assert {first.outcome, second.outcome} == {Outcome.PASS}
    assert second.ns > 25e6, "it goes on for the time that was asked for"
    broken = scripted.run(
        Plan().heaps("system").stress(78).test(test),
        env={"BRINGUP_FAULT": "cross_talk" + "_of_threads" * (test == "share.threads")},
    )
    assert broken.one(Result).seen.startswith("seed 78, worker ")


def test_statistics_that_a_kernel_does_not_have_are_skipped(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("linux,cma").test("*"), "no_statistics")
    assert with_outcome(found, Outcome.SKIP) == STATISTICS | PROTECTED_ALONE
    assert found["account.bufinfo"].seen == "/sys/kernel/debug/dma_buf/bufinfo: EACCES"
    assert found["account.sysfs"].seen == "/sys/kernel/dmabuf/buffers: ENOENT"


def test_what_needs_another_driver_is_skipped_without_it(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("linux,cma").test("*"), "no_devices")
    assert with_outcome(found, Outcome.SKIP) == DEVICES | PROTECTED_ALONE
    assert {one: found[one].seen for one in DEVICES} == {
        "share.drm": "no DRM render node opens here",
        "share.udmabuf": "/dev/udmabuf: ENOENT",
        "poll.fence": "/sys/kernel/debug/sync/sw_sync: ENOENT",
    }


def test_what_a_drm_driver_cannot_import_is_told_and_no_fault_of_the_heap(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("system").test("share.drm"), "limited_driver_refuses")
    assert (found["share.drm"].outcome, found["share.drm"].seen) == (
        Outcome.SKIP,
        "no DRM driver imports it: panfrost: EINVAL",
    )


def test_a_kernel_without_sync_files_skips_their_tests(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("linux,cma").test("*"), "no_sync_file")
    assert with_outcome(found, Outcome.SKIP) == SYNC_FILES | PROTECTED_ALONE
    assert found["sync_file.rw"].seen.startswith("this kernel has no EXPORT_SYNC_FILE")


def test_every_test_was_seen_to_fail() -> None:
    planted = {
        caught_by for _, caught_by, _ in _parameters(test_a_planted_defect_is_caught_by_its_own_test_and_no_other)
    }
    elsewhere = {"open", "alloc.page", "alloc.1m", "alloc.4m", *CMA_ALONE, *PROTECTED_ALONE}
    assert planted | elsewhere == EVERY, "these six in tests of their own"


def _parameters(function: object) -> list[tuple[str, str, str]]:
    (mark,) = function.pytestmark  # type: ignore[attr-defined]
    return list(mark.args[1])


def test_a_heap_that_may_not_be_opened_fails_once_and_skips_the_rest(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("system").test("*"), "open_denied")
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
def test_a_shortage_is_told_by_the_tests_that_are_about_it(
    scripted: Program, fault: str, outcome: Outcome, caught_by: set[str]
) -> None:
    found = results(scripted, Plan().heaps("system").test("*"), fault)
    assert with_outcome(found, outcome) == caught_by & ON_SYSTEM
    assert with_outcome(found, Outcome.PASS) == ON_SYSTEM - caught_by


def test_a_heap_that_every_cpu_may_map_does_not_hide_behind_einval(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("system").test("*"), "system_unmappable")
    assert with_outcome(found, Outcome.FAIL) == MAPPING & ON_SYSTEM
    assert found["mmap.rw"].seen == "mmap of 4096 bytes: EINVAL"


def test_a_crash_is_an_error_and_the_next_test_runs(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("system").test("*"), "sync_crash")
    synchronising = {"sync.rw", "share.drm"}
    assert with_outcome(found, Outcome.ERROR) == synchronising
    assert {found[one].seen for one in synchronising} == {"the test was killed by signal 7"}
    assert with_outcome(found, Outcome.PASS) == ON_SYSTEM - synchronising


def test_a_hang_is_an_error_and_the_next_test_runs(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("system").test("sync.*"), "sync_hang")
    assert {test: one.outcome for test, one in found.items()} == {
        "sync.rw": Outcome.ERROR,
        "sync.bad_flags": Outcome.PASS,
        "sync.bad_pointer": Outcome.PASS,
    }
    assert found["sync.rw"].seen == "no end within 5 s"


def test_free_memory_that_is_not_known_is_an_error_and_nothing_is_allocated(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("system").test("*").bench(3), "free_unknown")
    assert with_outcome(found, Outcome.ERROR) == ALLOCATING
    assert {found[one].seen for one in ALLOCATING} == {"how much memory is free for this heap is not known"}
    assert with_outcome(found, Outcome.PASS) == EVERY - ALLOCATING


@pytest.mark.parametrize("budget", [0, 4096, 65536, 1 << 20, (4 << 20) - 1, 1 << 40])
@pytest.mark.parametrize("heap", ["system", "linux,cma"])
def test_no_test_holds_more_than_the_budget(scripted: Program, heap: str, budget: int) -> None:
    """The scripted heap aborts when more is held; half of its memory is the most."""
    half = (16 << 20) // 2 if heap == "linux,cma" else (256 << 20) // 2
    cap = min(budget or half, half)
    answer = scripted.run(Plan(budget_bytes=budget).heaps(heap).test("*").bench(2), env={"BRINGUP_CAP": str(cap)})
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
    found = results(scripted, Plan().heaps("system").test("*"), BRINGUP_CAP="65536")
    assert {"alloc.1m", "alloc.4m"} <= with_outcome(found, Outcome.ERROR)


def test_a_budget_below_a_page_allocates_nothing(scripted: Program) -> None:
    found = results(scripted, Plan(budget_bytes=1).heaps("system").test("*"), BRINGUP_CAP="0")
    assert with_outcome(found, Outcome.SKIP) == ALLOCATING


def test_heaps_are_chosen_by_pattern_and_come_in_order(scripted: Program) -> None:
    def chosen(pattern: str) -> tuple[str, ...]:
        return scripted.run(Plan().heaps(pattern)).one(HeapsFact).names

    assert chosen("*") == HEAPS
    assert chosen("*secure*") == ("protected,secure-video", "vendor-secure")
    assert chosen("system") == ("system",)
    assert chosen("absent") == ("absent",), "a name is taken as it is: that it does not open is a finding"
    assert chosen("absent*") == ()


def test_a_later_choice_replaces_an_earlier_one(scripted: Program) -> None:
    plan = Plan().heaps("*").test("open").heaps("system").test("bad.len_*")
    seen = [(one.heap, one.test) for one in scripted.run(plan).of(Result)]
    assert seen == [(heap, "open") for heap in HEAPS] + [("system", "bad.len_zero"), ("system", "bad.len_max")]


def test_latency_has_as_many_samples_as_were_asked_for(scripted: Program) -> None:
    answer = scripted.run(Plan().heaps("system").bench(7))
    assert [one.size for one in answer.of(Latency)] == [4096, 65536, 1 << 20, 4 << 20]
    for one in answer.of(Latency):
        assert (one.heap, len(one.alloc_ns), len(one.free_ns), len(one.memset_ns)) == ("system", 7, 7, 7)
        assert min(*one.alloc_ns, *one.free_ns, *one.memset_ns) > 0
    small, *_, large = answer.of(Latency)
    assert min(large.memset_ns) > 20 * min(small.memset_ns), "1024 times the memory is not written in the same time"


def test_a_heap_that_does_not_open_has_no_latency(scripted: Program) -> None:
    answer = scripted.run(Plan().heaps("absent").bench(3))
    assert answer.of(Latency) == []
    assert answer.one(Bye).complete


def test_the_time_budget_ends_a_timing_and_keeps_what_was_taken(scripted: Program) -> None:
    plan = functools.reduce(lambda so_far, _: so_far.bench(1000), range(300), Plan(budget_ms=1500).heaps("system"))
    bye = scripted.run(plan).one(Bye)
    if bye.complete:
        pytest.fail(
            "1.2 million samples within 1.5 s: the budget does nothing, or this machine is too fast for this test"
        )
    assert bye.stopped_at is not None
    assert bye.stopped_at.startswith("bench system ")


def test_a_test_tells_how_long_it_took(scripted: Program) -> None:
    found = results(scripted, Plan().heaps("system").test("*"))
    assert all(0 < one.ns < 5e9 for one in found.values())

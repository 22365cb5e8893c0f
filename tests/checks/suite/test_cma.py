"""CMA: its size, rejected regions, failed allocations."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.results.verdict import Outcome
from tests.support.field_boards import cma, tree
from tests.support.log_forms import KERNEL_LINE_FORMS
from tests.support.scripted_record import DENIED, broken, files
from tests.support.suite import (
    CMA_USED_UP,
    NO_CMA,
    Broken,
    ask,
    suite_tests,
)

LOW_MEMORY = "CmaTotal: 458752 kB\nHighTotal: 7458816 kB\nLowTotal: 625128 kB\n"


def area_at(begin: int, mib: int = 448) -> str:
    return (
        f"[    0.0] Reserved memory: created CMA memory pool at {begin:#x}, size {mib} MiB\n"
        "[    0.0] OF: reserved mem: initialized node video, compatible id shared-dma-pool\n"
    )


BROKEN = (
    Broken("no CMA", "cma.size", "fail", broken(files=files(__proc__meminfo=NO_CMA)), "cma.size-zero"),
    Broken("small CMA", "cma.size", "fail", broken(files=files(__proc__meminfo="CmaTotal: 16384 kB\n")), "cma.too-small"),
    Broken("built without CMA", "cma.size", "fail", broken(files=files(__proc__meminfo="MemTotal: 2014208 kB\n"))),
    Broken("no config", "cma.size", "skip", broken(), None, None),
    Broken("no meminfo", "cma.size", "error", broken(files=files(__proc__meminfo=DENIED))),
    Broken("region rejected", "cma.rejected", "fail", broken(files=files(dmesg="[    0.0] Reserved memory: incorrect alignment of CMA region\n")), "cma.region-misaligned"),
    Broken("no dmesg", "cma.rejected", "error", broken(files=files(dmesg=DENIED))),
    Broken("most of low memory", "cma.low-memory", "warn", broken(files=files(__proc__meminfo=LOW_MEMORY, dmesg=area_at(0x12C0_0000))), "cma.low-memory"),
    Broken("an area somewhere", "cma.low-memory", "error", broken(files=files(__proc__meminfo=LOW_MEMORY))),
    Broken("CMA used up", "cma.exhausted", "warn", broken(files=files(dmesg="[   70.2] cma: cma_alloc: reserved: alloc failed, req-size: 6075 pages, ret: -12\n", __proc__meminfo=CMA_USED_UP)), "cma.exhausted"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "cma", BROKEN, skips=["cma.low-memory"]
)


#: Of a Raspberry Pi 4 with 8 GiB: 158 MiB more than MemTotal.
RAM = "00000000-3b3fffff : System RAM\n40000000-fbffffff : System RAM\n100000000-1ffffffff : System RAM\n"
MORE_THAN_LOW = "CmaTotal: 1048576 kB\nHighTotal: 3145728 kB\nLowTotal: 778240 kB\n"
LOST = "[    9.0] quiet\n"


@pytest.mark.parametrize(
    ("meminfo", "iomem", "log", "outcome"),
    [
        (LOW_MEMORY.replace("458752", "262144"), "", LOST, "pass"),
        # an area in high memory takes nothing of the low memory
        (LOW_MEMORY, RAM, area_at(0x3000_0000), "pass"),
        (LOW_MEMORY, RAM, area_at(0x12C0_0000), "warn"),
        (LOW_MEMORY, "", area_at(0x12C0_0000), "warn"),
        # low memory ends above LowTotal: what was reserved at boot is not counted
        (LOW_MEMORY, RAM, area_at(0x2800_0000), "error"),
        (LOW_MEMORY, RAM[:31], area_at(0x8000_0000), "error"),
        (LOW_MEMORY, "", LOST, "error"),
        (LOW_MEMORY, RAM, area_at(0x12C0_0000, 600), "error"),
        (MORE_THAN_LOW, "", LOST, "error"),
        (LOW_MEMORY.replace("CmaTotal: 458752 kB\n", ""), "", LOST, "skip"),
        (LOW_MEMORY.replace("HighTotal: 7458816", "HighTotal: 0"), "", LOST, "skip"),
    ],
)
def test_only_areas_in_low_memory_count(tmp_path: Path, meminfo: str, iomem: str, log: str, outcome: str) -> None:
    board = broken(files=files(__proc__meminfo=meminfo, __proc__iomem=iomem, dmesg=log))
    (verdict,) = ask("cma.low-memory", tmp_path, board)
    assert verdict.outcome.value == outcome
    assert "-" not in (verdict.cause.text if verdict.cause else "")


def test_a_pool_that_was_not_made_takes_no_low_memory(tmp_path: Path) -> None:
    nodes = tree({"video": cma(0x1000_0000, 448 << 20)})
    board = broken(files=files(__proc__meminfo=LOW_MEMORY, dmesg=LOST) | nodes)
    (verdict,) = ask("cma.low-memory", tmp_path, board)
    assert verdict.outcome is Outcome.ERROR


def test_a_pool_that_the_command_line_replaces_was_not_rejected(tmp_path: Path) -> None:
    said = (
        "[    0.0] Reserved memory: bypass linux,cma node, using cmdline CMA params instead\n"
        "[    0.0] OF: reserved mem: node linux,cma compatible matching fail\n"
    )
    (verdict,) = ask("cma.rejected", tmp_path / "1", broken(files=files(dmesg=said)))
    assert verdict.outcome is Outcome.PASS
    (verdict,) = ask("cma.rejected", tmp_path / "2", broken(files=files(dmesg=said.splitlines()[1])))
    assert verdict.outcome is Outcome.FAIL


@pytest.mark.parametrize("form", KERNEL_LINE_FORMS)
def test_our_marks_are_found_in_every_form_of_the_log(tmp_path: Path, form: str) -> None:
    failed = "cma: cma_alloc: reserved: alloc failed, req-size: 16 pages, ret: -12"
    ours = ("bringup: tests heaps", failed, "bringup: has tested heaps")
    log = "".join(form.format(text=text) + "\n" for text in ours)
    (verdict,) = ask("cma.exhausted", tmp_path / "ours", broken(files=files(dmesg=log)))
    assert verdict.outcome is Outcome.PASS
    log = "".join(form.format(text=text) + "\n" for text in (*ours, failed))
    (verdict,) = ask("cma.exhausted", tmp_path / "others", broken(files=files(dmesg=log)))
    assert verdict.outcome is Outcome.WARN


def test_allocations_that_we_made_fail_are_not_the_boards(tmp_path: Path) -> None:
    failed = "cma: __cma_alloc: linux,cma: alloc failed, req-size: 16 pages, ret: -12\n"
    ours = (
        f"[    8.1] bringup: exhausts heap linux,cma on purpose\n[    8.2] {failed}"
        "[    8.3] bringup: has exhausted heap linux,cma on purpose\n"
    )
    (verdict,) = ask("cma.exhausted", tmp_path / "3", broken(files=files(dmesg=ours)))
    assert verdict.outcome is Outcome.PASS
    (verdict,) = ask("cma.exhausted", tmp_path / "4", broken(files=files(dmesg=f"{ours}[    9.1] {failed}")))
    assert verdict.outcome is Outcome.WARN
    assert sum("alloc failed" in line for line in verdict.evidence) == 1


BEGUN, ENDED = "[    8.1] bringup: tests heaps\n", "[    8.9] bringup: has tested heaps\n"
EXHAUSTS, EXHAUSTED = (f"[    8.3] bringup: {verb} heap a on purpose\n" for verb in ("exhausts", "has exhausted"))
FAILED = "[    8.2] cma: __cma_alloc: linux,cma: alloc failed, req-size: 256 pages, ret: -16\n"
PAIR = EXHAUSTS + FAILED + EXHAUSTED
BOOT = "[    0.0] Booting Linux on physical CPU 0x0\n[    0.0] Linux version 6.12.107\n"
RUN = BEGUN + FAILED + PAIR + FAILED + ENDED


@pytest.mark.parametrize(
    ("outcome", "logs"),
    [
        ("pass", (RUN, RUN + RUN, PAIR + PAIR, BEGUN + EXHAUSTS + FAILED + ENDED, BEGUN + FAILED + EXHAUSTED + ENDED, BEGUN + PAIR)),
        # some other program's
        ("warn", (FAILED + RUN, RUN + FAILED, RUN + FAILED + RUN, PAIR + FAILED, FAILED + BEGUN + EXHAUSTED + ENDED, BEGUN + EXHAUSTS + ENDED + FAILED)),
        # the log, a ring, no longer has the begin, which was before its first line
        ("pass", (FAILED + ENDED, FAILED + ENDED + RUN, FAILED + PAIR + FAILED + ENDED, FAILED + EXHAUSTED + ENDED, FAILED + EXHAUSTED + PAIR)),
        ("warn", (FAILED + ENDED + FAILED, FAILED + EXHAUSTED + FAILED + BEGUN + ENDED)),
        # it has all lines since boot, and the begin should be there
        ("skip", (BOOT + FAILED + ENDED, BOOT + FAILED + EXHAUSTED + PAIR)),
        # an earlier run was killed
        ("skip", (BEGUN + FAILED, BEGUN + FAILED + RUN, BEGUN + PAIR + EXHAUSTS + FAILED, EXHAUSTS + FAILED + PAIR, RUN + BEGUN + FAILED)),
        ("skip", (RUN + FAILED + ENDED, PAIR + FAILED + EXHAUSTED)),
    ],
)  # fmt: skip
def test_a_failure_counts_if_it_is_not_of_an_earlier_runs_tests(
    tmp_path: Path, outcome: str, logs: tuple[str, ...]
) -> None:
    for number, log in enumerate(logs):
        (verdict,) = ask("cma.exhausted", tmp_path / str(number), broken(files=files(dmesg=log)))
        assert verdict.outcome.value == outcome, log
        assert outcome != "warn" or sum("alloc failed" in line for line in verdict.evidence) == 1
        assert outcome != "skip" or "earlier run may have caused" in (verdict.reason or "")


def test_an_allocation_of_a_process_that_was_killed_is_no_want_of_memory(tmp_path: Path) -> None:
    log = FAILED.replace("ret: -16", "ret: -4")
    (verdict,) = ask("cma.exhausted", tmp_path, broken(files=files(dmesg=log)))
    assert verdict.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ("", BEGUN + FAILED + ENDED, "pass"),
        ("", BEGUN + FAILED, "pass"),
        # its begin is lost between the two readings of the log
        ("[    1.0] quiet\n", FAILED + ENDED, "pass"),
        (FAILED, "[    8.7] quiet\n" + FAILED.replace("8.2", "8.8") + ENDED, "warn"),
        (BEGUN + FAILED, "[    8.7] quiet\n" + ENDED, "skip"),
        ("", BEGUN + ENDED + FAILED.replace("8.2", "9.2"), "warn"),
    ],
)
def test_the_place_of_the_records_own_tests_is_known(tmp_path: Path, before: str, after: str, outcome: str) -> None:
    board = broken(files=files(dmesg=before or "[    0.0] quiet\n"), files_after={"dmesg": after})
    (verdict,) = ask("cma.exhausted", tmp_path, board)
    assert verdict.outcome.value == outcome

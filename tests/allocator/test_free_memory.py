"""How much a test may hold: read from /proc and /sys of boards made of files, in a folder that is the program's root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bringup.allocator.abi import Abi
from bringup.allocator.answer import Exhaustion, HeapsFact, Hello, Line, Result
from bringup.allocator.plan import Exhaust, Heaps, Plan, Test
from bringup.allocator.reader import Reader
from bringup.outcome import Outcome
from tests.support.allocator_programs import cannot, committed

TREE = "proc/device-tree/reserved-memory"
PLENTY = b"MemTotal: 9 kB\nMemFree:  4000000 kB\nCmaTotal: 9 kB\nCmaFree:  4000000 kB\n"


class Files:
    """A board of files; the heaps are empty ones, which open and answer ENOTTY."""

    def __init__(self, root: Path) -> None:
        if os.geteuid() != 0:
            cannot("a folder can be made the root by root alone")
        program = committed(Abi.X86_64).argv
        if len(program) != 1:
            pytest.skip("not this machine's own program")
        shutil.copy(program[0], root / "alloc")
        self._root = root

    def write(self, path: str, data: bytes = b"") -> None:
        (self._root / path).parent.mkdir(parents=True, exist_ok=True)
        (self._root / path).write_bytes(data)

    def run(self, plan: Plan) -> list[Line]:
        argv = ["chroot", str(self._root), "/alloc"]
        done = subprocess.run(argv, input=plan.encode(), capture_output=True, check=True, timeout=300)
        reader = Reader()
        lines = reader.feed(done.stdout)
        assert reader.complete
        return lines

    def free(self, heap: str) -> tuple[str, int, int]:
        """Which figure counts for the heap, it, and what may be held; as a skipped test says."""
        self.write(f"dev/dma_heap/{heap}")
        (result,) = (one for one in self.run(Plan().add(Heaps(heap), Test("alloc.4m"))) if isinstance(one, Result))
        assert result.outcome is Outcome.SKIP, result.seen
        match = re.fullmatch(r"needs 4194304 bytes; at most (\d+) may be held \((.+) is (\d+) bytes, .*\)", result.seen)
        assert match is not None, result.seen
        return match[2], int(match[3]), int(match[1])


@pytest.fixture
def board(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize(
    ("heap", "figure"),
    [
        ("system", "MemFree"),
        ("system-uncached", "MemFree"),
        ("protected,secure-video", "MemFree"),
        ("restricted,cma-video", "MemFree"),
        ("reservedly", "MemFree"),
        ("carveout_dsp", "MemFree"),
        ("reserved", "CmaFree"),
        ("reserved-uncached", "CmaFree"),
        ("linux,cma", "CmaFree"),
        ("linux,cma@72000000", "CmaFree"),
        ("default-pool", "CmaFree"),
        ("default_cma_region", "CmaFree"),
        ("cma-uncached", "CmaFree"),
    ],
)
def test_a_heaps_name_decides_which_memory_counts(board: Files, heap: str, figure: str) -> None:
    board.write(
        "proc/meminfo", b"MemTotal: 9000000 kB\nMemFree:       200 kB\nMemAvailable: 900000 kB\nCmaFree:       100 kB\n"
    )
    free = 204_800 if figure == "MemFree" else 102_400
    assert board.free(heap) == (figure, free, free // 2)


def test_an_area_that_the_kernel_counts_by_itself(board: Files) -> None:
    board.write("proc/meminfo", PLENTY)
    board.write("sys/kernel/mm/cma/video@42000000/available_pages", b"25\n")
    page = os.sysconf("SC_PAGESIZE")
    assert board.free("video@42000000") == ("CmaFree", 25 * page, 25 * page // 2)


@pytest.mark.parametrize(
    "node",
    [
        {"size": (102_400).to_bytes(4, "big")},
        {"size": (102_400).to_bytes(8, "big")},
        {"reg": bytes([0x42, 0, 0, 0]) + (102_400).to_bytes(4, "big"), "../#size-cells": b"\0\0\0\1"},
        {"reg": bytes([0, 0, 0, 1, 0x42, 0, 0, 0]) + (102_400).to_bytes(8, "big"), "../#size-cells": b"\0\0\0\2"},
    ],
    ids=["size of one cell", "size of two cells", "reg of one cell", "reg of two cells"],
)
def test_a_heap_gives_no_more_than_its_node_in_the_device_tree(board: Files, node: dict[str, bytes]) -> None:
    board.write("proc/meminfo", PLENTY)
    board.write(f"{TREE}/dsp1-memory@99000000/reusable")
    for name, data in node.items():
        board.write(f"{TREE}/dsp1-memory@99000000/{name}", data)
    assert board.free("dsp1-memory@99000000") == ("CmaFree", 102_400, 51_200)


def test_less_may_be_free_than_the_node_is_large(board: Files) -> None:
    board.write("proc/meminfo", b"CmaFree: 50 kB\n")
    board.write(f"{TREE}/linux,cma/size", (1 << 30).to_bytes(4, "big"))
    assert board.free("linux,cma") == ("CmaFree", 51_200, 25_600)


SPARED = "MemAvailable less what stays free"


@pytest.mark.parametrize(
    ("total", "available", "spare"),
    [
        (9_000_000, 36_864, 4096),
        (9_000_000, 32_768, 0),
        (9_000_000, 9_000, 0),
        (204_800, 13_800, 1000),
    ],
    ids=["32 MiB stay free", "nothing above them", "less than they are", "a small board keeps a 16th"],
)
@pytest.mark.parametrize("heap", ["system", "linux,cma"])
def test_a_reserve_stays_free(board: Files, heap: str, total: int, available: int, spare: int) -> None:
    """However much MemFree and CmaFree count: the kernel and the board's own programs need some of it."""
    text = f"MemTotal: {total} kB\nMemFree: 13800 kB\nMemAvailable: {available} kB\nCmaFree: 12000 kB\n"
    board.write("proc/meminfo", text.encode())
    assert board.free(heap) == (SPARED, spare * 1024, spare * 512)
    (hello,) = (line for line in board.run(Plan(budget_bytes=1 << 30)) if isinstance(line, Hello))
    assert hello.budget == spare * 512


def test_a_kernel_that_does_not_say_what_is_available(board: Files) -> None:
    """Before Linux 3.14; there MemFree counts for it."""
    board.write("proc/meminfo", b"MemTotal: 9000000 kB\nMemFree: 33768 kB\n")
    assert board.free("system") == (SPARED, 1000 * 1024, 500 * 1024)


@pytest.mark.parametrize("meminfo", [b"", b"MemFree: 100 kB\n", b"NotCmaFree: 100 kB\n"])
def test_what_is_free_and_not_known_is_an_error(board: Files, meminfo: bytes) -> None:
    board.write("proc/meminfo", meminfo)
    board.write("dev/dma_heap/linux,cma")
    results = [one for one in board.run(Plan().add(Heaps("linux,cma"), Test("alloc.*"))) if isinstance(one, Result)]
    assert {one.outcome for one in results} == {Outcome.ERROR}
    assert {one.seen for one in results} == {"how much memory is free for this heap cannot be read"}


def test_the_plans_budget_is_the_most_where_it_is_less(board: Files) -> None:
    board.write("proc/meminfo", PLENTY)
    board.write("dev/dma_heap/system")
    plan = Plan(budget_bytes=100_000).add(Heaps("system"), Test("alloc.1m"))
    (result,) = (one for one in board.run(plan) if isinstance(one, Result))
    assert result.seen.startswith("needs 1048576 bytes; at most 100000 may be held")


@pytest.mark.parametrize("name", ["protected,secure-video", "restricted,secure-video"])
def test_a_heap_of_a_tee_is_known_by_its_name(board: Files, name: str) -> None:
    board.write("proc/meminfo", PLENTY)
    board.write(f"dev/dma_heap/{name}")
    lines = board.run(Plan().add(Heaps(name), Test("mmap.rw"), Exhaust(1000)))
    (result,) = (one for one in lines if isinstance(one, Result))
    assert (result.outcome, result.seen) == (Outcome.SKIP, "protected heap: no CPU mapping")
    assert not [one for one in lines if isinstance(one, Exhaustion)]


def test_heaps_are_what_the_folder_holds(board: Files) -> None:
    for name in ("system", "linux,cma", ".hidden", "with space", "new\nline"):
        board.write(f"dev/dma_heap/{name}")
    heaps = next(one for one in board.run(Plan().add(Heaps("*"))) if isinstance(one, HeapsFact))
    assert heaps.names == ("linux,cma", "new\nline", "system", "with space")


def test_a_node_that_is_no_heap_fails_with_enotty(board: Files) -> None:
    board.write("proc/meminfo", PLENTY)
    board.write("dev/dma_heap/system")
    found = {one.test: one for one in board.run(Plan().add(Heaps("system"), Test("*"))) if isinstance(one, Result)}
    assert found["alloc.page"].seen == "ALLOC of 4096 bytes: ENOTTY"
    assert found["bad.len_zero"].seen == "len 0: expected EINVAL, got ENOTTY"
    assert {test for test, one in found.items() if one.outcome is Outcome.PASS} == {"open"}
    unknown = {test: one.seen for test, one in found.items() if one.outcome is Outcome.ERROR}
    assert unknown == dict.fromkeys(("bad.not_a_heap", "fd.after_failures"), "/dev/null does not open: ENOENT")

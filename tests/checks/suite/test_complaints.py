"""What the kernel complains about: before, while and after its heaps are tested, in its log and in its taint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.results.verdict import Outcome
from tests.support.scripted_record import DENIED, ScriptedBoard, broken, files, result
from tests.support.splats import SPLATS
from tests.support.suite import Broken, ask, suite_tests

BOOT = "6,1,100,-;Linux version 6.12.107\n"
BEGIN, END = "6,2,1000000,-;bringup: tests heaps\n", "6,9,9000000,-;bringup: has tested heaps\n"
QUIET = "".join(f"6,{number},{number}000000,-;quiet\n" for number in range(3, 9))
ABOUT_HEAPS = next(splat for splat in SPLATS if splat.heap_frame)
OTHER = next(splat for splat in SPLATS if not splat.heap_frame)


def kmsg(text: str, first: int) -> str:
    """A splat as records of /dev/kmsg, from this number on, all within one second."""
    lines = [line.partition("] ")[2] for line in text.splitlines()]
    return "".join(f"4,{first + number},{first}500000,-;{line}\n" for number, line in enumerate(lines))


def board(
    before: str = BOOT, meanwhile: str = QUIET, *, begin: str = BEGIN, end: str = END, results: Any = None, **more: str
) -> ScriptedBoard:
    """A board whose log was read before its tests and after them; ``more`` are further files, read after."""
    after = {"dmesg": before + begin + meanwhile + end}
    given = broken(files=files(dmesg=before), files_after=after | more)
    given.results = given.results if results is None else results
    return given


def numbered(text: str) -> str:
    """The records in between, numbered so that none is missing."""
    inner = text.splitlines()
    return "".join(f"4,{3 + number},{line.split(',', 2)[2]}\n" for number, line in enumerate(inner))


def during(text: str) -> ScriptedBoard:
    inner = numbered(kmsg(text, 3))
    return board(meanwhile=inner, end=f"6,{3 + inner.count(chr(10))},9000000,-;bringup: has tested heaps\n")


TAINTED = "/proc/sys/kernel/tainted"
STALL = (
    "[ 9.0] rcu: INFO: rcu_sched self-detected stall on CPU\n"
    "[ 9.0] rcu: rcu_sched kthread starved for 5252 jiffies! g12425 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402 ->cpu=0\n"
)
CPU_OF_A_HOST = {"/proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu hypervisor lahf_lm\n"}
BROKEN = (
    Broken("no log", "kernel.complaints", "error", broken(files=files(dmesg=DENIED))),
    Broken("while tested", "kernel.complaints", "fail", during(OTHER.text), "kernel.complaint-in-tests"),
    Broken("before, elsewhere", "kernel.complaints", "warn", board(BOOT + kmsg(OTHER.text, 0)), "kernel.complaint"),
    Broken("before, about heaps", "kernel.complaints", "fail", board(BOOT + kmsg(ABOUT_HEAPS.text, 0)), "kernel.complaint-in-heaps"),
    Broken("records lost", "kernel.complaints", "error", board(meanwhile="6,7,7000000,-;quiet\n")),
    Broken("first mark lost", "kernel.complaints", "error", board(begin="")),
    Broken("taint alone, new", "kernel.complaints", "fail", broken(files=files() | {TAINTED: "0\n"}, files_after={TAINTED: "512\n", "dmesg": ""}), "kernel.complaint-in-tests"),
    Broken("taint alone, old", "kernel.complaints", "warn", broken(files=files() | {TAINTED: "512\n"}, files_after={TAINTED: "512\n", "dmesg": ""}), "kernel.complaint"),
    Broken("log of an older record", "kernel.complaints", "skip", broken(files=files())),
)  # fmt: skip

# The log of the healthy board, as of a record of 0.1.0, was read before its tests only.
test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "complaints", BROKEN, skips={"kernel.complaints"}
)


@pytest.mark.parametrize(
    "given",
    [
        board(),
        board(**{TAINTED: "4097\n"}),
        broken(files=files() | {TAINTED: "0\n"}, files_after={TAINTED: "16384\n", "dmesg": ""}),
        broken(files=files(), results=[], asked=None),
    ],
    ids=["tested", "tainted, not by a complaint", "tainted by sw_sync, as in our tests", "only looked at"],
)
def test_a_quiet_kernel_passes(tmp_path: Path, given: ScriptedBoard) -> None:
    (verdict,) = ask("kernel.complaints", tmp_path, given)
    assert verdict.outcome is Outcome.PASS


def test_the_marks_of_an_earlier_run_are_not_ours(tmp_path: Path) -> None:
    earlier = BOOT + BEGIN.replace("6,2,1000000", "6,1,200") + kmsg(OTHER.text, 0)
    (verdict,) = ask("kernel.complaints", tmp_path, board(earlier))
    assert (verdict.outcome, verdict.cause and verdict.cause.id) == (Outcome.WARN, "kernel.complaint")


def test_without_our_marks_all_that_is_new_was_logged_meanwhile(tmp_path: Path) -> None:
    """As without root, where the log can be read and not be written."""
    text = numbered(kmsg(OTHER.text, 3))
    (verdict,) = ask("kernel.complaints", tmp_path, board(meanwhile=text, begin="6,2,1000000,-;x\n", end=""))
    assert (verdict.outcome, verdict.cause and verdict.cause.id) == (Outcome.FAIL, "kernel.complaint-in-tests")


def test_a_verdict_shows_the_line_the_process_and_the_trace(tmp_path: Path) -> None:
    (verdict,) = ask("kernel.complaints", tmp_path, during(ABOUT_HEAPS.text))
    assert verdict.cause is not None
    assert verdict.cause.text == f"{ABOUT_HEAPS.kind} in {ABOUT_HEAPS.where}, during the tests"
    assert f"process {ABOUT_HEAPS.process} (670)" in verdict.evidence
    assert any(ABOUT_HEAPS.heap_frame in line for line in verdict.evidence if line.startswith("trace: "))


@pytest.mark.parametrize(
    ("logged", "heap", "text"),
    [
        (5.2, "linux,cma", "while zero.reuse ran on linux,cma"),
        (4.3, "system", "while alloc.4m ran on system"),
        (4.5, "system", "just after alloc.4m ran on system"),  # its process ends, its buffers are freed
        (4.8, None, "during the tests"),  # between two tests
        (6.0, None, "during the tests"),  # after the last
    ],
)
def test_the_test_that_ran_is_named(tmp_path: Path, logged: float, heap: str | None, text: str) -> None:
    """The log's clock is half a second behind the one of the results."""
    results = [
        result("system", "alloc.4m", at=4_700_000_000, ns=200_000_000),
        result("linux,cma", "zero.reuse", at=5_600_000_000, ns=300_000_000),
    ]
    begin = "6,2,4000000,-;bringup: tests heaps at 4500000\n"
    end = "6,4,7000000,-;bringup: has tested heaps at 7500001\n"
    splat = f"4,3,{int(logged * 1e6)},-;WARNING: CPU: 0 PID: 9 at mm/cma.c:7 cma_alloc+0x1/0x2\n"
    (verdict,) = ask("kernel.complaints", tmp_path, board(meanwhile=splat, begin=begin, end=end, results=results))
    assert verdict.cause is not None
    assert (verdict.heap, verdict.cause.text) == (heap, f"WARNING in cma_alloc at mm/cma.c:7, {text}")


@pytest.mark.parametrize("kind", ["cpu", "machine"])
def test_a_stall_of_a_virtual_machine_is_not_known_to_be_the_kernels(tmp_path: Path, kind: str) -> None:
    given = during(STALL)
    of_qemu = {"/sys/firmware/devicetree/base/compatible": "linux,dummy-virt\0"}
    given.files |= CPU_OF_A_HOST if kind == "cpu" else of_qemu
    (verdict,) = ask("kernel.complaints", tmp_path / "virtual", given)
    assert verdict.outcome is Outcome.ERROR
    assert "the host of this virtual machine was too busy, or its kernel is stuck" in (verdict.reason or "")
    assert any("kthread starved for 5252 jiffies" in line for line in verdict.evidence)
    assert "run again" in verdict.remedy[0]
    given = during(OTHER.text)
    given.files |= CPU_OF_A_HOST
    assert ask("kernel.complaints", tmp_path / "other", given)[0].outcome is Outcome.FAIL


def test_a_stall_of_a_board_fails_it(tmp_path: Path) -> None:
    (verdict,) = ask("kernel.complaints", tmp_path, during(STALL))
    assert verdict.outcome is Outcome.FAIL


HUNG = (
    "[ 9.0] INFO: task camera:464 blocked for more than 120 seconds.\n"
    "[ 9.0] Call trace:\n[ 9.0]  __schedule+0x1/0x2\n[ 9.0]  {0}+0x1/0x2\n[ 9.0]  {1}+0x1/0x2\n"
)
IN_HEAP = HUNG.format("cma_heap_allocate", "dma_heap_ioctl")
ELSEWHERE = HUNG.format("dma_fence_default_wait", "lima_vm_bo_del")
IN_HEAP_STALLED = IN_HEAP.replace("INFO: task camera:464 blocked for more than 120 seconds.", STALL.splitlines()[0][6:])


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [(IN_HEAP, ("fail", "fail")), (ELSEWHERE, ("error", "warn")), (IN_HEAP_STALLED, ("error", "warn"))],
    ids=["waits for a heap", "waits for something else", "ran in a heap when the host stopped it"],
)
def test_a_task_that_hangs_in_a_heap_fails_a_virtual_machine(
    tmp_path: Path, text: str, outcomes: tuple[str, str]
) -> None:
    for number, given in enumerate((during(text), board(BOOT + kmsg(text, 0)))):
        given.files |= CPU_OF_A_HOST
        (verdict,) = ask("kernel.complaints", tmp_path / str(number), given)
        assert verdict.outcome.value == outcomes[number]


FAILS = "camera: page allocation failure: order:{}, mode:0xa20(GFP_ATOMIC), nodemask=(null)"
WARNS = "WARNING: CPU: 3 PID: 9 at mm/page_alloc.c:4935 __alloc_pages_nodemask+0x1/0x2"


@pytest.mark.parametrize(
    ("head", "frames", "cause"),
    [
        (FAILS.format(6), "__dma_direct_alloc_pages dma_direct_alloc dma_alloc_attrs", "kernel.buffer-too-large"),
        (WARNS, "dma_direct_alloc dma_alloc_attrs vb2_dc_alloc", "kernel.buffer-too-large"),
        # 32-bit ARM without LPAE, up to 5.19
        (
            FAILS.format(7),
            "__dma_alloc_buffer.constprop.5 remap_allocator_alloc __dma_alloc arm_dma_alloc",
            "kernel.buffer-too-large",
        ),
        (FAILS.format(0), "__dma_alloc_buffer remap_allocator_alloc __dma_alloc arm_dma_alloc", "kernel.complaint"),
        (FAILS.format(0), "dma_direct_alloc dma_alloc_attrs", "kernel.complaint"),
        (FAILS.format(0), "iommu_dma_alloc dma_alloc_attrs", "kernel.complaint"),
        (WARNS, "__iommu_dma_alloc_pages iommu_dma_alloc dma_alloc_attrs", "kernel.complaint"),
        # the buffer is there, and the list of its pages is not
        (FAILS.format(4), "__kmalloc dma_common_contiguous_remap dma_direct_alloc dma_alloc_attrs", "kernel.complaint"),
        (FAILS.format(4), "__kmalloc dma_alloc_attrs", "kernel.complaint"),
    ],
)
def test_a_buffer_is_too_large_only_where_contiguous_memory_was_asked_for(
    tmp_path: Path, head: str, frames: str, cause: str
) -> None:
    trace = "".join(f"[ 9.0]  {frame}+0x1/0x2\n" for frame in frames.split())
    (verdict,) = ask(
        "kernel.complaints", tmp_path, board(BOOT + kmsg(f"[ 9.0] {head}\n[ 9.0] Call trace:\n{trace}", 0))
    )
    assert (verdict.outcome, verdict.cause and verdict.cause.id) == (Outcome.WARN, cause)


def test_many_complaints_are_counted_and_bounded(tmp_path: Path) -> None:
    many = "".join(
        f"4,1,{number},-;WARNING: CPU: 0 PID: 1 at kernel/a.c:{number % 30} f+0x1/0x2\n" for number in range(300)
    )
    verdicts = ask("kernel.complaints", tmp_path, board(many))
    assert len(verdicts) == 9
    assert verdicts[0].cause is not None
    assert "10 times" in verdicts[0].cause.text
    assert verdicts[-1].cause is not None
    assert "22 other places" in verdicts[-1].cause.text

"""Made-up runs for looking at reports and for testing them. No board ever said any of this."""

from __future__ import annotations

import random

from bringup.results.run import BoardRun, HeapFacts, LatencyFacts, Run, Step
from bringup.results.verdict import Alternative, Cause, Change, Link, Outcome, Verdict
from tests.support.report import sample_facts

STARTED = "2026-11-22T11:48:07+00:00"

_NO_CMA = Cause(
    "kconfig.dmabuf-heaps-cma-unset",
    "CONFIG_DMABUF_HEAPS_CMA is not set in the running kernel",
    (Link("https://github.com/made-up/board/issues/7", "made-up/board#7"),),
)
_NO_CMA_REMEDY = (
    "CONFIG_CMA=y",
    "CONFIG_DMA_CMA=y",
    "CONFIG_DMABUF_HEAPS_CMA=y",
    "CONFIG_CMA_SIZE_MBYTES=64",
)
_MODE = Cause("ueventd.heap-mode", "ueventd gives /dev/dma_heap/system mode 0600, so no process but root can open it")
_LOST = "the board did not answer within 20 s and came back with another boot_id"


def _passed(check: str, title: str, *evidence: str, heap: str | None = None) -> Verdict:
    return Verdict(check, title, Outcome.PASS, heap=heap, evidence=evidence)


def _found() -> list[Verdict]:
    seen = "/proc/config.gz: # CONFIG_DMABUF_HEAPS_CMA is not set"
    return [
        Verdict(
            "kconfig.heap-cma",
            "The CMA heap is built in or a module",
            Outcome.FAIL,
            evidence=(seen, "/proc/config.gz: CONFIG_CMA=y", "kernel 6.12.57: the symbol is a bool"),
            cause=_NO_CMA,
            remedy=_NO_CMA_REMEDY,
        ),
        Verdict(
            "heap.node-present",
            "Each heap that the board config names has its node",
            Outcome.FAIL,
            heap="linux,cma",
            evidence=("/dev/dma_heap: system", "device-configs/made-up-board.yaml names linux,cma", seen),
            cause=_NO_CMA,
            remedy=_NO_CMA_REMEDY,
        ),
        Verdict(
            "heap.mode",
            "The node's mode is what the board config says",
            Outcome.FAIL,
            heap="system",
            evidence=("/dev/dma_heap/system: crw------- root:root, expected 0444",),
            cause=_MODE,
            remedy=(
                "ueventd reads this file at the next boot:",
                "https://source.android.com/docs/core/architecture/kernel/dma-buf-heaps",
            ),
            changes=(Change("ueventd.rc", ("/dev/dma_heap/system    0444   system   system",)),),
            alternatives=(
                Alternative(
                    Cause("board.mode-changed", "something changed the mode after ueventd had set it"),
                    "dmesg has ueventd's own line for this node, with the mode that it set",
                    ("find the chmod: grep -r dma_heap /vendor/etc/init",),
                ),
            ),
        ),
        Verdict(
            "alloc.dirty-then-zero",
            "A buffer is zero-filled after a dirty one was freed",
            Outcome.ERROR,
            heap="system",
            evidence=(
                "boot_id before: 3f0c6a1e-0000-4000-8000-000000000001",
                "boot_id after: 9b41d77c-0000-4000-8000-2",
            ),
            reason=_LOST,
        ),
        Verdict("alloc.close-gives-back", "Close gives the memory back", Outcome.ERROR, heap="system", reason=_LOST),
        Verdict(
            "ion.node-absent",
            "No ION node is left behind",
            Outcome.WARN,
            evidence=("/dev/ion: crw-rw-r-- system:system u:object_r:ion_device:s0",),
            cause=Cause("ion.node-left", "/dev/ion is still there, and Codec2 prefers it while it is"),
            remedy=("# CONFIG_ION is not set", "debug.c2.use_dmabufheaps=1"),
        ),
        Verdict(
            "cma.size",
            "The default CMA pool holds what the board config asks for",
            Outcome.WARN,
            evidence=("CmaTotal: 16384 kB", "device-configs/made-up-board.yaml: 64 MiB"),
            cause=Cause(
                "cma.smaller-than-config", "The default CMA pool has 16 MiB, and the board config asks for 64 MiB"
            ),
            remedy=(
                "reserved-memory {",
                "\t#address-cells = <2>;",
                "\t#size-cells = <2>;",
                "\tranges;",
                "\tlinux,cma {",
                '\t\tcompatible = "shared-dma-pool";',
                "\t\treusable;",
                "\t\tsize = <0x0 0x4000000>;",
                "\t\tlinux,cma-default;",
                "\t};",
                "};",
            ),
        ),
    ]


_OPTIONS = (
    "DMABUF_HEAPS", "DMABUF_HEAPS_SYSTEM", "DMA_SHARED_BUFFER", "SYNC_FILE", "CMA", "DMA_CMA", "IKCONFIG",
    "IKCONFIG_PROC", "PROC_FS", "SYSFS", "MEMFD_CREATE", "SECURITY_SELINUX",
)  # fmt: skip
_TESTS = (
    ("open", "The node can be opened read-only", "fd 5"),
    ("one-page", "One page can be allocated", "4096 B, lseek says 4096"),
    ("64k", "64 KiB can be allocated", "65536 B, lseek says 65536"),
    ("1m", "1 MiB can be allocated", "1048576 B, lseek says 1048576"),
    ("4m", "4 MiB can be allocated", "4194304 B, lseek says 4194304"),
    ("zero-filled", "A new buffer is zero-filled", "1048576 of 1048576 bytes are 0"),
    ("mmap-rw", "What is written through mmap is read back", "pattern 0xa5 over 1048576 B"),
    ("sync", "DMA_BUF_IOCTL_SYNC takes START and END", "0, 0"),
    ("einval-flags", "Unknown heap flags are refused", "EINVAL, as the kernel documents"),
    ("einval-fd-flags", "Unknown fd flags are refused", "EINVAL, as the kernel documents"),
    ("einval-len-0", "A length of 0 is refused", "EINVAL, as the kernel documents"),
    ("efault", "A bad pointer is refused", "EFAULT, as the kernel documents"),
    ("einval-ioctl", "An unknown ioctl number is refused", "EINVAL, as the kernel documents"),
)


def verdicts() -> tuple[Verdict, ...]:
    """About sixty, some of every outcome."""
    out = _found()
    out += [
        _passed(
            f"kconfig.{name.lower().replace('_', '-')}", f"CONFIG_{name} is y or m", f"/proc/config.gz: CONFIG_{name}=y"
        )
        for name in _OPTIONS
    ]
    for heap in ("system", "linux,cma", "reserved"):
        for name, title, seen in _TESTS:
            if heap == "linux,cma":
                out.append(Verdict(f"alloc.{name}", title, Outcome.SKIP, heap=heap, reason="the heap has no node"))
            else:
                out.append(_passed(f"alloc.{name}", title, seen, heap=heap))
    out.append(
        Verdict("selinux.denials", "No SELinux denial names a heap", Outcome.SKIP, reason="SELinux is not enabled")
    )
    out.append(_passed("boot.same", "The board did not reboot while it was observed", "boot_id is the same"))
    return tuple(out)


def _latency(base: int, slope: float) -> tuple[LatencyFacts, ...]:
    def one(size: int, memset: int) -> LatencyFacts:
        alloc = base + int(size * slope)
        return LatencyFacts(size, 200, alloc, int(alloc * 1.7), alloc // 3, alloc // 2, memset, int(memset * 1.2))

    return (one(4096, 620), one(1 << 16, 7_100), one(1 << 20, 118_000), one(4 << 20, 497_000))


def board(serial: str = "made-up-board-7") -> BoardRun:
    """One board with findings of every kind."""
    return BoardRun(
        serial=serial,
        verdicts=verdicts(),
        config="made-up-board",
        kernel="6.12.57-made-up",
        record="made-up-board-7/record.jsonl",
        identity={
            "Model": "Made-Up Board 7",
            "Build": "made_up-userdebug 17 BP1A.000000.000 eng.000000",
            "ABI": "arm64-v8a",
            "Page size": "4 KiB",
            "Memory": "3.8 GiB, CMA 16 MiB",
            "SELinux": "not enabled",
            "Root": "adbd runs as root",
            "Boot": "3f0c6a1e-0000-4000-8000-000000000001, up 42 s",
        },
        heaps=(
            HeapFacts(
                "system", True, "system", "0600", "0:0", "u:object_r:dmabuf_system_heap_device:s0",
                {"pass": 13, "error": 2}, _latency(9_000, 0.21), sample_facts.SYSTEM_PAGES,
                sample_facts.SYSTEM_EXHAUSTION,
            ),
            HeapFacts(
                "reserved", True, "cma", "0444", "1000:1000", None, {"pass": 13}, _latency(21_000, 0.35),
                sample_facts.CMA_PAGES, sample_facts.CMA_EXHAUSTION,
            ),
            HeapFacts("linux,cma", False),
        ),
        ion=sample_facts.ION,
        timings=sample_facts.timings(),
        untimed=sample_facts.UNTIMED,
        upstream_gap=sample_facts.GAP,
        memory=sample_facts.MEMORY,
        holders=sample_facts.HOLDERS,
        requirements=sample_facts.REQUIREMENTS,
        steps=(
            Step("find the board", 0.0, 0.012),
            Step("push the test allocator", 0.012, 0.081),
            Step("observe", 0.093, 1.902),
            Step("test heaps", 1.995, 4.31),
            Step("measure latency", 6.305, 2.77),
            Step("judge", 9.075, 0.006),
        ),
    )  # fmt: skip


def run() -> Run:
    """A run of one board."""
    return Run(boards=(board(),), tool="0.1.0", started=STARTED)


def healthy() -> Run:
    """A run of one board on which everything passes."""
    heaps = (HeapFacts("system", True, "system", "0444", "1000:1000", None, {"pass": 13}, _latency(9_000, 0.21)),)
    passes = tuple(one for one in verdicts() if one.outcome in (Outcome.PASS, Outcome.SKIP))
    return Run(
        boards=(BoardRun(serial="made-up-board-8", verdicts=passes, heaps=heaps),), tool="0.1.0", started=STARTED
    )


def one_failing(check: str) -> Run:
    """A board on which one check fails, with neither cause nor remedy."""
    verdict = Verdict(check, "a statement that holds elsewhere", Outcome.FAIL, "system", evidence=("what was seen",))
    return Run(boards=(BoardRun(serial="made-up-board-7", verdicts=(verdict,)),), tool="0", started=STARTED)


def many(boards: int, checks: int = 60, seed: int = 1) -> Run:
    """A run of many boards: most healthy, some with one of a few causes, a few not known at all."""
    chance, alike = random.Random(seed), board()
    return Run(
        boards=tuple(_one_of_many(alike, index, checks, chance) for index in range(boards)),
        tool="0.1.0",
        started=STARTED,
    )


def _one_of_many(alike: BoardRun, index: int, checks: int, chance: random.Random) -> BoardRun:
    kind = chance.choices(("well", "cma", "mode", "lost", "small"), (60, 15, 12, 5, 8))[0]
    wrong = {"well": (), "cma": (0, 1), "mode": (2,), "lost": (3, 4), "small": (5, 6)}[kind]
    asked = [
        one if place in wrong else Verdict(one.id, one.title, Outcome.PASS, one.heap, (f"as it should be ({index})",))
        for place, one in enumerate(_found())
    ]
    rest = [one for one in verdicts() if one.outcome in (Outcome.PASS, Outcome.SKIP)]
    return BoardRun(
        serial=f"made-up-{index:04d}",
        verdicts=tuple([*asked, *rest][:checks]),
        config="made-up-board",
        kernel="6.12.57-made-up",
        record=f"made-up-{index:04d}/record.jsonl",
        identity={"Model": f"Made-Up Board {index % 7}", "ABI": "arm64-v8a", "Page size": "4 KiB"},
        heaps=alike.heaps[:2],
        steps=alike.steps,
    )


def wild(boards: int, checks: int = 60, seed: int = 1) -> Run:
    """Many boards on which every check fails somewhere and no two facts are equal: the most that a page can get."""
    chance = random.Random(seed)

    def verdict(board: int, check: int) -> Verdict:
        outcome = chance.choices(tuple(Outcome), (60, 10, 10, 10, 10))[0]
        found = outcome in (Outcome.FAIL, Outcome.WARN)
        return Verdict(
            f"area{check % 6}.check-number-{check}",
            f"Statement number {check} holds on a healthy board",
            outcome,
            evidence=(f"seen {board}.{check} {'x' * 60}",),
            cause=Cause(f"cause.{check % 40}", f"A cause of number {check % 40}, told in one sentence")
            if found
            else None,
            remedy=("CONFIG_X=y", "CONFIG_Y=y") if found else (),
            reason=f"could not be read on board {board}" if outcome in (Outcome.ERROR, Outcome.SKIP) else None,
        )

    return Run(
        boards=tuple(
            BoardRun(
                serial=f"made-up-{board:04d}",
                verdicts=tuple(verdict(board, check) for check in range(checks)),
                kernel="6.12",
            )
            for board in range(boards)
        ),
        tool="0.1.0",
        started=STARTED,
    )

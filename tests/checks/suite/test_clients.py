"""What the board's programs complain about in the logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.scripted_record import broken, files, node
from tests.support.suite import Broken, ask, suite_tests

STAMP = "11-29 22:12:59.123  1042  1250 E DMABUFHEAPS"

CONFINED = 'audit: type=1400 audit(9.1:9): apparmor="{}" operation="open" class="file" profile="{}" name="{}" pid=9 comm="camera" requested_mask="r" denied_mask="r" fsuid=0 ouid=0\n'
SNAP = CONFINED.format("DENIED", "snap.camera.app", "/dev/dma_heap/linux,cma-uncached")

BROKEN = (
    Broken("a snap that may not", "clients.heaps", "warn", broken(logcat=None, files=files(dmesg=SNAP * 5)), "clients.confined"),
    Broken("heap wanted", "clients.heaps", "warn", broken(logcat="E DMABUFHEAPS: Could not open DMA-BUF heap named: qcom,display\n"), "clients.no-such-heap"),
    Broken("heap refused", "clients.heaps", "warn", broken(logcat="E DMABUFHEAPS: Unable to allocate from DMA-BUF heap: system\n"), "clients.refused"),
    Broken("heap named until Android 16", "clients.heaps", "warn", broken(logcat=f"{STAMP}: No ion heap of name qcom,display exists\n"), "clients.no-such-heap"),
    Broken("many lines of two heaps", "clients.heaps", "warn", broken(logcat="".join(f"{STAMP}: Unable to allocate from DMA-BUF heap: {heap}: {why}\n" for heap in ("system", "linux,cma") for why in ("Out of memory",) * 5 + ("Invalid argument",) * (heap == "system"))), "clients.refused"),
    Broken("a heap that came later", "clients.heaps", "warn", broken(logcat=f"{STAMP}: Could not open DMA-BUF heap named: system: No such file or directory\n"), "clients.refused"),
    Broken("no heap at all", "clients.heaps", "warn", broken(logcat=f"{STAMP}: Could not open DMA-BUF heap named: system\n", heaps={}, results=[]), "clients.no-such-heap"),
    Broken("no log, but the kernel's", "clients.ion", "warn", broken(logcat=None, files=files(dmesg="vpu: open /dev/ion failed\n" * 6)), "ion.client"),
    Broken("ION is there", "clients.ion", "warn", broken(logcat=f"{STAMP}: /dev/ion: No such device\nE ion: opening /dev/ion failed\n", nodes=[node("/dev/ion")]), "ion.client"),
    Broken("neither log", "clients.ion", "skip", broken(logcat=None)),
    Broken("no log", "clients.heaps", "skip", broken(logcat=None)),
    Broken("ION wanted", "clients.ion", "warn", broken(logcat="E ion     : open /dev/ion failed: No such file or directory\n"), "ion.client"),
    Broken("ION's old interface", "clients.ion", "warn", broken(logcat="E mpp: ION_IOC_FREE failed with code -1: Inappropriate ioctl for device\n"), "ion.client"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests("clients", BROKEN)


@pytest.mark.parametrize(
    ("said", "heap", "cause", "word"),
    [
        ("Unable to allocate from DMA-BUF heap: linux,cma: Out of memory", "linux,cma", "clients.refused", "ENOMEM"),
        ("Could not open DMA-BUF heap named: system: Permission denied", "system", "clients.refused", "EACCES"),
        ("No ion heap of name system exists", "system", "clients.refused", "none"),
        (
            "Could not open DMA-BUF heap named: qcom,display: No such file or directory",
            "qcom,display",
            "clients.no-such-heap",
            "is not there",
        ),
    ],
)
def test_the_heap_and_the_errno_that_a_line_names(tmp_path: Path, said: str, heap: str, cause: str, word: str) -> None:
    (verdict,) = ask("clients.heaps", tmp_path, broken(logcat=f"{STAMP}: {said}\n"))
    assert verdict.cause is not None
    assert (verdict.heap, verdict.cause.id) == (heap, cause)
    assert word in verdict.cause.text


def test_what_the_library_itself_looks_for_is_no_complaint(tmp_path: Path) -> None:
    said = f"{STAMP}: No ion heap of name system-uncached exists\n{STAMP}: No ion heap of name ion_system_heap exists\n"
    (verdict,) = ask("clients.heaps", tmp_path, broken(logcat=said))
    assert verdict.outcome.value == "pass"


def test_what_apparmor_refused_is_named_by_profile_and_heap(tmp_path: Path) -> None:
    lines = SNAP + CONFINED.format("DENIED", "/usr/bin/gst", "/dev/dma_heap/system") + SNAP.replace(".app", ".daemon")
    said = f"{STAMP}: Could not open DMA-BUF heap named: qcom,display\n"
    first, second, third = ask("clients.heaps", tmp_path, broken(logcat=said, files=files(dmesg=lines)))
    assert [one.heap for one in (first, second, third)] == ["linux,cma-uncached", "system", "qcom,display"]
    assert first.cause is not None
    assert first.cause.text == "AppArmor refused snap.camera.app, snap.camera.daemon the heap linux,cma-uncached"
    assert first.remedy[0].startswith("add to the profile: /dev/dma_heap/linux,cma-uncached rw,")


@pytest.mark.parametrize(
    "line",
    [
        CONFINED.format("ALLOWED", "snap.camera.app", "/dev/dma_heap/system"),
        CONFINED.format("DENIED", "snap.camera.app", "/dev/dma_heap/"),
        CONFINED.format("DENIED", "snap.camera.app", "/dev/video0"),
    ],
    ids=["complains only", "the folder", "another node"],
)
def test_what_apparmor_did_not_refuse_of_a_heap(tmp_path: Path, line: str) -> None:
    (verdict,) = ask("clients.heaps", tmp_path, broken(logcat=None, files=files(dmesg=line)))
    assert verdict.outcome.value == "skip"

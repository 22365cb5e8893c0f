"""A kernel that complains or panics while its heaps are tested, for real.

LKDTM of the kernels that are built warns where it is told to; ramoops keeps the log of a kernel that dies, and one
observation has the tests, the panic and the log.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bringup.board import Board, Heartbeat, Target, connect_tcp
from bringup.checks.judge import judge
from bringup.config.load import load_text
from bringup.deadline import Deadline
from bringup.errors import BoardError, BoardLost, BringupError
from bringup.facts.board import Facts
from bringup.outcome import Outcome
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from bringup.render.engine import Rendered, render
from bringup.results.verdict import Verdict
from bringup.virtual import VirtualBoard, find_profile, running_board
from bringup.virtual.boards import _arm64
from bringup.virtual.profile import Profile
from tests.support.command import bringup
from tests.support.native_adbd import AdbServer
from tests.support.render.shipped import TEMPLATES
from tests.support.virtual_board import BOOT_SECONDS, require_virtual_board

SECONDS = 600
#: A busy host lets a board that lives be silent for long; one that has crashed answers when it has booted.
PATIENT = Heartbeat(quiet=2, answer=20)
#: 1 MiB that the kernel leaves alone, and that QEMU does not clear when the machine is reset.
KEPT = "memmap=1M$0x18000000 ramoops.mem_address=0x18000000 ramoops.mem_size=0x100000 ramoops.record_size=0x20000"
#: The same in the device tree, as ``bringup render ramoops`` writes it.
CONFIG = b"""\
name: x
title: X
memory: {address_cells: 2, size_cells: 2}
ramoops: {base: 0x58000000, size: 1 MiB, record_size: 128 KiB}
"""
#: After this test the longest begins: share.threads, made to take 20 s.
BEFORE, RUNNING, STRESS = "system: share.processes", "share.threads", (1, 20_000)
WARN = "sleep 1; echo WARNING >/sys/kernel/debug/provoke-crash/DIRECT"
PANIC = "sleep 1; echo c >/proc/sysrq-trigger"


def amd64_with_ramoops() -> Profile:
    amd64 = find_profile("amd64")
    return replace(amd64, name="amd64-ramoops", modules=(*amd64.modules, "ramoops"), cmdline=f"{amd64.cmdline} {KEPT}")


def arm64_with_ramoops() -> Profile:
    (include, _) = render("ramoops", load_text(CONFIG, "x"), kernel="5.10", dirs=TEMPLATES)
    assert isinstance(include, Rendered)
    arm64 = find_profile("arm64-5.10")
    overlay = _arm64.POOL + include.text.replace("\n/ {", "\n&{/} {")
    return replace(arm64, name="arm64-ramoops", modules=(*arm64.modules, "ramoops"), overlay=overlay)


def connect_to(started: VirtualBoard, adb_server: AdbServer) -> Board:
    deadline = Deadline.after(SECONDS)
    connect_tcp(adb_server.transport, started.serial, deadline)
    return Board.open(adb_server.transport, Target(started.serial), deadline, heartbeat=PATIENT)


def observed(profile: Profile, provoke: str, adb_server: AdbServer, folder: Path) -> BringupError | None:
    """Observe such a board; while share.threads runs on the heap system, it gets the command ``provoke``."""
    with running_board(profile, Deadline.after(BOOT_SECONDS)) as started:
        board, other = (connect_to(started, adb_server) for _ in range(2))

        def at(step: str) -> None:
            if step == BEFORE:
                with contextlib.suppress(BoardError):
                    other.shell(f"({provoke}) </dev/null >/dev/null 2>&1 &", Deadline.after(SECONDS))

        how = Observation(
            heaps="system", rounds=0, exhaust=False, seconds=SECONDS, return_seconds=SECONDS, stress=STRESS
        )
        return observe(board, folder, how, at)


def complaint(folder: Path) -> Verdict:
    verdicts = judge(Facts(load_record(folder))).verdicts
    (verdict,) = (verdict for verdict in verdicts if verdict.id == "kernel.complaints")
    return verdict


@pytest.mark.board
@pytest.mark.kernels
def test_a_kernel_that_warns_in_a_test(adb_server: AdbServer, tmp_path: Path) -> None:
    """From a kernel's WARN to the report: what warned, and the test that ran then."""
    require_virtual_board("arm64-5.10")
    arm64 = find_profile("arm64-5.10")
    warns = replace(arm64, name="arm64-lkdtm", modules=(*arm64.modules, "lkdtm"))
    assert observed(warns, WARN, adb_server, tmp_path / "r") is None
    warned = complaint(tmp_path / "r")
    assert (warned.outcome, warned.heap) == (Outcome.FAIL, "system")
    assert warned.cause is not None
    assert warned.cause.id == "kernel.complaint-in-tests"
    assert warned.cause.text == f"WARNING in lkdtm_WARNING, while {RUNNING} ran on system"
    assert any(line.startswith("trace: lkdtm_WARNING") for line in warned.evidence)
    done = bringup("check", str(tmp_path / "r"), "-o", str(tmp_path / "run"))
    assert done.returncode == 1
    assert warned.cause.text in done.stdout
    (board,) = json.loads((tmp_path / "run" / "run.json").read_text())["boards"]
    assert [verdict["id"] for verdict in board["verdicts"] if verdict["outcome"] == "fail"] == ["kernel.complaints"]
    assert warned.cause.text in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.board
@pytest.mark.parametrize(
    ("name", "with_ramoops", "what"),
    [
        ("amd64", amd64_with_ramoops, "panic in sysrq_handle_crash"),
        # without DEBUG_BUGVERBOSE a panic prints no trace (Linux 5.10 kernel/panic.c)
        pytest.param("arm64-5.10", arm64_with_ramoops, "panic", marks=pytest.mark.kernels),
    ],
)
def test_a_kernel_that_panics_in_a_test(
    name: str, with_ramoops: Callable[[], Profile], what: str, adb_server: AdbServer, tmp_path: Path
) -> None:
    """The board has ramoops, as a phone has: one observation sees the tests, the panic and what was kept of it."""
    require_virtual_board(name)
    failure = observed(with_ramoops(), PANIC, adb_server, tmp_path / "r")
    assert isinstance(failure, BoardLost)
    record = load_record(tmp_path / "r")
    assert record.incomplete == "the board rebooted while it was observed: its boot_id changed"
    died = complaint(tmp_path / "r")
    assert (died.outcome, died.heap) == (Outcome.FAIL, "system")
    assert died.cause is not None
    assert died.cause.id == "kernel.died-in-tests"
    assert died.cause.text == f"the kernel died in the test {RUNNING} on system: {what}"
    assert "/sys/fs/pstore/dmesg-ramoops-0" in died.evidence
    assert any("sysrq triggered crash" in line for line in died.evidence)
    assert "the last test that answered is share.processes on system" in died.evidence

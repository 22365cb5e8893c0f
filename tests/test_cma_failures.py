"""CMA that gives nothing though much of it is free, made for real: the first cause is the planted one.

With what holds the pool gone, the same board has no cause left: neither the pool's state nor the kernel's log, which still
has the lines of the tests that were refused, is held against it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.board import Board
from bringup.deadline import Deadline
from bringup.report.story import findings
from bringup.results.run import BoardRun
from bringup.text import from_board
from bringup.virtual import VirtualBoard, find_profile
from tests.support.judged import Connect, Judge, first_cause, nothing_is_wrong
from tests.support.programs import compile_static

pytestmark = [pytest.mark.board, pytest.mark.kernels]
Fresh = Callable[..., VirtualBoard]

PIN, HELD = "/data/local/tmp/pin_cma", "/data/local/tmp/held"
IN_AREA = "cd /sys/kernel/debug/cma/linux,cma"


def said(board: Board, script: str) -> str:
    """What a script says that must succeed."""
    done = board.shell(script, Deadline.after(120))
    assert done.exit_code == 0, (from_board(done.stdout), from_board(done.stderr))
    return from_board(done.stdout).strip()


def failed_for(run: BoardRun) -> set[str | None]:
    return {one.cause.id if one.cause else None for one in run.verdicts if one.outcome.value == "fail"}


def in_pieces(board: Board) -> None:
    """Takes a page at the end of every MiB: an allocation of 1 MiB, of which all pages but the last are given back."""
    said(board, f"{IN_AREA}; while [ $(cat maxchunk) -ge 256 ]; do echo 256 >alloc && echo 255 >free; done")


def whole_again(board: Board) -> None:
    said(board, f"{IN_AREA}; cat count >free; [ $(cat maxchunk) -ge 4096 ]")


@pytest.mark.parametrize("profile", ["arm64-6.12", "arm64-7.x"])
def test_the_pool_is_in_pieces(fresh_board: Fresh, judged: Judge, connected: Connect, profile: str) -> None:
    board = fresh_board(profile)
    in_pieces(connected(board))
    run = judged(board)
    assert first_cause(run) == "cma.fragmented"
    assert failed_for(run) == {"cma.fragmented"}
    assert any("longest run 1020 KiB" in line for one in findings(run.verdicts)[0].verdicts for line in one.evidence)
    whole_again(connected(board))
    nothing_is_wrong(judged(board, "--replace"), profile)


def across(profile: str) -> bytes:
    """The profile's pool, 16 MiB at 0x58000000: half of it in ZONE_MOVABLE, the last 120 of 512 MiB from 0x40000000 on."""
    overlay = find_profile(profile).overlay.replace("alignment = <0x0 0x400000>;", "")
    return overlay.replace("size = <0x0 0x2000000>;", "reg = <0x0 0x58000000 0x0 0x1000000>;").encode()


@pytest.mark.parametrize("profile", ["arm64-5.10", "arm64-6.12", "arm64-7.x"])
def test_the_pool_lies_across_two_zones(fresh_board: Fresh, judged: Judge, profile: str) -> None:
    """The kernel makes the area and its heap, and then gives the area up: the heap is there and has no memory."""
    run = judged(fresh_board(profile, overlay=across(profile), append="movablecore=120M"))
    assert first_cause(run) == "cma.not-activated"
    first = findings(run.verdicts)[0]
    assert {"cma.rejected", "cma.size"} <= {verdict.id for verdict in first.verdicts}
    assert any("Node 0: 0x0000000058800000" in line for line in first.verdicts[0].evidence)
    assert failed_for(run) == {"cma.not-activated", "drift.device-tree"}
    assert "cma.size-zero" not in {verdict.cause.id for verdict in run.verdicts if verdict.cause}


def test_the_pools_pages_cannot_be_moved(fresh_board: Fresh, judged: Judge, connected: Connect, tmp_path: Path) -> None:
    """A process has a pinned page in every MiB of the pool, of which next to nothing is allocated."""
    virtual = fresh_board("arm64-6.12")
    board = connected(virtual)
    board.push(compile_static("pin_cma", "aarch64", tmp_path), PIN, 0o755, Deadline.after(60))
    process = said(board, f"{IN_AREA} && {PIN} $(cat base_pfn) $(cat count) {HELD}")
    run = judged(virtual)
    assert first_cause(run) == "cma.busy"
    assert failed_for(run) == {"cma.busy"}
    log = said(connected(virtual), "dmesg")
    assert "alloc failed, req-size: 256 pages, ret: -16" in log, "the kernel itself said EBUSY"
    said(connected(virtual), f"kill {process} && while [ -e {HELD} ]; do :; done")
    nothing_is_wrong(judged(virtual, "--replace"), "arm64-6.12")

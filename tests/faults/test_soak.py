"""Some runs of ``make soak``: what it looks at holds, and would be seen not to."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bringup.board import LOCK_NAME
from bringup.outcome import Outcome
from tests.support.faults.soak import WARM, Kept, Soak
from tests.support.faults.soak import soak as soak_board
from tests.support.faults.soak_boards import NativeSoaked, VirtualSoaked, times_it_stood_still
from tests.support.native_adbd import AdbServer, MakeNativeBoard
from tests.support.virtual_board import require_virtual_board


@pytest.fixture
def soak(tmp_path: Path, make_native_board: MakeNativeBoard) -> Soak:
    return Soak(NativeSoaked(make_native_board()), tmp_path, random.Random(1))


def test_runs_with_and_without_a_fault(soak: Soak) -> None:
    while len(soak.healthy) < 2:
        soak.run()
    for fault in ("adbd killed", "reset"):
        soak.run(fault)
    assert sum(soak.counts.values()) == len(soak.kept) > 3


def test_a_verdict_that_is_not_what_was_planted_is_seen(soak: Soak) -> None:
    judged = soak.run()
    (planted,) = soak.healthy
    (other,) = soak.board.truths.keys() - {planted}
    with pytest.raises(AssertionError, match="planted, and judged otherwise"):
        soak.require_true(judged, other, lost=False)
    soak.healthy[planted] = {**soak.healthy[planted], ("heap.folder", None): Outcome.SKIP}
    with pytest.raises(AssertionError, match=r"heap\.folder"):
        soak.require_true(judged, planted, lost=False)


def test_what_is_left_on_the_board_is_seen(soak: Soak) -> None:
    assert isinstance(soak.board, NativeSoaked)
    lock = soak.board.native.files / "data/local/tmp" / LOCK_NAME
    for struck in (False, True):  # a fault alone excuses no lock
        lock.touch()
        with pytest.raises(AssertionError, match="data/local/tmp"):
            soak.require_nothing_left(struck=struck, may_hold=False)
    soak.require_nothing_left(struck=True, may_hold=True)
    assert not lock.exists(), "the next run has the board"


@pytest.mark.parametrize(
    ("console", "times"),
    [
        (b"heart begins\r\nheart 4.10\r\n[    4.2] a line\r\nheart 4.63\r\n", 0),
        (b"heart begins\r\nheart 4.10\r\nheart 8.70\r\nheart 9.20\r\n", 1),
        (b"heart 4.10\r\nheart begins\r\nheart 9.20\r\n", 0),  # it was begun anew
        (b"heart 44.10\r\nheart 4.63\r\n", 0),  # it booted
    ],
)
def test_a_board_that_stood_still_is_seen_on_its_console(console: bytes, times: int) -> None:
    assert times_it_stood_still(console) == times


@pytest.mark.board
def test_a_heap_that_is_planted_on_a_virtual_board_is_allocated_from(tmp_path: Path, adb_server: AdbServer) -> None:
    require_virtual_board()
    board = VirtualSoaked(adb_server, "amd64")
    try:
        soak = Soak(board, tmp_path, random.Random(66))  # a sound heap, another device in its place, a sound heap
        soak.run()
        allocated = soak.allocated
        assert allocated > 10
        soak.run()
        assert soak.allocated < allocated + 5
        soak.run("power lost")
    finally:
        board.stop()
    assert len(soak.healthy) == 2


def test_what_grows_is_seen(soak: Soak) -> None:
    flat = [Kept(1000, 6, 1)] * (WARM + 20)
    soak.kept = [*flat]
    soak.require_flat()
    soak.kept = [*flat, *[Kept(1000, 7, 1)] * 20]
    with pytest.raises(AssertionError, match="descriptors"):
        soak.require_flat()
    soak.kept = [*flat, *[Kept(1051, 6, 1)] * 20]
    with pytest.raises(AssertionError, match="kib"):
        soak.require_flat()


def test_an_interrupted_soak_says_what_held_until_then(
    tmp_path: Path,
    make_native_board: MakeNativeBoard,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = iter((Kept(1000, 6, 1), Kept(1000, 6, 1)))

    def run(soaked: Soak, _fault: str | None = None) -> None:
        kept = next(runs, None)
        if kept is None:
            raise KeyboardInterrupt
        soaked.kept.append(kept)
        soaked.counts["no fault: whole"] += 1

    monkeypatch.setattr(Soak, "run", run)
    with pytest.raises(KeyboardInterrupt):
        soak_board(NativeSoaked(make_native_board()), tmp_path, random.Random(1), 500, 60)
    said = capsys.readouterr().out
    assert said.startswith("held until then: 2 runs, each record loads and no verdict is wrong; no fault: whole 2\n")
    assert "kept in" not in said

"""Processes on a board that hold DMA-BUFs, and what is true of them. See ``programs/hold_buffers.c``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bringup.allocator.plan import Item
from bringup.board import Board, RootPolicy
from bringup.deadline import Deadline
from bringup.facts.board import Facts
from bringup.facts.holders.sums import buffer_facts, holders_facts
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from bringup.record.questions import HOLDERS
from bringup.results.holders import HoldersFacts
from bringup.text import from_board
from tests.support.programs import compile_static

__all__ = ["HOLDS", "Truth", "assert_true", "look", "planted", "push_program"]

HOLDS = "/data/local/tmp/hold_buffers"
SECONDS = 300
Hold = tuple[int, int, int]


@dataclass
class Truth:
    """What the planted processes say of themselves.

    :param holds: inode → process id → descriptors and bytes mapped.
    :param sizes: of every buffer, ``unheld``: those that no process holds.
    """

    holds: dict[int, dict[int, tuple[int, int]]] = field(default_factory=lambda: defaultdict(dict))
    sizes: dict[int, int] = field(default_factory=dict)
    unheld: set[int] = field(default_factory=set)
    pids: list[int] = field(default_factory=list)

    def read(self, text: str) -> None:
        """Take in what the program printed."""
        for word, *numbers in (line.split() for line in text.splitlines()):
            values = [int(number) for number in numbers]
            if word == "pid":
                self.pids += values
            elif word == "none":
                self.sizes[values[0]] = values[1]
                self.unheld.add(values[0])
            else:
                pid, inode, size, fds, mapped = values
                self.sizes[inode] = size
                self.holds[inode][pid] = fds, mapped


def push_program(board: Board, machine: str, folder: Path) -> None:
    """Put the program on the board."""
    board.push(compile_static("hold_buffers", machine, folder), HOLDS, 0o755, Deadline.after(SECONDS))


@contextmanager
def planted(board: Board, *cases: str) -> Iterator[Truth]:
    """Processes for each of these (``system 4096 forked``), until the end of the block."""
    truth = Truth()
    try:
        for case in cases:
            done = board.shell(f"{HOLDS} {case}", Deadline.after(SECONDS))
            assert done.exit_code == 0, from_board(done.stdout + done.stderr)
            truth.read(from_board(done.stdout))
        yield truth
    finally:
        pids = " ".join(map(str, truth.pids))
        gone = "while [ -d /proc/$p ] && ! grep -q '^State:.Z' /proc/$p/status; do sleep 0.1; done"
        board.shell(f"kill -9 {pids}; for p in {pids}; do {gone}; done 2>/dev/null", Deadline.after(SECONDS))


def look(
    board: Board, folder: Path, questions: tuple[Item, ...] = HOLDERS, root: RootPolicy = RootPolicy.AUTO
) -> Facts:
    """Who holds buffers now."""
    how = Observation(questions=questions, root=root, heaps=None, rounds=0, pages=False, exhaust=False, seconds=SECONDS)
    error = observe(board, folder, how)
    assert error is None, error
    return Facts(load_record(folder))


def assert_true(truth: Truth, board: Board, folder: Path) -> HoldersFacts:
    """What is reported is what was planted, no buffer more, and it adds up to what the kernel itself says."""
    facts = look(board, folder)
    buffers = buffer_facts(facts)
    assert {one.inode: one.size for one in buffers} == truth.sizes
    for one in buffers:
        held = {pid: (fds, mapped) for pid, fds, maps, mapped in one.holders}
        assert held == truth.holds.get(one.inode, {})
    holders = holders_facts(facts)
    assert holders is not None
    assert holders.unheld is not None
    assert {one.inode for one in holders.unheld} == truth.unheld
    assert (holders.buffers, holders.bytes) == (len(truth.sizes), sum(truth.sizes.values()))
    lists = [source for source in holders.sources if source.buffers is not None]
    assert lists
    for source in lists:
        assert (source.buffers, source.bytes, source.wrong) == (holders.buffers, holders.bytes, "")
    assert sum(process.pss for process in holders.processes) == holders.held
    return holders

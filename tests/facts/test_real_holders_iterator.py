"""Who holds buffers by BPF's iterator over DMA-BUFs, pinned where Android pins it: Debian's newest kernel has what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bringup.board import Board
from bringup.deadline import Deadline
from bringup.errors import BringupError
from bringup.facts.holders.buffer_lists import BUFINFO, ITERATOR
from bringup.virtual import find_profile, running_board, setup
from bringup.virtual.kernel.kernels import DebianKernel
from tests.support.judged import Connect
from tests.support.planted_holders import SECONDS, Truth, assert_true, planted, push_program
from tests.support.programs import compile_static
from tests.support.virtual_board import BOOT_SECONDS, SETUP_SECONDS, board_is_required, require_virtual_board

pytestmark = pytest.mark.board

NEWEST = DebianKernel("trixie-backports", r"linux-binary-\d+\.\d+\.\d+\+deb13-cloud-amd64", direct=True)
PINS = "/data/local/tmp/pin_iterator"


@pytest.fixture
def board(connected: Connect, tmp_path: Path) -> Iterator[Board]:
    require_virtual_board()
    profile = replace(find_profile("amd64"), name="amd64-newest", kernel=NEWEST)
    try:
        setup(profile, Deadline.after(SETUP_SECONDS))
    except BringupError as error:
        (pytest.fail if board_is_required() else pytest.skip)(f"no kernel of Debian's backports: {error}")
    with running_board(profile, Deadline.after(BOOT_SECONDS)) as started:
        board = connected(started)
        push_program(board, "x86_64", tmp_path)
        yield board


def test_the_iterator_says_the_same_as_bufinfo_and_replaces_it(board: Board, tmp_path: Path) -> None:
    deadline = Deadline.after(SECONDS)
    board.push(compile_static("pin_iterator", "x86_64", tmp_path), PINS, 0o755, deadline)
    folder = Path(ITERATOR).parent
    done = board.shell(f"mount -t bpf bpf {folder.parent} && mkdir {folder} && {PINS} {ITERATOR}", deadline)
    assert done.exit_code == 0, done
    cases = ("system 12288 forked", "system 65536 named", "system 4096 in-flight", "udmabuf 8192 mapped")
    with planted(board, *cases) as truth:
        holders = assert_true(truth, board, tmp_path / "both")
        assert board.shell("umount /sys/kernel/debug", deadline).exit_code == 0
        alone = assert_true(truth, board, tmp_path / "alone")
    assert {source.path: source.used for source in holders.sources if source.buffers} == {
        ITERATOR: True,
        BUFINFO: False,
    }
    assert [source.path for source in alone.sources if source.buffers] == [ITERATOR]
    assert {share.name for process in alone.processes for share in process.shares} == {None, "camera\tpreview"}
    assert_true(Truth(), board, tmp_path / "none")

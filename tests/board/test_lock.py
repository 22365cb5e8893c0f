"""The lock on a board, its script run by this host's shell, and what is believed of a lock that others wrote."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from bringup.board import LOCK_NAME, Claim, Owner
from bringup.deadline import Deadline
from bringup.errors import BoardInUse

FOREIGN = Owner("feedfacefeedface", "alice", "lab7", "0123", 4242, "bringup run --all", "2026-01-01T00:00:00Z", 600)


def test_an_old_lock_is_removed_by_one_at_a_time(tmp_path: Path) -> None:
    """Another process is about to remove it; where that one was killed, it is removed all the same after some looks."""
    lock = tmp_path / LOCK_NAME
    lock.write_text(f"{msgspec.json.encode(FOREIGN).decode()}\nof-another-boot 1 1\n")
    (tmp_path / f"{LOCK_NAME}.busy").touch()
    claim: Claim | None = Claim(Owner("f" * 16, seconds=60), (str(tmp_path),), Deadline.after(0))
    for _ in range(3):
        assert claim is not None
        line = first_line_of(claim)
        assert line == "held -1 "
        assert FOREIGN.token in lock.read_text()
        claim = after(claim, line)
    assert claim is not None
    assert first_line_of(claim) == "taken"
    assert claim.owner.token in lock.read_text()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_NAME]


def first_line_of(claim: Claim) -> str:
    """What the script says, run by this host's shell."""
    script = claim.take_script().encode()
    return subprocess.run(["sh"], input=script, capture_output=True, check=True).stdout.decode().splitlines()[0]


def after(claim: Claim, line: str) -> Claim | None:
    with pytest.raises(BoardInUse) as caught:
        claim.require(line, "A")
    return claim.after(caught.value)


@pytest.mark.parametrize("numbers", ["1.5 600", "08 600", "1 08", "1 1.5", "99999999999 9", "1"])
def test_odd_numbers_in_a_lock_are_a_part_of_a_lock(tmp_path: Path, numbers: str) -> None:
    """dash ends at what it cannot calculate with."""
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (tmp_path / LOCK_NAME).write_text(f"{msgspec.json.encode(FOREIGN).decode()}\n{boot_id} {numbers}\n")
    claim: Claim | None = Claim(Owner("f" * 16, seconds=60), (str(tmp_path),), Deadline.after(0))
    for _ in range(3):
        assert claim is not None
        line = first_line_of(claim)
        assert line.startswith('held -1 {"token":"feedfacefeedface"')
        claim = after(claim, line)
    assert claim is not None
    assert first_line_of(claim) == "taken"


def test_a_lock_that_counts_and_cannot_be_read_is_kept() -> None:
    """Of a later version: who has it is unknown, and that it counts is not."""
    claim = Claim(Owner("f" * 16), ("/tmp",), Deadline.after(0))
    with pytest.raises(BoardInUse, match="by an unknown process") as caught:
        claim.require('held 5 {"owner":{"name":"alice"}}', "A")
    assert claim.after(caught.value) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"token": "x*) id >/tmp/pwned;; y"},
        {"token": ""},
        {"token": "FEEDFACEFEEDFACE"},
        {"file": "/x\0y"},
        {"user": "a\n  → run this"},
        {"host": "h" * 5000},
        {"pid": 1 << 40},
        {"seconds": -1},
    ],
)
def test_what_bringup_does_not_write_is_not_believed(fields: dict[str, object]) -> None:
    """Anyone on the board may write the lock's line: its token goes into a script, its words to a terminal."""
    line = json.dumps(msgspec.to_builtins(FOREIGN) | fields)
    claim = Claim(Owner("f" * 16), ("/tmp",), Deadline.after(0), is_gone=lambda _: True)
    with pytest.raises(BoardInUse, match="by an unknown process") as caught:
        claim.require(f"held 5 {line}", "A")
    assert claim.after(caught.value) is None
    assert "FEED" not in str(caught.value)

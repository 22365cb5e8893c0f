"""What the test allocator's facts are read from: a small tree of files, and processes that have to end."""

from __future__ import annotations

import os
import time
from pathlib import Path


def make_tree(root: Path) -> None:
    (root / "a" / "b" / "c").mkdir(parents=True)
    (root / "top").write_bytes(b"top")
    (root / "a" / "reg").write_bytes(b"\0\1")
    (root / "a" / "b" / "deep").write_bytes(b"deep")
    (root / "a" / "b" / "c" / "deeper").write_bytes(b"deeper")
    (root / "a" / "up").symlink_to("..")
    (root / "a" / "file").symlink_to("reg")


def ends(pid: int) -> bool:
    """Whether a process that was sent SIGKILL is gone within a generous while."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        os.sched_yield()
    return False

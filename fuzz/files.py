"""A file for readers that want one: the same each time, in memory where the machine has such a folder."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["file_of", "folder"]

_MEMORY = Path("/dev/shm")


@cache
def folder() -> Path:
    place = Path(tempfile.mkdtemp(prefix="bringup-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def file_of(data: bytes, name: str) -> Path:
    path = folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path

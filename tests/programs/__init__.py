"""Compiling programs that tests run on a board."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from pathlib import Path

import pytest

__all__ = ["compiler"]


def compiler(machine: str) -> list[str]:
    """A compiler for static programs of this machine: the host's own, Debian's cross compiler, or zig's."""
    own = shutil.which("gcc" if platform.machine() == machine else f"{machine}-linux-gnu-gcc")
    if own and (platform.machine() == machine or Path(f"/usr/{machine}-linux-gnu/lib/libc.a").is_file()):
        return [own]
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("ziglang is not installed; make test-allocator")
    return [sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-linux-musl"]

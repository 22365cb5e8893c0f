"""Programs that tests run on a board, compiled when they are needed."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

__all__ = ["compile_static", "compiler"]


def compiler(machine: str) -> list[str]:
    """A compiler for static programs of this machine: the host's own, Debian's cross compiler, or zig's."""
    own = shutil.which("gcc" if platform.machine() == machine else f"{machine}-linux-gnu-gcc")
    if own and (platform.machine() == machine or Path(f"/usr/{machine}-linux-gnu/lib/libc.a").is_file()):
        return [own]
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("ziglang is not installed; make test-allocator")
    return [sys.executable, "-m", "ziglang", "cc", "-target", f"{machine}-linux-musl"]


def compile_static(name: str, machine: str, folder: Path) -> Path:
    """The program ``NAME.c`` of this folder."""
    source = Path(__file__).parent / f"{name}.c"
    argv = [*compiler(machine), "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(folder / name), str(source)]
    environment = {**os.environ, "ZIG_LOCAL_CACHE_DIR": str(folder / "zig")}
    # zig compiles musl first, once for each machine
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr
    return folder / name

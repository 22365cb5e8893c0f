"""Every board's heap map as Android's compiler would see it: clang for arm64, -Wall -Werror, both kernel eras at once.

zig's clang stands for Android's; libdmabufheap's header is one of our own with its public signatures.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.render.heap_maps import INCLUDE, write_maps

TARGET = ["-target", "aarch64-linux-musl"]
CXX = [*TARGET, "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{INCLUDE}"]
C = [*TARGET, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Werror"]
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed; make test-allocator"
)


def zig(command: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "ziglang", command, *arguments]
    environment = {**os.environ, "ZIG_LOCAL_CACHE_DIR": str(folder / "zig")}
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder with every board's and era's files, and the folders in it."""
    root = tmp_path_factory.mktemp("maps")
    return root, write_maps(root)


def test_every_boards_heap_map_compiles_for_arm64(maps: tuple[Path, list[str]]) -> None:
    root, folders = maps
    assert len(folders) > 2 * 20
    done = zig("c++", *CXX, "-c", "all.cpp", "-o", "all.o", folder=root)
    assert (done.returncode, done.stderr) == (0, "")
    compiled = (root / "all.o").read_bytes()
    for folder in folders:
        assert f"{folder}_bringup13RegisterHeapsER15BufferAllocator".encode() in compiled


def test_every_boards_heap_table_compiles_for_arm64(maps: tuple[Path, list[str]]) -> None:
    root, folders = maps
    done = zig("cc", *C, "-c", "all.c", "-o", "all_c.o", folder=root)
    assert (done.returncode, done.stderr) == (0, "")
    compiled = (root / "all_c.o").read_bytes()
    for folder in folders:
        assert f"{folder}_bringup_heap_for_usage".encode() in compiled


def test_a_warning_would_be_an_error(maps: tuple[Path, list[str]]) -> None:
    root, folders = maps
    source = (root / folders[0] / "heap_map.cpp").read_text()
    (root / folders[0] / "bad.cpp").write_text(
        source.replace("int RegisterHeaps", "static int Unused() { return 0; }\nint RegisterHeaps")
    )
    done = zig("c++", *CXX, "-c", f"{folders[0]}/bad.cpp", "-o", "bad.o", folder=root)
    assert done.returncode != 0
    assert "Unused" in done.stderr

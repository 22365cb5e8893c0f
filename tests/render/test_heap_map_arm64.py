"""Every board's heap map as Android's compiler would see it: clang for arm64, -Wall -Werror, both kernel eras at once.

zig's clang stands for Android's; libdmabufheap's header is one of our own with its public signatures. One translation
unit includes the maps of all boards, each in a namespace of its own, so that libc++ is read once.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bringup.config.shipped import find_config, list_configs, shipped_dir
from bringup.render.engine import Rendered, render

CONFIGS = [shipped_dir("device-configs")]
TEMPLATES = [shipped_dir("templates")]
INCLUDE = Path(__file__).parent / "include"
ERAS = ["5.10", "7.3"]
TARGET = ["-target", "aarch64-linux-musl"]
CXX = [*TARGET, "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{INCLUDE}"]
C = [*TARGET, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Werror"]
C_NAMES = ("bringup_heaps", "bringup_heap_rule", "bringup_heap_rules", "bringup_heap_for_usage")
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
    made = []
    for name in (entry.name for entry in list_configs(CONFIGS)):
        for era in ERAS:
            files = [
                one
                for one in render("heap-map", find_config(name, CONFIGS), kernel=era, dirs=TEMPLATES)
                if isinstance(one, Rendered)
            ]
            if not files:
                continue
            folder = re.sub("[^a-z0-9]", "_", f"{name}_{era}")
            made.append(folder)
            (root / folder).mkdir()
            for one in files:
                (root / folder / one.path).write_text(one.text)
    return root, made


def one_unit(folders: list[str], file: str, names: tuple[str, ...]) -> str:
    """All of them in one translation unit: each board's names are made its own."""
    lines = []
    for folder in folders:
        lines += [f"#define {name} {folder}_{name}" for name in names]
        lines += ["#undef BRINGUP_HEAP_TABLE_H", f'#include "{folder}/{file}"']
        lines += [f"#undef {name}" for name in names]
    return "\n".join(lines) + "\n"


def test_every_boards_heap_map_compiles_for_arm64(maps: tuple[Path, list[str]]) -> None:
    root, folders = maps
    assert len(folders) > 2 * 20
    text = "#include <BufferAllocator/BufferAllocator.h>\n" + one_unit(folders, "heap_map.cpp", ("bringup",))
    (root / "all.cpp").write_text(text)
    done = zig("c++", *CXX, "-c", "all.cpp", "-o", "all.o", folder=root)
    assert (done.returncode, done.stderr) == (0, "")
    compiled = (root / "all.o").read_bytes()
    for folder in folders:
        assert f"{folder}_bringup13RegisterHeapsER15BufferAllocator".encode() in compiled


def test_every_boards_heap_table_compiles_for_arm64(maps: tuple[Path, list[str]]) -> None:
    root, folders = maps
    (root / "all.c").write_text(one_unit(folders, "heap_table.c", C_NAMES))
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

"""The rendered C table, linked into a test build of the test allocator: every heap it names is allocated from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bringup.allocator.build import SOURCES
from bringup.board import Board, Target, connect_tcp
from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.deadline import Deadline
from bringup.render.engine import Rendered, render
from bringup.text import from_board
from bringup.virtual import VirtualBoard
from tests.support.ktap import Group, parse
from tests.support.native_adbd import AdbServer
from tests.support.programs import compiler
from tests.support.render.shipped import TEMPLATES, config
from tests.support.virtual_board import MakeBoard

MAIN = Path(__file__).with_name("heap_table_main.c")
FLAGS = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-Os",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-static",
    '-DBRINGUP_SOURCE="a test build"',
]
NO_HEAP = 4
#: What every heap here has to give.
ALLOCATES = {"open", "alloc.page", "alloc.64k", "alloc.1m"}


def build(board: BoardConfig, kernel: str, machine: str, folder: Path) -> Path:
    """The test allocator with the board's table in it."""
    for one in render("heap-map", board, kernel=kernel, dirs=TEMPLATES):
        assert isinstance(one, Rendered)
        (folder / one.path).write_text(one.text)
    cc = [*compiler(machine), *FLAGS]
    environment = {**os.environ, "ZIG_LOCAL_CACHE_DIR": str(folder / "zig")}
    sources = sorted(str(path) for path in SOURCES.glob("*.c") if path.name != "main.c")
    for argv in (
        [*cc, f"-I{SOURCES}", "-Dmain=bringup_alloc_main", "-c", str(SOURCES / "main.c"), "-o", "main.o"],
        [*cc, f"-I{folder}", f"-I{SOURCES}", "-o", "table-alloc", "main.o", "heap_table.c", str(MAIN), *sources],
    ):
        done = subprocess.run(
            argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
    return folder / "table-alloc"


def run(program: Path, virtual: VirtualBoard, server: AdbServer) -> tuple[int, Group, list[str]]:
    """Push it, run it: exit status, its KTAP, and which heap each usage selects."""
    deadline = Deadline.after(300)
    connect_tcp(server.transport, virtual.serial, deadline)
    board = Board.open(server.transport, Target(virtual.serial), deadline)
    place = f"/data/local/tmp/{program.name}"
    board.push(program, place, 0o755, deadline)
    done = board.shell(place, deadline)
    return done.exit_code, parse(from_board(done.stdout)), from_board(done.stderr).splitlines()


def assert_allocated_from(group: Group, names: list[str]) -> None:
    assert sorted(name for _, name, _, _ in group.results) == sorted(names)
    for good, name, _, tests in group.results:
        assert tests is not None
        assert good, [result[:3] for result in tests.results if not result[0]]
        passed = {test for ok, test, skipped, _ in tests.results if ok and skipped is None}
        assert passed >= ALLOCATES, name


@pytest.mark.board
def test_every_heap_of_the_table_is_allocated_from(
    amd64_board: VirtualBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    program = build(config("virtual-amd64"), "6.12", "x86_64", tmp_path)
    status, group, _ = run(program, amd64_board, adb_server)
    assert status == 0
    assert_allocated_from(group, ["system"])


@pytest.mark.board
def test_usage_selects_a_heap_that_is_there_and_a_heap_that_is_not_is_missed(
    amd64_board: VirtualBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    text = (
        "name: x\ntitle: X\nheaps:\n"
        "  - {name: system, kind: system, usage: [{all: [CAMERA_OUTPUT]}]}\n"
        "  - {name: nowhere, kind: vendor, usage: [{all: [PROTECTED]}]}\n"
    )
    board = load_text(text.encode(), "x")
    _, group, selected = run(build(board, "6.12", "x86_64", tmp_path), amd64_board, adb_server)
    assert selected == ["0x20000 system", "0x4000 nowhere"]
    with pytest.raises(AssertionError):
        assert_allocated_from(group, ["system", "nowhere"])


@pytest.mark.board
@pytest.mark.kernels
@pytest.mark.parametrize(
    ("profile", "kernel", "names"),
    [
        ("arm64-5.10", "5.10", ["linux,cma", "system"]),
        ("arm64-6.12", "6.12", ["linux,cma", "system"]),
        ("arm64-7.x", "7.3", ["default_cma_region", "linux,cma", "system", "video@50000000"]),
    ],
)
def test_on_boards_with_pools_too(
    profile: str, kernel: str, names: list[str], fresh_board: MakeBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    program = build(config(f"virtual-{profile}"), kernel, "aarch64", tmp_path)
    status, group, _ = run(program, fresh_board(profile), adb_server)
    assert status == 0
    assert_allocated_from(group, names)

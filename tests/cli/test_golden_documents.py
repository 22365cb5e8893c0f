"""No field of 0.1.0's JSON documents is lost: each is there, with the types it had, for the same input.

Recorded with the program of that version::

    BRINGUP_GOLDEN_WITH=/path/to/0.1.0/bringup pytest -n 0 tests/cli/test_golden_documents.py
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import bringup
from tests.support.document_shapes import Shape, lost, shape_of
from tests.support.marked_process import marked_process
from tests.support.native_adbd import AdbServer, NativeBoard
from tests.support.scripted_record import HELLO, MISSING, ScriptedBoard, broken, files, node, result

GOLDEN = Path(__file__).parent / "golden" / "documents-0.1.0.json"
RECORDED = Path(__file__).parents[1] / "support" / "report" / "recorded"
RECORDER = os.environ.get("BRINGUP_GOLDEN_WITH")
Make = Callable[..., NativeBoard]

#: Boards that are wrong in many ways, so that the documents have as many of their fields as possible.
BOARDS: dict[str, ScriptedBoard] = {
    "healthy": ScriptedBoard(),
    "no-heaps": broken(heaps={}, results=[], config=None, logcat=None, files=files(__proc__cmdline=MISSING)),
    "failed": broken(
        heaps={"system": {"mode": 0o600, "label": "u:object_r:device:s0"}},
        results=[result("system", "open", "fail", seen="EACCES", errno=13), result("system", "zero", "skip")],
        files=files(__proc__modules="system_heap 16384 0 - Live 0x0 (OE)\n"),
    ),
    "lost": broken(end={"t": "end", "complete": False, "why": "the cable was pulled", "round_trips": 1}, hello=None),
    "ion": broken(
        hello=HELLO | {"release": "5.10.1"},
        nodes=[node("/dev/ion", 0o664)],
        files=files(**{"/sys/class/dma_heap": MISSING}),
    ),
}
KCONFIG = "# Linux/arm64 5.10.1 Kernel Configuration\nCONFIG_ARM64=y\nCONFIG_ION=y\n# CONFIG_DMABUF_HEAPS is not set\n"
#: document → the command lines that print it.
COMMANDS: dict[str, tuple[str, ...]] = {
    "check": tuple(f"check {name} --json" for name in BOARDS),
    "check --board": ("check healthy --board virtual-arm64-6.12 --json", "check failed --board db845c --json"),
    "report": tuple(f"report {name}.json --format json" for name in ("arm64-5.10", "arm64-6.12", "arm64-debian")),
    "compare": (
        "compare arm64-5.10.json arm64-6.12.json --json",
        "compare healthy failed --json",
        "compare failed healthy --json",
        "compare healthy lost --json",
    ),
    "kconfig check": (
        "kconfig check old.config --json",
        "kconfig check new.config --for 7.2 --json",
        "kconfig check --record healthy --json",
        "kconfig check old.config new.config --json",
    ),
    "kconfig diff": ("kconfig diff old.config new.config healthy --same --json",),
    "kconfig explain": (
        "kconfig explain DMABUF_HEAPS_CMA --json",
        "kconfig explain ION --json",
        "kconfig explain heaps.framework --json",
    ),
    "kconfig names": ("kconfig explain --list --json",),
    "status": (
        "status --json",
        "status --kernel 6.12 --json",
        "status --board db845c --json",
        "status --record failed --json",
    ),
    "explain": ("explain --json", "explain allocator.open --json"),
    "config list": ("config list --json",),
    "config show": ("config show db845c", "config show vim3"),
    "scan": ("scan tree --json", "scan tree --board vim3 --json"),
    "scan rules": ("scan --list --json",),
    "doctor": ("doctor --json",),
    "virtual list": ("virtual list --json",),
}
#: It measures for 20 s, which no option of that version changes, and no field depends on: here for one.
BENCH = "--bench"
_FOR_A_SECOND = """
from functools import partial
from bringup.cli.actions import run
run.Benchmark = partial(run.Benchmark, seconds=1)
from bringup.cli.entry import main
main()
"""
ON_A_BOARD: dict[str, tuple[str, ...]] = {
    "boards": ("boards --json",),
    "run": ("run --json -o run", f"run --json -o run --replace --baseline healthy {BENCH} --rounds 0"),
    "events": ("run --json-lines -o run --replace",),
    "heap list": ("heap list --json",),
    "heap test": ("heap test --json",),
    "heap bench": ("heap bench --time 1 --sizes 4K --json",),
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the command lines name."""
    folder = tmp_path_factory.mktemp("inputs")
    for name, board in BOARDS.items():
        board.record(folder / name)
    for path in RECORDED.glob("*.json.gz"):
        (folder / path.name.removesuffix(".gz")).write_bytes(gzip.decompress(path.read_bytes()))
    (folder / "old.config").write_text(KCONFIG)
    (folder / "new.config").write_text(str(ScriptedBoard().config))
    (folder / "tree").mkdir()
    (folder / "tree" / "a.c").write_text('int fd = open("/dev/ion", O_RDWR);\nx.heap_id_mask = ION_HEAP_SYSTEM_MASK;\n')
    (folder / "tree" / "b.c").write_bytes(b"\0ION_HEAP_SYSTEM_MASK\n")
    return folder


@pytest.fixture(scope="module")
def environ() -> Iterator[dict[str, str]]:
    """A folder for running boards that no user shares, with one in it."""
    with tempfile.TemporaryDirectory(prefix="bv-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        with marked_process("one"):
            yield {"XDG_RUNTIME_DIR": folder}


def printed(arguments: list[str], folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    if not RECORDER and BENCH not in arguments:
        return bringup(*arguments, cwd=folder, environ=environ)
    program = [RECORDER] if RECORDER else [sys.executable, "-c", _FOR_A_SECOND]
    return subprocess.run(
        [*program, *arguments], capture_output=True, text=True, check=False, cwd=folder, env=os.environ | dict(environ)
    )


def shape(lines: tuple[str, ...], folder: Path, environ: Mapping[str, str]) -> Shape:
    """The shape of what these command lines print."""
    documents: list[Any] = []
    for line in lines:
        done = printed(line.split(), folder, environ)
        assert done.stdout, f"{line}: {done.stderr}"
        texts = done.stdout.splitlines() if "--json-lines" in line else [done.stdout]
        documents += map(json.loads, texts)
    return shape_of(documents)


def hold(name: str, now: Shape) -> None:
    """Compare with the golden shape, or write it."""
    golden: dict[str, Shape] = json.loads(GOLDEN.read_text("utf-8")) if GOLDEN.exists() else {}
    if RECORDER:
        GOLDEN.write_text(json.dumps(golden | {name: now}, indent=1, sort_keys=True) + "\n", "utf-8")
    else:
        assert lost(golden[name], now) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_document_keeps_its_fields(name: str, inputs: Path, environ: dict[str, str]) -> None:
    hold(name, shape(COMMANDS[name], inputs, environ))


@pytest.mark.board
def test_documents_of_a_connected_board_keep_their_fields(
    inputs: Path, adb_server: AdbServer, make_native_board: Make
) -> None:
    board = make_native_board()
    environ = {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port), "ANDROID_SERIAL": board.serial}
    for name, lines in ON_A_BOARD.items():
        hold(name, shape(lines, inputs, environ))


def test_a_lost_field_is_seen() -> None:
    before = shape_of([{"schema": "x/1", "boards": [{"serial": "a", "kernel": None}]}])
    now = shape_of([{"schema": "x/1", "boards": [{"serial": 1}]}])
    assert lost(before, now) == [".boards[].kernel: null", ".boards[].serial: string"]

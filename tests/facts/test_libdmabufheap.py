"""Which era a libdmabufheap is of, by libraries that the test compiles: they have the real ones' symbols and strings."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bringup.facts.board import Facts
from bringup.facts.holders.libdmabufheap import heap_libraries
from bringup.report.holders import heap_library_line
from bringup.results.holders import HeapLibrary
from tests.support.programs import compiler
from tests.support.scripted_record import DENIED, broken, files

PATH = "/system/lib64/libdmabufheap.so"
#: What all have: AOSP system/memory/libdmabufheap, BufferAllocator.h.
ALL = """
int _ZN15BufferAllocator5AllocE(void) { return 0; }
int _ZN15BufferAllocator16MapNameToIonHeapE(void) { return 0; }
int _ZN15BufferAllocator15CheckIonSupportEv(void) { return 0; }
"""
ION = (
    'const char *_ZL10kIonDevice(void) { return "/dev/ion"; }\nint _ZN15BufferAllocator8IonAllocE(void) { return 0; }\n'
)
NAMES = "int _ZN15BufferAllocator13DmabufSetNameE(void) { return 0; }\n"


def library(folder: Path, source: str, *options: str) -> bytes:
    (folder / "library.c").write_text(source)
    argv = [*compiler(platform.machine()), "-shared", "-fPIC", "-nostdlib", "-O1", *options]
    subprocess.run([*argv, "-o", str(folder / "library.so"), str(folder / "library.c")], check=True)
    return (folder / "library.so").read_bytes()


def found(folder: Path, content: str | bytes | dict[str, Any]) -> HeapLibrary:
    board = broken(files=files() | {PATH: content})
    (known,) = heap_libraries(Facts(board.record(folder / "record")))
    return known


@pytest.mark.parametrize(
    ("source", "uses_ion", "names"),
    [(ALL + ION, True, False), (ALL + ION + NAMES, True, True), (ALL + NAMES, False, True)],
    ids=["Android 12", "Android 13 to 16", "without ION"],
)
@pytest.mark.parametrize("options", [(), ("-s",)], ids=["as linked", "stripped"])
def test_its_symbols_and_strings_say_its_era(
    tmp_path: Path, source: str, uses_ion: bool, names: bool, options: tuple[str, ...]
) -> None:
    known = found(tmp_path, library(tmp_path, source, *options))
    assert known == HeapLibrary(PATH, uses_ion, names)
    assert ("goes back to ION" in heap_library_line(known)) == uses_ion
    assert ("names each buffer" in heap_library_line(known)) == names


def test_the_path_alone_is_enough_where_symbols_are_hidden(tmp_path: Path) -> None:
    source = ALL + 'const char *device(void) { return "/dev/ion"; }\n'
    assert found(tmp_path, library(tmp_path, source)).uses_ion is True


@pytest.mark.parametrize("content", [DENIED, b"", b"BufferAllocator", b"\x7fELF of something else"])
def test_what_is_not_that_library_is_unknown(tmp_path: Path, content: bytes | dict[str, Any]) -> None:
    known = found(tmp_path, content)
    assert known == HeapLibrary(PATH, None, None)
    assert "unknown" in heap_library_line(known)

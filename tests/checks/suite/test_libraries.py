"""Libraries that open heaps, on boards with pages of 16 KiB."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

import bringup
from bringup.allocator.elf import read_elf
from tests.support.scripted_record import DENIED, HELLO, ScriptedBoard, broken, files
from tests.support.suite import Broken, suite_tests

KIB = 1024
LARGE = HELLO | {"page_size": 16 * KIB}
GRALLOC = "/vendor/lib64/hw/gralloc.x.so"


def library(*alignments: int) -> bytes:
    """The headers of an ELF64 library whose loaded segments have these alignments."""
    head = (
        b"\x7fELF\2\1\1"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 3, 183, 1, 0, 64, 0, 0, 64, 56, len(alignments), 0, 0, 0)
    )
    return head + b"".join(struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 1, 1, alignment) for alignment in alignments)


def board(content: str | bytes | dict[str, Any], hello: dict[str, Any] = LARGE) -> ScriptedBoard:
    return broken(hello=hello, files=files() | {GRALLOC: content})


BROKEN = (
    Broken("4 KiB", "library.page-alignment", "fail", board(library(64 * KIB, 4 * KIB)), "library.page-alignment"),
    Broken("not a library", "library.page-alignment", "error", board("text")),
    Broken("fits", "library.page-alignment", "pass", board(library(16 * KIB, 64 * KIB))),
    Broken("pages of 4 KiB", "library.page-alignment", "skip", board(library(4 * KIB), HELLO)),
    Broken("cut off", "library.page-alignment", "error", board(library(16 * KIB)[:100])),
    Broken("no library", "library.page-alignment", "skip", broken(hello=LARGE)),
    Broken("one of three, and one not read", "library.page-alignment", "fail", broken(hello=LARGE, files=files() | {GRALLOC: library(4 * KIB), "/system/lib64/libion.so": DENIED, "/system/lib64/libdmabufheap.so": library(64 * KIB)}), "library.page-alignment"),
    Broken("denied", "library.page-alignment", "error", board(DENIED)),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "libraries", BROKEN, skips={"library.page-alignment"}
)


@pytest.mark.parametrize("abi", ["arm64-v8a", "x86_64", "riscv64"])
def test_our_own_program_fits_pages_of_16_kib(abi: str) -> None:
    """Read by pyelftools, and by the reader that judges the board's libraries."""
    elftools = pytest.importorskip("elftools.elf.elffile")
    path = Path(bringup.__file__).parent / "allocator/bin" / abi / "bringup-alloc"
    with path.open("rb") as stream:
        segments = list(elftools.ELFFile(stream).iter_segments("PT_LOAD"))
        aligned = [segment["p_align"] for segment in segments]
    assert segments
    assert min(aligned) >= 16 * KIB
    assert all(segment["p_vaddr"] % (16 * KIB) == segment["p_offset"] % (16 * KIB) for segment in segments)
    assert read_elf(path.read_bytes()).alignment == min(aligned)

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.virtual.debian.elf import NotElf, read_dynamic

PROGRAMS = [path for path in ("/bin/sh", "/bin/ls", sys.executable) if Path(path).exists()]


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed")
@pytest.mark.parametrize("path", PROGRAMS)
def test_real_programs_read_as_readelf_reads_them(path: str) -> None:
    said = subprocess.run(["readelf", "-W", "-dl", path], capture_output=True, text=True, check=True).stdout
    dynamic = read_dynamic(Path(path).read_bytes())
    assert list(dynamic.needed) == re.findall(r"\(NEEDED\).*\[(.*)\]", said)
    assert [dynamic.interpreter] == re.findall(r"program interpreter: (.*)\]", said)
    paths = re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", said)
    assert list(dynamic.runpath) == [folder for one in paths for folder in one.split(":")]


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"#!/bin/sh\n" * 20, b"\x7fELF\x02\x01" + b"\xff" * 100])
def test_what_is_no_elf_file_is_said_so(data: bytes) -> None:
    with pytest.raises(NotElf):
        read_dynamic(data)


@given(st.integers(min_value=0), st.data())
def test_damaged_files_never_raise_anything_else(cut: int, data: st.DataObject) -> None:
    whole = Path(PROGRAMS[0]).read_bytes()
    damaged = bytearray(whole[: cut % len(whole)])
    for _ in range(data.draw(st.integers(0, 8))):
        if damaged:
            damaged[data.draw(st.integers(0, min(len(damaged), 4096) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(NotElf):
        read_dynamic(bytes(damaged))

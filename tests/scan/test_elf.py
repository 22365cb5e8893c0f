"""ELF files that a compiler made: libraries, functions, strings; and files that are damaged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.scan.document import Status
from bringup.scan.language import Language, language_of
from bringup.scan.readers.read import read
from bringup.scan.readers.source import Source
from bringup.scan.settle import settle

CLIENT = """
extern int ion_open(void), exynos_ion_alloc(int), region_free(int);
const char *node(void) { return "/dev/ion"; }
int use(void) { return ion_open() + exynos_ion_alloc(1) + region_free(2); }
int ion_share(int a) { return a; }
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("elf")
    (folder / "ion.c").write_text("int ion_open(void) { return 1; }\n")
    (folder / "client.c").write_text(CLIENT)
    for arguments in (
        ["ion.c", "-o", "libion.so", "-Wl,-soname,libion.so"],
        ["client.c", "-o", "client.so", "-L.", "-lion"],
    ):
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", *arguments], cwd=folder, check=True)
    return (folder / "client.so").read_bytes()


def words(data: bytes, path: str = "lib/client.so") -> dict[str, str]:
    return {use.word: use.text for use in read(Source(path, Language.ELF, data)).uses}


def test_libraries_functions_and_strings(client: bytes) -> None:
    assert words(client) == {
        "/dev/ion": "has the string: /dev/ion",
        "exynos_ion_alloc": "takes the function: exynos_ion_alloc",
        "ion_open": "takes the function: ion_open",
        "libion.so": "needs the library: libion.so",
    }
    reading = read(Source("lib/client.so", Language.ELF, client))
    assert {(use.line, use.column, use.status) for use in settle([reading])} == {(1, 0, Status.TO_DO)}


def test_a_library_of_ion_is_ion_itself(client: bytes) -> None:
    for name, status in (
        ("lib/libion.so", Status.ION_ITSELF),
        ("lib64/libion_mtk.so", Status.ION_ITSELF),
        ("a.so", Status.TO_DO),
    ):
        assert {use.status for use in settle([read(Source(name, Language.ELF, client))])} == {status}


def test_without_pyelftools_the_strings_are_read(client: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "elftools.elf.elffile", None)
    assert words(client) == {"/dev/ion": "has the string: /dev/ion", "libion.so": "has the string: libion.so"}


def test_a_program_that_has_nothing_of_ion() -> None:
    assert words(Path(sys.executable).resolve().read_bytes()) == {}
    assert words(b"no ELF file at all: /dev/ion\0") == {}


@given(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=64))
def test_damaged_files(client: bytes, at: int, junk: bytes) -> None:
    place = 4 + at % (len(client) - 4)
    words(client[:place] + junk + client[place + len(junk) :])
    words(client[:place])


def test_elf_is_known_by_its_first_bytes() -> None:
    assert language_of("libfoo", b"\x7fELF\2\1\1") is Language.ELF
    assert language_of("init", b"#!/system/bin/sh\n") is Language.SHELL
    assert language_of("tool", b"#!/usr/bin/env python3\n") is Language.PYTHON
    assert language_of("tool", b"#!/usr/bin/perl\n") is None

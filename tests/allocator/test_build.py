from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from bringup.allocator import build
from bringup.allocator.abi import Abi
from bringup.allocator.build import SOURCES, disagreements, source_hash
from bringup.allocator.manifest import BINARIES


def test_the_committed_binaries_are_those_of_these_sources() -> None:
    assert disagreements() == [], "run: python -m bringup.allocator.build"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SOURCES, tmp_path / "src"))


def test_one_changed_byte_of_a_source_is_noticed(sources: Path) -> None:
    assert disagreements(sources=sources) == []
    victim = sources / "uapi.h"
    victim.write_bytes(victim.read_bytes().replace(b"0xc0184800u", b"0xc0184900u"))
    assert disagreements(sources=sources) == ["the sources, flags or targets are not those that the manifest names"]


def test_an_added_and_a_renamed_source_are_noticed(sources: Path) -> None:
    before = source_hash(sources)
    (sources / "clock.c").rename(sources / "clocks.c")
    renamed = source_hash(sources)
    (sources / "new.c").touch()
    assert len({before, renamed, source_hash(sources)}) == 3


def test_a_changed_flag_or_compiler_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = source_hash()
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-O2"))
    flagged = source_hash()
    monkeypatch.setattr(build, "COMPILER", "zig 0.0.0")
    assert len({before, flagged, source_hash()}) == 3


def test_a_changed_or_missing_binary_is_noticed(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(BINARIES, tmp_path / "bin"))
    (copy / "x86" / "bringup-alloc").unlink()
    with (copy / "riscv64" / "bringup-alloc").open("ab") as file:
        file.write(b"\0")
    assert disagreements(copy) == [
        "x86: no binary",
        "riscv64: the binary is not the one that the manifest names",
    ]


def test_no_binary_shows_where_it_was_built() -> None:
    for abi in Abi:
        data = (BINARIES / abi / "bringup-alloc").read_bytes()
        assert str(SOURCES).encode() not in data
        assert str(Path.home()).encode() not in data
        assert b"/tmp/" not in data


@pytest.mark.parametrize(
    ("compiler", "told"),
    [
        ("echo 'No module named ziglang' >&2; exit 1", "pip install ziglang=="),
        ("echo 0.1.0", "the compiler is zig 0.1.0"),
    ],
)
def test_without_the_compiler_of_the_right_version_the_build_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, compiler: str, told: str
) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\n{compiler}\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    assert build.main(["--output", str(tmp_path / "out")]) == 3
    assert told in capsys.readouterr().err

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.allocator.abi import Abi, abi_of_machine
from bringup.allocator.build import MAX_BYTES
from bringup.allocator.elf import read_elf
from bringup.allocator.manifest import BINARIES, binary, read_manifest
from bringup.errors import AllocatorError


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("aarch64", Abi.ARM64),
        ("armv8l", Abi.ARM),
        ("armv7l", Abi.ARM),
        ("x86_64\n", Abi.X86_64),
        ("i686", Abi.X86),
        ("riscv64", Abi.RISCV64),
    ],
)
def test_the_kernels_own_abi_is_run(machine: str, expected: Abi) -> None:
    assert abi_of_machine(machine) is expected


@pytest.mark.parametrize("machine", ["", "mips", "armv6l", "ppc64le"])
def test_a_machine_without_a_binary_is_an_error_that_names_it(machine: str) -> None:
    with pytest.raises(AllocatorError, match=repr(machine)) as raised:
        abi_of_machine(machine)
    assert "aarch64" in raised.value.hint


@pytest.mark.parametrize("abi", Abi)
def test_each_committed_binary_is_a_small_static_program_for_its_machine(abi: Abi) -> None:
    found = binary(abi)
    elf = read_elf(found.path.read_bytes())
    assert abi.matches(elf)
    assert not any(other.matches(elf) for other in Abi if other is not abi)
    assert found.size <= MAX_BYTES
    assert found.remote_name == f"bringup-{found.sha256[:12]}"
    assert found.path.stat().st_mode & 0o111


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BINARIES, tmp_path / "bin"))


def test_a_changed_binary_is_refused(copy: Path) -> None:
    victim = copy / "x86_64" / "bringup-alloc"
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    with pytest.raises(AllocatorError, match="the manifest says"):
        binary(Abi.X86_64, copy)
    assert binary(Abi.X86, copy).abi is Abi.X86


def test_a_missing_binary_is_refused(copy: Path) -> None:
    (copy / "x86" / "bringup-alloc").unlink()
    with pytest.raises(AllocatorError, match="No such file"):
        binary(Abi.X86, copy)


def test_a_binary_of_another_machine_is_refused_even_if_the_manifest_agrees(copy: Path) -> None:
    place = copy / "manifest.json"
    document = json.loads(place.read_text())
    entries = document["binaries"]
    entries["x86_64"] = entries["riscv64"]
    place.write_text(json.dumps(document))
    shutil.copy(copy / "riscv64" / "bringup-alloc", copy / "x86_64" / "bringup-alloc")
    with pytest.raises(AllocatorError, match="another machine"):
        binary(Abi.X86_64, copy)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "other/1", "source": "", "compiler": "", "binaries": {}}']
)
def test_a_manifest_that_is_not_one_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text)
    with pytest.raises(AllocatorError, match="manifest"):
        read_manifest(copy)


def test_an_abi_that_the_manifest_does_not_name_is_refused(copy: Path) -> None:
    place = copy / "manifest.json"
    document = json.loads(place.read_text())
    del document["binaries"]["x86"]
    place.write_text(json.dumps(document))
    with pytest.raises(AllocatorError, match="does not name"):
        binary(Abi.X86, copy)


@given(st.data())
def test_an_elf_file_that_is_cut_or_damaged_never_does_worse_than_an_error(data: st.DataObject) -> None:
    whole = binary(Abi.ARM).path.read_bytes()[:512]
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        elf = read_elf(bytes(damaged))
    except AllocatorError:
        return
    assert elf.bits in (32, 64)


def test_a_program_that_needs_a_dynamic_linker_is_recognised() -> None:
    import sys

    elf = read_elf(Path(sys.executable).resolve().read_bytes())
    assert elf.interpreted
    assert not any(abi.matches(elf) for abi in Abi)

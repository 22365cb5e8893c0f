"""``bin/manifest.json``: the committed binaries with their provenance, and the heap tests that they have.

The build writes it (:mod:`bringup.allocator.build`). The table of tests is the program's own, as ``--list`` prints it.
"""

from __future__ import annotations

import enum
import hashlib
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from bringup.allocator.abi import Abi
from bringup.allocator.elf import read_elf
from bringup.errors import AllocatorError

__all__ = [
    "BINARIES",
    "SCHEMA",
    "Binary",
    "BuiltBinary",
    "HeapTest",
    "Manifest",
    "Source",
    "binaries",
    "binary",
    "heap_tests",
    "read_manifest",
]

BINARIES: Final = Path(__file__).parent / "bin"
SCHEMA: Final = "bringup.allocator/1"
_HINT: Final = "reinstall bringup, or rebuild with: python -m bringup.allocator.build"


class Source(enum.StrEnum):
    """Where a test's buffers come from."""

    NODE = "node"
    ION = "ion"
    LEGACY_ION = "legacy_ion"


class HeapTest(msgspec.Struct, frozen=True, omit_defaults=True):
    """One heap test, an entry of ``src/heap_tests.h``.

    :param id: never changes its meaning; its verdicts are ``allocator.ID``.
    :param asserts: what a healthy heap does.
    :param only: the sources of buffers that it is for; empty: any.
    :param pages: memory that it holds at one time, in pages of the board; ``bytes``: in bytes. Neither: it holds none.
    :param maps: it needs a CPU mapping.
    :param opens: it opens the heap itself.
    :param since: (major, minor) of the first kernel that has what it tests; empty: every kernel with heaps.
    """

    id: str
    asserts: str
    only: tuple[Source, ...] = ()
    pages: int = 0
    bytes: int = 0
    maps: bool = False
    opens: bool = False
    since: tuple[int, ...] = ()


class BuiltBinary(msgspec.Struct, frozen=True):
    """How one binary was built.

    :param machine: ``e_machine`` of its ELF header; ``bits``: 32 or 64.
    :param size: in bytes; ``sha256`` of the file, in hex.
    """

    target: str
    cpu: str
    machine: int
    bits: int
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The document.

    :param source: hash over every source, the flags and the compiler's version; the program reports it in ``hello``.
    :param compiler: name and version.
    """

    schema: Literal["bringup.allocator/1"]
    source: str
    compiler: str
    flags: tuple[str, ...]
    binaries: dict[Abi, BuiltBinary]
    tests: tuple[HeapTest, ...]


class Binary(msgspec.Struct, frozen=True):
    """One built test allocator."""

    abi: Abi
    path: Path
    sha256: str
    size: int

    @property
    def remote_name(self) -> str:
        """Its file name on a board. It contains the hash: a file of this name there need not be pushed again."""
        return f"bringup-{self.sha256[:12]}"


def read_manifest(folder: Path = BINARIES) -> Manifest:
    """Read the manifest; the binaries are not looked at.

    :raises AllocatorError: it is missing or not understood.
    """
    place = folder / "manifest.json"
    try:
        return msgspec.json.decode(place.read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise AllocatorError("read the test allocator's manifest", f"{place}: {error}", hint=_HINT) from error


@cache
def heap_tests() -> dict[str, HeapTest]:
    """Every test by its id, in the program's order."""
    return {test.id: test for test in read_manifest().tests}


def binaries(folder: Path = BINARIES) -> list[Binary]:
    """The binaries that the manifest names; the files are not looked at.

    :raises AllocatorError: the manifest is missing or not understood.
    """
    built = read_manifest(folder).binaries
    return [Binary(abi, folder / abi / "bringup-alloc", entry.sha256, entry.size) for abi, entry in built.items()]


def binary(abi: Abi, folder: Path = BINARIES) -> Binary:
    """The binary for an ABI, checked against the manifest and against its own ELF header.

    :raises AllocatorError: it is missing, it is not what the manifest says, or it is for another machine.
    """
    action = f"take the test allocator for {abi}"
    named = next((named for named in binaries(folder) if named.abi is abi), None)
    if named is None:
        raise AllocatorError(action, "the manifest does not name it", hint=_HINT)
    try:
        data = named.path.read_bytes()
    except OSError as error:
        raise AllocatorError(action, str(error), hint=_HINT) from error
    sha256 = hashlib.sha256(data).hexdigest()
    if (sha256, len(data)) != (named.sha256, named.size):
        raise AllocatorError(action, f"{named.path} has SHA-256 {sha256}, the manifest says {named.sha256}", hint=_HINT)
    elf = read_elf(data)
    if not abi.matches(elf):
        raise AllocatorError(action, f"{named.path} is for another machine: {elf}", hint=_HINT)
    return named

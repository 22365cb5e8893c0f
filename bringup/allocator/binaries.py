"""The committed binaries and the manifest that says where they come from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bringup.allocator.abi import Abi, elf_machine
from bringup.errors import AllocatorError

__all__ = ["BINARIES", "MANIFEST_SCHEMA", "SOURCES", "Binary", "Manifest", "binary", "read_manifest"]

SOURCES: Final = Path(__file__).parent / "src"
BINARIES: Final = Path(__file__).parent / "bin"
MANIFEST_SCHEMA: Final = "bringup.allocator/1"
_HINT: Final = "reinstall bringup, or rebuild with: python -m bringup.allocator.build"


@dataclass(frozen=True, slots=True)
class Binary:
    """One built test allocator.

    :param sha256: of the file, in hex.
    :param size: in bytes.
    """

    abi: Abi
    path: Path
    sha256: str
    size: int

    @property
    def remote_name(self) -> str:
        """Its file name on a board. It holds the hash: a file of this name there need not be pushed again."""
        return f"bringup-{self.sha256[:12]}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``bin/manifest.json`` says.

    :param source: the hash over every source, flag and the compiler's version, which the program says in ``hello``.
    :param compiler: name and version.
    """

    source: str
    compiler: str
    binaries: dict[Abi, Binary]


def read_manifest(folder: Path = BINARIES) -> Manifest:
    """Read the manifest; the binaries are not looked at.

    :raises AllocatorError: it is missing or not understood.
    """
    place = folder / "manifest.json"
    try:
        document = json.loads(place.read_text("utf-8"))
        if document["schema"] != MANIFEST_SCHEMA:
            raise AllocatorError("read the allocator's manifest", f"{place}: schema {document['schema']!r}", hint=_HINT)
        entries = {
            Abi(name): Binary(Abi(name), folder / name / "bringup-alloc", str(entry["sha256"]), int(entry["size"]))
            for name, entry in document["binaries"].items()
        }
        return Manifest(str(document["source"]), str(document["compiler"]), entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AllocatorError("read the allocator's manifest", f"{place}: {error!r}", hint=_HINT) from error


def binary(abi: Abi, folder: Path = BINARIES) -> Binary:
    """The binary for an ABI, checked against the manifest and its own ELF header.

    :raises AllocatorError: it is missing, it is not what the manifest says, or it is for another machine.
    """
    found = read_manifest(folder).binaries.get(abi)
    action = f"take the test allocator for {abi}"
    if found is None:
        raise AllocatorError(action, "the manifest does not name it", hint=_HINT)
    try:
        data = found.path.read_bytes()
    except OSError as error:
        raise AllocatorError(action, str(error), hint=_HINT) from error
    seen = hashlib.sha256(data).hexdigest()
    if (seen, len(data)) != (found.sha256, found.size):
        raise AllocatorError(action, f"{found.path} has SHA-256 {seen}, the manifest says {found.sha256}", hint=_HINT)
    elf = elf_machine(data)
    if elf.abi is not abi or elf.interpreted:
        raise AllocatorError(action, f"{found.path} is for {elf.abi or f'machine {elf.machine}'}", hint=_HINT)
    return found

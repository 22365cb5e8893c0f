"""Android's ABIs, which one a board has, and the committed binary for each with its provenance."""

from __future__ import annotations

import enum
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bringup.allocator.elf import Elf, read_elf
from bringup.errors import AllocatorError

__all__ = ["BINARIES", "MANIFEST_SCHEMA", "Abi", "Binary", "Manifest", "abi_of_machine", "binary", "read_manifest"]

BINARIES: Final = Path(__file__).parent / "bin"
MANIFEST_SCHEMA: Final = "bringup.allocator/1"
_HINT: Final = "reinstall bringup, or rebuild with: python -m bringup.allocator.build"


class Abi(enum.StrEnum):
    """An ABI that the test allocator is built for, by Android's name (``ro.product.cpu.abi``)."""

    ARM64 = "arm64-v8a"
    ARM = "armeabi-v7a"
    X86_64 = "x86_64"
    X86 = "x86"
    RISCV64 = "riscv64"

    def matches(self, elf: Elf) -> bool:
        """Whether a program with this header is a static one for this ABI."""
        return (elf.bits, elf.machine) == _ELF[self] and elf.executable and not elf.interpreted

    def runs_on(self, uname_m: str) -> bool:
        """Whether a kernel whose ``uname -m`` is this runs such programs."""
        return self in _RUNS.get(uname_m.strip(), ())


# Word size and e_machine.
_ELF = {Abi.ARM64: (64, 183), Abi.ARM: (32, 40), Abi.X86_64: (64, 62), Abi.X86: (32, 3), Abi.RISCV64: (64, 243)}

# `uname -m` of a kernel, and what such a kernel runs; the first is its own.
_RUNS: Final[dict[str, tuple[Abi, ...]]] = {
    "aarch64": (Abi.ARM64, Abi.ARM),
    "arm64": (Abi.ARM64, Abi.ARM),
    "armv8l": (Abi.ARM,),
    "armv7l": (Abi.ARM,),
    "x86_64": (Abi.X86_64, Abi.X86),
    "i686": (Abi.X86,),
    "i586": (Abi.X86,),
    "riscv64": (Abi.RISCV64,),
}


def abi_of_machine(uname_m: str, ro_product_cpu_abi: str = "") -> Abi:
    """The ABI to run on a board.

    :param uname_m: what ``uname -m`` says there.
    :param ro_product_cpu_abi: the property of that name, empty where there is none. It decides only among
        what the kernel can run: a 64-bit kernel may carry a 32-bit Android.
    :raises AllocatorError: there is no binary for such a machine.
    """
    runs = _RUNS.get(uname_m.strip())
    if runs is None:
        raise AllocatorError(
            "choose the test allocator's binary",
            f"the board's machine is {uname_m.strip()!r}",
            hint=f"there are binaries for these machines: {', '.join(_RUNS)}",
        )
    wanted = ro_product_cpu_abi.strip()
    return next((abi for abi in runs if abi == wanted), runs[0])


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
    action = "read the test allocator's manifest"
    try:
        document = json.loads(place.read_text("utf-8"))
        schema = document["schema"]
        entries = {
            Abi(name): Binary(Abi(name), folder / name / "bringup-alloc", str(entry["sha256"]), int(entry["size"]))
            for name, entry in document["binaries"].items()
        }
        manifest = Manifest(str(document["source"]), str(document["compiler"]), entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AllocatorError(action, f"{place}: {error!r}", hint=_HINT) from error
    if schema != MANIFEST_SCHEMA:
        raise AllocatorError(action, f"{place}: schema {schema!r}", hint=_HINT)
    return manifest


def binary(abi: Abi, folder: Path = BINARIES) -> Binary:
    """The binary for an ABI, checked against the manifest and against its own ELF header.

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
    elf = read_elf(data)
    if not abi.matches(elf):
        raise AllocatorError(action, f"{found.path} is for another machine: {elf}", hint=_HINT)
    return found

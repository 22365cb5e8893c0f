"""Android's ABIs: which one a board has, and which one an ELF file is for."""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

from bringup.errors import AllocatorError

__all__ = ["Abi", "Elf", "abi_of_machine", "elf_machine"]


class Abi(enum.StrEnum):
    """An ABI that the test allocator is built for, by Android's name (``ro.product.cpu.abi``)."""

    ARM64 = "arm64-v8a"
    ARM = "armeabi-v7a"
    X86_64 = "x86_64"
    X86 = "x86"
    RISCV64 = "riscv64"


_ELF_ABIS = {(2, 183): Abi.ARM64, (1, 40): Abi.ARM, (2, 62): Abi.X86_64, (1, 3): Abi.X86, (2, 243): Abi.RISCV64}

# `uname -m` of a kernel, and what such a kernel runs; the first is its own.
_RUNS = {
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
    runs = _RUNS.get(uname_m.strip(), ())
    if not runs:
        known = ", ".join(_RUNS)
        raise AllocatorError(
            "choose the test allocator's binary",
            f"the board's machine is {uname_m.strip()!r}",
            hint=f"there are binaries for these machines: {known}",
        )
    wanted = ro_product_cpu_abi.strip()
    return next((abi for abi in runs if abi == wanted), runs[0])


@dataclass(frozen=True, slots=True)
class Elf:
    """What an ELF header says.

    :param bits: 32 or 64.
    :param machine: ``e_machine``.
    :param executable: ``e_type`` is ET_EXEC or ET_DYN.
    :param abi: the ABI it is for, ``None`` for another machine.
    :param interpreted: it asks for a dynamic linker.
    """

    bits: int
    machine: int
    executable: bool
    abi: Abi | None
    interpreted: bool


_PT_INTERP = 3


def elf_machine(data: bytes) -> Elf:
    """Read the header of a little-endian ELF file.

    :raises AllocatorError: it is not one, or it is cut.
    """
    if data[:4] != b"\x7fELF" or data[4:5] not in (b"\1", b"\2") or data[5:6] != b"\1":
        raise AllocatorError("read an ELF header", f"the file begins with {data[:6]!r}")
    wide = data[4] == 2
    try:
        kind, machine = struct.unpack_from("<HH", data, 16)
        headers = struct.unpack_from("<Q" if wide else "<I", data, 32 if wide else 28)[0]
        size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
        types = [struct.unpack_from("<I", data, headers + size * index)[0] for index in range(count)]
    except struct.error as error:
        raise AllocatorError("read an ELF header", f"the file is cut after {len(data)} bytes") from error
    return Elf(
        bits=64 if wide else 32,
        machine=machine,
        executable=kind in (2, 3),
        abi=_ELF_ABIS.get((data[4], machine)),
        interpreted=_PT_INTERP in types,
    )

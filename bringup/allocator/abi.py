"""Android's ABIs, and which one a board has."""

from __future__ import annotations

import enum
from typing import Final

from bringup.allocator.elf import Elf
from bringup.errors import AllocatorError

__all__ = ["Abi", "abi_of_machine"]


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


# Word size and e_machine.
_ELF = {Abi.ARM64: (64, 183), Abi.ARM: (32, 40), Abi.X86_64: (64, 62), Abi.X86: (32, 3), Abi.RISCV64: (64, 243)}

# `uname -m` of a kernel, and its own ABI: a 64-bit kernel may carry a 32-bit Android, and runs a static program.
_OWN: Final = {
    "aarch64": Abi.ARM64,
    "arm64": Abi.ARM64,
    "armv8l": Abi.ARM,
    "armv7l": Abi.ARM,
    "x86_64": Abi.X86_64,
    "i686": Abi.X86,
    "i586": Abi.X86,
    "riscv64": Abi.RISCV64,
}


def abi_of_machine(uname_m: str) -> Abi:
    """The ABI to run on a board.

    :param uname_m: what ``uname -m`` says there.
    :raises AllocatorError: there is no binary for such a machine.
    """
    abi = _OWN.get(uname_m.strip())
    if abi is None:
        raise AllocatorError(
            "choose the test allocator's binary",
            f"the board's machine is {uname_m.strip()!r}",
            hint=f"there are binaries for these machines: {', '.join(_OWN)}",
        )
    return abi

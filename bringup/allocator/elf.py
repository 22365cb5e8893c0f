"""The part of an ELF header that says which machine a program is for."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from bringup.errors import AllocatorError

__all__ = ["Elf", "read_elf"]

_PT_INTERP = 3
_ET_EXEC, _ET_DYN = 2, 3


@dataclass(frozen=True, slots=True)
class Elf:
    """What an ELF header says (``man 5 elf``).

    :param bits: 32 or 64.
    :param machine: ``e_machine``.
    :param executable: ``e_type`` is ET_EXEC or ET_DYN.
    :param interpreted: it asks for a dynamic linker.
    """

    bits: int
    machine: int
    executable: bool
    interpreted: bool


def read_elf(data: bytes) -> Elf:
    """Read the header of a little-endian ELF file.

    :raises AllocatorError: it is not one, or it is cut.
    """
    if data[:4] != b"\x7fELF" or data[4:5] not in (b"\1", b"\2") or data[5:6] != b"\1":
        raise AllocatorError("read an ELF header", f"the file begins with {data[:6]!r}")
    wide = data[4] == 2
    try:
        kind, machine = struct.unpack_from("<HH", data, 16)
        (headers,) = struct.unpack_from("<Q" if wide else "<I", data, 32 if wide else 28)
        size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
        types = [struct.unpack_from("<I", data, headers + size * index)[0] for index in range(count)]
    except (struct.error, OverflowError) as error:
        raise AllocatorError("read an ELF header", f"the file is cut after {len(data)} bytes") from error
    return Elf(64 if wide else 32, machine, kind in (_ET_EXEC, _ET_DYN), _PT_INTERP in types)

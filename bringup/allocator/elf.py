"""The parts of an ELF header that say which machine and which page sizes a program is for."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from bringup.errors import AllocatorError

__all__ = ["Elf", "read_elf"]

_PT_LOAD, _PT_INTERP = 1, 3
_ET_EXEC, _ET_DYN = 2, 3


@dataclass(frozen=True, slots=True)
class Elf:
    """What an ELF header says (``man 5 elf``).

    :param bits: 32 or 64.
    :param machine: ``e_machine``.
    :param executable: ``e_type`` is ET_EXEC or ET_DYN.
    :param interpreted: it asks for a dynamic linker.
    :param alignment: the least alignment of its loaded segments, in bytes; 0: it has none.
    """

    bits: int
    machine: int
    executable: bool
    interpreted: bool
    alignment: int = 0


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
        places = [headers + size * index for index in range(count)]
        types = {place: struct.unpack_from("<I", data, place)[0] for place in places}
        loaded = [place for place, kind_of_segment in types.items() if kind_of_segment == _PT_LOAD]
        aligned = [
            struct.unpack_from("<Q" if wide else "<I", data, place + (48 if wide else 28))[0] for place in loaded
        ]
    except (struct.error, OverflowError) as error:
        raise AllocatorError("read an ELF header", f"the file is cut after {len(data)} bytes") from error
    return Elf(
        64 if wide else 32, machine, kind in (_ET_EXEC, _ET_DYN), _PT_INTERP in types.values(), min(aligned, default=0)
    )

"""Reading what the dynamic loader would need from an ELF file: interpreter, NEEDED, RUNPATH.

Source: System V ABI, "Dynamic Linking"; elf(5). Both classes and both byte orders, because a guest's architecture
need not be the host's. Every offset comes from the file and is checked before it is used.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["Dynamic", "NotElf", "read_dynamic"]

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 14, 15, 29


class NotElf(ValueError):
    """The bytes are no ELF file, or one that is cut short."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """What an ELF file asks of the dynamic loader; all empty for a static one.

    :param machine: ``e_machine``, e.g. 62 for x86-64, 183 for AArch64.
    :param interpreter: path of the loader, for programs.
    :param needed: names of shared libraries, in order.
    :param runpath: folders to search before the system's, ``$ORIGIN`` not expanded.
    """

    machine: int
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    soname: str = ""


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def read_dynamic(data: bytes) -> Dynamic:
    """Read the program headers and the dynamic section.

    :raises NotElf: no ELF file, or offsets that point outside it.
    """
    if data[:4] != b"\x7fELF" or len(data) < 52 or data[4] not in (1, 2) or data[5] not in (1, 2):
        raise NotElf("no ELF header")
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    try:
        return _read(data, wide=wide, order=order)
    except (struct.error, IndexError, OverflowError) as error:
        raise NotElf(f"ELF file cut short or damaged: {error}") from error


def _read(data: bytes, *, wide: bool, order: str) -> Dynamic:
    (machine,) = struct.unpack_from(order + "H", data, 18)
    segments = _segments(data, wide=wide, order=order)
    interpreter = next((_text(data, s.offset) for s in segments if s.kind == _PT_INTERP), "")
    tags = _tags(data, segments, wide=wide, order=order)
    table = next((value for tag, value in tags if tag == _DT_STRTAB), None)
    if table is None:
        return Dynamic(machine, interpreter)
    strings = _file_offset(table, segments)

    def named(*wanted: int) -> tuple[str, ...]:
        return tuple(_text(data, strings + value) for tag, value in tags if tag in wanted)

    folders = tuple(folder for path in named(_DT_RUNPATH, _DT_RPATH) for folder in path.split(":") if folder)
    return Dynamic(machine, interpreter, named(_DT_NEEDED), folders, next(iter(named(_DT_SONAME)), ""))


def _segments(data: bytes, *, wide: bool, order: str) -> list[_Segment]:
    (start,) = struct.unpack_from(order + ("Q" if wide else "I"), data, 32 if wide else 28)
    size, count = struct.unpack_from(order + "HH", data, 54 if wide else 42)
    found = []
    for index in range(count):
        at = start + index * size
        if wide:
            kind, _, offset, address, _, filesize = struct.unpack_from(order + "IIQQQQ", data, at)
        else:
            kind, offset, address, _, filesize = struct.unpack_from(order + "IIIII", data, at)
        found.append(_Segment(kind, offset, address, filesize))
    return found


def _tags(data: bytes, segments: list[_Segment], *, wide: bool, order: str) -> list[tuple[int, int]]:
    form = order + ("qQ" if wide else "iI")
    step = struct.calcsize(form)
    tags: list[tuple[int, int]] = []
    for segment in segments:
        if segment.kind != _PT_DYNAMIC:
            continue
        for at in range(segment.offset, segment.offset + segment.size - step + 1, step):
            tag, value = struct.unpack_from(form, data, at)
            if tag == _DT_NULL:
                break
            tags.append((tag, value))
    return tags


def _file_offset(address: int, segments: list[_Segment]) -> int:
    for segment in segments:
        if segment.kind == _PT_LOAD and segment.address <= address < segment.address + segment.size:
            return segment.offset + address - segment.address
    raise NotElf("the string table lies in no loaded segment")


def _text(data: bytes, at: int) -> str:
    if not 0 <= at < len(data):
        raise NotElf("a string lies outside the file")
    end = data.find(b"\0", at)
    if end < 0:
        raise NotElf("a string does not end")
    return data[at:end].decode("utf-8", "backslashreplace")

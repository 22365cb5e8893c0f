"""What the dynamic loader would need for an ELF file: interpreter, NEEDED, RUNPATH. Read with pyelftools.

A guest's architecture need not be the host's, so all classes and byte orders are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from elftools.common.exceptions import ELFError
from elftools.construct.core import ConstructError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment

__all__ = ["Dynamic", "NotElf", "read_dynamic"]

#: What pyelftools raises for damaged files besides its own errors: it trusts numbers that it read.
_DAMAGED = (ELFError, ConstructError, ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError)


class NotElf(ValueError):
    """The bytes are not an ELF file, or it is cut short or damaged."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """What an ELF file asks of the dynamic loader; all empty for a static one.

    :param interpreter: path of the loader, for programs.
    :param needed: names of shared libraries, in order.
    :param runpath: folders to search before the system's, ``$ORIGIN`` not expanded.
    """

    interpreter: str = ""
    needed: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()


def read_dynamic(data: bytes) -> Dynamic:
    """Read the program headers and the dynamic segment.

    :raises NotElf: not an ELF file, or a damaged one.
    """
    try:
        return _read(ELFFile(BytesIO(data)))
    except _DAMAGED as error:
        raise NotElf(f"not an ELF file, or cut short or damaged: {error}") from error


def _read(elf: ELFFile) -> Dynamic:
    interpreter = ""
    texts: dict[str, list[str]] = {"DT_NEEDED": [], "DT_RUNPATH": [], "DT_RPATH": []}
    for segment in elf.iter_segments():
        if isinstance(segment, InterpSegment):
            interpreter = segment.get_interp_name()
        elif isinstance(segment, DynamicSegment):
            for tag in segment.iter_tags():
                if tag.entry.d_tag in texts:
                    texts[tag.entry.d_tag].append(getattr(tag, tag.entry.d_tag.removeprefix("DT_").lower()))
    folders = (folder for path in (*texts["DT_RUNPATH"], *texts["DT_RPATH"]) for folder in path.split(":") if folder)
    return Dynamic(interpreter, tuple(texts["DT_NEEDED"]), tuple(folders))

"""Simple calls of libion in one C or C++ file, moved to libdmabufheap's C functions; or the file is left alone.

A file is moved only as a whole: every word of ION in it is part of one of the forms below, and the variable that holds
libion's descriptor is used in them alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bringup.scan.document import Hit

__all__ = ["moved_calls"]

_SOURCE = re.compile(r".*\.(?:c|cc|cpp|cxx)")
_INCLUDE = re.compile(r"#[ \t]*include[ \t]*[<\"]ion/ion\.h[>\"]")
_OPEN = re.compile(r"\bint[ \t]+(\w+)[ \t]*=[ \t]*ion_open[ \t]*\([ \t]*\)[ \t]*;")
_VALUE = r"[^,();{}]{1,120}"
# A heap by mask and flags: cached system memory, or uncached system memory. Everything else needs a person.
_HEAPS = {"ION_FLAG_CACHED": "system", "0": "system-uncached"}
_RULES = frozenset({"ion.header", "ion.open", "ion.alloc", "ion.heap", "ion.flag"})


def moved_calls(text: str, hits: Sequence[Hit]) -> str | None:
    """The file's text with its calls moved; ``None``: it is not so simple, or no such file.

    :param hits: its uses.
    """
    if not _SOURCE.fullmatch(hits[0].path) or any(hit.side != "user" or hit.rule not in _RULES for hit in hits):
        return None
    names = {match[1] for match in _OPEN.finditer(text)}
    if len(names) != 1 or len(_OPEN.findall(text)) != 1 or not _INCLUDE.search(text):
        return None
    (name,) = names
    moved = _INCLUDE.sub("#include <BufferAllocator/BufferAllocatorWrapper.h>", text)
    moved = _OPEN.sub(rf"BufferAllocator* {name} = CreateDmabufHeapBufferAllocator();", moved)
    moved = re.sub(rf"\bion_close[ \t]*\([ \t]*{name}[ \t]*\)", f"FreeDmabufHeapBufferAllocator({name})", moved)
    moved = re.sub(rf"(?<![\w.>]){name}[ \t]*<[ \t]*0(?![\w.])", f"!{name}", moved)
    moved = _allocation(name).sub(_heap_call, moved)
    return moved if _is_whole(moved, name) else None


def _allocation(name: str) -> re.Pattern[str]:
    length = rf"(?P<length>{_VALUE}(?:\([^(){{}};]{{0,120}}\)[^,(){{}};]{{0,60}})?)"
    flags = "|".join(_HEAPS)
    return re.compile(
        rf"\bion_alloc_fd[ \t]*\([ \t]*{name}[ \t]*,[ \t]*{length},[ \t]*(?P<align>\w+)[ \t]*,"
        rf"[ \t]*ION_HEAP_SYSTEM_MASK[ \t]*,[ \t]*(?P<flags>{flags})[ \t]*,[ \t]*&[ \t]*(?P<fd>[\w.>-]+)[ \t]*\)"
    )


def _heap_call(match: re.Match[str]) -> str:
    """libion returns 0 or an error and stores the descriptor; libdmabufheap returns the descriptor or an error."""
    name = match[0].partition("(")[2].partition(",")[0].strip()
    fd, heap = match["fd"], _HEAPS[match["flags"]]
    call = f'DmabufHeapAlloc({name}, "{heap}", {match["length"].strip()}, 0, {match["align"]})'
    return f"(({fd} = {call}) < 0 ? {fd} : 0)"


def _is_whole(text: str, name: str) -> bool:
    """Whether nothing of ION is left, and the allocator stands only where an allocator may."""
    code = re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", " ", text, flags=re.DOTALL)
    if re.search(r"\bion_\w|\bION_\w", code):
        return False
    uses = len(re.findall(rf"\b{name}\b", code))
    forms = (f"BufferAllocator\\* {name} =", f"FreeDmabufHeapBufferAllocator\\({name}\\)", f"DmabufHeapAlloc\\({name},")
    known = re.findall("|".join((*forms, rf"(?<!\w)!{name}\b")), code)
    return uses == len(known)

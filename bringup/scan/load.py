"""Reading one file that may hold a use: what can be read as what it is named, and what cannot, with its reason."""

from __future__ import annotations

import codecs
import os
import re

from bringup.errors import os_reason
from bringup.scan.document import Unread
from bringup.scan.finding.walk import Listed
from bringup.scan.knowledge.entry import Kind
from bringup.scan.knowledge.shipped import find
from bringup.scan.language import ELF_MAGIC, language_of
from bringup.scan.readers import names
from bringup.scan.readers.candidates import candidates
from bringup.scan.readers.source import Source

__all__ = ["LARGEST", "load"]

#: Larger files that may hold a use are not read, in bytes: they are not written by a person.
LARGEST = 16 << 20
_LARGEST_ELF = 64 << 20
_HEAD = 8192
_BINARY = "binary: a NUL byte near its start"
_NO_READER = "of a kind that nothing here reads; it names ION"
_NAMES = (names.node, names.library, names.module, names.header, names.compatible)
#: Characters: a name that is not longer may be anything.
_SHORT = 4
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: What is written for people: to name ION there is not to use it.
_PROSE = re.compile(
    r".*\.(?:md|markdown|rst|txt|adoc|tex|html?|svg|po|diff|patch|[1-9])|(?:changes|readme|maintainers|credits).*"
)


def load(file: Listed) -> Source | Unread | None:
    """A file for a reader; ``None``: nothing in it needs one, as in prose."""
    try:
        with open(os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:  # noqa: PTH123
            head = opened.read(_HEAD)
            limit = _LARGEST_ELF if head.startswith(ELF_MAGIC) else LARGEST
            data = head + opened.read(limit + 1 - len(head)) if len(head) == _HEAD else head
    except OSError as error:
        return Unread(file.shown, os_reason(error), outside=False)
    language = language_of(os.path.basename(file.path), head)  # noqa: PTH119
    if language is None and _PROSE.fullmatch(os.path.basename(file.path).lower()):  # noqa: PTH119
        return None
    if len(data) > limit:
        return Unread(file.shown, f"larger than {limit >> 20} MiB", outside=False)
    if data.startswith(_UTF_16):
        data = data.decode("utf-16", "replace").encode()
    elif b"\0" in head and not head.startswith(ELF_MAGIC):
        return Unread(file.shown, _BINARY, outside=False) if _names_ion(data) else None
    if language is None:
        return Unread(file.shown, _NO_READER, outside=False) if _names_ion(data) else None
    return Source(file.shown, language, data)


def _names_ion(data: bytes) -> bool:
    """Whether it holds a word that no other project has."""
    for candidate in candidates(data):
        word = data[candidate.start : candidate.end].decode("ascii", "replace")
        name = data[candidate.name_start : candidate.name_end].decode("ascii", "replace").strip(".,:@+-")
        entry = find(word, *Kind) or next((entry for look in _NAMES if (entry := look(name)) is not None), None)
        if entry is not None and not entry.shared and len(entry.name) > _SHORT:
            return True
    return False

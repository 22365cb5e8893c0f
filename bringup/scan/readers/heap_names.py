"""DMA-BUF heaps by names that only some kernels use: no use of ION, but what goes wrong beside it."""

from __future__ import annotations

import re
from functools import cache

from bringup.kernel.history.heap_names import default_cma_names
from bringup.scan.knowledge.entry import Entry, Kind, Owner
from bringup.scan.language import Language
from bringup.scan.readers.candidates import HEAP_WORDS
from bringup.scan.readers.occurrence import Occurrence
from bringup.scan.readers.source import Source

__all__ = ["HEAP_LANGUAGES", "HEAP_RULES", "heap_names"]

#: A heap name that is also a common word: taken for a heap only where one is opened.
_COMMON_WORD = "reserved"
HEAP_RULES = ("heap.cma-name", "heap.protected-name")
_SOURCE = "kernel.heap-names"
HEAP_LANGUAGES = frozenset({Language.C, Language.RC, Language.SEPOLICY})


#: What opens a heap, up to the name.
_OPENS = re.compile(rb"\b(?:Alloc|DmabufHeapAlloc|dma_heap_find)\([^;\"\n]{0,160}\Z")


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    """The names as paths and as strings, by rule. Each begins with a fixed text, which re searches for fast."""
    cma = "|".join(default_cma_names())
    path = r"/dev/dma_heap/(?<!\w/dev/dma_heap/)"
    return tuple(
        (rule, re.compile(regex.encode()))
        for rule, regex in (
            (HEAP_RULES[0], rf"{path}({cma})(?![\w,@-])"),
            (HEAP_RULES[0], rf'"({cma})"'),
            (HEAP_RULES[1], rf"{path}(restricted,[\w-]+|sdp\b)"),
            (HEAP_RULES[1], r'"(restricted,[\w-]+)"'),
        )
    )


def heap_names(source: Source) -> list[Occurrence]:
    """Names of CMA heaps and of protected heaps that differ between kernels; comments are not left out."""
    if source.language not in HEAP_LANGUAGES or not any(word.encode() in source.data for word in HEAP_WORDS):
        return []
    found = []
    for rule, regex in _patterns():
        for match in regex.finditer(source.data):
            start, word = match.start(1), match[1].decode()
            before = source.data[max(0, start - 200) : start - 1]
            if match[0] == f'"{_COMMON_WORD}"'.encode() and _OPENS.search(before) is None:
                continue
            found.append(Occurrence(start, word, Entry(word, Kind.HEAP_NAME, Owner.ION, rule, _SOURCE)))
    return found

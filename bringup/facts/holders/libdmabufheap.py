"""Which of its eras each libdmabufheap on a board is of: whether it goes back to ION, whether it names buffers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bringup.allocator.answer import State
from bringup.facts.board import Facts
from bringup.results.holders import HeapLibrary

__all__ = ["heap_libraries"]

_ELF: Final = b"\x7fELF"
#: What every version has: the class of its interface, in mangled names.
_CLASS: Final = b"BufferAllocator"
#: Of those that go back to ION (Android 12 to 16; libion is linked into them): the node's path, and what allocates
#: from it. AOSP system/memory/libdmabufheap e3c2785 (msft-mirror-aosp), BufferAllocator.cpp: kIonDevice, IonAlloc.
#: Later ones keep the public functions' names, MapNameToIonHeap and CheckIonSupport, and have neither.
_ION: Final = (b"/dev/ion\0", b"BufferAllocator8IonAlloc")
#: Since it names each buffer after its heap: BufferAllocator::DmabufSetName.
_NAMES: Final = b"BufferAllocator13DmabufSetName"


def heap_libraries(facts: Facts) -> Iterator[HeapLibrary]:
    """Each libdmabufheap that was read, by its symbols and strings."""
    for entry in facts.record.files("/"):
        name = entry.path.rpartition("/")[2]
        if not (name.startswith("libdmabufheap") and name.endswith(".so")):
            continue
        data = entry.data() if entry.state is State.OK else b""
        is_known = data.startswith(_ELF) and _CLASS in data
        goes_back = any(sign in data for sign in _ION)
        # A file that is cut off shows what it has, and not what it lacks.
        yield HeapLibrary(
            entry.path,
            goes_back if is_known and (goes_back or not entry.truncated) else None,
            _NAMES in data if is_known and (_NAMES in data or not entry.truncated) else None,
        )

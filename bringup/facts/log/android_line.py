"""One reader for the lines of Android's log, in the formats of logcat, and for what libdmabufheap writes there.

Formats: threadtime (the default), also with a year, a zone or a uid; epoch and monotonic; time; brief; tag
(AOSP system/logging/liblog/logprint.cpp: android_log_formatLogLine).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["AndroidLine", "HeapComplaint", "heap_complaint", "read_android_log"]

_LIMIT = 4096  # a message has at most 4068 bytes (LOGGER_ENTRY_MAX_PAYLOAD)
_STAMP = re.compile(r"(?:(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,9}(?: [+-]\d{4})?|\d{1,12}\.\d{3,9}) {1,4}")
_IDS = re.compile(r"(?:[\w.]{1,32} {1,8})?(\d{1,9}) {1,8}\d{1,9} ")
_TAG = re.compile(r"[VDIWEFS][/ ]([^:(]{1,128}?) {0,16}(?:\( {0,8}(\d{1,9})\))?: ")


@dataclass(frozen=True, slots=True)
class AndroidLine:
    """One line of Android's log; ``tag`` is empty where the line is in no known format.

    :param line: all of it, as logcat printed it.
    """

    line: str
    text: str
    tag: str = ""
    pid: int | None = None


def read_android_log(text: str) -> Iterator[AndroidLine]:
    """The messages of a log, in order; not logcat's own lines on where a buffer begins."""
    for raw in text.splitlines():
        line = raw[:_LIMIT]
        if not line or line.startswith("-----"):
            continue
        stamp = _STAMP.match(line)
        start = stamp.end() if stamp else 0
        ids = _IDS.match(line, start)
        tag = _TAG.match(line, ids.end() if ids else start)
        if tag is None:
            yield AndroidLine(line, line)
        else:
            pid = ids[1] if ids else tag[2]
            yield AndroidLine(line, line[tag.end() :], tag[1].strip(), None if pid is None else int(pid))


#: libdmabufheap, BufferAllocator.cpp: of Android 12 to 16 "No ion heap", later "Could not open"; "Unable" of both.
_HEAP = re.compile(
    r"(?:Could not open DMA-BUF heap named|Unable to allocate from DMA-BUF heap): (?P<name>[^:\s]{1,128})"
    r"(?:: (?P<why>.{1,80}))?|No ion heap of name (?P<ion>[^:\s]{1,128}) exists"
)
#: Names that the library asks ION for by itself (BufferAllocator.cpp: AllocSystem, QueryIonHeaps).
_PROBED = ("system-uncached", "ion_system_heap")
#: What PLOG adds: bionic's strerror, and glibc's where it differs (bionic/libc/bionic/strerror.cpp).
_ERRNOS = {
    "Operation not permitted": errno.EPERM,
    "No such file or directory": errno.ENOENT,
    "No such device or address": errno.ENXIO,
    "Out of memory": errno.ENOMEM,
    "Cannot allocate memory": errno.ENOMEM,
    "Permission denied": errno.EACCES,
    "Device or resource busy": errno.EBUSY,
    "No such device": errno.ENODEV,
    "Invalid argument": errno.EINVAL,
    "Too many open files": errno.EMFILE,
    "Too many open files in system": errno.ENFILE,
    "Inappropriate ioctl for device": errno.ENOTTY,
    "Not a typewriter": errno.ENOTTY,
}


@dataclass(frozen=True, slots=True)
class HeapComplaint:
    """What libdmabufheap says about a heap that it could not use; ``errno``: 0 where the line does not say why."""

    heap: str
    errno: int = 0


def heap_complaint(text: str) -> HeapComplaint | None:
    """The heap that a message complains about. A message ends in ``: strerror``, as it is written with PLOG."""
    match = _HEAP.search(text[:_LIMIT])
    if match is None or match["ion"] in _PROBED:
        return None
    return HeapComplaint((match["name"] or match["ion"]).rstrip(".,;"), _ERRNOS.get((match["why"] or "").strip(), 0))

"""Uses of ION that have their replacement beside them, in files that are no code: policy, init, builds, kconfig."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from bringup.scan.document import Hit, Status
from bringup.scan.language import Language
from bringup.scan.readers.source import Source

__all__ = ["mark_moved"]

_ALLOW = re.compile(
    rb"^[ \t]*allow(?:xperm)?[ \t]+(\{[^}\n]*\}|[\w$-]+)[ \t]+(\{[^}\n]*\}|[\w$-]+)[ \t]*:", re.MULTILINE
)
_HEAP_TYPE = re.compile(rb"\bdmabuf_\w*heap_device(?:_type)?\b|\bdma_heap\w*_device\b")
_HEAP_NODE = re.compile(rb"^[ \t]*/dev/dma_heap/", re.MULTILINE)
_HEAP_SYMBOL = re.compile(rb"^CONFIG_DMABUF_HEAPS=[ym]", re.MULTILINE)
_HEAP_LIBRARY = re.compile(rb"(?<![\w.-])(?:libdmabufheap|-ldmabufheap)(?![\w-])")
_HEAP_HEADER = re.compile(rb"linux/dma-heap\.h|BufferAllocator/BufferAllocator")
_MODULE = re.compile(rb"(?:^|[\s/])(?:system_heap|cma_heap)\.ko\b", re.MULTILINE)
_BY_LANGUAGE = {
    Language.RC: {"ion.ueventd": _HEAP_NODE},
    Language.KCONFIG: {"ion.kconfig": _HEAP_SYMBOL},
    Language.MAKE: {"ion.library": _HEAP_LIBRARY, "ion.header": _HEAP_HEADER, "ion.module": _MODULE},
    Language.BLUEPRINT: {"ion.library": _HEAP_LIBRARY},
    Language.BAZEL: {"ion.library": _HEAP_LIBRARY, "ion.header": _HEAP_HEADER},
    Language.MESON: {"ion.library": _HEAP_LIBRARY, "ion.header": _HEAP_HEADER},
    Language.AUTOCONF: {"ion.header": _HEAP_HEADER},
    Language.MODULES: {"ion.module": _MODULE},
}


def mark_moved(source: Source, uses: tuple[Hit, ...]) -> Iterator[Hit]:
    """The uses; ``MOVED`` where the file has the replacement: in policy a rule for a heap of the same domain."""
    if source.language is Language.SEPOLICY:
        yield from _policy(source.data, uses)
        return
    replaced = {
        rule
        for rule, pattern in _BY_LANGUAGE.get(source.language, {}).items()
        if pattern.search(source.data) is not None
    }
    for use in uses:
        yield replace(use, status=Status.MOVED) if use.rule in replaced else use


def _policy(data: bytes, uses: tuple[Hit, ...]) -> Iterator[Hit]:
    allowed = {match[1] for match in _ALLOW.finditer(data) if _HEAP_TYPE.search(match[2])}
    has_nodes = _HEAP_NODE.search(data) is not None
    domains = {data.count(b"\n", 0, match.start()) + 1: match[1] for match in _ALLOW.finditer(data)}
    for use in uses:
        domain = domains.get(use.line)
        is_moved = domain in allowed if domain is not None else has_nodes and use.word == "/dev/ion"
        yield replace(use, status=Status.MOVED) if is_moved and use.ion else use

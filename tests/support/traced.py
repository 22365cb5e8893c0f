"""Lines of traced buffers made by hand, in the layout of an arm64 kernel 6.12: for states that no board here produces."""

from __future__ import annotations

import base64
import struct
from typing import Any

_COMMON = "format:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
_PAGE = (
    "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
    "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n"
)
_ALLOC = (
    "\tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:unsigned int order;\toffset:16;\tsize:4;\tsigned:0;\n"
    "\tfield:unsigned long gfp_flags;\toffset:24;\tsize:8;\tsigned:0;\n"
)
_CMA = (
    "\tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:unsigned long count;\toffset:16;\tsize:8;\tsigned:0;\n"
    "\tfield:unsigned int align;\toffset:24;\tsize:4;\tsigned:0;\n\tfield:int errorno;\toffset:28;\tsize:4;\tsigned:1;\n"
    "\tfield:__data_loc char[] name;\toffset:32;\tsize:4;\tsigned:1;\n"
)

TRACING: dict[str, Any] = {
    "t": "tracing", "state": "ok", "errno": 0, "path": "/sys/kernel/tracing",
    "events": ["header_page", "kmem/mm_page_alloc", "cma/cma_alloc_finish", "cma/cma_alloc", "kmem/mm_page_free"],
    "formats": [
        _PAGE, f"name: mm_page_alloc\nID: 219\n{_COMMON}{_ALLOC}", f"name: cma_alloc_finish\nID: 258\n{_COMMON}{_CMA}", "",
        f"name: mm_page_free\nID: 220\n{_COMMON}{_ALLOC}",
    ],
}  # fmt: skip


def _sub_buffer(events: list[bytes], lost: bool) -> str:
    body = b"".join(struct.pack("<I", len(event) // 4) + event for event in events)
    head = struct.pack("<QQ", 0, len(body) | (1 << 31 if lost else 0))
    return base64.b64encode(head + body).decode()


def _line(heap: str, size: int, events: list[bytes], lost: bool = False) -> dict[str, Any]:
    pieces = [_sub_buffer(events, lost)]
    return {"t": "pages", "heap": heap, "size": size, "made": pieces, "closed": [], "state": "ok", "errno": 0}


def cma_buffer(
    heap: str, *blocks: tuple[int, int], align: int = 0, lost: bool = False, area: str = ""
) -> dict[str, Any]:
    """A buffer that CMA gave as these (first frame, pages), from an area of this name."""
    name = area.encode() + b"\0" * (4 - len(area) % 4)
    place = (len(area) + 1) << 16 | 36
    events = [struct.pack("<HHIQQIiI", 258, 0, 99, pfn, pages, align, 0, place) + name for pfn, pages in blocks]
    return _line(heap, 4096 * sum(pages for _, pages in blocks), events, lost)


def page_buffer(
    heap: str, *blocks: tuple[int, int], size: int = 0, freed: tuple[tuple[int, int], ...] = ()
) -> dict[str, Any]:
    """A buffer for which the page allocator gave these (first frame, order), and got some of them back."""
    events = [struct.pack("<HHIQIIQ", 219, 0, 99, pfn, order, 0, 0xDC2) for pfn, order in blocks]
    back = [struct.pack("<HHIQIIQ", 220, 0, 99, pfn, order, 0, 0) for pfn, order in freed]
    line = _line(heap, size or 4096 * sum(1 << order for _, order in blocks), events)
    return line | {"closed": [_sub_buffer(back, lost=False)] if back else []}


def exhaustion(heap: str = "linux,cma", **more: Any) -> dict[str, Any]:
    """An area of 64 MiB that gave all it has."""
    size = 64 << 20
    return {
        "t": "exhaust", "heap": heap, "cma": True, "stopped": "ENOMEM", "errno": 12, "seen": "", "free": size,
        "limit": size, "held": size, "buffers": 64, "asked": 4096, "largest": size, "fragmented_free": size // 2,
        "largest_fragmented": 1 << 20, "largest_after": size, "free_after": size, "ns": 1000,
    } | more  # fmt: skip

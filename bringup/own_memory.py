"""How much memory this process has."""

from __future__ import annotations

import resource
from pathlib import Path

__all__ = ["address_space"]


def address_space() -> int:
    """Bytes of this process' address space: what RLIMIT_AS limits."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()

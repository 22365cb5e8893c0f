"""How much memory templates may take: a template is a program, and a line of it can double a text in a loop."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["MOST", "bounded_memory"]

#: More than rendering every fragment of every board takes, many times over.
MOST = 256 << 20


@contextmanager
def bounded_memory() -> Iterator[None]:
    """While the block runs, this process gets :data:`MOST` bytes more than it has, and then a MemoryError.

    For a process with one thread: the limit holds for all of them.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    limit = int(pages) * resource.getpagesize() + MOST
    limits = [bound for bound in (soft, hard, limit) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

"""Kernel modules for tests: compiled relocatable objects."""

from __future__ import annotations

import subprocess
from pathlib import Path

CALLS = 'void *dma_heap_find(const char *); void *dma_heap_buffer_alloc(void *, long);\nvoid f(void) { dma_heap_buffer_alloc(dma_heap_find("system"), 4096); }\n'


def module(path: Path, code: str) -> Path:
    """What a .ko is: a relocatable object whose symbol table names what it imports."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-c", "-x", "c", "-o", str(path), "-"], input=code, text=True, check=True)
    return path

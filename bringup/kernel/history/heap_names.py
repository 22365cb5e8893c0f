"""Which heaps a kernel series makes below ``/dev/dma_heap``, and what it calls them."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import Struct

from bringup.kernel.data.shipped import shipped_data
from bringup.kernel.history.version import KernelVersion, VersionRange

__all__ = ["PROTECTED", "HeapNames", "default_cma_names", "heap_names", "heaps_of", "renamed_protected"]

_DEFAULT_CMA = "default CMA area"
#: How names of TEE heaps begin: in mainline (drivers/tee/tee_heap.c of 7.2), and in trees with the series from before
#: it was renamed (OP-TEE/optee_test pull request 811).
PROTECTED = ("protected,", "restricted,")


class HeapNames(Struct, frozen=True):
    """One heap and its names in a span of kernels.

    :param symbol: the symbol that builds it.
    :param names: names or shell patterns; which of them apply hangs on the board.
    """

    heap: str
    symbol: str
    kernel: VersionRange
    names: tuple[str, ...]
    note: str = ""
    sources: tuple[str, ...] = ()


@cache
def heap_names() -> tuple[HeapNames, ...]:
    """All that is known, mainline only."""
    return tuple(_from_data(entry) for entry in shipped_data()["heaps"])


def heaps_of(version: KernelVersion) -> tuple[HeapNames, ...]:
    """The heaps that a kernel of that version can make."""
    return tuple(entry for entry in heap_names() if version in entry.kernel)


@cache
def default_cma_names() -> tuple[str, ...]:
    """Names of the heap of the default CMA area, over all kernels, the oldest first; without unit addresses."""
    names = (name for entry in heap_names() if entry.heap.startswith(_DEFAULT_CMA) for name in entry.names)
    return tuple(dict.fromkeys(name.rstrip("*") for name in names))


def renamed_protected(name: str) -> str | None:
    """The name that a TEE heap has in the other trees; ``None``: its name is not that of a TEE heap."""
    for prefix, other in (PROTECTED, PROTECTED[::-1]):
        if name.startswith(prefix):
            return other + name.removeprefix(prefix)
    return None


def _from_data(data: dict[str, Any]) -> HeapNames:
    return HeapNames(
        data["heap"],
        data["symbol"],
        VersionRange.parse(data["kernel"]),
        tuple(data["names"]),
        data.get("note", ""),
        tuple(data.get("source", ())),
    )

"""``modules.load``: the kernel modules that Android loads at boot, and the one spelling of a module's name."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["module_name", "modules_listed"]


def module_name(entry: str) -> str:
    """``kernel/drivers/dma-buf/heaps/system-heap.ko.zst`` → ``system_heap``, as ``/proc/modules`` spells it."""
    return entry.rsplit("/", 1)[-1].partition(".")[0].replace("-", "_")


def modules_listed(text: str) -> Iterator[str]:
    """The modules that a ``modules.load`` names: one per line, empty lines and comments aside."""
    for line in text.splitlines():
        if (entry := line.strip()) and not entry.startswith("#"):
            yield module_name(entry)

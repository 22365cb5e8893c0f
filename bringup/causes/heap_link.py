"""A heap's name that is a symbolic link to another heap: fine as a second name, not as a heap of another kind."""

from __future__ import annotations

from bringup.causes import fix_lines
from bringup.causes.heap_driver import HEAP_DRIVERS
from bringup.causes.known.nodes import HEAP_LINK
from bringup.config.schema import HeapKind
from bringup.facts.board import HEAP_FOLDER, Facts
from bringup.facts.memory.default_cma import is_cma_heap, linked_heap
from bringup.results.verdict import Diagnosis

__all__ = ["why_link_is_wrong"]

_CONTIGUOUS = (HeapKind.CMA, HeapKind.CARVEOUT)


def why_link_is_wrong(facts: Facts, name: str, kind: HeapKind) -> Diagnosis | None:
    """What is wrong with a link of this name where a heap of this kind is expected; ``None``: nothing, or no link."""
    target = linked_heap(facts, name)
    if target is None or is_cma_heap(facts, target) is (kind in _CONTIGUOUS):
        return None
    seen = f"{HEAP_FOLDER}/{name} -> {target}"
    if kind in _CONTIGUOUS:
        text = f"{name} is a link to {target}, which does not give contiguous memory"
        return Diagnosis(HEAP_LINK.here(text), (seen,), (f"let {name} lead to a CMA heap",))
    text = f"{name} is a link to {target}, a CMA heap: each of its buffers takes contiguous memory"
    driver = next((driver for driver in HEAP_DRIVERS if kind in driver.kinds), None)
    config = facts.kernel_config
    lines = (config.line(driver.symbol),) if config is not None and driver is not None else ()
    if config is not None and driver is not None and config.enabled(driver.symbol):
        return Diagnosis(HEAP_LINK.here(text), (seen, *lines), ("remove the link: the kernel is built with the heap",))
    option = (f"CONFIG_{driver.symbol}=y",) if driver is not None else ()
    words = (f"remove the link, and build the heap {name} into the kernel",)
    return Diagnosis(HEAP_LINK.here(text), (seen, *lines), words, fix_lines.kconfig(option))

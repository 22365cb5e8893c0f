"""The heaps of a board config, from what a tree asks of ION: where to begin, and a person finishes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bringup.scan.document import Hit, Scan

__all__ = ["board_heaps"]

#: The mask of libion before 4.12 → kind and name of the heap that replaces it, its name in ION.
_MASKS = {
    "ION_HEAP_SYSTEM_MASK": ("system", "system", "ion_system_heap"),
    "ION_HEAP_TYPE_DMA_MASK": ("cma", "default_cma_region", "linux,cma"),
    "ION_HEAP_CARVEOUT_MASK": ("carveout", "NAME", "ion_carveout_heap"),
}
_ALIASES = {"ION_HEAP_TYPE_SYSTEM": "ION_HEAP_SYSTEM_MASK", "ION_HEAP_TYPE_DMA": "ION_HEAP_TYPE_DMA_MASK"}


def board_heaps(scan: Scan) -> Iterator[str]:
    """Lines of YAML for ``heaps:`` of a board config; what the tree does not say is a comment."""
    asked = Counter(_ALIASES.get(hit.word, hit.word) for hit in scan.hits if _asks(hit))
    cached = any(hit.word == "ION_FLAG_CACHED" for hit in scan.hits)
    yield f"# From bringup scan {scan.tree}: {sum(asked.values()):,} masks, ids, flags and names of heaps."
    yield "heaps:"
    for mask, (kind, name, old) in _MASKS.items():
        if mask in asked:
            yield from _heap(name, kind, old, mask, asked[mask], cached=cached and kind == "system")
    if "ION_HEAP_SYSTEM_MASK" not in asked:
        yield "  # no line asks for ION_HEAP_SYSTEM_MASK; Android has these two heaps all the same"
        yield from ("  - name: system", "    kind: system")
    for word, count in sorted(asked.items()):
        if word not in _MASKS and not word.startswith("ION_FLAG_CACHED"):
            yield f"  # {word} ({count:,}): {_heap_of(scan, word) or 'the board decides which heap replaces it'}"


def _heap(name: str, kind: str, old: str, mask: str, count: int, *, cached: bool) -> Iterator[str]:
    yield f"  - name: {name}  # {mask}: {count:,}"
    yield f"    kind: {kind}"
    yield "    replaces:"
    yield f'      name: "{old}"'
    yield f"      legacy_mask: [{mask}]"
    if cached:
        yield "      flags: [ION_FLAG_CACHED]"


def _asks(hit: Hit) -> bool:
    return hit.ion and hit.rule in ("ion.heap", "ion.flag", "ion.heap-name") and hit.word != "heap_id_mask"


def _heap_of(scan: Scan, word: str) -> str:
    return next((hit.heap for hit in scan.hits if hit.word == word and hit.heap), "")

"""CMA areas that the kernel made and could not use: their heaps are there and have no memory."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bringup.causes.known.memory import CMA_NOT_ACTIVATED
from bringup.facts.board import Facts
from bringup.facts.memory.region_log import names_in
from bringup.results.verdict import Diagnosis

__all__ = ["why_not_activated"]

#: mm/page_alloc.c of Linux 5.10, mm/mm_init.c of 7.3: free_area_init, below "Zone ranges:".
_ZONE = re.compile(r"^\s*(?:DMA|DMA32|Normal|HighMem)\s+\[mem 0x[0-9a-f]{1,16}-0x[0-9a-f]{1,16}\]")
_MOVABLE = re.compile(r"Node \d{1,4}: 0x[0-9a-f]{1,16}$")


def why_not_activated(facts: Facts, areas: Iterable[str] | None = None) -> Diagnosis | None:
    """The diagnosis, if the kernel's log says it of one of these areas; ``None`` for ``areas``: of any.

    The evidence ends with the zones, if the log has them.
    """
    known, lines = CMA_NOT_ACTIVATED, facts.dmesg or ()
    said = [line for line in lines if any(words in line for words in known.logged)]
    wanted = None if areas is None else set(areas)
    said = [line for line in said if wanted is None or wanted & set(names_in((line,)))]
    if not said:
        return None
    zones = [line for line in lines if _ZONE.search(line) or _MOVABLE.search(line)]
    names = ", ".join(names_in(tuple(said)))
    text = f"the kernel did not activate the CMA area {names}: its heap is there and has no memory"
    return Diagnosis(known.here(text), (*said, *zones[:6]), known.fix)

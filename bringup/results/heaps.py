"""What ``bringup heap list`` and ``bringup heap test`` print with ``--json``."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from bringup.results.ion import IonFacts
from bringup.results.run import HeapFacts
from bringup.results.verdict import Verdict

__all__ = ["SCHEMA", "Heaps"]

SCHEMA = "bringup.heaps/1"


class Heaps(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=SCHEMA):
    """The heaps of one board, or what its heap tests found.

    :param heaps: With heap list: those that are there.
    :param ion: With heap list: ION's heaps; null where ION is not there.
    :param verdicts: With heap test: one per heap test and heap.
    """

    heaps: tuple[HeapFacts, ...] | UnsetType = UNSET
    ion: IonFacts | UnsetType | None = UNSET
    verdicts: tuple[Verdict, ...] | UnsetType = UNSET

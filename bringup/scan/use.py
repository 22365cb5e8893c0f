"""One use of ION: one word in one line."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bringup.scan.knowledge.entry import Kind, Owner

__all__ = ["Side", "Status", "Use"]


class Side(enum.StrEnum):
    """Who runs the code that holds the use."""

    USER = "user"
    KERNEL = "kernel"


class Status(enum.StrEnum):
    """What is left to do about a use."""

    TO_DO = "to do"
    #: The replacement stands beside it: the line can go once no kernel has ION.
    MOVED = "moved"
    #: The code uses DMA-BUF heaps, and ION only where a kernel has none.
    WAY_BACK = "way back"
    #: Nobody may edit it: a frozen interface of an older release.
    FROZEN = "frozen"
    #: ION's own code, or a copy of its headers: goes with its users.
    ION_ITSELF = "ION itself"
    TEST = "test"

    @property
    def is_left(self) -> bool:
        """Whether somebody has to change the line: what the exit status 1 stands for."""
        return self in (Status.TO_DO, Status.TEST)


@dataclass(frozen=True, slots=True)
class Use:
    """One word in one line, however many rules see it. Ordered by path, line and column.

    :param path: from the tree, safe to print.
    :param line: counts from 1.
    :param column: of the word, counts characters from 1; 0 in an ELF file.
    :param word: as it stands there (``ION_HEAP_SYSTEM_MASK``, ``/dev/ion``, ``libion``).
    :param rule: the id of the rule that explains it.
    :param kind: what the word is.
    :param owner: whose word it is.
    :param side: whose advice ``replacement`` is.
    :param heap: the heap that replaces it, where one is known: its name, or several separated by ``", "``.
    :param text: the line, shortened, safe to print.
    :param replacement: one or more lines.
    :param ion: a use of ION; else something that goes wrong when ION is replaced.
    :param certain: ``False``: other projects use this name, too, and nothing in the file says whether it is ION's.
    """

    path: str
    line: int
    column: int
    word: str
    rule: str
    kind: Kind
    owner: Owner
    side: Side
    status: Status
    heap: str | None
    text: str
    replacement: str
    ion: bool = True
    certain: bool = True

"""The documents of ``bringup scan``: what was found in a tree, and the rules. See :mod:`bringup.document`."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from bringup.document import Count

__all__ = [
    "Component",
    "Hit",
    "LeftOut",
    "RuleDescription",
    "RuleList",
    "Scan",
    "Side",
    "Status",
    "Unread",
    "count_lines",
]


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


_LEFT = frozenset(status.value for status in Status if status.is_left)


class Hit(Struct, frozen=True):
    """One word in one line, however many rules see it.

    :param path: From the tree. Control characters and bytes that are not UTF-8 are written as \\xNN.
    :param rule: The rule's id. Stable.
    :param text: The line, at most 160 characters of it before escapes.
    :param replacement: One or more lines.
    :param ion: A use of ION; else something that goes wrong when ION is replaced.
    :param column: Of the word, in characters, from 1; 0 in an ELF file.
    :param word: What was found, as it stands there.
    :param kind: What the word is: function, mask, library, …
    :param owner: Whose word it is: ion, or the vendor that added it.
    :param side: Who runs the code: user or kernel. The replacement is for this side.
    :param status: What is left to do about it.
    :param heap: The heap that replaces it, where one is known; several are separated by ", ".
    :param certain: False: other projects use this word, too, and nothing here says whether it is ION's.
    :param component: The name of the component that the file is part of.
    :param fingerprint: The same in every scan, while the line stays what it is and where it is among its like.
    :param suppressed: The reason that somebody gave for leaving it; empty: nobody did.
    :param baseline: With a baseline: new or unchanged; empty: without.
    """

    path: str
    line: Annotated[int, Meta(ge=1)]
    rule: str
    text: str
    replacement: str
    ion: bool
    column: Annotated[int, Meta(ge=0)] = 0
    word: str = ""
    kind: str = ""
    owner: str = ""
    side: str = ""
    status: str = ""
    heap: str | None = None
    certain: bool = True
    component: str = ""
    fingerprint: str = ""
    suppressed: str = ""
    baseline: str = ""

    @property
    def is_left(self) -> bool:
        """Whether somebody has to change the line: a use of ION, not in a way back, and not suppressed."""
        return self.ion and not self.suppressed and self.status in _LEFT


def count_lines(hits: Iterable[Hit], *, but: Iterable[Hit] = ()) -> int:
    """How many uses hits are: a line is one, however many words of ION it has.

    :param but: hits whose lines are counted already.
    """
    return len({(hit.path, hit.line) for hit in hits} - {(hit.path, hit.line) for hit in but})


class Component(Struct, frozen=True):
    """What is built together, and how many uses are in it, by what is left to do. Suppressed uses do not count.

    A line is one use, however many words it has; where something of it is to do, it is to do.

    :param name: With its folder.
    :param kind: Soong module, make module, Kbuild object, project or folder.
    :param owners: From the nearest OWNERS file.
    :param moved: The replacement stands beside the use, or ION is only the way back.
    :param itself: ION's own code and copies of its headers.
    :param test: In tests; they are to do, too.
    """

    name: str
    kind: str
    owners: tuple[str, ...]
    to_do: Count
    moved: Count
    frozen: Count
    itself: Count
    test: Count


class LeftOut(Struct, frozen=True):
    """What was left out on purpose.

    :param count: Files and folders; a folder counts once.
    """

    reason: str
    count: Count


class Unread(Struct, frozen=True):
    """A file that was not read.

    :param outside: It is not part of the tree; else it may hold a use of ION that nobody saw.
    :param baseline: With a baseline: new or unchanged; empty: without.
    """

    path: str
    reason: str
    outside: bool
    baseline: str = ""


class Scan(Struct, frozen=True, tag_field="schema", tag="bringup.scan/1"):
    """Who uses ION in a source tree, and what replaces each use.

    :param tree: The folder, as it was named.
    :param board: The board config whose heaps are named; null: none was asked for.
    :param rules: The ids of the rules that were applied.
    :param files: How many files were searched.
    :param hits: By folder, file and line.
    :param skipped: What was not read. No hits means that nothing uses ION only where all of these are outside.
    :param components: Of the hits, those with most to do first.
    :param left_out: What was left out on purpose.
    :param gone: With a baseline: its hits that are no longer there.
    :param listed: The files came from a list, which may name none.
    """

    tree: str
    board: str | None
    rules: tuple[str, ...]
    files: Annotated[int, Meta(ge=0)]
    hits: tuple[Hit, ...]
    skipped: tuple[Unread, ...]
    components: tuple[Component, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    gone: tuple[Hit, ...] = ()
    listed: bool = False

    @property
    def uses_ion(self) -> bool:
        """Whether somebody has to change at least one line."""
        return any(hit.is_left for hit in self.hits)

    @property
    def complete(self) -> bool:
        """Whether there were files, or a list of none, and each that may use ION was read."""
        return (self.files > 0 or self.listed) and all(unread.outside for unread in self.skipped)


class RuleDescription(Struct, frozen=True):
    """One rule.

    :param id: Stable.
    :param files: The kinds of files it looks at.
    :param ion: Finds uses of ION; else something that goes wrong when ION is replaced.
    :param replacement: In general, in user space; a hit may say more.
    :param kernel: The same, in a driver.
    """

    id: str
    title: str
    files: tuple[str, ...]
    ion: bool
    why: str
    replacement: str
    since: str
    source: str
    kernel: str = ""


class RuleList(Struct, frozen=True, tag_field="schema", tag="bringup.scan-rules/1"):
    """What ``bringup scan`` finds, why, and what replaces it."""

    rules: tuple[RuleDescription, ...]

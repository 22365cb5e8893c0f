"""The documents of ``bringup scan``: what was found in a tree, and the rules. See :mod:`bringup.document`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

__all__ = ["Hit", "RuleDescription", "RuleList", "Scan", "Unread"]


class Hit(Struct, frozen=True):
    """One line that a rule found.

    :param path: From the tree. Control characters and bytes that are not UTF-8 are written as \\xNN.
    :param rule: The rule's id. Stable.
    :param text: The line, at most 160 characters of it before escapes.
    :param replacement: One or more lines.
    :param ion: A use of ION; else something that goes wrong when ION is replaced.
    """

    path: str
    line: Annotated[int, Meta(ge=1)]
    rule: str
    text: str
    replacement: str
    ion: bool


class Unread(Struct, frozen=True):
    """A file that was not read.

    :param outside: It is not part of the tree; else it may hold a use of ION that nobody saw.
    """

    path: str
    reason: str
    outside: bool


class Scan(Struct, frozen=True, tag_field="schema", tag="bringup.scan/1"):
    """Who uses ION in a source tree, and what replaces each use.

    :param tree: The folder, as it was named.
    :param board: The board config whose heaps are named; null: none was asked for.
    :param rules: The ids of the rules that were applied.
    :param files: How many files were read.
    :param hits: By folder, file and line.
    :param skipped: What was not read. No hits means that nothing uses ION only where all of these are outside.
    """

    tree: str
    board: str | None
    rules: tuple[str, ...]
    files: Annotated[int, Meta(ge=0)]
    hits: tuple[Hit, ...]
    skipped: tuple[Unread, ...]

    @property
    def uses_ion(self) -> bool:
        """Whether at least one hit is a use of ION."""
        return any(hit.ion for hit in self.hits)

    @property
    def complete(self) -> bool:
        """Whether every file of the tree that a rule looks at was read."""
        return all(unread.outside for unread in self.skipped)


class RuleDescription(Struct, frozen=True):
    """One rule.

    :param id: Stable.
    :param files: The kinds of files it looks at.
    :param ion: Finds uses of ION; else something that goes wrong when ION is replaced.
    :param replacement: In general; a hit may say more.
    """

    id: str
    title: str
    files: tuple[str, ...]
    ion: bool
    why: str
    replacement: str
    since: str
    source: str


class RuleList(Struct, frozen=True, tag_field="schema", tag="bringup.scan-rules/1"):
    """What ``bringup scan`` finds, why, and what replaces it."""

    rules: tuple[RuleDescription, ...]

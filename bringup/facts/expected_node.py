"""What a heap's node should be: by the board config, or by the board's ueventd.rc."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from bringup.facts.board import HEAP_FOLDER, Facts, UeventdRule

__all__ = ["Promise", "promise_of", "promised_label", "ueventd_rule"]


@dataclass(frozen=True, slots=True)
class Promise:
    """Mode, owner and group of a node, and who says so."""

    rule: UeventdRule
    place: str


def promise_of(facts: Facts, name: str) -> Promise | None:
    """What the node should be: by the board config where it says all three, else by ueventd.rc."""
    heap = facts.config.heap(name) if facts.config else None
    node = heap.node if heap else None
    if node is not None and facts.config is not None and None not in (node.mode, node.owner, node.group):
        path = f"{HEAP_FOLDER}/{name}"
        rule = UeventdRule(path, int(str(node.mode), 8), str(node.owner), str(node.group), facts.config.name)
        return Promise(rule, f"the board config {facts.config.name}")
    found = ueventd_rule(facts, name)
    return None if found is None else Promise(found, found.place)


def promised_label(facts: Facts, name: str | None) -> str | None:
    """The SELinux type that the board config wants the node to have; ``None``: it does not say."""
    heap = facts.config.heap(name) if facts.config and name is not None else None
    return heap.node.label if heap is not None and heap.node is not None else None


def ueventd_rule(facts: Facts, name: str) -> UeventdRule | None:
    """The last line that matches counts, as in ueventd: later files are parsed later and override."""
    path = f"{HEAP_FOLDER}/{name}"
    return next((rule for rule in reversed(facts.ueventd_rules or ()) if _matches(rule.pattern, path)), None)


def _matches(pattern: str, path: str) -> bool:
    return pattern == path or (("*" in pattern or "?" in pattern) and fnmatchcase(path, pattern))

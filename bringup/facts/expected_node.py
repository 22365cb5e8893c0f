"""The mode, owner and label that a heap's node is expected to have, by the board config or the board's ueventd.rc."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from bringup.facts.board import HEAP_FOLDER, Facts, UeventdRule

__all__ = ["ExpectedNode", "expected_label", "expected_node", "ueventd_rule"]


@dataclass(frozen=True, slots=True)
class ExpectedNode:
    """Mode, owner and group that a node is expected to have, and where that is written."""

    rule: UeventdRule
    place: str


def expected_node(facts: Facts, name: str) -> ExpectedNode | None:
    """What is expected of the node: by the board config where it has all three, else by ueventd.rc."""
    heap = facts.config.heap(name) if facts.config else None
    node = heap.node if heap else None
    if node is not None and facts.config is not None and None not in (node.mode, node.owner, node.group):
        path = f"{HEAP_FOLDER}/{name}"
        from_config = UeventdRule(path, int(str(node.mode), 8), str(node.owner), str(node.group), facts.config.name)
        return ExpectedNode(from_config, f"the board config {facts.config.name}")
    rule = ueventd_rule(facts, name)
    return None if rule is None else ExpectedNode(rule, rule.place)


def expected_label(facts: Facts, name: str | None) -> str | None:
    """The SELinux type that the board config expects of the node; ``None``: it does not say."""
    heap = facts.config.heap(name) if facts.config and name is not None else None
    return heap.node.label if heap is not None and heap.node is not None else None


def ueventd_rule(facts: Facts, name: str) -> UeventdRule | None:
    """The last line that matches counts, as in ueventd: later files are parsed later and override."""
    path = f"{HEAP_FOLDER}/{name}"
    return next((rule for rule in reversed(facts.ueventd_rules or ()) if _matches(rule.pattern, path)), None)


def _matches(pattern: str, path: str) -> bool:
    return pattern == path or (("*" in pattern or "?" in pattern) and fnmatchcase(path, pattern))

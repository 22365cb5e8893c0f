"""The mode, owner and label that a heap's node is expected to have: by the board config, else by the board's own rules.

Android's ueventd reads ueventd.rc, another Linux has udev or something like it. What a board config says in Android's
users and groups is not expected of a Linux that has none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from bringup.facts.android_ids import owner_text, uid_of
from bringup.facts.board import HEAP_FOLDER, Facts, UeventdRule
from bringup.facts.udev import udev_node
from bringup.render.udev import is_of_linux
from bringup.text import parse_number

__all__ = ["ExpectedNode", "expected_label", "expected_node", "ids_of", "shown_owner", "ueventd_rule"]


@dataclass(frozen=True, slots=True)
class ExpectedNode:
    """Mode, owner and group that a node is expected to have, and where that is written."""

    rule: UeventdRule
    place: str


def expected_node(facts: Facts, name: str) -> ExpectedNode | None:
    """What is expected of the node: by the board config where it has all three, else by the board's own rules."""
    heap = facts.config.heap(name) if facts.config else None
    node = heap.node if heap else None
    if (
        node is not None
        and facts.config is not None
        and None not in (node.mode, node.owner, node.group)
        and (is_of_linux(node) or not facts.is_other_linux)
    ):
        path = f"{HEAP_FOLDER}/{name}"
        from_config = UeventdRule(path, int(str(node.mode), 8), str(node.owner), str(node.group), facts.config.name)
        return ExpectedNode(from_config, f"the board config {facts.config.name}")
    rule = udev_node(facts, name) if facts.has_udev else ueventd_rule(facts, name)
    return None if rule is None else ExpectedNode(rule, rule.place)


def ids_of(facts: Facts, user: str, group: str) -> tuple[int | None, int | None]:
    """The ids behind a user and a group on this board; ``None`` where one is not known here."""
    if not facts.is_other_linux:
        return uid_of(user), uid_of(group)
    # /etc/passwd is not read: the owner of a node that is not root stays unknown.
    return (
        {"root": 0}.get(user, parse_number(user)),
        ({"root": 0} | facts.groups).get(group, parse_number(group)),
    )


def shown_owner(facts: Facts, uid: int, gid: int) -> str:
    """Owner and group as this board names them, or their numbers."""
    if not facts.is_other_linux:
        return owner_text(uid, gid)
    names = {number: name for name, number in facts.groups.items()}
    return f"{'root' if uid == 0 else uid} {names.get(gid, gid)}"


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

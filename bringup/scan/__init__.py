"""Who still uses ION in a source tree, and what replaces each use."""

from __future__ import annotations

from bringup.scan.rule import Kind, Rule
from bringup.scan.rules import RULES, chosen_rules
from bringup.scan.tree import LARGEST, Hit, Scan, Unread, scan_tree

__all__ = ["LARGEST", "RULES", "Hit", "Kind", "Rule", "Scan", "Unread", "chosen_rules", "scan_tree"]

"""What the shell's completion offers. A module is imported when its names are asked for: completion stays fast."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from bringup.deadline import Deadline
from bringup.errors import BringupError

__all__ = [
    "board_config_names",
    "comparison_formats",
    "explained_ids",
    "fragment_names",
    "heap_test_ids",
    "kconfig_names",
    "profile_names",
    "report_formats",
    "root_policies",
    "scan_format_names",
    "scan_rule_ids",
    "serials",
]


def _offers(module: str, names: Callable[[Any], Iterable[str]]) -> Callable[[str], list[str]]:
    """A function for Typer: those of the names that begin with what was typed.

    :param names: from the module below ``bringup`` to all names.
    """

    def complete(incomplete: str) -> list[str]:
        every = names(importlib.import_module(f"bringup.{module}"))
        return [name for name in every if name.startswith(incomplete)]

    return complete


def _connected(board: Any) -> list[str]:
    """Serials that adb lists now; none when no server runs."""
    with suppress(BringupError):
        transport = board.ServerTransport(board.Selection.from_options().server)
        return [entry.serial for entry in board.list_boards(transport, Deadline.after(0.5))]
    return []


board_config_names = _offers("config.shipped", lambda shipped: shipped.list_configs())
comparison_formats = _offers("report", lambda report: report.comparing_formats())
explained_ids = _offers("checks.explain", lambda explain: (explanation.id for explanation in explain.explained()))
fragment_names = _offers("render.fragments", lambda render: ("all", *(entry.id for entry in render.fragments())))
heap_test_ids = _offers("allocator.manifest", lambda manifest: manifest.heap_tests())
kconfig_names = _offers("kernel.requirements.explain", lambda explain: explain.every_name())
profile_names = _offers("virtual", lambda virtual: (profile.name for profile in virtual.profiles()))
report_formats = _offers("report", lambda report: report.format_names())
root_policies = _offers("board", lambda board: board.RootPolicy)
scan_format_names = _offers("report.scan", lambda report: report.scan_formats())
scan_rule_ids = _offers("scan.rules", lambda rules: (rule.id for rule in rules.RULES))
serials = _offers("board", _connected)

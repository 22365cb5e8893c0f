"""What the shell's completion offers. Each import is inside its function: completion has to stay fast."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

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
    "scan_rule_ids",
    "serials",
]


def _matching(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def board_config_names(incomplete: str) -> list[str]:
    """Board configs."""
    from bringup.config.shipped import list_configs

    return _matching((entry.name for entry in list_configs()), incomplete)


def comparison_formats(incomplete: str) -> list[str]:
    """Formats in which a comparison can be written."""
    from bringup.report import comparing_formats

    return _matching(comparing_formats(), incomplete)


def explained_ids(incomplete: str) -> list[str]:
    """Ids of checks, tests and causes."""
    from bringup.checks.explain import explained

    return _matching((explanation.id for explanation in explained()), incomplete)


def fragment_names(incomplete: str) -> list[str]:
    """Fragments that can be rendered."""
    from bringup.render.fragments import fragments

    return _matching(("all", *(fragment.id for fragment in fragments())), incomplete)


def heap_test_ids(incomplete: str) -> list[str]:
    """Ids of the test allocator's tests."""
    from bringup.allocator.manifest import heap_tests

    return _matching(heap_tests(), incomplete)


def kconfig_names(incomplete: str) -> list[str]:
    """Ids of kernel requirements, and symbols with a known history."""
    from bringup.kernel.history.symbols import symbol_table
    from bringup.kernel.requirements.judge import shipped_requirements

    return _matching((*(requirement.id for requirement in shipped_requirements()), *symbol_table()), incomplete)


def profile_names(incomplete: str) -> list[str]:
    """Profiles of virtual boards."""
    from bringup.virtual import profiles

    return _matching((profile.name for profile in profiles()), incomplete)


def report_formats(incomplete: str) -> list[str]:
    """Formats in which a run can be written."""
    from bringup.report import all_formats

    return _matching(all_formats(), incomplete)


def root_policies(incomplete: str) -> list[str]:
    """What ``--root`` takes."""
    from bringup.board import RootPolicy

    return _matching(RootPolicy, incomplete)


def scan_rule_ids(incomplete: str) -> list[str]:
    """Ids of the rules of ``bringup scan``."""
    from bringup.scan.rules import RULES

    return _matching((rule.id for rule in RULES), incomplete)


def serials(incomplete: str) -> list[str]:
    """Serials that adb lists now; none when no server runs."""
    from bringup.board import Selection, ServerTransport, list_boards

    with suppress(BringupError):
        boards = list_boards(ServerTransport(Selection.from_options().server), Deadline.after(0.5))
        return _matching((board.serial for board in boards), incomplete)
    return []

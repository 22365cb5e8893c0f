"""What the test of each file in ``bringup/checks/suite/`` has: a healthy board, broken boards, and no check without one.

``tests/checks/suite/test_NAME.py`` begins with three tests made of its own boards::

    test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests("NAME", BROKEN)
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bringup.checks.registry import Check, checks
from bringup.config.schema import BoardConfig
from bringup.facts.board import Facts
from bringup.results.verdict import Verdict
from tests.support.said import assert_said, titles
from tests.support.scripted_record import BOARD_CONFIG, ScriptedBoard, broken, files

__all__ = [
    "CMA_USED_UP",
    "NO_CMA",
    "SELINUX",
    "SYSTEM_HEAP_IS_MODULE",
    "Broken",
    "ask",
    "find_check",
    "suite_tests",
    "traced_board",
]

_HEALTHY = "a healthy board"
CMA_USED_UP = "MemTotal:        2014208 kB\nCmaTotal:          65536 kB\nCmaFree:              64 kB\n"
NO_CMA = "MemTotal:        2014208 kB\nCmaTotal:              0 kB\nCmaFree:               0 kB\n"
SELINUX = {"__sys__fs__selinux__enforce": "1"}
SYSTEM_HEAP_IS_MODULE = "CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=m\n"


@dataclass(frozen=True)
class Broken:
    """A board on which a check has an outcome, and the cause it names; ``None``: any or none."""

    what: str
    check: str
    outcome: str
    board: ScriptedBoard
    cause: str | None = None
    config: BoardConfig | None = BOARD_CONFIG


def find_check(id_: str) -> Check:
    """The check with that id, or that makes verdicts with it: ``kconfig`` of ``kconfig.cma``."""
    known = {check.id: check for check in checks()}
    return known.get(id_) or known[id_.partition(".")[0]]


def ask(
    check: str, folder: Path, board: ScriptedBoard | None = None, config: BoardConfig | None = BOARD_CONFIG
) -> list[Verdict]:
    """The verdicts of one check about a scripted board; by default a healthy one."""
    record = (board or ScriptedBoard()).record(folder / "record")
    return list(find_check(check).ask(Facts(record, config, "as the test says")))


def suite_tests(
    file: str, boards: Collection[Broken], *, skips: Collection[str] = (), mixed: Collection[str] = ()
) -> tuple[Callable[..., None], Callable[..., None], Callable[..., None]]:
    """The three tests of the checks in one file of the suite. What is said of each board is in ``tests/said/``.

    :param skips: checks that a healthy board skips, as it has nothing that they are about.
    :param mixed: checks that pass and skip on it.
    """
    ids = [check.id for check in checks() if check.judge.__module__ == f"bringup.checks.suite.{file}"]

    @pytest.mark.parametrize("check", ids)
    def test_a_healthy_board(tmp_path: Path, check: str) -> None:
        verdicts = ask(check, tmp_path)
        assert_said(f"checks/suite/{file}", f"{check}: {_HEALTHY}", verdicts)
        outcomes = {verdict.outcome.value for verdict in verdicts}
        if check in mixed:
            assert "pass" in outcomes
            assert "fail" not in outcomes
        else:
            assert outcomes == ({"skip"} if check in skips else {"pass"})

    @pytest.mark.parametrize("row", boards, ids=lambda row: row.what)
    def test_broken_boards(tmp_path: Path, row: Broken) -> None:
        asked = ask(row.check, tmp_path, row.board, row.config)
        verdicts = [verdict for verdict in asked if verdict.outcome.value == row.outcome]
        assert verdicts, f"no {row.outcome} verdict"
        if row.cause is not None:
            assert row.cause in {verdict.cause.id for verdict in verdicts if verdict.cause}
        if row.outcome == "error":
            assert all(verdict.reason for verdict in verdicts)
        assert_said(f"checks/suite/{file}", f"{row.check}: {row.what}", asked)

    def test_each_check_is_broken() -> None:
        """A check that no board here fails could not fail at all."""
        assert ids, f"no check is in suite/{file}.py"
        assert {row.check for row in boards if row.outcome in ("fail", "warn", "error")} == set(ids)
        assert {*skips, *mixed} <= set(ids)
        rows = {f"{row.check}: {row.what}" for row in boards}
        assert titles(f"checks/suite/{file}") == rows | {f"{check}: {_HEALTHY}" for check in ids}

    return test_a_healthy_board, test_broken_boards, test_each_check_is_broken


def traced_board(*lines: dict[str, Any], counted: int | None = None, area: int = 0) -> ScriptedBoard:
    """A board with these lines; its CMA area begins at the frame ``area``, and its counters grow by ``counted``."""
    debugfs = "/sys/kernel/debug/cma/linux,cma"
    placed = {f"{debugfs}/base_pfn": f"{area}\n", f"{debugfs}/count": "16384\n"} if area else {}
    path = "/sys/kernel/mm/cma/linux,cma/alloc_pages_success"
    before = {} if counted is None else {path: "5\n"}
    after = {} if counted is None else {path: f"{5 + counted}\n"}
    return broken(latencies=list(lines), files=files() | placed | before, files_after=after)

"""Facts of a scripted board, and the lines that a diagnosis gives to fix it."""

from __future__ import annotations

from pathlib import Path

from bringup.config.schema import BoardConfig
from bringup.facts.board import Facts
from bringup.results.verdict import Diagnosis
from tests.support.scripted_record import BOARD_CONFIG, RESERVED, ScriptedBoard
from tests.support.scripted_record import CONFIG as KCONFIG

VIDEO = f"{RESERVED}/video@50100000"
ENFORCING = {"__sys__fs__selinux__enforce": "1"}


def facts(board: ScriptedBoard, folder: Path, config: BoardConfig | None = BOARD_CONFIG) -> Facts:
    return Facts(board.record(folder / "record"), config, "")


def kconfig(**options: str) -> str:
    lines = [line for line in KCONFIG.splitlines() if not any(f"CONFIG_{name}=" in line for name in options)]
    return "\n".join([*lines, *(f"CONFIG_{name}={value}" for name, value in options.items() if value), ""])


def lines_of(why: Diagnosis, file: str) -> list[str]:
    return [line for one in why.changes if one.file == file for line in one.lines]

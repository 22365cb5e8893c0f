"""The published schemas and the classes they are made from. ``python -m tests.support.schemas`` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

import bringup
from bringup.cli.actions.kconfig.each import KconfigOfMany
from bringup.compare.history import SCHEMA as HISTORY
from bringup.compare.history import History
from bringup.compare.runs import SCHEMA as COMPARE
from bringup.compare.runs import Comparison
from bringup.config.listing import ConfigList
from bringup.kernel.history.status import Status
from bringup.kernel.requirements.check import KconfigCheck
from bringup.kernel.requirements.diff import KconfigDiff
from bringup.kernel.requirements.explain import KconfigExplanation, KconfigNames
from bringup.lab.host import Host
from bringup.lab.survey import BoardList
from bringup.report.events import SCHEMA as EVENTS
from bringup.report.events import Event
from bringup.results.budget import Budget
from bringup.results.heaps import SCHEMA as HEAPS
from bringup.results.heaps import Heaps
from bringup.results.holders import HoldersDocument
from bringup.results.run import SCHEMA as RUN
from bringup.results.run import Run
from bringup.results.watch import SCHEMA as WATCH
from bringup.results.watch import WatchLine
from bringup.scan.document import RuleList, Scan
from bringup.virtual.listing import VirtualList
from tests.support.json_schema import json_schema

#: Where each is in the package, and what it is made from: a class, the schema's name, its title.
PUBLISHED: dict[str, tuple[Any, str, str]] = {
    "report/schemas/run-1.json": (Run, RUN, "the verdicts on one or many boards"),
    "report/schemas/compare-1.json": (Comparison, COMPARE, "what differs between two runs"),
    "report/schemas/history-1.json": (History, HISTORY, "what runs found over time"),
    "report/schemas/events-1.json": (Event, EVENTS, "one event of a run while it runs; a line each"),
    "report/schemas/budget-1.json": (
        Budget,
        "bringup.budget/1",
        "the memory that streams need of heaps, and whether a board has it",
    ),
    "report/schemas/heaps-1.json": (Heaps, HEAPS, "the heaps of a board, or what its heap tests found"),
    "report/schemas/holders-1.json": (
        HoldersDocument,
        "bringup.holders/1",
        "which processes hold the buffers of a board",
    ),
    "report/schemas/watch-1.json": (WatchLine, WATCH, "a line of a series of looks at who holds a board's buffers"),
    "scan/schemas/scan-1.json": (Scan, "bringup.scan/1", "who uses ION in a source tree, and what replaces each use"),
    "scan/schemas/scan-rules-1.json": (
        RuleList,
        "bringup.scan-rules/1",
        "what bringup scan finds, why, what replaces it",
    ),
    "kernel/schemas/kconfig-1.json": (KconfigCheck, "bringup.kconfig/1", "a kernel configuration, judged"),
    "kernel/schemas/kconfig-each-1.json": (
        KconfigOfMany,
        "bringup.kconfig-each/1",
        "one of many kernel configurations, judged by itself; a line each",
    ),
    "kernel/schemas/kconfig-diff-1.json": (KconfigDiff, "bringup.kconfig-diff/1", "configurations side by side"),
    "kernel/schemas/kconfig-explain-1.json": (
        KconfigExplanation,
        "bringup.kconfig-explain/1",
        "what is known about a symbol or a requirement",
    ),
    "kernel/schemas/kconfig-names-1.json": (KconfigNames, "bringup.kconfig-names/1", "all names that can be looked up"),
    "kernel/schemas/status-1.json": (
        Status,
        "bringup.status/1",
        "what of DMA-BUF heaps mainline has, and a board's upstream gap",
    ),
    "lab/schemas/boards-1.json": (BoardList, "bringup.boards/1", "the boards that adb lists"),
    "lab/schemas/host-1.json": (Host, "bringup.host/1", "what this host has and lacks"),
    "config/schemas/configs-1.json": (ConfigList, "bringup.configs/1", "the board configs there are"),
    "virtual/schemas/virtual-1.json": (VirtualList, "bringup.virtual/1", "virtual boards, and those that run"),
}
FOLDER = Path(bringup.__file__).parent


def text_of(name: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(json_schema(*PUBLISHED[name]), indent=2, ensure_ascii=False) + "\n"


def published(name: str) -> Any:
    """The schema as it is published."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def closed(schema: Any) -> Any:
    """The schema with no room for a field that it does not name."""
    if isinstance(schema, dict):
        inner = {key: closed(value) for key, value in schema.items()}
        return inner | ({"additionalProperties": False} if "properties" in inner else {})
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


RUN_VALIDATOR = jsonschema.Draft202012Validator(closed(published("report/schemas/run-1.json")))


if __name__ == "__main__":
    for file in PUBLISHED:
        (FOLDER / file).write_text(text_of(file), encoding="utf-8")

"""Which worker runs which tests: all of a module together, and all modules that share many boards or a browser.

Modules that wait for boards begin first: the quick ones fill what is left of the time.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

#: What is shared by a session's tests, by how a module that uses it can be recognised.
SHARED = {
    "boards that stay up": re.compile(r"\bshared_board\b"),
    "Chromium": re.compile(r"\bbrowser: Browser\b"),
}
#: Other modules that take long, the longest first: they boot boards of their own, or check everything at once (the
#: schemas of all of the kernel's bindings take minutes the first time); have native boards; start commands or draw
#: whole runs.
SLOW = (
    re.compile(r"\b(?:amd64_board|fresh_board|healthy_run|booted|running_board|mypy|venv|bindings)\b"),
    re.compile(r"\b(?:make_native_board|native_board)\b"),
    re.compile(r"\b(?:bringup\(|hostile\b)"),
)


class SharingScheduling(LoadScopeScheduling):
    """One unit of work for each module, or for all modules that share something."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(self.config.rootpath / nodeid.partition("::")[0])

    def _assign_work_unit(self, node: WorkerController) -> None:
        next_one = min(self.workqueue, key=_rank)  # of equal ones the first: they are in random order
        self.workqueue.move_to_end(next_one, last=False)
        super()._assign_work_unit(node)


@cache
def unit_of(module: Path) -> str:
    """The unit that a module is run in."""
    text = module.read_text(encoding="utf-8")
    return next((name for name, used in SHARED.items() if used.search(text)), str(module))


@cache
def _rank(unit: str) -> int:
    if unit in SHARED:
        return list(SHARED).index(unit)
    text = Path(unit).read_text(encoding="utf-8")
    slow = next((rank for rank, used in enumerate(SLOW) if used.search(text)), len(SLOW))
    return len(SHARED) + slow

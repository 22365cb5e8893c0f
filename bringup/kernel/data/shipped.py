"""The requirement and symbol files that come with bringup, in a compiled form that loads in a millisecond.

``python -m bringup.kernel.compile`` makes ``compiled.py`` and ``requirements/upstream.json`` from the YAML files in
``requirements/``; a test fails when they disagree.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing costs as much as all of this module
if TYPE_CHECKING:
    from typing import Any

__all__ = ["UPSTREAM", "shipped_data", "shipped_file"]

UPSTREAM = "upstream.json"


def shipped_file(name: str) -> bytes:
    """The content of a compiled file of ``requirements/``."""
    from pathlib import Path

    # Not importlib.resources: bringup is never run from a zip file, and that import takes longer than the whole load.
    return (Path(__file__).parent / name).read_bytes()


def shipped_data() -> dict[str, Any]:
    """``{"requirements": {FILE: [REQUIREMENT…]}, "symbols": {NAME: HISTORY}, …}``, validated when it was compiled."""
    from bringup.kernel.data.compiled import DATA  # Python keeps it in a form that needs no parsing

    return DATA

"""The requirement and symbol files that come with bringup, in the compiled form that loads in a millisecond or two.

``python -m bringup.kernel.compile`` makes ``requirements/compiled.json`` from the YAML files beside it; a test fails
when the two disagree.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

TYPE_CHECKING = False  # importing typing costs as much as all of this module
if TYPE_CHECKING:
    from typing import Any

__all__ = ["COMPILED", "UPSTREAM", "shipped_data", "shipped_file"]

COMPILED = "compiled.json"
UPSTREAM = "upstream.json"


def shipped_file(name: str) -> bytes:
    """The content of a compiled file."""
    # Not importlib.resources: bringup is never run from a zip file, and that import takes longer than the whole load.
    return (Path(__file__).parent / "requirements" / name).read_bytes()


@cache
def shipped_data() -> dict[str, Any]:
    """``{"requirements": {FILE: [REQUIREMENT…]}, "symbols": {NAME: HISTORY}}``, validated when it was compiled."""
    data: dict[str, Any] = json.loads(shipped_file(COMPILED))
    return data

"""The requirement and symbol files that come with bringup, in the compiled form that loads in a millisecond or two.

``python -m bringup.kernel.compile`` makes ``requirements/compiled.json`` from the YAML files beside it; a test fails
when the two disagree.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["COMPILED", "shipped_data"]

COMPILED = "compiled.json"


@cache
def shipped_data() -> dict[str, Any]:
    """``{"requirements": {FILE: [REQUIREMENT…]}, "symbols": {NAME: HISTORY}}``, validated when it was compiled."""
    raw = (resources.files("bringup.kernel") / "requirements" / COMPILED).read_bytes()
    data: dict[str, Any] = json.loads(raw)
    return data

"""The facts about kernels that come with bringup: requirements, symbols, heap names, what is upstream.

People write the YAML files beside this module; ``python -m bringup.kernel.compile`` checks them and writes
``compiled.json``, which loads in a millisecond. A test fails when they disagree.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["COMPILED", "shipped_data"]

COMPILED = Path(__file__).with_name("compiled.json")


@cache
def shipped_data() -> dict[str, Any]:
    """``{"requirements": {FILE: [REQUIREMENT…]}, "symbols": {NAME: HISTORY}, …}``, validated when it was compiled."""
    data: dict[str, Any] = msgspec.json.decode(COMPILED.read_bytes())
    return data

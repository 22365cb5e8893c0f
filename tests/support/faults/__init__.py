"""The table of faults: what can go wrong, produced for real, and what must hold then."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["results_folder", "whole"]


def whole() -> bool:
    """Whether all faults are to be tried, as ``make faults`` does, and not a sample."""
    return results_folder() is not None


def results_folder() -> Path | None:
    """Where each case writes what came of it."""
    folder = os.environ.get("BRINGUP_FAULTS")
    return Path(folder) if folder else None

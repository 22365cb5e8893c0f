"""Checks of one's own: expectations in a YAML file, and plug-ins that are installed beside bringup."""

from __future__ import annotations

from bringup.checks.own.expectations import EXPECTATIONS
from bringup.checks.own.plugins import PLUGINS

__all__ = ["OWN"]

#: Asked after the suite; without a file and without a plug-in they have no verdict.
OWN = (EXPECTATIONS, PLUGINS)

"""The virtual board's faults take minutes: ``make faults`` runs them."""

from __future__ import annotations

from tests.support.faults import whole

collect_ignore = [] if whole() else ["test_virtual_table.py"]

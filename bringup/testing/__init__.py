"""The pytest plug-in: a vendor's own tests on a board, with a deadline, whose results join bringup's report."""

from __future__ import annotations

from bringup.testing.heap import Heap

__all__ = ["Heap"]

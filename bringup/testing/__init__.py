"""The pytest plug-in: a vendor's own tests on a board, with a deadline, whose results join bringup's report."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Heap"]


@dataclass(frozen=True, slots=True)
class Heap:
    """One DMA-BUF heap of the board under test, as a test gets it."""

    name: str

    @property
    def path(self) -> str:
        """Its node."""
        return f"/dev/dma_heap/{self.name}"

    def __str__(self) -> str:
        return self.name

"""Any source of a kernel configuration: boot image, kernel image, each packing, device trees, IKCONFIG, text."""

from __future__ import annotations

from contextlib import suppress

from bringup.errors import BringupError
from bringup.kernel.sources.source import source_from_bytes


def one(data: bytes) -> None:
    with suppress(BringupError):
        source_from_bytes(data, "x")

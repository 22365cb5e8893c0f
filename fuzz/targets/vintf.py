"""A VINTF compatibility matrix."""

from __future__ import annotations

from contextlib import suppress

from bringup.errors import BringupError
from bringup.kernel.requirements.reading.vintf import load_vintf
from fuzz.files import file_of


def one(data: bytes) -> None:
    with suppress(BringupError):
        load_vintf(file_of(data, "matrix.xml"))

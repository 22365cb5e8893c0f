"""A record in one file."""

from __future__ import annotations

import shutil

from bringup.errors import RecordError
from bringup.record.archive import unpack
from fuzz.files import file_of, folder


def one(data: bytes) -> None:
    try:
        unpacked = unpack(file_of(data, "x.tar.zst"))
    except RecordError:
        return
    assert all(path.resolve().is_relative_to(unpacked.resolve()) for path in unpacked.rglob("*"))
    assert not list(folder().glob("*.part"))
    shutil.rmtree(unpacked)

"""The readers of source files."""

from __future__ import annotations

from bringup.scan.language import Language
from bringup.scan.readers.read import read
from bringup.scan.readers.source import Source
from bringup.scan.settle import settle

_LANGUAGES = tuple(Language)


def one(data: bytes) -> None:
    language = _LANGUAGES[data[0] % len(_LANGUAGES)] if data else Language.C
    list(settle([read(Source("x", language, data[1:]))]))

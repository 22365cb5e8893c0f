"""A template of a user's folder."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

from bringup.config.schema import BoardConfig
from bringup.config.shipped import find_config
from bringup.errors import UsageError
from bringup.render.engine import _environment, render
from fuzz.files import file_of

_HEAD = b'{#---\nfragment: fuzzed\ntitle: Fuzzed\noutput: "fuzzed.prop"\nlanguage: properties\n---#}\n'


@cache
def _config() -> BoardConfig:
    return find_config("db845c")


def one(data: bytes) -> None:
    path = file_of(_HEAD + data, "templates/fuzzed.j2")
    _environment.cache_clear()
    with suppress(UsageError):
        render("fuzzed", _config(), dirs=[path.parent])

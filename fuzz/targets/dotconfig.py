"""A ``.config``, a fragment, a defconfig; and the Kconfig language."""

from __future__ import annotations

from contextlib import suppress

from bringup.errors import BringupError
from bringup.kernel.kconfig.expression import BadExpression, parse_expression
from bringup.kernel.kconfig.kconfig_file import read_statements
from bringup.kernel.sources.source import config_from_bytes


def one(data: bytes) -> None:
    with suppress(BringupError):
        config_from_bytes(data, "x")
    text = data.decode("utf-8", "replace")
    with suppress(BringupError):
        list(read_statements(text))
    with suppress(BadExpression):
        parse_expression(text)

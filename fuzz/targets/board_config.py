"""A board config, or a file of requirements."""

from __future__ import annotations

from contextlib import suppress

from bringup.config.load import load_text
from bringup.errors import UsageError
from bringup.kernel.requirements.reading.from_yaml import load_requirements
from fuzz.files import file_of


def one(data: bytes) -> None:
    with suppress(UsageError):
        load_text(data, "x.yaml")
    with suppress(UsageError):
        load_requirements(file_of(data, "requirements.yaml"))

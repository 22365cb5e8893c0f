"""Facts of Android, which no build can fetch: each says in which file and line of which commit it was read, and when."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import msgspec
from ruamel.yaml import YAML

__all__ = ["AndroidFact", "android_facts", "outdated"]

_YEAR = dt.timedelta(days=365)


class AndroidFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact.

    :param text: the line that says so; ``line``: its number, 0 where it was not kept.
    :param used_by: ``module:NAME`` of a pattern, which finds ``example``; or the file of bringup that states the fact.
    """

    id: str
    says: str
    repository: str
    commit: str
    file: str
    text: str
    read: dt.date
    line: int = 0
    used_by: tuple[str, ...] = ()
    example: str = ""

    def __str__(self) -> str:
        return (
            f"{self.id}: {self.repository} {self.commit[:12]} {self.file}:{self.line}, read on {self.read}: {self.says}"
        )


@cache
def android_facts() -> tuple[AndroidFact, ...]:
    """All facts of ``android.yaml``."""
    text = Path(__file__).with_name("android.yaml").read_text("utf-8")
    return msgspec.convert(YAML(typ="safe", pure=True).load(text), tuple[AndroidFact, ...], strict=False)


def outdated(today: dt.date) -> list[AndroidFact]:
    """Those that were read more than a year ago."""
    return [fact for fact in android_facts() if today - fact.read > _YEAR]

"""Uses that somebody decided to leave, each with a reason, in a file of suppressions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from bringup.scan.document import Hit
from bringup.scan.finding.globs import compile_globs
from bringup.text import visible
from bringup.yaml_file import read_file
from bringup.yaml_model import first_of, parsed

__all__ = ["Suppression", "load_suppressions", "reason_for"]

_Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


@cache
def _expression(glob: str) -> re.Pattern[str] | None:
    return compile_globs([glob])


class Suppression(BaseModel):
    """Uses that are left, and why.

    :param path: a glob, as in .gitignore.
    :param rule: the id of a rule; ``None``: every rule.
    :param word: the word; ``None``: every word.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: _Text
    reason: _Text
    rule: _Text | None = None
    word: _Text | None = None

    def covers(self, hit: Hit) -> bool:
        """Whether it is about this use."""
        expression = _expression(self.path)
        return (
            expression is not None
            and expression.fullmatch(hit.path) is not None
            and self.rule in (None, hit.rule)
            and self.word in (None, hit.word)
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    suppressions: tuple[Suppression, ...] = ()


def load_suppressions(path: Path) -> tuple[Suppression, ...]:
    """The suppressions of a YAML file.

    :raises ConfigError: it cannot be read, or something in it is wrong.
    """
    loaded, errors = parsed(read_file(path), _File)
    if loaded is None:
        raise first_of(errors)
    return loaded.suppressions


def reason_for(hit: Hit, suppressions: Sequence[Suppression]) -> str:
    """Why a use is left; empty: it is not."""
    return next((visible(one.reason) for one in suppressions if one.covers(hit)), "")

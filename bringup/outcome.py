"""How a question was answered, and why: the two words that every room which judges shares."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Cause", "Outcome"]


class Outcome(enum.StrEnum):
    """What became of a question.

    FAIL: the board is wrong. ERROR: we could not find out; it is never a pass and never a fail.
    WARN: it works, and something should be known. SKIP: the question does not apply here.
    """

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a question was answered as it was.

    :param id: stable, dotted, e.g. ``kconfig.dmabuf-heaps-unset``.
    :param text: one sentence.
    """

    id: str
    text: str

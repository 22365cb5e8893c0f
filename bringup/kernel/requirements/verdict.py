"""The verdict on one requirement, as it is judged and as documents have it."""

from __future__ import annotations

import enum

from msgspec import Struct

from bringup.document import always_written
from bringup.outcome import Cause, Outcome

__all__ = ["Answer", "KconfigVerdict", "Severity"]


class Severity(enum.StrEnum):
    """What it costs when a requirement does not hold."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    INFORMATIVE = "informative"
    FORBIDDEN = "forbidden"


class Answer(enum.StrEnum):
    """What was found."""

    HOLDS = "holds"
    SET_WRONG = "set wrong"
    NO_SUCH_SYMBOL = "does not exist in this kernel version"
    UNREADABLE = "config not readable"
    UNPROVEN = "present but unproven"
    VERSION_UNKNOWN = "kernel version not known"
    NOT_ASKED = "not asked of this kernel"


class KconfigVerdict(Struct, frozen=True, omit_defaults=True):
    """The verdict on one requirement.

    :param id: The requirement's id; stable.
    :param title: What is required, as a statement.
    :param outcome: A failed requirement is a fail, a recommendation a warn, information a skip.
    :param answer: What was found.
    :param severity: What it costs when the requirement does not hold.
    :param evidence: Configuration lines and facts of the board that show it.
    :param cause: Why it is so; absent where nothing is wrong.
    :param remedy: What to do.
    :param reason: Why it was skipped, or why it is not known.
    :param satisfied_by: What makes it pass: a configuration line, a module, a heap node, a kernel parameter.
    :param symbols: The symbols that the requirement looks at, without CONFIG_.
    :param heap: The heap that depends on it.
    """

    id: str
    title: str
    outcome: Outcome
    answer: Answer
    severity: Severity
    evidence: tuple[str, ...] = always_written()
    cause: Cause | None = None
    remedy: tuple[str, ...] = ()
    reason: str | None = None
    satisfied_by: str | None = None
    symbols: tuple[str, ...] = always_written()
    heap: str | None = None

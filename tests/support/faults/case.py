"""What a row of the table of faults says: the fault, how it is produced, where, in which phases, and how a run ends then."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.faults.stage import Stage

__all__ = ["ALL_PHASES", "OBSERVING", "Ending", "Fault", "Phase", "Where", "each", "nothing"]


class Phase(enum.StrEnum):
    """When the fault strikes."""

    CONNECT = "connect"  # before bringup talks to the board
    PUSH = "push"  # the board was reached; the test allocator is about to be put on it
    OBSERVE = "observe"  # the test allocator was started, and nothing of its answer has come
    RECORD = "record"  # a part of its answer is in the record
    JUDGE = "judge"  # the observation is over
    REPORT = "report"  # the verdicts are there, the reports are not


ALL_PHASES = tuple(Phase)
OBSERVING = (Phase.OBSERVE, Phase.RECORD)


class Ending(enum.StrEnum):
    """How a run with the fault ends. In none of them does anything pass that does not pass without the fault."""

    SAME = "the same verdicts as without it"
    UNKNOWN = "unknown: exit status 3, or 1 where a failure was seen before"
    REFUSED = "exit status 3 before there is a record"
    HOST = "exit status 3: this host is to blame"
    INTERRUPTED = "exit status 130; the record has what was seen"
    KILLED = "killed; the record has what was seen"
    EITHER = "the same verdicts as without it, or exit status 3 before there is a record"
    FINDING = "a finding about the board: exit status 1, or 3"


class Where(enum.StrEnum):
    """What the fault is produced on."""

    NATIVE = "native adbd"
    VIRTUAL = "virtual board"
    STUB = "stub behind a real adb server"


def nothing(_: Stage) -> None:
    """Of a fault that is there before the run begins, or that is taken back by itself."""


@dataclass(frozen=True)
class Fault:
    """One way to produce a row of the table.

    :param row: its number in the list of faults.
    :param name: short and unique.
    :param how: how it is produced, for people.
    :param endings: the phases in which it makes sense, and what comes of it.
    :param strike: produces it.
    :param prepare: what has to be so before the run begins.
    :param heal: takes it back, so that one can see what is left on the board; ``None``: there is no board any more, or
        nothing to take back.
    :param verify: what holds beside what always does, once the run is over.
    :param own_server: the board has an adb server of its own, which may be killed.
    :param uid: as whom the board's adbd runs.
    :param quick: the phases that ``make test`` runs; ``make faults`` runs all.
    """

    row: int
    name: str
    title: str
    how: str
    endings: Mapping[Phase, Ending]
    strike: Callable[[Stage], None]
    where: Where
    prepare: Callable[[Stage], None] = nothing
    heal: Callable[[Stage], None] | None = nothing
    verify: Callable[[Stage], None] = nothing
    own_server: bool = False
    uid: int = 0
    quick: tuple[Phase, ...] = ()


def each(ending: Ending, *phases: Phase, after: Ending | None = Ending.SAME) -> dict[Phase, Ending]:
    """This ending in these phases, and ``after`` where the board is not needed any more."""
    later = {} if after is None else {Phase.JUDGE: after, Phase.REPORT: after}
    return dict.fromkeys(phases, ending) | later

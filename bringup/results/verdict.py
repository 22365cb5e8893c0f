"""A verdict: the answer to one question about a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from bringup.document import Count, always_written
from bringup.outcome import BY_WEIGHT, Cause, Link, Outcome

__all__ = [
    "Alternative",
    "Cause",
    "Change",
    "Diagnosis",
    "Link",
    "Outcome",
    "Repeats",
    "Verdict",
    "as_block",
    "file_by_file",
    "worst_answers",
]


class Change(msgspec.Struct, frozen=True):
    """Whole lines for one file of the board's kernel or image.

    :param file: What kind of file it is, as its path below the folder of fixes: kconfig.fragment, ueventd.rc.
    :param lines: Whole lines.
    """

    file: str
    lines: tuple[str, ...]


def file_by_file(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The same lines with one change per file, files in the order of their first change; no line is in a file twice.

    Of a device tree no change is: its lines stand in brackets that others have, too.
    """
    files: dict[str, dict[tuple[str, ...], None]] = {}
    for change in changes:
        is_tree = change.file.endswith((".dtsi", ".dtso", ".dts"))
        blocks = [change.lines] if is_tree else [(line,) for line in change.lines]
        files.setdefault(change.file, {}).update(dict.fromkeys(blocks))
    return tuple(Change(file, tuple(line for block in blocks for line in block)) for file, blocks in files.items())


def as_block(remedy: Iterable[str], changes: Iterable[Change]) -> tuple[str, ...]:
    """A fix as one block of text lines: words before the lines of files."""
    return (*remedy, *(line for change in changes for line in (f"{change.file}:", *change.lines)))


class Alternative(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another cause that fits what was seen, less likely than the verdict's own.

    :param told_apart_by: What would show which of the causes it is.
    :param remedy: What to do if it is this cause.
    """

    cause: Cause
    told_apart_by: str
    remedy: tuple[str, ...] = ()


class Diagnosis(msgspec.Struct, frozen=True):
    """Why something is as it is.

    :param cause: ``None`` where nothing that was observed shows it.
    :param evidence: what was seen, step by step on the way to the cause.
    :param remedy: what to do, in words.
    :param changes: the lines that fix it.
    :param alternatives: other causes that fit as well, the likelier first.
    """

    cause: Cause | None = None
    evidence: tuple[str, ...] = ()
    remedy: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


class Repeats(msgspec.Struct, frozen=True):
    """What came of a question that was asked again, because the first answer was a fail.

    :param is_flaky: Whether it passed at least once.
    :param outcomes: How often which outcome came, the first one included.
    """

    is_flaky: bool
    outcomes: Mapping[str, Count]


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to one question.

    :param id: The check's id; stable.
    :param title: What was asked, as a statement that holds on a healthy board.
    :param heap: The heap asked about; absent where the question is not about one.
    :param evidence: What was seen, one fact per item.
    :param alternatives: Other causes that fit what was seen, the likelier first.
    :param remedy: What to do in words, one step per item.
    :param changes: The lines that fix it, each with the file it belongs in.
    :param reason: Why it was skipped or could not be answered.
    :param repeats: Of a fail that was asked again: how often it came. The outcome stays the first one.
    """

    id: str
    title: str
    outcome: Outcome
    heap: str | None = None
    evidence: tuple[str, ...] = always_written()
    cause: Cause | None = None
    alternatives: tuple[Alternative, ...] = ()
    remedy: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    reason: str | None = None
    repeats: Repeats | None = None

    @property
    def advice(self) -> tuple[str, ...]:
        """Its own fix as one block of text lines; other heaps with the same cause have theirs."""
        return as_block(self.remedy, self.changes)


def worst_answers(verdicts: Iterable[Verdict]) -> dict[tuple[str, str | None], Outcome]:
    """The outcome by check and heap; where a check has several verdicts about one heap, the worst counts."""
    worst: dict[tuple[str, str | None], Outcome] = {}
    for verdict in verdicts:
        question = (verdict.id, verdict.heap)
        worst[question] = max(worst.get(question, verdict.outcome), verdict.outcome, key=BY_WEIGHT.index)
    return worst

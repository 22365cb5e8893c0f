"""Judging records that are on disk. No board is needed, and nothing here could talk to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bringup import __version__
from bringup.board import is_state
from bringup.checks.judge import judge
from bringup.checks.registry import Question, Role, checks_for
from bringup.config.expectation import Expectation
from bringup.config.match import Match, MatchOutcome
from bringup.config.schema import BoardConfig
from bringup.deadline import now
from bringup.errors import BoardError, BringupError, HostError, UsageError, os_reason
from bringup.facts.board import Facts
from bringup.facts.config_match import match_config
from bringup.facts.ion_equivalence import ion_facts
from bringup.files import read_input
from bringup.lab.apart import Limits, OutOfLimits, apart
from bringup.record.load import Record, load_record
from bringup.render.expected_lines import rendered_names
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Verdict
from bringup.text import shell_word, visible

#: Of one rendered file; the largest has a few KiB.
_MOST_RENDERED = 16 << 20
#: Of judging one record. The largest that a plan can give takes a few seconds.
LIMITS = Limits()

__all__ = [
    "heap_verdicts",
    "judge_fault",
    "judge_folders",
    "judge_record",
    "judge_unusable",
    "judging",
    "matched_facts",
    "rendered_files",
]


def judge_record(
    record: Record,
    configs: Sequence[BoardConfig],
    *,
    named: bool = False,
    name: str | None = None,
    rendered: Path | None = None,
    expectations: Sequence[Expectation] = (),
) -> BoardRun:
    """Judge a record against the config that matches it, or against the one that was named.

    :param expectations: what a file of the user's expects.
    :param rendered: a folder of files rendered for it earlier, or one that holds such a folder for each board config.
    :raises UsageError: there is no such file.
    """
    facts = matched_facts(record, configs, named=named)
    facts.expectations = expectations
    config = facts.matched_config
    files = rendered_files(rendered, config.name) if rendered is not None and config is not None else None
    return judge(facts.against(config, facts.why_config, files), name)


def matched_facts(record: Record, configs: Sequence[BoardConfig], *, named: bool = False) -> Facts:
    """What a record says, against the config that matches it, or against the one that was named."""
    facts = Facts(record)
    match = _match(facts, configs)
    return facts.against(configs[0] if named else match.config, match.explanation)


@contextmanager
def judging(
    configs: Sequence[BoardConfig],
    *,
    named: bool = False,
    rendered: Path | None = None,
    expectations: Sequence[Expectation] = (),
) -> Iterator[Callable[[Path, str | None, str], BoardRun]]:
    """Judge records as :func:`judge_record` does, each in a process of its own: ``(folder, name, serial)``.

    A record on which that takes more than :data:`LIMITS` gets an error verdict. Begin it before there are threads.

    :raises RecordError: from the calls: there is no record.
    :raises UsageError: from the calls: see :func:`judge_record`.
    """

    def judge_one(asked: tuple[Path, str | None]) -> BoardRun:
        folder, name = asked
        record = load_record(folder)
        return judge_record(record, configs, named=named, name=name, rendered=rendered, expectations=expectations)

    with apart(judge_one, LIMITS) as work:

        def judge_within_limits(folder: Path, name: str | None, serial: str) -> BoardRun:
            try:
                return work((folder, name))
            except OutOfLimits as error:
                return judge_fault(serial, error, name)

        yield judge_within_limits


def _match(facts: Facts, configs: Sequence[BoardConfig]) -> Match:
    """The config that matches; none where the record is damaged, which checks report."""
    try:
        return match_config(facts, configs)
    except BringupError as error:
        return Match(MatchOutcome.NONE, (), f"no board config could be chosen: {error}")


def heap_verdicts(record: Record, configs: Sequence[BoardConfig]) -> list[Verdict]:
    """What the test allocator's tests say, and where there is ION, whether each heap is equal to what it replaces."""
    facts = matched_facts(record, configs)
    asked = checks_for(Role.HEAP_TESTS)
    if ion_facts(facts) is not None:
        asked += checks_for(Role.ION_COMPARISON)
    return [verdict for check in asked for verdict in check.ask(facts)]


def rendered_files(folder: Path, board: str) -> dict[str, str]:
    """The files in ``folder``, or in the folder ``board`` in it, that a board can be compared with: path → text.

    :raises UsageError: there is none.
    :raises HostError: one cannot be read.
    """
    place = folder / board if (folder / board).is_dir() else folder
    paths = [name for name in rendered_names(board) if (place / name).is_file()]
    if not paths:
        hint = f"bringup render all --board {board} -o {shell_word(folder)}"
        raise UsageError(f"compare with {folder}", f"no file there was rendered for {board}", hint=hint)
    try:
        return {path: read_input(place / path, _MOST_RENDERED).decode("utf-8", "replace") for path in paths}
    except OSError as error:
        raise HostError(f"read {place}", os_reason(error)) from error


def judge_unusable(error: BoardError) -> BoardRun:
    """A board that adb lists and that could not be used: nothing is known about it: an error, not a pass."""
    (asked,) = checks_for(Role.OBSERVATION)
    state = visible(error.state or "unknown")
    listed = f"adb lists it as '{state}'"
    evidence = [listed] if is_state(state) and listed not in error.seen else []
    why = Question(asked.id, asked.title).unknown(
        f"the board could not be used: {error.seen}", *evidence, remedy=error.hint.splitlines()
    )
    serial = error.board or error.place or "unknown"
    return BoardRun(serial=serial, place=error.place, verdicts=(why,), unusable=state, blame=error.blame)


def judge_fault(serial: str, error: BringupError, record: str | None) -> BoardRun:
    """A board of which nothing can be said, because its record could not be written, read or judged."""
    (asked,) = checks_for(Role.OBSERVATION)
    why = Question(asked.id, asked.title).unknown(str(error), remedy=error.hint.splitlines())
    return BoardRun(serial=serial, verdicts=(why,), record=record)


def judge_folders(
    folders: Sequence[Path],
    configs: Sequence[BoardConfig],
    named: bool = False,
    rendered: Path | None = None,
    expectations: Sequence[Expectation] = (),
) -> Run:
    """Judge records, each against the config that matches it.

    :param named: a person named the one config there is.
    :param rendered: see :func:`judge_record`.
    :raises RecordError: one of the folders is no record.
    """
    with judging(configs, named=named, rendered=rendered, expectations=expectations) as judge_one:
        boards = [judge_one(folder, str(folder), folder.name) for folder in folders]
    return Run(boards=tuple(boards), tool=__version__, started=now())

"""Many runs side by side: what each check answered over time, on each board."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from bringup.document import Count, computed, require_finite, set_computed
from bringup.outcome import Outcome
from bringup.results.run import BoardRun

__all__ = [
    "SCHEMA",
    "BoardHistory",
    "CheckHistory",
    "History",
    "Observed",
    "Timed",
    "TimingHistory",
    "board_name",
    "check_history",
]

SCHEMA = "bringup.history/1"

_GOOD = frozenset({Outcome.PASS, Outcome.WARN})
_ANSWERED = _GOOD | {Outcome.FAIL}
_FORWARDED = re.compile(r"(?:127\.0\.0\.1|localhost):[0-9]{1,5}|emulator-[0-9]{1,5}")


def board_name(board: BoardRun) -> str:
    """What a board is called over many runs: its serial, unless that is a port of this host.

    A virtual board, or one behind a forwarded port, has another port each time: its board config, else its model names
    it.
    """
    if _FORWARDED.fullmatch(board.serial):
        return board.config or board.identity.get("model") or board.serial
    return board.serial


class Observed(msgspec.Struct, frozen=True):
    """One run of one board.

    :param folder: The run's folder.
    :param started: When the run began, ISO 8601 in UTC.
    :param tool: The version of bringup that judged.
    :param kernel: The kernel's release; null where it is unknown.
    """

    folder: str
    started: str
    tool: str
    outcome: Outcome
    kernel: str | None = None


class CheckHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What one check answered over time. Numbers of runs count from 0, the oldest run of the board.

    :param heap: The heap asked about; null where the check is not about one.
    :param outcomes: One per run of the board; null where the run did not ask.
    :param last_good: The last run that passed or warned; null: none.
    :param first_bad: The first run that failed after it, or at all; null where the newest answer is not a fail.
    :param fixed_in: The first run that passed or warned after the last fail; null: nothing failed, or it still fails.
    :param kernels_between: The kernels from the one after the last good run to that of the first bad one, each once.
    :param repeats: How often two answers in a row were about the same kernel.
    :param flips: How many of these differed between fail and not fail.
    :param flaky: Whether any did.
    """

    id: str
    heap: str | None = None
    outcomes: tuple[Outcome | None, ...]
    last_good: Count | None = None
    first_bad: Count | None = None
    fixed_in: Count | None = None
    kernels_between: tuple[str, ...] = ()
    repeats: Count = 0
    flips: Count = 0
    flaky: bool = computed()

    def __post_init__(self) -> None:
        set_computed(self, flaky=self.flips > 0)

    @property
    def newest(self) -> Outcome | None:
        """The outcome in the newest run that asked."""
        return next((outcome for outcome in reversed(self.outcomes) if outcome is not None), None)

    @property
    def is_steady(self) -> bool:
        """Whether every run that asked has the same outcome, and it is neither a fail nor unknown."""
        asked = {outcome for outcome in self.outcomes if outcome is not None}
        return len(asked) < 2 and not asked & {Outcome.FAIL, Outcome.ERROR}


class Timed(msgspec.Struct, frozen=True):
    """One timing in one run, in nanoseconds per call.

    :param run: The number of the run.
    :param low: Where the noise band of the median begins.
    :param high: Where it ends.
    """

    run: Count
    p50: float
    low: float
    high: float

    def __post_init__(self) -> None:
        require_finite(self)


class TimingHistory(msgspec.Struct, frozen=True):
    """One operation of one source at one size over time.

    :param source: As a person names it: system, ION ion_system_heap, limit.
    :param size: Bytes per buffer.
    """

    source: str
    op: str
    size: int
    threads: int
    points: tuple[Timed, ...]


class BoardHistory(msgspec.Struct, frozen=True):
    """One board over time, oldest run first.

    :param board: Its name over all runs: the serial, or the board config where the serial is a port of the host.
    """

    board: str
    runs: tuple[Observed, ...]
    checks: tuple[CheckHistory, ...]
    timings: tuple[TimingHistory, ...] = ()


class History(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=SCHEMA):
    """What runs found over time.

    :param index: The file that these come from.
    :param runs: How many runs it holds, of any board.
    """

    index: str
    runs: Count
    boards: tuple[BoardHistory, ...]


def check_history(
    id: str,  # noqa: A002 - the word of verdicts
    heap: str | None,
    answers: Mapping[int, Outcome],
    runs: Sequence[Observed],
) -> CheckHistory:
    """What one check answered over time.

    :param answers: number of the run → outcome; a run that did not ask has none.
    :param runs: the board's runs, oldest first.
    """
    known = [(number, answers[number]) for number in sorted(answers) if answers[number] in _ANSWERED]
    failed = [number for number, outcome in known if outcome is Outcome.FAIL]
    good = [number for number, outcome in known if outcome in _GOOD]
    still_bad = bool(known) and known[-1][1] is Outcome.FAIL
    last_good = good[-1] if good else None
    first_bad = next((n for n in failed if last_good is None or n > last_good), None) if still_bad else None
    fixed_in = next((n for n in good if n > failed[-1]), None) if failed and not still_bad else None
    repeats = [
        (old, new) for old, new in pairwise(known) if runs[old[0]].kernel is not None and _same_kernel(runs, old, new)
    ]
    return CheckHistory(
        id=id,
        heap=heap,
        outcomes=tuple(answers.get(number) for number in range(len(runs))),
        last_good=last_good,
        first_bad=first_bad,
        fixed_in=fixed_in,
        kernels_between=_kernels(runs, last_good, first_bad),
        repeats=len(repeats),
        flips=sum((old[1] is Outcome.FAIL) != (new[1] is Outcome.FAIL) for old, new in repeats),
    )


_Answer = tuple[int, Outcome]


def _same_kernel(runs: Sequence[Observed], old: _Answer, new: _Answer) -> bool:
    return runs[old[0]].kernel == runs[new[0]].kernel


def _kernels(runs: Sequence[Observed], last_good: int | None, first_bad: int | None) -> tuple[str, ...]:
    """The kernels that may have broken it. None where there was no good run: then any kernel may have."""
    if last_good is None or first_bad is None:
        return ()
    return tuple(dict.fromkeys(_releases(runs[last_good + 1 : first_bad + 1])))


def _releases(runs: Iterable[Observed]) -> Iterator[str]:
    return (run.kernel for run in runs if run.kernel is not None)

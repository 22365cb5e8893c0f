"""A series of looks at a board's buffers: what grows, and whether it is a leak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count as count_from

from bringup.outcome import Outcome
from bringup.results.growth import LAST_SHARE, LEAST_BLOCKS, Growth, growth_of, is_look, least_p, look_share
from bringup.results.watch import GrowthFacts, LeakFound, Look, Series, WatchBegin, WatchEnd

__all__ = ["ERROR_RATE", "SeriesJudge", "judge_again"]

#: How often a leak is reported at most in a whole series where there is none.
ERROR_RATE = 0.01
_ALL = ("", 0, 0)
_Who = tuple[str, int, int]
_Key = tuple[_Who, str | None]


@dataclass(slots=True)
class _Amounts:
    """What one process holds of one exporter's buffers.

    :param share: of the error rate; ``is_first``: it was there at the first look.
    :param blocks: the least of each block that is over; ``least``: of the one under way.
    """

    share: float
    first: int
    is_first: bool
    last: int = 0
    most: int = 0
    blocks: list[int] = field(default_factory=list)
    least: int | None = None
    leak: LeakFound | None = None

    @property
    def is_decided(self) -> bool:
        """Whether the last look could find a leak in so many blocks, at least where nothing else happens."""
        return least_p(len(self.blocks)) <= ERROR_RATE * self.share * LAST_SHARE


class SeriesJudge:
    """Takes looks as they come, and says which processes leak.

    A round is a block. Without rounds a block lasts as long as what processes hold may swing; a block that is not over
    does not count. The look before the first round, and the first round, in which caches fill, do not count either.
    Those that hold buffers at the first look share half of the error rate equally. Of those that come later, the n-th
    has 1/(2n(n+1)) of it.
    """

    def __init__(self, begin: WatchBegin) -> None:
        self._begin = begin
        self._known: dict[_Key, _Amounts] = {}
        self._later = 0
        self._block = 0
        self._looks = 0
        self._at = 0.0
        self._sees_all = True
        self._notes: tuple[str, ...] = ()

    def add(self, look: Look) -> tuple[LeakFound, ...]:
        """Take a look in; the leaks that it shows, each once."""
        held = _held(look)
        self._welcome(held)
        self._looks += 1
        self._at = look.at
        self._sees_all &= look.sees_all
        self._notes = look.notes or self._notes
        found: tuple[LeakFound, ...] = ()
        if self._begin.rounds:
            self._note(held, counts=(look.round or 0) > 1)
            found = self._close_block(look.at) if (look.round or 0) > 1 else ()
        else:
            block = int(look.at // self._begin.swing) if self._begin.swing else self._looks
            if block > self._block:
                found = self._close_block(look.at)
            self._block = block
            self._note(held, counts=True)
        return found

    def end(self, why: str, *, is_whole: bool) -> tuple[tuple[LeakFound, ...], WatchEnd]:
        """The last look's leaks, and the last line.

        :param is_whole: the watch went on for as long as it was to.
        """
        found = tuple(self._test(self._at, is_last=True))
        leaks = any(amounts.leak for amounts in self._known.values())
        watched = [amounts for amounts in self._known.values() if amounts.is_first]
        judged = all(amounts.is_decided for amounts in watched) and self._looks > LEAST_BLOCKS
        is_known = is_whole and judged and self._sees_all
        outcome = Outcome.FAIL if leaks else Outcome.PASS if is_known else Outcome.ERROR
        return found, WatchEnd(
            at=self._at, outcome=outcome, why=why, looks=self._looks, growth=self.growth(), notes=self._notes,
            enough=None if judged else self._enough(min((amounts.share for amounts in watched), default=0.5)),
        )  # fmt: skip

    def _enough(self, share: float) -> float:
        """Rounds or seconds after which a leak of those with this share of the error rate could be found."""
        blocks = next(count for count in count_from(LEAST_BLOCKS) if least_p(count) <= ERROR_RATE * share * LAST_SHARE)
        return blocks + 1 if self._begin.rounds else max(blocks * self._begin.swing, blocks * self._begin.interval)

    def growth(self) -> tuple[GrowthFacts, ...]:
        """What grew or shrank until now, the most growth first."""
        facts = [
            GrowthFacts(
                *who,
                exporter,
                amounts.first,
                amounts.last,
                amounts.most,
                amounts.leak is not None,
                amounts.is_decided,
                amounts.leak.slope if amounts.leak is not None else None,
            )
            for (who, exporter), amounts in self._known.items()
        ]
        return tuple(sorted(facts, key=lambda one: (not one.is_leak, one.before - one.after, one.process, one.pid)))

    def _welcome(self, held: dict[_Key, int]) -> None:
        new = [key for key in held if key not in self._known]
        for key in new:
            if self._looks == 0:
                share = 0.5 / len(new)
            else:
                self._later += 1
                share = 0.5 / (self._later * (self._later + 1))
            before = held[key] if self._looks == 0 else 0
            self._known[key] = _Amounts(share, before, self._looks == 0)

    def _note(self, held: dict[_Key, int], *, counts: bool) -> None:
        for key, amounts in self._known.items():
            amounts.last = held.get(key, 0)
            amounts.most = max(amounts.most, amounts.last)
            if counts:
                amounts.least = amounts.last if amounts.least is None else min(amounts.least, amounts.last)

    def _close_block(self, at: float) -> tuple[LeakFound, ...]:
        for amounts in self._known.values():
            if amounts.least is not None:
                amounts.blocks.append(amounts.least)
            amounts.least = None
        return tuple(self._test(at, is_last=False))

    def _test(self, at: float, *, is_last: bool) -> Iterator[LeakFound]:
        for key, amounts in self._known.items():
            count = len(amounts.blocks)
            if amounts.leak is not None or not amounts.last or not (is_last or is_look(count)):
                continue
            limit = ERROR_RATE * amounts.share * (LAST_SHARE if is_last else look_share(count))
            growth = growth_of(amounts.blocks)
            if growth is not None and growth.is_steady and growth.p <= limit:
                amounts.leak = self._leak(key, amounts, growth, limit, at)
                yield amounts.leak

    def _leak(self, key: _Key, amounts: _Amounts, growth: Growth, limit: float, at: float) -> LeakFound:
        (process, pid, start), exporter = key
        slope = growth.slope if self._begin.rounds or not self._begin.swing else growth.slope / self._begin.swing
        return LeakFound(
            at=at, process=process, pid=pid, start=start, exporter=exporter, p=growth.p, limit=limit,
            slope=round(slope, 3), before=amounts.first, after=amounts.last,
        )  # fmt: skip


def _held(look: Look) -> dict[_Key, int]:
    """Bytes by process and exporter, and by exporter alone, where each buffer counts once."""
    held: dict[_Key, int] = {}
    for share in look.shares:
        key = ((share.process, share.pid, share.start), share.exporter)
        held[key] = held.get(key, 0) + share.bytes
        every = (_ALL, share.exporter)
        held[every] = held.get(every, 0) + share.pss
    return held


def judge_again(series: Series) -> tuple[tuple[LeakFound, ...], WatchEnd]:
    """The leaks of a series, and its last line, as they are judged now."""
    judge = SeriesJudge(series.begin)
    leaks = [leak for look in series.looks for leak in judge.add(look)]
    why = series.end.why if series.end is not None else "the series was cut off"
    last, end = judge.end(why, is_whole=_is_whole(series.end))
    return (*leaks, *last), end


def _is_whole(end: WatchEnd | None) -> bool:
    return end is not None and end.outcome is not Outcome.ERROR

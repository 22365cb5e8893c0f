"""Boards that are watched, simulated: processes whose buffers come and go, and one that leaks."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

from bringup.compare.watching import ERROR_RATE, SeriesJudge
from bringup.results.watch import LeakFound, Look, WatchBegin, WatchedShare

__all__ = ["BUFFER", "HOURS", "begin", "leak_test", "quiet_board", "share"]

BUFFER = 64 << 10
HOURS = 3600.0
#: Of a watch without rounds: seconds between looks, and within which the simulated processes return to their least.
INTERVAL, SWING = 30.0, 300.0
_Amounts = Iterator[int]


def begin(rounds: int = 0, interval: float = INTERVAL, swing: float = SWING) -> WatchBegin:
    """The first line of a series."""
    return WatchBegin(
        at=0, schema="bringup.watch/1", tool="0", serial="simulated", kernel="6.12.1", started="2026-01-01T00:00:00Z",
        interval=interval, swing=swing, rounds=rounds, steps=("true",) if rounds else (), error_rate=ERROR_RATE,
    )  # fmt: skip


def share(name: str, buffers: int, size: int = BUFFER, pid: int = 1) -> WatchedShare:
    """What a process holds."""
    return WatchedShare(pid, 1, name, "system", buffers, buffers * size, buffers * size)


def leak_test(seed: int, leaked: int, rounds: int = 30, processes: int = 20, spread: int = 8) -> list[LeakFound]:
    """What is found in a leak test: after each round every process holds 0 to ``spread`` buffers, at random.

    :param leaked: buffers that the first process keeps per round.
    """
    dice = random.Random(seed)
    judge = SeriesJudge(begin(rounds))
    found: list[LeakFound] = []
    for number in range(rounds + 1):
        held = [dice.randint(0, spread) + (leaked * number if not process else 0) for process in range(processes)]
        shares = tuple(share(f"process{pid}", buffers, pid=pid + 1) for pid, buffers in enumerate(held) if buffers)
        found += judge.add(Look(at=number, round=number, shares=shares))
    return [*found, *judge.end("all rounds", is_whole=True)[0]]


def quiet_board(seed: int, hours: float) -> list[LeakFound]:
    """What is found on a board without a leak that is watched for so long."""
    dice = random.Random(seed)
    kinds: tuple[Callable[[random.Random], _Amounts], ...] = (_noise, _cycle, _crowd, _session, _constant)
    processes = [kind(dice) for kind in kinds for _ in range(4)]
    judge = SeriesJudge(begin())
    found: list[LeakFound] = []
    for number in range(int(hours * HOURS / INTERVAL) + 1):
        held = [next(amounts) for amounts in processes]
        shares = tuple(share(f"process{pid}", buffers, pid=pid + 1) for pid, buffers in enumerate(held) if buffers)
        found += judge.add(Look(at=number * INTERVAL, round=None, shares=shares))
    return [*found, *judge.end("the time is up", is_whole=True)[0]]


def _noise(dice: random.Random) -> _Amounts:
    """Independent from look to look."""
    while True:
        yield int(dice.random() * 16)


def _cycle(dice: random.Random) -> _Amounts:
    """Comes and goes, in one to ten minutes."""
    step = 2 * math.pi / dice.randint(2, 20)
    at = dice.random() * 10
    while True:
        at += step
        yield int(40 + 30 * math.sin(at) + dice.random() * 3)


def _crowd(dice: random.Random) -> _Amounts:
    """Many buffers that live for half a minute to four minutes each: an autoregressive process about 40."""
    keeps = math.exp(-1 / dice.uniform(1, 8))
    drift = 0.0
    while True:
        drift = keeps * drift + math.sqrt(1 - keeps * keeps) * dice.gauss(0, 6)
        yield max(0, round(40 + drift))


def _session(dice: random.Random) -> _Amounts:
    """An app that is used for minutes to hours, with minutes to hours between."""
    usual = dice.choice((10, 40, 240, 1000))
    is_open = dice.random() < 0.5
    while True:
        level = dice.choice((320, 960, 4800)) if is_open else 0
        for _ in range(1 + int(dice.expovariate(1 / usual))):
            yield level + int(dice.random() * 6)
        is_open = not is_open


def _constant(_: random.Random) -> _Amounts:
    while True:
        yield 7

"""Pairs of runs to be compared: recorded ones of virtual boards, and made-up ones."""

from __future__ import annotations

import gzip
from pathlib import Path

from msgspec.structs import replace

from bringup.compare.runs import Comparison, compare
from bringup.document import read_document
from bringup.results.run import BoardRun, Run
from bringup.results.timing import TimingFacts
from bringup.results.verdict import Outcome
from tests.support.report import sample

_RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> Run:
    """A run on a virtual board, as ``bringup run`` wrote it."""
    return read_document(gzip.decompress((_RECORDED / f"{name}.json.gz").read_bytes()), Run)


def regressed() -> Comparison:
    """6.12 with heaps, then Debian's own 6.12, which is built without them."""
    return compare(recorded("arm64-6.12"), recorded("arm64-debian"))


def newer_kernel() -> Comparison:
    """5.10 with ION and heaps, then 6.12 with heaps: nothing regressed."""
    return compare(recorded("arm64-5.10"), recorded("arm64-6.12"))


def timed(run: Run, factors: dict[tuple[str, str], float], passes: int = 12) -> Run:
    """The run with every timing in so many passes; those of (name, op) take so many times as long."""

    def one(timing: TimingFacts) -> TimingFacts:
        factor = factors.get((timing.name, timing.op), 1.0)
        medians = tuple(timing.p50 * factor * (0.97 + 0.06 * at / passes) for at in range(passes))
        ratios = tuple(median / timing.limit_p50 for median in medians) if timing.limit_p50 else ()
        ratio = timing.ratio * factor if timing.ratio else None
        return replace(
            timing,
            p50=timing.p50 * factor,
            low=medians[2],
            high=medians[-3],
            medians=medians,
            ratios=ratios,
            ratio=ratio,
        )

    return replace(run, boards=tuple(replace(board, timings=tuple(map(one, board.timings))) for board in run.boards))


def slower() -> Comparison:
    """Nothing changed but speed: allocating and filling on ``system`` takes longer, copying less."""
    factors = {("system", "alloc"): 1.31, ("system", "fill"): 1.8, ("system", "copy"): 0.72, ("reserved", "read"): 1.2}
    return compare(timed(sample.run(), {}), timed(sample.run(), factors))


def many(boards: int = 60) -> Comparison:
    """Many boards; one of them is in the second run only, and one in the first."""
    before, after = sample.many(boards, seed=1), sample.many(boards, seed=2)
    return compare(replace(before, boards=before.boards[1:]), replace(after, boards=after.boards[:-1]))


def all_of(before: Outcome, after: Outcome) -> Comparison:
    """Every answer of the made-up board changed alike."""

    def run(outcome: Outcome) -> Run:
        board = sample.board()
        changed = tuple(replace(one, outcome=outcome) for one in board.verdicts)
        return Run(boards=(replace(board, verdicts=changed),), tool="0.1.0", started=sample.STARTED)

    return compare(run(before), run(after))


def nothing_in_common() -> Comparison:
    """No board is in both runs."""
    boards = [BoardRun(serial=name, verdicts=sample.board().verdicts) for name in "abc"]
    return compare(
        Run(boards=tuple(boards[:2]), tool="0", started=sample.STARTED),
        Run(boards=tuple(boards[2:]), tool="0", started=sample.STARTED),
    )

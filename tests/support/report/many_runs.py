"""Runs of one made-up board over time, from a line of marks per check. No board ever said any of this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bringup.outcome import Outcome
from bringup.results.run import BoardRun, Run
from bringup.results.timing import TimingFacts
from bringup.results.verdict import Verdict

_OUTCOMES = {".": Outcome.PASS, "w": Outcome.WARN, "F": Outcome.FAIL, "?": Outcome.ERROR, "s": Outcome.SKIP}


def runs_of(
    marks: Mapping[str, str],
    kernels: Sequence[str | None],
    *,
    serial: str = "made-up-1",
    alloc_ns: Sequence[float] = (),
) -> list[Run]:
    """One run per kernel.

    :param marks: check, or "check heap" → one mark per run, as ``bringup history`` prints them; a space: not asked.
    :param alloc_ns: the median of allocating 1 MiB from system, per run.
    """
    return [_run(marks, number, kernel, serial, alloc_ns) for number, kernel in enumerate(kernels)]


def _run(marks: Mapping[str, str], number: int, kernel: str | None, serial: str, alloc_ns: Sequence[float]) -> Run:
    verdicts = []
    for name, line in marks.items():
        check, _, heap = name.partition(" ")
        if line[number] != " ":
            verdicts.append(Verdict(check, "A check", _OUTCOMES[line[number]], heap or None, reason="made up"))
    timings = (_timing(alloc_ns[number]),) if alloc_ns else ()
    board = BoardRun(serial=serial, kernel=kernel, config="made-up", verdicts=tuple(verdicts), timings=timings)
    return Run(boards=(board,), tool="0", started=f"2026-11-{number + 1:02}T10:00:00Z")


def _timing(p50: float) -> TimingFacts:
    return TimingFacts(
        source="heap", name="system", flags=0, op="alloc", size=1 << 20, threads=1, samples=100, p50=p50, p95=p50,
        p99=p50, max=p50, medians=(p50,) * 6, low=p50 * 0.95, high=p50 * 1.05, confidence=0.97,
    )  # fmt: skip

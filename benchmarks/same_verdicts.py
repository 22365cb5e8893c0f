"""The whole of the test allocator on every heap of a virtual board, again and again: the same verdicts each time?

python benchmarks/same_verdicts.py [--count 20] [PROFILE…]

Every run is an observation of its own, judged by itself, on one board that stays up: all tests on all heaps (ION's,
too), where their pages lie, and how much of them can be had. Exit status 1 where a run ends in `error` or `fail`, or
two runs differ.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bringup.board import Board, Heartbeat, Selection, Target, reach
from bringup.causes.known.complaints import KERNEL_CPU_STARVED
from bringup.checks.judge import judge
from bringup.deadline import Deadline
from bringup.facts.board import Facts
from bringup.lab.booting import booted_board
from bringup.outcome import Outcome
from bringup.record.load import Record, load_record
from bringup.record.observe import Observation, observe
from bringup.results.verdict import Verdict

PROFILES = ("amd64", "arm64-debian", "arm64-16k", "arm64-5.10", "arm64-6.12", "arm64-7.x")
_RUN_SECONDS = 600.0
#: A busy host lets an emulated board that lives be silent for long.
_PATIENT = Heartbeat(quiet=2, answer=60)
#: The checks that judge what was tried, and not what a config promises.
_ABOUT = (
    "allocator",
    "pages.",
    "exhaustion.",
    "dmabuf.statistics",
    "board.observed",
    "kernel.complaints",
    "cma.exhausted",
)

Verdicts = dict[tuple[str, str], tuple[str, str]]


@dataclass
class Series:
    """What the runs on one board gave."""

    verdicts: list[Verdicts] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def differing(self) -> list[str]:
        """Tests that did not end the same way each time, with what they gave how often."""
        keys = sorted({key for one in self.verdicts for key in one})
        found = []
        for key in keys:
            outcomes = Counter(one.get(key, ("missing", ""))[0] for one in self.verdicts)
            if len(outcomes) > 1:
                seen = {text for one in self.verdicts if (text := one.get(key, ("", ""))[1])}
                counts = ", ".join(f"{n} {name}" for name, n in outcomes.items())
                found.append(f"{' '.join(key)}: {counts}: {sorted(seen)}")
        return found

    def bad(self) -> list[str]:
        """What failed or could not be found out, in any run."""
        told = {
            f"{' '.join(key)}: {outcome}: {seen}"
            for one in self.verdicts
            for key, (outcome, seen) in one.items()
            if outcome in ("fail", "error")
        }
        return sorted(told)


def verdicts_of(record: Record) -> Verdicts:
    """All verdicts about how the heaps behave."""
    return {
        (one.heap or "", one.id): (_outcome(one), "; ".join((*one.evidence, *filter(None, (one.reason,)))))
        for one in judge(Facts(record)).verdicts
        if one.id.startswith(_ABOUT)
    }


def _outcome(verdict: Verdict) -> str:
    """Its outcome. That the host was too busy for its emulator says nothing of the board."""
    is_of_the_host = verdict.cause is not None and verdict.cause.id == KERNEL_CPU_STARVED.id
    return Outcome.PASS if is_of_the_host else verdict.outcome


def one_run(board: Board, folder: Path) -> tuple[Verdicts, float]:
    """The verdicts of an observation; seconds that the tests took on the board."""
    error = observe(board, folder, Observation(rounds=0, seconds=_RUN_SECONDS))
    record = load_record(folder)
    verdicts = verdicts_of(record)
    if error is not None:
        verdicts["", "the observation"] = ("error", str(error))
    return verdicts, sum(one.ns for one in record.results) / 1e9


def repeat(profile: str, count: int) -> Series:
    """Boot the board once and run `count` times."""
    series = Series()
    server = Selection.from_options().server
    with booted_board(profile, server) as booted:
        deadline = Deadline.after(_RUN_SECONDS)
        board = Board.open(reach(server, deadline), Target(booted.serial), deadline, heartbeat=_PATIENT)
        for number in range(count):
            with tempfile.TemporaryDirectory(prefix="bringup-") as scratch:
                verdicts, seconds = one_run(board, Path(scratch, "record"))
            series.verdicts.append(verdicts)
            series.seconds.append(seconds)
            lost = verdicts.get(("", "the observation"), ("", ""))[1]
            print(f"  run {number + 1}: {seconds:.1f} s{lost and f'; {lost}'}", file=sys.stderr, flush=True)
    return series


def tell(profile: str, series: Series) -> bool:
    """Print it; whether it is as it has to be."""
    first = series.verdicts[0]
    heaps = sorted({heap for heap, _ in first})
    counts = Counter(outcome for outcome, _ in first.values())
    same = len(series.verdicts) - len([one for one in series.verdicts if one.keys() != first.keys()])
    differing, bad = series.differing(), series.bad()
    told = ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "no heap to test"
    print(f"{profile}: heaps {', '.join(heaps) or 'none'}; {told}")
    print(
        f"  {same} of {len(series.verdicts)} runs asked the same, {len(differing)} verdicts differ; "
        f"on the board median {statistics.median(series.seconds):.2f} s, most {max(series.seconds):.2f} s a run"
    )
    known = sorted({f"{key[0]} {key[1]}: {seen}" for key, (outcome, seen) in first.items() if outcome == "warn"})
    for line in [*differing, *bad, *known]:
        print(f"    {line}")
    return not differing and not bad and same == len(series.verdicts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", default=PROFILES)
    parser.add_argument("--count", type=int, default=20)
    options = parser.parse_args()
    good = True
    for profile in options.profiles:
        began = time.monotonic()
        good = tell(profile, repeat(profile, options.count)) and good
        took, load = time.monotonic() - began, os.getloadavg()[0]
        print(f"  {took:.0f} s with the boot, {os.cpu_count()} host CPUs, load {load:.1f}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

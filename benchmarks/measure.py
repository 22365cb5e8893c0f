"""Interleaved timing: A B A B …, by wall clock, after a warm-up; what counts is the ratio of medians."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["Goal", "interleave", "report", "save"]

Samples = dict[str, list[float]]


def interleave(runs: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 2) -> Samples:
    """Seconds of each run, taken in turn."""
    samples: Samples = {name: [] for name in runs}
    for number in range(warm_up + rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            took = time.perf_counter() - began
            if number >= warm_up:
                samples[name].append(took)
    return samples


class Goal:
    """``ours`` takes at most ``limit`` times as long as ``theirs``."""

    def __init__(self, ours: str, theirs: str, limit: float) -> None:
        self.ours, self.theirs, self.limit = ours, theirs, limit


def report(title: str, samples: Samples, goals: list[Goal]) -> int:
    """Print medians, 95th percentiles and the ratios asked for; 1 where a goal is missed."""
    print(f"\n{title}")
    for name, seconds in samples.items():
        p95 = sorted(seconds)[max(0, -(-len(seconds) * 95 // 100) - 1)]
        median = statistics.median(seconds)
        print(f"  {name:34} median {median * 1e3:9.2f} ms   p95 {p95 * 1e3:9.2f} ms   n {len(seconds)}")
    missed = 0
    for goal in goals:
        ratio = statistics.median(samples[goal.ours]) / statistics.median(samples[goal.theirs])
        met = ratio <= goal.limit
        missed += not met
        word = "met" if met else "MISSED"
        print(f"  {goal.ours} / {goal.theirs}: {ratio:.3f} (goal ≤ {goal.limit:g}) {word}")
    return int(missed > 0)


def save(samples: Samples, path: Path) -> None:
    """Raw samples as JSON lines."""
    lines = (json.dumps({"run": name, "seconds": one}) for name, many in samples.items() for one in many)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

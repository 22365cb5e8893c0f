"""The benchmark on a terminal."""

from __future__ import annotations

import io

from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace
from rich.console import Console

from bringup.report.benchmark import summary
from bringup.report.bounded import shown
from bringup.results.run import BoardRun, Run
from bringup.results.timing import TimingFacts, UntimedFacts
from tests.support.report import hostile


def printed(board: BoardRun) -> str:
    text = io.StringIO()
    Console(file=text, width=160).print(summary(board))
    return text.getvalue()


def timing(op: str, p50: float, source: str = "heap", **more: object) -> TimingFacts:
    facts = TimingFacts(
        source=source, name="system" if source == "heap" else "", flags=0, op=op, size=65536, threads=1,
        samples=200, p50=p50, p95=2 * p50, p99=3 * p50, max=4 * p50, medians=(p50,) * 10,
        low=0.9 * p50, high=1.1 * p50, confidence=0.9785, overhead=0.012,
    )  # fmt: skip
    return replace(facts, **more)


def test_times_stand_beside_the_limit() -> None:
    heap = timing("alloc", 41_200.0, limit="memfd + memset", ratio=1.73, ratio_low=1.6, ratio_high=1.8, mb_per_s=1590.0)
    board = BoardRun(serial="s", verdicts=(), timings=(heap, timing("fill", 8000.0, "limit", mb_per_s=8192.0)))
    text = printed(board)
    assert "64 KiB" in text
    for figure in ("41.2 µs", "1.7×", "10%", "82.4 µs", "124 µs", "165 µs", "8,192", "97.9%", "1.2%"):
        assert figure in text, figure


def test_what_was_not_measured_says_why() -> None:
    board = BoardRun(serial="s", verdicts=(), untimed=(UntimedFacts("heap", "linux,cma", 0, 1 << 26, 1, "needs more"),))
    assert printed(board).splitlines() == ["nothing was measured", "not measured: linux,cma, 64 MiB: needs more"]


def test_too_few_passes_are_reported() -> None:
    assert "take more passes" in printed(
        BoardRun(serial="s", verdicts=(), timings=(timing("alloc", 9.0, confidence=0.75),))
    )


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(hostile.runs)
def test_whatever_a_board_says_is_printed_as_text(run: Run) -> None:
    for board in shown(run).boards:
        assert "\x1b" not in printed(board)

"""A thousand boards of sixty checks: rendering, the page's size, comparing two such runs, and the page in Chromium.

Rendering and comparing are measured as CPU seconds over those that a bare ``python -c pass`` takes, in turn with it.
Long tasks are what the browser's own PerformanceObserver calls so (50 ms and more of the page's main thread by the wall
clock); of several rounds the best counts, because whatever else a machine does only adds to them.
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bringup.compare.runs import compare
from bringup.report import find_format, rendered
from bringup.report.comparison.terminal import summary
from bringup.results.run import Run
from tests.support.report import sample
from tests.support.report.browser import Browser

BOARDS, CHECKS, ROUNDS = 1000, 60, 3
#: How many times the CPU of a bare start of Python each may take.
RENDER_STARTS, COMPARE_STARTS = 100, 70
SIZE, LONG_TASK_MS = 6_000_000, 100.0

_WATCH = (
    "window.longTasks = []; new PerformanceObserver((list) => { for (const one of list.getEntries())"
    " longTasks.push(one.duration); }).observe({ type: 'longtask', buffered: true });"
)
_SETTLE = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 150)))"
_OPEN = 'document.querySelector(`details[data-board="500"]`).open = true'
_STEPS: dict[str, str] = {
    "load": "",
    **{f"scroll {number}": "scrollBy(0, 700)" for number in range(1, 9)},
    "jump to the middle": "scrollTo(0, document.body.scrollHeight / 2)",
    "open a board": f"{_OPEN}; document.querySelector(`details[data-board='500']`).scrollIntoView()",
    "find": "const one = document.getElementById('find'); one.value = '7'; one.dispatchEvent(new Event('input'))",
    "sort": "document.querySelectorAll('.matrix .sort')[3].click()",
}


def _cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process and of its children."""
    began = sum(os.times()[:4])
    work()
    return sum(os.times()[:4]) - began


def _starts(work: Callable[[], object]) -> float:
    """How many bare starts of Python it takes: the ratio of medians, both measured in turn."""
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(_cpu_seconds(work))
        bare.append(_cpu_seconds(_twenty_starts) / 20)
    return statistics.median(ours) / statistics.median(bare)


def _twenty_starts() -> None:
    """As many as the clock of CPU seconds, of 10 ms, can tell apart."""
    for _ in range(20):
        subprocess.run([sys.executable, "-c", "pass"], check=True)


def _report(word: str, value: float, limit: float, unit: str) -> int:
    met = value <= limit
    print(f"  {word:44} {value:10,.2f} {unit:3} (goal ≤ {limit:g}) {'met' if met else 'MISSED'}")
    return int(not met)


def _long_tasks(page: Path, profile: Path) -> dict[str, float]:
    """The longest long task of each step, the best of all rounds; 0: none."""
    best: dict[str, float] = {}
    browser = Browser(profile)
    try:
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _WATCH})
        browser.look(1180)
        for _ in range(ROUNDS):
            browser.open(page)
            for name, step in _STEPS.items():
                browser.js(step)
                browser.driver.execute_async_script(_SETTLE)
                worst = max(browser.js("return longTasks.splice(0)"), default=0.0)
                best[name] = min(worst, best.get(name, worst))
    finally:
        browser.close()
    return best


def _measure(name: str, make: Callable[..., Run]) -> int:
    print(f"\nmany boards: {BOARDS:,} boards × {CHECKS} checks, {name}")
    before, after = make(BOARDS, CHECKS, seed=1), make(BOARDS, CHECKS, seed=2)
    render = find_format("html").render
    text = render(before)
    missed = _report("render the page", _starts(lambda: render(before)), RENDER_STARTS, "×")
    missed += _report("size of the page", len(text.encode()) / 1e6, SIZE / 1e6, "MB")
    console = Console(file=io.StringIO(), width=100)
    starts = _starts(lambda: console.print(summary(compare(before, after))))
    missed += _report("compare with another such run", starts, COMPARE_STARTS, "×")
    found = compare(before, after)
    missed += _report("the page of that", _starts(lambda: rendered(found, "html")), RENDER_STARTS, "×")
    missed += _report("its size", len(rendered(found, "html").encode()) / 1e6, SIZE / 1e6, "MB")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(text, encoding="utf-8")
        tasks = _long_tasks(page, Path(folder, "profile"))
    scrolls = [value for step, value in tasks.items() if step.startswith("scroll")]
    kept = {step: value for step, value in tasks.items() if not step.startswith("scroll")}
    # The browser parses a file in one go; the goal is for what a person then does on the page.
    print(f"  {'longest task: load (no goal)':44} {kept.pop('load'):10,.2f} ms")
    for step, value in {**kept, "scroll by 700 px, the worst of 8": max(scrolls)}.items():
        missed += _report(f"longest task: {step}", value, LONG_TASK_MS, "ms")
    return int(missed > 0)


def main() -> int:
    """Measure a usual spread of outcomes, and the most that a page can get."""
    usual = _measure("a usual spread of outcomes", sample.many)
    return _measure("every check failing somewhere, no two facts equal", sample.wild) | usual


if __name__ == "__main__":
    sys.exit(main())

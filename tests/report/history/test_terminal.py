"""The history on a terminal: the worst first, one mark per run, and nothing of a board's own that a terminal obeys."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bringup.compare.history import History
from bringup.lab.run_index import HistoryFilter, RunIndex
from bringup.report.history.story import State
from bringup.report.history.terminal import summary
from tests.support.report.many_runs import runs_of


def printed(history: History, *, every_check: bool = False) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=160, color_system=None).print(summary(history, every_check=every_check))
    assert "\x1b" not in out.getvalue()
    return [line.rstrip() for line in out.getvalue().splitlines()]


def history(
    tmp_path_factory: pytest.TempPathFactory,
    marks: dict[str, str],
    kernels: list[str | None],
    serial: str = "made-up-1",
    alloc_ns: tuple[float, ...] = (),
) -> History:
    folder = tmp_path_factory.mktemp("index")
    index = RunIndex(folder / "index")
    for number, run in enumerate(runs_of(marks, kernels, serial=serial, alloc_ns=alloc_ns)):
        index.add(run, folder / f"run-{number}")
    return index.history(HistoryFilter())


def test_the_worst_comes_first_and_what_never_changed_is_counted(tmp_path_factory: pytest.TempPathFactory) -> None:
    marks = {"b.good": "....", "c.fixed": "F...", "a.flaky x": ".F..", "d.fails": "..FF", "e.unknown": "...?"}
    kernels: list[str | None] = ["6.12.1", "6.12.2", "6.12.2", "6.12.4"]
    lines = printed(history(tmp_path_factory, marks, kernels, alloc_ns=(1e6, 1e6, 1e6, 2e6)))
    assert lines[0] == "made-up-1: 4 runs, 2026-11-01 to 2026-11-04, kernel 6.12.1 → 6.12.4"
    states = [line.split()[0] for line in lines if line.startswith("  ") and line.split()[0] in set(State)]
    assert states == ["fails", "flaky", "unknown", "fixed"]
    (fails,) = [line for line in lines if line.startswith("  fails")]
    assert fails.endswith("..FF")
    since = lines[lines.index(fails) + 1].strip()
    assert since.startswith(
        "last good: 2026-11-02 10:00, kernel 6.12.2, run-1; first bad: 2026-11-03 10:00, kernel 6.12.2"
    )
    assert any("flaky: 1 of 1 repeat on one kernel" in line for line in lines)
    assert "  1 check passed or did not apply, each time the same" in lines
    assert any(line.startswith("  system 1 MiB alloc: 1 ms → 2 ms") for line in lines)


def test_all_shows_what_never_changed_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = printed(history(tmp_path_factory, {"b.good": ".."}, ["1", None]), every_check=True)
    assert any(line.startswith("  steady") and line.endswith("..") for line in lines)
    assert lines[0].endswith("kernel 1")


def test_no_run_fits(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert "none of them" in printed(History(index="x", runs=3, boards=()))[0]


def test_a_board_writes_nothing_of_its_own_to_the_terminal(tmp_path_factory: pytest.TempPathFactory) -> None:
    evil = "\x1b[31mred\u202e\n"
    lines = printed(history(tmp_path_factory, {f"x {evil}": "F"}, [evil], serial=evil))
    assert any("\\x1b[31mred" in line for line in lines)

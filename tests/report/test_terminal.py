"""The terminal's summary: the same story in 24 lines."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bringup.report.terminal import summary
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Cause, Outcome, Verdict
from tests.support.report import sample


def printed(run: Run, width: int = 80, *, color: bool = False) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=color, color_system="standard" if color else None).print(summary(run))
    return out.getvalue()


def crowded() -> Run:
    """More findings than there is room for, each with long texts."""
    verdicts = tuple(
        Verdict(f"a.{n}", "t" * 200, Outcome.FAIL, cause=Cause(f"c.{n}", "long " * 80), remedy=("r" * 200, "s"))
        for n in range(40)
    )
    return Run(
        boards=(BoardRun(serial="s" * 300, verdicts=verdicts, kernel="k" * 300),), tool="0", started=sample.STARTED
    )


@pytest.mark.parametrize("width", [80, 60, 50])
@pytest.mark.parametrize(
    "run", [sample.run(), sample.healthy(), sample.many(30), crowded(), Run(boards=(), tool="0", started="")]
)
def test_it_fits_a_screen_with_two_lines_and_the_prompt_below(run: Run, width: int) -> None:
    lines = printed(run, width).splitlines()
    assert len(lines) <= 21
    assert all(len(line) <= width for line in lines)


def test_a_failing_heap_test_has_its_own_reason() -> None:
    lines = printed(sample.one_failing("allocator.zero.reuse"), 160).splitlines()
    assert any("allocator.zero.reuse  why: One app could read the camera frame of another" in one for one in lines)


def test_it_says_which_board_the_outcome_and_what_comes_first() -> None:
    lines = [line.rstrip() for line in printed(sample.run()).splitlines()]
    assert lines[:7] == [
        "made-up-board-7  Made-Up Board 7  6.12.57-made-up  config made-up-board",
        "This board cannot be used yet: 3 of 46 checks fail.",
        "Fix first: CONFIG_DMABUF_HEAPS_CMA is not set in the running kernel.",
        "",
        "        fail  error  warn  pass  skip",
        "checks     3      2     2    39    14",
        "",
    ]
    assert " ".join(lines[8].split()) == "fix: CONFIG_CMA=y (and 3 more lines)"


def test_many_boards_are_counted_as_boards() -> None:
    text = printed(sample.many(30))
    assert text.startswith("30 boards\n")
    assert "boards " in text


def test_what_has_no_room_is_counted() -> None:
    assert "… and 35 more findings: see the report" in printed(crowded())


def test_color_only_where_the_console_has_it() -> None:
    assert "\x1b[" not in printed(sample.run())
    assert "\x1b[1;31m" in printed(sample.run(), color=True)

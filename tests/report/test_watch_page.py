"""The page of a series, and the part of a run's page about streams."""

from __future__ import annotations

from html.parser import HTMLParser

from msgspec.structs import replace

from bringup.config.stream_text import parse_stream
from bringup.facts.budget import BudgetQuestion, budget_of
from bringup.report.html.page import render
from bringup.report.html.watch import render_watch
from bringup.results.watch import Look, Series
from tests.support.report import sample
from tests.support.simulated_watch import begin, share


class Elements(HTMLParser):
    """Which elements a page has, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def series(name: str, leaked: int, rounds: int = 30) -> Series:
    looks = (
        Look(at=float(number), round=number, shares=(share(name, 4 + leaked * number, pid=412),))
        for number in range(rounds + 1)
    )
    return Series(begin(30), tuple(looks), None)


def test_a_leak_is_named_with_its_figures_and_drawn() -> None:
    page = Elements(render_watch(series("camera", 1)))
    assert "camera (412): leaks 64 KiB of system per round: 256 KiB at first, 1.312 MiB now" in page.text
    assert page.tags.count("polyline") == 2
    assert "one is reported in at most 1% of such watches" in page.text


def test_the_axes_have_round_figures() -> None:
    looks = tuple(
        Look(at=600.0 * number, round=None, shares=(share("camera", 4 + number, pid=412),)) for number in range(31)
    )
    page = Elements(render_watch(Series(begin(), looks, None)))
    assert {"0 B", "1 MiB", "2 MiB", "3 MiB", "hours", "2.5", "5"} <= set(page.text.splitlines())


def test_a_hostile_process_name_is_text() -> None:
    name = "<script>alert(1)</script>\x1b[31m\u202e"
    page = render_watch(series(name, 1))
    assert name not in page
    assert "\x1b" not in page
    assert Elements(page).tags.count("script") == Elements(render_watch(series("x", 1))).tags.count("script")


def test_nothing_to_draw_is_said() -> None:
    page = Elements(render_watch(series("camera", 0, rounds=0)))
    assert "too few looks" in page.text
    assert "polyline" not in page.tags


def test_a_run_shows_what_its_streams_need() -> None:
    streams = (parse_stream("preview=1920x1080:NV12:6@linux,cma", 1), parse_stream("1M:4", 2))
    run = sample.run()
    board = replace(run.boards[0], budget=budget_of(BudgetQuestion(streams)))
    page = Elements(render(replace(run, boards=(board,))))
    assert "Memory for streams" in page.text
    assert "1920x1080 NV12: stride 1920, 1080 lines" in page.text
    assert "18 MiB" in page.text
    assert "Memory for streams" not in Elements(render(run)).text

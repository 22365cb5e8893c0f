"""Whatever a board sends, every format can be read back, and no control character gets out."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from bringup.document import read_document
from bringup.report import all_formats, find_format
from bringup.report.terminal import summary
from bringup.results.run import Run
from bringup.text import visible
from tests.support.documents import without_surrogates
from tests.support.report import hostile, parsers
from tests.support.report.hostile import CONTROLS

hard = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def render(name: str, run: Run) -> str:
    text = find_format(name).render(run)
    assert not CONTROLS.search(text)
    assert text.encode("utf-8")
    return text


@hard
@given(hostile.runs)
def test_json_reads_back_equal(run: Run) -> None:
    assert read_document(render("json", run), Run) == without_surrogates(run)


@settings(hard, max_examples=15)
@given(st.one_of(hostile.runs, hostile.crowds))
def test_html_gains_no_element_shows_each_board_and_reads_back_equal(run: Run) -> None:
    page = parsers.page(render("html", run))
    shown = " ".join(page.text.split())
    assert all(" ".join(visible(board.serial).split()) in shown for board in run.boards if len(board.serial) < 30)
    assert page.run == without_surrogates(run)
    assert page.scripts == 2
    assert page.comments == 0
    assert page.elements <= parsers.ELEMENTS
    assert not [
        name for name in page.attributes if name.startswith("on") or name in ("style", "src", "srcset", "action")
    ]
    assert all(re.match(r"#|https?://", href) for href in page.hrefs)
    assert len(page.ids) == len(set(page.ids))
    assert {href[1:] for href in page.hrefs if href.startswith("#")} <= set(page.ids)


@hard
@given(hostile.runs)
def test_junit_keeps_every_verdict(run: Run) -> None:
    suites = parsers.junit(render("junit", run))
    assert [suite.name for suite in suites] == [visible(board.serial) for board in run.boards]
    for suite, board in zip(suites, run.boards, strict=True):
        assert [case.outcome for case in suite.cases] == [
            "pass" if one.outcome.value == "warn" else one.outcome.value for one in board.verdicts
        ]


@hard
@given(hostile.runs)
def test_ktap_keeps_every_verdict(run: Run) -> None:
    boards = parsers.ktap(render("ktap", run))
    assert len(boards) == len(run.boards)
    for (outcome, results), board in zip(boards, run.boards, strict=True):
        assert outcome == parsers.KTAP_WORD[board.outcome]
        assert results == [parsers.KTAP_WORD[one.outcome] for one in board.verdicts]


@hard
@given(hostile.runs)
def test_markdown_gains_no_markup(run: Run) -> None:
    marks = parsers.markdown(render("md", run))
    assert not marks.links
    assert not marks.images
    assert marks.html <= {"<!-- -->"}
    assert not marks.emphasis
    assert not re.search(r"[@#!]\w", marks.prose)


@hard
@given(hostile.runs)
def test_the_terminal_gets_text_only(run: Run) -> None:
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=False).print(summary(run))
    assert not CONTROLS.search(out.getvalue().replace("\n", ""))


def test_markup_of_rich_is_printed_as_it_is() -> None:
    out = io.StringIO()
    Console(file=out, width=120, force_terminal=True).print(
        summary(hostile.one_line_of("[bold]x[/bold] [link=http://y]z"))
    )
    assert "[bold]x[/bold] [link=http://y]z" in out.getvalue()
    assert "\x1b]8" not in out.getvalue()


@pytest.mark.parametrize("name", sorted(all_formats()))
@pytest.mark.parametrize("unit", ["A", "\x1b", "<", "`", "\n", "\ud800"], ids=["A", "ESC", "lt", "tick", "nl", "half"])
def test_a_line_of_a_megabyte_breaks_nothing_and_is_cut(name: str, unit: str) -> None:
    for run in (hostile.one_fact_of(unit * 1_000_000), hostile.one_line_of(unit * 50_000)):
        text = render(name, run)
        limit = {"md": 65_536, "junit": 1_000_000, "ktap": 1_000_000}.get(name)
        assert limit is None or len(text) < limit

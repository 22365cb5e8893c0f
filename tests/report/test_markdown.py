"""Markdown: what stands in a pull request."""

from __future__ import annotations

import pytest

from bringup.report import find_format
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict
from tests.support.report import parsers, sample


def md(run: Run) -> str:
    return find_format("md").render(run)


def one(verdict: Verdict) -> Run:
    return Run(boards=(BoardRun(serial="s", verdicts=(verdict,)),), tool="0", started=sample.STARTED)


def test_the_sentence_comes_first_then_counts_and_findings() -> None:
    text = md(sample.run())
    first = r"CONFIG\_DMABUF\_HEAPS\_CMA is not set in the running kernel."
    answer = "This board cannot be used yet: 3 of 46 checks fail."
    assert text.splitlines()[:3] == ["## FAIL: `made-up-board-7`", "", f"{answer} **Fix first:** {first}"]
    marks = parsers.markdown(text)
    assert marks.headings == ["h2", *["h3"] * 5]
    assert marks.tables == [5, 5]
    assert "CONFIG_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_DMABUF_HEAPS_CMA=y\nCONFIG_CMA_SIZE_MBYTES=64\n" in marks.fences


def test_a_failing_heap_test_has_its_own_reason() -> None:
    text = md(sample.one_failing("allocator.share.socket"))
    assert "Why: That is how Android shares buffers" in text
    assert "Look first: A heap's driver that frees buffers" in text


def test_a_board_on_which_all_passes_needs_three_lines() -> None:
    text = md(sample.healthy())
    assert "This board can be used: all 39 checks passed, 14 did not apply." in text
    assert "###" not in text


def test_many_boards_are_a_table_worst_first() -> None:
    marks = parsers.markdown(md(sample.many(100)))
    assert len(marks.tables) == 31
    assert set(marks.tables) == {7}
    assert "70 more boards" in marks.prose


@pytest.mark.parametrize("fact", ["a`b", "``", "`", "a ``` b", " x ", "a|b", "x\ny"])
def test_a_fact_is_a_code_span_whatever_is_in_it(fact: str) -> None:
    codes = parsers.markdown(md(one(Verdict("a.b", "t", Outcome.FAIL, evidence=(fact,))))).codes
    assert " ".join(fact.split()) in [code.replace("\\|", "|").strip() for code in codes]


def test_a_remedy_with_a_fence_stays_one_block() -> None:
    remedy = ("```", "rm -rf /", "````")
    fences = parsers.markdown(md(one(Verdict("a.b", "t", Outcome.FAIL, remedy=remedy)))).fences
    assert fences == ["```\nrm -rf /\n````\n"]


def test_it_fits_a_comment_and_says_what_it_left_out() -> None:
    verdicts = tuple(Verdict(f"a.{index}", "t" * 300, Outcome.FAIL, evidence=("e" * 300,) * 8) for index in range(100))
    text = md(Run(boards=(BoardRun(serial="s", verdicts=verdicts),), tool="0", started=sample.STARTED))
    assert 50_000 < len(text) < 65_536
    assert "more, which do not fit here" in text

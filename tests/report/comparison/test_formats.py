"""A comparison in each of its formats: it says what changed, reads back, and no text of a board breaks it."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings

from bringup.compare.runs import Change, Comparison, compare
from bringup.compare.timings import Timing
from bringup.document import read_document
from bringup.errors import RecordError, UsageError
from bringup.report import all_formats, comparing_formats, rendered, write_report
from bringup.report.comparison.story import headline
from bringup.report.comparison.timing_chart import timing_charts
from bringup.report.load import load_document, load_report
from bringup.results.run import Run
from bringup.results.verdict import Outcome
from bringup.text import visible
from tests.support.documents import plain, without_surrogates
from tests.support.report import compared, hostile, parsers, sample
from tests.support.report.hostile import CONTROLS

SCHEMA = xmlschema.XMLSchema(Path(parsers.__file__).with_name("junit-10.xsd"))
PAIRS: dict[str, Callable[[], Comparison]] = {
    "regressed": compared.regressed,
    "newer kernel": compared.newer_kernel,
    "slower": compared.slower,
    "many": compared.many,
    "nothing": compared.nothing_in_common,
    "lost": lambda: compared.all_of(Outcome.PASS, Outcome.ERROR),
}
hard = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def render(name: str, found: Comparison) -> str:
    text = rendered(found, name)
    assert not CONTROLS.search(text)
    assert text.encode("utf-8")
    return text


@hard
@given(hostile.comparisons)
def test_json_reads_back_equal(found: Comparison) -> None:
    assert read_document(render("json", found), Comparison) == without_surrogates(found)


@settings(hard, max_examples=20)
@given(hostile.comparisons)
def test_html_gains_no_element_and_reads_back_equal(found: Comparison) -> None:
    page = parsers.page(render("html", found))
    assert page.comparison == without_surrogates(found)
    assert page.scripts == 2
    assert page.comments == 0
    assert page.elements <= parsers.ELEMENTS
    assert not [
        name for name in page.attributes if name.startswith("on") or name in ("style", "src", "srcset", "action")
    ]
    assert all(href.startswith("#") for href in page.hrefs)
    assert len(page.ids) == len(set(page.ids))
    assert {href[1:] for href in page.hrefs} <= set(page.ids)


@pytest.mark.parametrize(("before", "after"), [(9e10, 2.2e-313), (5e-324, 1.7e308), (2.2e-313, 2.3e-313)])
def test_times_that_nobody_measured_are_drawn_too(before: float, after: float) -> None:
    """Their ratio is beyond what a float holds."""
    timing = Timing("b", "system", 4096, before, after, before_low=0.0, after_high=after)
    (drawing,) = timing_charts([timing], [], several=False)
    (row,) = drawing.rows
    assert all(math.isfinite(one) for one in (*row.before, *row.after, row.at))


@hard
@given(hostile.comparisons)
def test_markdown_gains_no_markup(found: Comparison) -> None:
    text = render("md", found)
    marks = parsers.markdown(text)
    assert not marks.links
    assert not marks.images
    assert marks.html <= {"<!-- -->"}
    assert not marks.emphasis
    assert not re.search(r"[@#!]\w", marks.prose)
    assert len(text) < 65_536


@hard
@given(hostile.comparisons)
def test_junit_fails_for_what_got_worse_and_for_nothing_else(found: Comparison) -> None:
    text = render("junit", found)
    SCHEMA.validate(text)
    cases = [case for suite in parsers.junit(text) for case in suite.cases]
    worse = sum(one.change is Change.REGRESSED for one in found.differences) + sum(one.slower for one in found.timings)
    assert sum(case.outcome == "fail" for case in cases) == worse
    if any((found.compared, found.differences, found.timings)):
        unknown = sum(one.is_unanswered for one in found.differences)
        unknown += len(found.untimed) + len(found.still_unknown) + len(found.only_before)
        assert sum(case.outcome == "error" for case in cases) == unknown
        assert (found.outcome is Outcome.ERROR) is (unknown > 0 and worse == 0)


@pytest.mark.parametrize("name", ["html", "md", "junit", "json"])
@pytest.mark.parametrize("unit", ["A", "\x1b", "<", "`", "\n", "\ud800"], ids=["A", "ESC", "lt", "tick", "nl", "half"])
def test_a_text_of_a_megabyte_breaks_nothing_and_is_cut(name: str, unit: str) -> None:
    before, after = hostile.one_line_of("x"), hostile.one_line_of(unit * 50_000)
    text = render(name, compare(before, after))
    limit = {"md": 65_536, "junit": 200_000}.get(name)
    assert limit is None or len(text) < limit
    if name == "html":
        body = re.sub(r"<script.*?</script>|<style>.*?</style>", "", text, flags=re.DOTALL)
        assert len(body) < 200_000


def test_the_formats_for_comparisons_are_among_those_for_runs() -> None:
    assert list(comparing_formats()) == ["html", "json", "junit", "md"]
    with pytest.raises(UsageError, match="csv is for runs only") as raised:
        rendered(compared.slower(), "csv")
    assert raised.value.hint == "a comparison can be written as: html, json, junit, md"
    assert set(comparing_formats()) < set(all_formats())


@pytest.mark.parametrize("name", ["html", "json"])
@pytest.mark.parametrize("pair", PAIRS)
def test_what_was_written_is_read_back(pair: str, name: str, tmp_path: Path) -> None:
    found = PAIRS[pair]()
    file = write_report(found, name, tmp_path)
    assert load_document(file) == found
    with pytest.raises(RecordError, match="a comparison of two runs, not a run"):
        load_report(file)


@pytest.mark.parametrize("damage", [('"differences"', '"diferences"'), ('"regressed"', '"worse"'), ("}", "")])
def test_a_damaged_comparison_is_refused(damage: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "compare.json"
    file.write_text(rendered(compared.regressed(), "json").replace(*damage), encoding="utf-8")
    with pytest.raises(RecordError, match=r"not a bringup\.compare/1 document"):
        load_document(file)


def test_a_comparison_of_an_earlier_version_is_read() -> None:
    data = plain(compared.slower())
    for name in ("unchanged_timings", "untimed", "facts", "compared", "same", "before", "after"):
        del data[name]
    for one in data["timings"]:
        for name in ("before_low", "before_high", "after_low", "after_high", "decidable"):
            del one[name]
    found = read_document(json.dumps(data), Comparison)
    for name in comparing_formats():
        render(name, found)
    assert found.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("pair", "outcome", "answer"),
    [
        ("regressed", Outcome.FAIL, "8 verdicts got worse; 119 verdicts vanished; 3 verdicts became skipped."),
        (
            "newer kernel",
            Outcome.ERROR,
            "It is unknown whether something regressed: 256 verdicts vanished; 1 verdict became skipped.",
        ),
        ("slower", Outcome.FAIL, "15 timings got slower; 2 verdicts could not be answered."),
        ("nothing", Outcome.ERROR, "Nothing was compared: no board is in both runs."),
        (
            "lost",
            Outcome.ERROR,
            "It is unknown whether something regressed: 60 verdicts became unknown.",
        ),
    ],
)
def test_the_first_sentence(pair: str, outcome: Outcome, answer: str) -> None:
    found = PAIRS[pair]()
    assert found.outcome is outcome
    told = headline(found)
    assert told.answer == answer
    assert bool(told.first) is (pair != "nothing")
    for text in (parsers.page(render("html", found)).text, parsers.markdown(render("md", found)).prose):
        assert answer in " ".join(text.replace("\0", "").split())


def test_a_missing_board_is_no_clean_pass() -> None:
    found = compare(sample.many(3), sample.many(2))
    assert found.outcome is Outcome.ERROR
    assert "1 board of the first run missing" in headline(found).answer
    missing = parsers.junit(render("junit", found))[-1]
    assert (missing.name, [case.outcome for case in missing.cases]) == ("made-up-0002", ["error"])


def test_what_is_unknown_in_both_runs_is_said() -> None:
    found = compared.all_of(Outcome.ERROR, Outcome.ERROR)
    answer = "It is unknown whether something regressed: 60 verdicts could not be answered."
    assert headline(found).answer == answer
    for name in ("html", "md", "junit"):
        assert "60 verdicts could not be answered, and had no answer in the first run" in render(name, found)


def test_recorded_boards_that_regressed() -> None:
    """6.12 with heaps, then a kernel without: one cause for five answers, what mends it, and the options behind it."""
    found = compared.regressed()
    page = parsers.page(render("html", found))
    (first, *_) = [text for level, text in page.headings if level == 3]
    assert "DMABUF_HEAPS is off, so there is no /dev/dma_heap at all" in first
    assert {"regressed/heap.folder", "regressed/heap.expected/system", "facts/heap/system"} <= set(page.ids)
    assert "holds: CONFIG_DMABUF_HEAPS=y" in page.text
    assert "CONFIG_DMABUF_HEAPS_SYSTEM=y" in "".join(parsers.markdown(render("md", found)).fences)
    (suite,) = parsers.junit(render("junit", found))
    failed = [case for case in suite.cases if case.outcome == "fail"]
    assert len(failed) == 8
    assert failed[0].message.startswith("regressed: pass before, fail now: DMABUF_HEAPS is off")


def test_recorded_boards_that_did_not_regress() -> None:
    found = compared.newer_kernel()
    page = parsers.page(render("html", found))
    assert "No verdict got worse." in page.text
    facts = {"facts/board/kernel", "facts/heap/ion_ion_system_heap", "facts/memory_region/video@50000000"}
    assert facts <= set(page.ids)
    cases = [case.outcome for suite in parsers.junit(render("junit", found)) for case in suite.cases]
    assert "fail" not in cases


def test_timings_are_drawn_with_both_noise_bands_and_the_test_is_named() -> None:
    found = compared.slower()
    reserved, system = sorted(
        timing_charts(found.timings, found.unchanged_timings, several=False), key=lambda one: one.title
    )
    assert (system.title, reserved.title) == ("system", "reserved")
    assert [row.style for row in system.rows] == ["slower"] * 10 + ["faster"] * 5
    for row in (*system.rows, *reserved.rows):
        left, long = row.before
        assert left <= system.unity <= left + long
        assert row.after[0] <= row.at <= row.after[0] + row.after[1]
        assert (row.at > system.unity) == (row.style == "slower")
    text = parsers.page(render("html", found)).text
    assert "Decided by: exact Mann-Whitney rank test" in text
    assert "at most 1 in 100 pairs of runs shows a change" in text
    assert "time now ÷ before" in text


def test_a_board_is_named_wherever_there_are_several() -> None:
    found = compared.many(60)
    assert (found.only_before, found.only_after) == (("made-up-0059",), ("made-up-0000",))
    page = parsers.page(render("html", found))
    for one in found.differences:
        assert visible(one.board) in page.text
    assert "Only in the first run, so compared with nothing: made-up-0059." in page.text
    assert {href for href in page.hrefs if href.startswith("#regressed/")}


@pytest.mark.parametrize("pair", PAIRS)
def test_the_page_loads_nothing_and_its_headings_have_no_gap(pair: str) -> None:
    text = render("html", PAIRS[pair]())
    assert text.startswith("<!DOCTYPE html>\n")
    assert "default-src 'none'; style-src 'sha256-" in text.replace("&#39;", "'")
    assert not re.search(r"url\(|@import|\bsrc=|<link|<iframe|\bfetch\(", text)
    levels = [level for level, _ in parsers.page(text).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("run", [sample.many, sample.wild])
def test_a_thousand_boards(run: Callable[[int, int, int], Run]) -> None:
    found = compare(run(1000, 60, 1), run(1000, 60, 2))
    assert len(render("html", found).encode()) <= 6_000_000
    assert len(render("md", found)) < 65_536

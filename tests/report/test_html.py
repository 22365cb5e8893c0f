"""The page as a file: complete in itself, well-formed, of bounded size, and the same names for the same things."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import time
from collections.abc import Callable

import pytest

from bringup.checks.run import BoardRun, HeapFacts, LatencyFacts, Run
from bringup.checks.verdict import Cause, Outcome, Verdict
from bringup.report import find_format
from bringup.report.html.latency import HEIGHT, WIDTH, plots

from . import hostile, parsers, sample

RUNS: dict[str, Callable[[], Run]] = {
    "one": sample.run,
    "healthy": sample.healthy,
    "few": lambda: sample.many(4),
    "many": lambda: sample.many(30),
    "none": lambda: Run((), "0", sample.STARTED),
}


def html(run: Run) -> str:
    return find_format("html").render(run)


def one(*verdicts: Verdict, **fields: object) -> Run:
    return Run((BoardRun("s", verdicts, **fields),), "0", sample.STARTED)


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_loaded_from_anywhere(name: str) -> None:
    text = html(RUNS[name]())
    assert not re.search(
        r"url\(|@import|@font-face|\bsrc=|<link|<iframe|<object|\bfetch\(|XMLHttpRequest|import\(", text
    )
    assert text.startswith("<!DOCTYPE html>\n")


@pytest.mark.parametrize("name", RUNS)
def test_the_policy_allows_exactly_what_stands_in_the_page(name: str) -> None:
    text = html(RUNS[name]())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert " style=" not in text


@pytest.mark.parametrize("name", RUNS)
def test_headings_do_not_skip_a_level(name: str) -> None:
    levels = [level for level, _ in parsers.page(html(RUNS[name]())).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("name", RUNS)
def test_every_table_has_a_caption_and_scopes(name: str) -> None:
    tree = parsers.page(html(RUNS[name]())).tree
    ns = "{http://www.w3.org/1999/xhtml}"
    for table in tree.iter(f"{ns}table"):
        assert "".join(table.find(f"{ns}caption").itertext()).strip()
        assert all(cell.get("scope") in ("col", "row") for cell in table.iter(f"{ns}th"))


def test_the_order_of_the_page() -> None:
    page = parsers.page(html(sample.run()))
    second = [text.strip() for level, text in page.headings if level == 2]
    assert second == ["Board", "Heaps", "Findings", "The rest", "Latency", "Timeline"]
    text = " ".join(page.text.split())
    assert text.index("This board cannot be used yet: 3 of 46 checks fail.") < text.index("Serial")
    third = [text for level, text in page.headings if level == 3]
    assert ["fail" in one for one in third] == [True, True, False, False, False]


def test_a_finding_has_evidence_cause_and_remedy() -> None:
    text = " ".join(parsers.page(html(sample.run())).text.split())
    assert "kconfig.dmabuf-heaps-cma-unset # explains 2 checks" in text
    assert "/proc/config.gz: # CONFIG_DMABUF_HEAPS_CMA is not set" in text
    assert "What to change CONFIG_CMA=y CONFIG_DMA_CMA=y CONFIG_DMABUF_HEAPS_CMA=y" in text


def test_a_pass_and_a_skip_stand_with_their_reasons() -> None:
    text = " ".join(parsers.page(html(sample.run())).text.split())
    assert "39 passed" in text
    assert "14 skipped, each with its reason" in text
    assert text.count("the heap has no node") == 13


def test_names_of_findings_stay_the_same_when_others_come_and_go() -> None:
    (board,) = sample.run().boards
    fewer = Run((BoardRun(board.serial, board.verdicts[2:]),), "9.9", "2027-01-01T00:00:00+00:00")
    ids = set(parsers.page(html(fewer)).ids)
    assert {
        f"made-up-board-7/{name}" for name in ("heap.mode/system", "because/ueventd.heap-mode/system", "boot.same")
    } <= ids


def test_unknown_heap_facts_are_said_to_be_unknown() -> None:
    heaps = (HeapFacts("a", True), HeapFacts("b", False), HeapFacts("c", True, "cma", 0o640, "0:0", tests={"odd": 2}))
    text = " ".join(parsers.page(html(one(heaps=heaps))).text.split())
    assert "a not known not known not known none not run not measured" in text
    assert "b absent: there is no /dev/dma_heap/b" in text
    assert "c cma 0640 0:0 none 2 odd not measured" in text


@pytest.mark.parametrize(
    ("line", "links"),
    [
        ("see https://lkml.org/a(b).", ["https://lkml.org/a(b"]),
        ("<https://a.example/x?y=1&z='2'> and http://b.example/", ["https://a.example/x?y=1&z=", "http://b.example/"]),
        ("javascript:alert(1) //x data:text/html,x file:///etc/passwd", []),
    ],
)
def test_only_web_addresses_in_remedies_become_links(line: str, links: list[str]) -> None:
    run = one(Verdict("a.b", line, Outcome.FAIL, evidence=(line,), cause=Cause("c", line), remedy=(line,)))
    assert [href for href in parsers.page(html(run)).hrefs if not href.startswith("#")] == links


def test_boards_that_share_a_finding_are_told_its_remedy_once() -> None:
    run = Run(tuple(sample.board(serial) for serial in ("x", "y", "z")), "0", sample.STARTED)
    text = html(run).partition('id="bringup-run"')[0]
    assert text.count("CONFIG_CMA_SIZE_MBYTES=64") == 1
    assert text.count("stands with the findings of all boards") == 3 * 4


def test_the_matrix_has_the_worst_on_top_and_leaves_out_what_is_fine() -> None:
    verdicts = [Verdict("fine", "t", Outcome.PASS), Verdict("bad", "t", Outcome.PASS)]
    good = BoardRun("good", tuple(verdicts))
    bad = BoardRun("bad", (verdicts[0], Verdict("bad", "t", Outcome.PASS), Verdict("bad", "t", Outcome.FAIL, heap="x")))
    text = html(Run((good, bad), "0", sample.STARTED))
    rows = re.findall(r'<th scope="row">.*?<a href="#(.*?)">.*?</th>(.*?)</tr>', text)
    assert rows == [("bad", "<td class=f>F"), ("good", "<td>·")]
    assert "1 check passed or was skipped on every board" in text


def test_two_boards_of_one_serial_have_names_of_their_own() -> None:
    page = parsers.page(html(Run((sample.board("x"), sample.board("x")), "0", sample.STARTED)))
    assert len(page.ids) == len(set(page.ids))
    assert {"x", "x~2"} <= set(page.ids)


def test_one_board_of_sixty_verdicts_stays_small() -> None:
    assert 50 <= len(sample.verdicts()) <= 70
    assert len(html(sample.run()).encode()) <= 400_000


def test_a_chatty_board_stays_readable() -> None:
    verdicts = tuple(Verdict(f"a.{n}", "t", Outcome.PASS, evidence=("line " * 1000,) * 20) for n in range(60))
    text = html(one(*verdicts))
    assert len(text.encode()) < 6_000_000
    assert parsers.page(text).run == one(*verdicts)


@pytest.mark.parametrize("run", [sample.many, sample.wild])
def test_a_thousand_boards_of_sixty_checks(run: Callable[[int], Run]) -> None:
    boards = run(1000)
    assert sum(len(board.verdicts) for board in boards.boards) == 60_000
    html(sample.run())
    began = time.process_time()
    text = html(boards)
    assert time.process_time() - began <= 3
    assert len(text.encode()) <= 6_000_000


def test_plots_share_their_axes_and_stay_inside() -> None:
    drawn = plots(sample.board().heaps)
    assert len(drawn) == 2
    assert drawn[0].y_ticks == drawn[1].y_ticks
    assert [label for _, label in drawn[0].x_ticks] == ["4 KiB", "64 KiB", "1 MiB", "4 MiB"]
    assert [label for _, label in drawn[0].y_ticks] == ["100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms"]
    for plot in drawn:
        for curve in plot.curves:
            assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in curve.points)
            assert [y for _, y in curve.points] == sorted((y for _, y in curve.points), reverse=True)
        labels = sorted(curve.label_y for curve in plot.curves)
        assert all(after - before >= 12 for before, after in itertools.pairwise(labels))


@pytest.mark.parametrize("size", [0, 4096, 10**18])
@pytest.mark.parametrize("time_", [-1, 0, 1, 10**30])
def test_a_plot_of_nonsense_is_still_drawn(size: int, time_: int) -> None:
    (plot,) = plots([HeapFacts("x", True, latency=(LatencyFacts(size, 0, *[time_] * 6),))])
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for curve in plot.curves for x, y in curve.points)


def test_the_summary_of_a_plot_says_what_it_shows() -> None:
    (plot, _) = plots(sample.board().heaps)
    assert plot.summary == (
        "Allocating from system: 4 KiB takes 9.86 µs at the median, 16× the 620 ns of a memset of that size; "
        "4 MiB takes 890 µs at the median, 1.8× the 497 µs of a memset of that size."
    )


def test_the_title_names_outcome_and_board() -> None:
    assert "<title>FAIL: made-up-board-7 – bring-up report</title>" in html(sample.run())
    assert "<title>PASS: made-up-board-8 – bring-up report</title>" in html(sample.healthy())


def test_a_name_made_of_markup_is_text() -> None:
    text = html(hostile.one_line_of("</script><script>alert(1)</script>"))
    assert text.count("<script") == 2
    assert text.count("</script") == 2


def test_the_reader_of_these_tests_is_strict() -> None:
    with pytest.raises(AssertionError):
        parsers.page(html(sample.run()).replace("</section>", "", 1))

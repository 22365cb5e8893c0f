"""The page as a file: complete in itself, well-formed, of bounded size, and the same names for the same things."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Callable

import msgspec
import pytest

from bringup.checks.explain import explain
from bringup.kernel.history.gap import UpstreamGap
from bringup.report import find_format
from bringup.report.html.charts import HEIGHT, WIDTH
from bringup.report.html.contiguity import pages_view
from bringup.report.html.memorymap import MemoryView, memory_view
from bringup.report.html.timing import TimingView, timing_view
from bringup.results.memory import MemoryFacts
from bringup.results.run import BoardRun, HeapFacts, LatencyFacts, Run
from bringup.results.verdict import Cause, Link, Outcome, Verdict
from tests.support.report import hostile, parsers, sample, sample_facts

RUNS: dict[str, Callable[[], Run]] = {
    "one": sample.run,
    "healthy": sample.healthy,
    "few": lambda: sample.many(4),
    "many": lambda: sample.many(30),
    "none": lambda: Run(boards=(), tool="0", started=sample.STARTED),
}


def html(run: Run) -> str:
    return find_format("html").render(run)


def run_of(board: BoardRun) -> Run:
    return Run(boards=(board,), tool="0", started=sample.STARTED)


def one(*verdicts: Verdict) -> Run:
    return run_of(BoardRun(serial="s", verdicts=verdicts))


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
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text.replace("&#39;", "'"))
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
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
        (caption,) = table.findall(f"{ns}caption")
        assert "".join(caption.itertext()).strip()
        assert all(cell.get("scope") in ("col", "row") for cell in table.iter(f"{ns}th"))


def test_the_order_of_the_page() -> None:
    page = parsers.page(html(sample.run()))
    second = [text.strip() for level, text in page.headings if level == 2]
    assert second == [
        "Board", "Heaps", "Findings", "The rest", "Memory", "Pages", "Who held buffers", "Speed", "ION", "Kernel configuration", "Upstream gap",
        "Timeline",
    ]  # fmt: skip
    text = " ".join(page.text.split())
    assert text.index("This board cannot be used yet: 3 of 46 checks fail.") < text.index("Serial")
    third = [text for level, text in page.headings if level == 3]
    assert ["fail" in one for one in third] == [True, True, False, False, False]


def test_a_finding_has_evidence_cause_and_remedy() -> None:
    text = " ".join(parsers.page(html(sample.run())).text.split())
    assert "kconfig.dmabuf-heaps-cma-unset # explains 2 checks" in text
    assert "/proc/config.gz: # CONFIG_DMABUF_HEAPS_CMA is not set" in text
    assert "What to change CONFIG_CMA=y CONFIG_DMA_CMA=y CONFIG_DMABUF_HEAPS_CMA=y" in text


def test_a_failing_heap_test_has_its_own_reason_and_where_to_look() -> None:
    (why,) = explain("allocator.zero.reuse")
    text = " ".join(parsers.page(html(sample.one_failing("allocator.zero.reuse"))).text.split())
    assert f"Why: {why.why}" in text
    assert f"Look first: {why.look}" in text


def test_a_pass_and_a_skip_stand_with_their_reasons() -> None:
    text = " ".join(parsers.page(html(sample.run())).text.split())
    assert "39 passed" in text
    assert "14 skipped, each with its reason" in text
    assert text.count("the heap has no node") == 13
    assert "The node can be opened read-only alloc.open system, reserved fd 5" in text, (
        "heaps that answer alike are one row"
    )


def test_names_of_findings_stay_the_same_when_others_come_and_go() -> None:
    (board,) = sample.run().boards
    fewer = Run(
        boards=(BoardRun(serial=board.serial, verdicts=board.verdicts[2:]),),
        tool="9.9",
        started="2027-01-01T00:00:00+00:00",
    )
    ids = set(parsers.page(html(fewer)).ids)
    assert {
        f"made-up-board-7/{name}" for name in ("heap.mode/system", "because/ueventd.heap-mode/system", "boot.same")
    } <= ids


def test_unknown_heap_facts_are_said_to_be_unknown() -> None:
    heaps = (HeapFacts("a", True), HeapFacts("b", False), HeapFacts("c", True, "cma", "0640", "0:0", tests={"odd": 2}))
    text = " ".join(parsers.page(html(run_of(BoardRun(serial="s", verdicts=(), heaps=heaps)))).text.split())
    assert "a unknown unknown unknown none not run not measured" in text
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


def test_boards_that_share_a_finding_get_its_fix_once() -> None:
    run = Run(boards=tuple(sample.board(serial) for serial in ("x", "y", "z")), tool="0", started=sample.STARTED)
    text = html(run).partition('id="bringup-run"')[0]
    assert text.count("CONFIG_CMA_SIZE_MBYTES=64") == 1
    assert text.count("is shown with the findings of all boards") == 3 * 4


def test_the_matrix_has_the_worst_on_top_and_leaves_out_what_is_fine() -> None:
    verdicts = [Verdict("fine", "t", Outcome.PASS), Verdict("bad", "t", Outcome.PASS)]
    good = BoardRun(serial="good", verdicts=tuple(verdicts))
    bad = BoardRun(
        serial="bad",
        verdicts=(verdicts[0], Verdict("bad", "t", Outcome.PASS), Verdict("bad", "t", Outcome.FAIL, heap="x")),
    )
    text = html(Run(boards=(good, bad), tool="0", started=sample.STARTED))
    rows = re.findall(r'<th scope="row">.*?<a href="#(.*?)">.*?</th>(.*?)</tr>', text)
    assert rows == [("bad", "<td class=f>F"), ("good", "<td>·")]
    assert "1 check passed or was skipped on every board" in text


def test_two_boards_of_one_serial_have_names_of_their_own() -> None:
    page = parsers.page(html(Run(boards=(sample.board("x"), sample.board("x")), tool="0", started=sample.STARTED)))
    assert len(page.ids) == len(set(page.ids))
    assert {"x", "x~2"} <= set(page.ids)


def test_one_board_of_sixty_verdicts_stays_small() -> None:
    assert 50 <= len(sample.verdicts()) <= 70
    assert len(html(sample.run()).encode()) <= 400_000


def test_a_long_run_stays_small_too() -> None:
    passed = tuple(
        Verdict(
            f"allocator.area{n % 7}.case-{n}",
            f"What was asked as number {n} holds",
            Outcome.PASS,
            "linux,cma",
            ("as it should be",),
        )
        for n in range(450)
    )
    timings = sample.board().timings * 6
    board = msgspec.structs.replace(sample.board(), verdicts=(*sample.verdicts(), *passed), timings=timings)
    text = html(run_of(board))
    assert len(text.encode()) <= 400_000
    assert "160 of 600 figures" in text
    assert parsers.page(text).run == run_of(board)


def test_a_chatty_board_stays_readable() -> None:
    verdicts = tuple(Verdict(f"a.{n}", "t", Outcome.PASS, evidence=("line " * 1000,) * 20) for n in range(60))
    text = html(one(*verdicts))
    assert len(text.encode()) < 6_000_000
    assert parsers.page(text).run == one(*verdicts)


@pytest.mark.parametrize("run", [sample.many, sample.wild])
def test_a_thousand_boards_of_sixty_checks(run: Callable[[int], Run]) -> None:
    boards = run(1000)
    assert sum(len(board.verdicts) for board in boards.boards) == 60_000
    assert len(html(boards).encode()) <= 6_000_000


def timing_of(board: BoardRun) -> TimingView:
    view = timing_view(board)
    assert view is not None
    return view


def memory_of(board: BoardRun) -> MemoryView:
    view = memory_view(board)
    assert view is not None
    return view


TIMED = timing_of(sample.board())


def test_there_is_a_chart_of_each_operation_with_the_limit_and_ion_beside() -> None:
    assert [one.title for one in TIMED.charts] == [
        "Allocating a buffer", "Giving it back", "Filling it", "Reading it", "Copying it",
    ]  # fmt: skip
    assert [(one.key, one.name, one.style) for one in TIMED.legend] == [
        ("A", "system", "c0"),
        ("B", "reserved", "c1"),
        ("C", "ION ion_system_heap", "c2 ion"),
        ("0", "the limit of this board", "limit"),
    ]
    for one in TIMED.charts:
        assert [curve.key for curve in one.curves] == ["A", "B", "C", "0"]


def test_a_chart_is_true_and_stays_inside() -> None:
    alloc, fill = TIMED.charts[0], TIMED.charts[2]
    assert [label for _, label in alloc.x_ticks] == ["4 KiB", "64 KiB", "1 MiB", "4 MiB", "16 MiB"]
    assert [label for _, label in alloc.y_ticks] == ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms"]
    assert [label for _, label in fill.y_ticks] == ["0", "2 GB/s", "4 GB/s", "6 GB/s", "8 GB/s"]
    for one in TIMED.charts:
        for curve in one.curves:
            assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in curve.points)
            for (x, y), (at, low, high) in zip(curve.points, curve.bands, strict=False):
                assert x == at
                assert low >= y >= high
        labels = sorted(curve.label_y for curve in one.curves)
        assert all(after - before >= 12 for before, after in itertools.pairwise(labels))
    slow = [curve.points[-1][1] for curve in alloc.curves]
    assert slow[1] < slow[2] < slow[0] < slow[3], "reserved is the slowest, then ION, then system, then the limit"


def test_a_run_without_a_benchmark_shows_its_latencies_beside_memset() -> None:
    heaps = (HeapFacts("x", True, latency=(LatencyFacts(1 << 20, 9, *[1000, 2000, 300, 400, 5000, 6000]),)),)
    view = timing_of(BoardRun(serial="s", verdicts=(), heaps=heaps))
    assert [one.title for one in view.charts] == ["Allocating a buffer", "Giving it back"]
    ion = (msgspec.structs.replace(heaps[0], name="ion/y/cached"),)
    beside = timing_of(BoardRun(serial="s", verdicts=(), heaps=heaps, ion_heaps=ion))
    assert [one.name for one in beside.legend] == ["x", "ION y/cached", "memset of the same size"]
    assert (
        view.charts[0].summary == "Allocating a buffer, the median: x 1 µs for 1 MiB. Limit: memset of the same size."
    )


@pytest.mark.parametrize("size", [0, 4096, 10**18])
@pytest.mark.parametrize("time_", [-1, 0, 1, 10**30])
def test_a_chart_of_nonsense_is_still_drawn(size: int, time_: int) -> None:
    heaps = (HeapFacts("x", True, latency=(LatencyFacts(size, 0, *[time_] * 6),)),)
    for one in timing_of(BoardRun(serial="s", verdicts=(), heaps=heaps)).charts:
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for curve in one.curves for x, y in curve.points)


def test_the_summary_of_a_chart_says_what_it_shows() -> None:
    assert TIMED.charts[0].summary == (
        "Allocating a buffer, the median: system 5.06 µs for 4 KiB and 3.53 ms for 16 MiB; "
        "reserved 9.61 µs for 4 KiB and 6.7 ms for 16 MiB; "
        "ION ion_system_heap 6.83 µs for 4 KiB and 4.76 ms for 16 MiB. Limit: memfd."
    )
    assert TIMED.charts[2].summary == (
        "Filling it: at best 5.26 GB/s on system with 16 MiB, which takes 1.2 times as long as fill of own memory."
    )


def test_the_memory_map_is_to_scale() -> None:
    view = memory_of(sample.board())
    low, high = view.banks
    assert low.height / high.height == pytest.approx(3)
    assert (low.begin, high.end) == ("0x4000_0000", "0x8_c000_0000")
    assert high.y + high.height < low.y, "low addresses are at the bottom"
    tall = {one.region.name: one for one in view.areas if one.region.kind.value != "boot"}
    assert tall["video@70000000"].height / tall["tz@54600000"].height == pytest.approx(2)
    assert tall["video@70000000"].height / low.height == pytest.approx(128 / 3072)
    assert tall["dsp@7a000000"].height == 1
    for one in view.areas:
        bank = low if one.region.begin < 1 << 32 else high
        assert bank.y - 0.01 <= one.y
        assert one.y + one.height <= bank.y + bank.height + 1
    labels = sorted(one.label_y for one in view.areas if one.label_y is not None)
    assert all(after - before >= 26 for before, after in itertools.pairwise(labels))
    assert view.heaps == {"reserved": "reserved"}
    assert [mark.heap for mark in view.marks] == ["system", "reserved"]
    assert view.summary == "4 GiB of RAM in 2 banks, 144 MiB of it CMA, 68 MiB set aside."


def test_the_addresses_of_a_small_bank_do_not_cover_each_other() -> None:
    board = BoardRun(serial="s", verdicts=(), memory=MemoryFacts(((0x1000, 0x9_FC00), (0x10_0000, 0x2000_0000))))
    edges = [y for bank in memory_of(board).banks for y in (bank.begin_y, bank.y)]
    assert all(lower - upper >= 11 for lower, upper in itertools.pairwise(edges))


def test_without_known_ram_there_is_no_map_and_it_is_said() -> None:
    memory = MemoryFacts((), sample_facts.MEMORY.regions)
    page = " ".join(parsers.page(html(run_of(BoardRun(serial="s", verdicts=(), memory=memory)))).text.split())
    assert "It is unknown where RAM lies" in page
    assert "video@70000000" in page


def test_the_4_gib_line_is_drawn_where_memory_runs_through_it() -> None:
    through = MemoryFacts(((0x8000_0000, 0x1_8000_0000),))
    assert memory_of(BoardRun(serial="s", verdicts=(), memory=through)).four_gib == pytest.approx(14 + 200)
    assert memory_of(sample.board()).four_gib is None


def test_the_histogram_shares_the_bytes_of_each_buffer() -> None:
    view = pages_view(sample.board())
    assert view is not None
    assert [(row.heap, row.size, row.summary) for row in view.rows] == [
        ("system", "1 MiB", "3 runs; half of it in runs of 512 KiB or more"),
        ("system", "16 MiB", "221 runs; half of it in runs of 256 KiB or more"),
        ("reserved", "4 MiB", "contiguous"),
    ]
    for row in view.rows:
        assert sum(bar.height for bar in row.bars) == pytest.approx(26)
        assert all(view.left <= bar.x and bar.x + bar.width <= view.right for bar in row.bars)


def test_a_finding_has_files_alternatives_and_where_it_was_seen() -> None:
    page = parsers.page(html(sample.run()))
    text = " ".join(page.text.split())
    assert "Lines for ueventd.rc /dev/dma_heap/system 0444 system system" in text
    assert "Or: something changed the mode after ueventd had set it" in text
    assert "Seen before: made-up/board#7" in text
    assert "https://github.com/made-up/board/issues/7" in page.hrefs


def test_a_link_of_another_scheme_is_only_text() -> None:
    cause = Cause("c", "t", (Link("javascript:alert(1)", "bad"), Link("https://a.example/x", "good")))
    page = parsers.page(html(one(Verdict("a.b", "t", Outcome.FAIL, cause=cause))))
    assert [href for href in page.hrefs if not href.startswith("#")] == ["https://a.example/x"]
    assert "bad, good" in " ".join(page.text.split())


def test_ion_stands_beside_what_replaces_it() -> None:
    text = " ".join(parsers.page(html(sample.run())).text.split())
    assert "ion_system_heap with flags 1 → system: unknown whether it can take its place" in text
    assert "reserved → reserved: cannot take its place as it is" in text
    assert "contiguity 812 runs 223 runs better 16 MiB, by the tracepoints" in text


def test_requirements_and_the_upstream_gap_are_shown() -> None:
    text = " ".join(parsers.page(html(sample.run())).text.split())
    assert "4 requirements: 1 fail, 1 warn, 1 pass, 1 skip" in text
    assert text.index("set wrong # CONFIG_DMABUF_HEAPS_CMA") < text.index("holds CONFIG_DMABUF_HEAPS=y")
    assert "What this board has or asks for that mainline 6.12 does not have." in text
    assert "CONFIG_ION option removed from mainline mainline has it in 3.14..5.10" in text
    none = " ".join(
        parsers.page(html(run_of(BoardRun(serial="s", verdicts=(), upstream_gap=UpstreamGap("6.12"))))).text.split()
    )
    assert "None: mainline 6.12 has all" in none


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

"""Runs that a hostile board could cause, for Hypothesis."""

from __future__ import annotations

import re
from functools import partial

from hypothesis import strategies as st

from bringup.compare.facts import FactChange, Subject
from bringup.compare.runs import Change as Compared
from bringup.compare.runs import Comparison, Difference, Side
from bringup.compare.timings import Timing, TimingTest, Untimed
from bringup.kernel.history.gap import Dependency, UpstreamGap
from bringup.kernel.history.upstream import ArtifactKind, Origin
from bringup.results.holders import BufferSource, HeldShare, HoldersFacts, HoldingProcess, MemoryUse, UnheldBuffer
from bringup.results.ion import IonComparison, IonFacts, IonHeap, IonPoint, PointResult
from bringup.results.memory import MemoryFacts, MemoryRegion, RegionKind, Unplaced
from bringup.results.pages import ExhaustionFacts, PageFacts, RegionFacts
from bringup.results.requirements import RequirementFacts
from bringup.results.run import BoardRun, HeapFacts, LatencyFacts, Run, Step
from bringup.results.timing import TimingFacts, UntimedFacts
from bringup.results.verdict import Alternative, Cause, Change, Link, Outcome, Verdict
from tests.support.report import drawn

# What breaks a format when it is written as it came.
SNIPPETS = (
    "\x1b[31mred\x1b]8;;http://example.com\x1b\\link", "\x07", "\x00", "\x7f", "\x9b31m", "\u202eevil\u202c", "\u2066x",
    "\u2028", "\ufeff", "\uffff", "\ud800", "\udfff tail", "]]>", "<![CDATA[", "-->", "<!--", "</script>", "</SCRIPT >",
    "<script>alert(1)</script>", "</style>", "</title>", "<img src=x onerror=alert(1)>", '" onmouseover="x', "'", "&amp;",
    "&#0;", "{{ 7 * 7 }}", "{% raw %}", "[bold]x[/bold]", "[link=http://x]", "[/]", "`", "``` ```", "| a | b |", "@everyone",
    "#1", "# heading", "- item", "1. item", "=====", "[x](javascript:alert(1))", "![x](http://x/y.png)", "<http://x>",
    "javascript:alert(1)", "https://example.com/a?b=<c>&d='e'", "www.example.com", "ok 1 fake", "not ok 2 fake # SKIP",
    "1..99", "KTAP version 1", "# Subtest: fake", "Bail out!", "\n", "\r\n", "\r", "\t", "  ", "", "\\x1b", "\\", "\\#",
    "=cmd()", "$x$", "~~x~~", "__proto__", "../../etc/passwd", "/", "~2", "\U0001f600", "e\u0301",
)  # fmt: skip

# One character stands for each snippet, so that a whole text is one draw.
_SNIPPET_OF = {0xE000 + index: snippet for index, snippet in enumerate(SNIPPETS)}
_texts = st.builds(
    lambda snippets, other: snippets.translate(_SNIPPET_OF) + other,
    st.text("".join(map(chr, _SNIPPET_OF)), max_size=3),
    st.text(st.characters(codec=None), max_size=20),
)
texts = drawn.texts
_maybe = drawn.none() | texts
_count = drawn.integers(-5, 10**20)

_causes = drawn.builds(Cause, texts, texts, drawn.lists(drawn.builds(Link, texts, texts), max_size=2).map(tuple))
verdicts = drawn.builds(
    Verdict,
    id=texts,
    title=texts,
    outcome=drawn.sampled_from(Outcome),
    heap=_maybe,
    evidence=drawn.lists(texts, max_size=10).map(tuple),
    cause=drawn.none() | _causes,
    remedy=drawn.lists(texts, max_size=3).map(tuple),
    reason=_maybe,
    changes=drawn.lists(drawn.builds(Change, texts, drawn.lists(texts, max_size=3).map(tuple)), max_size=2).map(tuple),
    alternatives=drawn.lists(
        drawn.builds(Alternative, _causes, texts, drawn.lists(texts, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
)
_natural = drawn.integers(0, 2**60)
_pairs = drawn.lists(drawn.tuples(_natural, _natural), max_size=3).map(tuple)
_areas = drawn.none() | drawn.builds(RegionFacts, texts, _natural, _natural, texts)
_pages = drawn.builds(PageFacts, _natural, _natural, _pairs, _pairs, _natural, _natural, _pairs, _areas)
_exhaustions = drawn.builds(ExhaustionFacts, *[_natural] * 3, texts, *[_natural] * 4)
heaps = drawn.builds(
    HeapFacts,
    name=texts,
    present=drawn.booleans(),
    kind=_maybe,
    mode=drawn.none() | drawn.integers(0, 0o7777).map("{:04o}".format),
    owner=_maybe,
    label=_maybe,
    tests=drawn.dictionaries(
        texts | drawn.sampled_from([str(one) for one in Outcome]), drawn.integers(0, 99), max_size=3
    ),
    latency=drawn.lists(drawn.builds(LatencyFacts, *[_count] * 8), max_size=3).map(tuple),
    pages=drawn.lists(_pages, max_size=2).map(tuple),
    exhaustion=drawn.none() | _exhaustions,
)
_points = drawn.builds(IonPoint, texts, drawn.sampled_from(PointResult), texts, texts, texts)
_comparisons = drawn.builds(IonComparison, texts, texts, _count, texts, drawn.lists(_points, max_size=3).map(tuple))
ions = drawn.builds(
    IonFacts,
    _maybe,
    drawn.lists(drawn.builds(IonHeap, texts, texts, _count), max_size=2).map(tuple),
    drawn.lists(_comparisons, max_size=2).map(tuple),
)
_address = drawn.integers(0, 2**48)
_regions = drawn.builds(
    MemoryRegion, texts, drawn.sampled_from(RegionKind), _address, _address, texts, drawn.none() | _address
)
memories = drawn.builds(
    MemoryFacts,
    ram=drawn.lists(drawn.tuples(_address, _address), max_size=3).map(tuple),
    regions=drawn.lists(_regions, max_size=4).map(tuple),
    unplaced=drawn.lists(drawn.builds(Unplaced, texts, drawn.none() | _address, texts), max_size=2).map(tuple),
)
requirements = drawn.builds(
    RequirementFacts,
    texts,
    texts,
    texts,
    drawn.sampled_from(Outcome),
    texts,
    texts,
    drawn.lists(texts, max_size=2).map(tuple),
)
gaps = drawn.builds(
    UpstreamGap,
    _maybe,
    drawn.lists(
        drawn.builds(
            Dependency, drawn.sampled_from(ArtifactKind), texts, drawn.sampled_from(Origin), texts, texts, _maybe,
            drawn.lists(texts, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    drawn.lists(texts, max_size=2).map(tuple),
)  # fmt: skip
_seconds = drawn.floats(-1e6, 1e9)
_figure = drawn.floats(0, 1e12)
_figures = drawn.lists(_figure, max_size=3).map(tuple)
timings = drawn.builds(
    TimingFacts,
    **dict.fromkeys(("source", "name", "op"), texts),
    **dict.fromkeys(("flags", "size", "threads", "samples"), drawn.integers(0, 2**60)),
    **dict.fromkeys(("p50", "p95", "p99", "max", "low", "high", "confidence"), _figure),
    **dict.fromkeys(("overhead", "mb_per_s", "limit_p50", "ratio", "ratio_low", "ratio_high"), drawn.none() | _figure),
    limit=drawn.none() | texts,
    medians=_figures,
    ratios=_figures,
)
_counts = drawn.integers(0, 2**60)
untimed = drawn.builds(UntimedFacts, texts, texts, _counts, _counts, _counts, texts)
boards = drawn.builds(
    BoardRun,
    serial=texts,
    verdicts=drawn.lists(verdicts, max_size=5).map(tuple),
    config=_maybe,
    kernel=_maybe,
    record=_maybe,
    identity=drawn.dictionaries(texts, texts, max_size=3),
    heaps=drawn.lists(heaps, max_size=2).map(tuple),
    timings=drawn.lists(timings, max_size=2).map(tuple),
    untimed=drawn.lists(untimed, max_size=2).map(tuple),
    steps=drawn.lists(drawn.builds(Step, texts, _seconds, _seconds), max_size=3).map(tuple),
    ion=drawn.none() | ions,
    ion_heaps=drawn.lists(heaps, max_size=2).map(tuple),
    memory=drawn.none() | memories,
    requirements=drawn.lists(requirements, max_size=2).map(tuple),
    upstream_gap=drawn.none() | gaps,
)
_runs = drawn.builds(
    Run,
    boards=drawn.lists(boards, max_size=3).map(tuple),
    tool=texts,
    started=texts | drawn.just("2026-11-22T11:48:07+00:00"),
)
_outcomes = drawn.none() | drawn.sampled_from(Outcome)
_differences = drawn.builds(
    Difference,
    change=drawn.sampled_from(list(Compared)),
    board=texts,
    id=texts,
    heap=_maybe,
    title=texts,
    before=_outcomes,
    after=_outcomes,
    why=texts,
    remedy=drawn.lists(texts, max_size=3).map(tuple),
)
_compared_timings = drawn.builds(
    Timing,
    **dict.fromkeys(("board", "heap", "op"), texts),
    source=drawn.sampled_from(("heap", "ion")) | texts,
    **dict.fromkeys(("size", "flags", "threads"), drawn.integers(0, 2**60)),
    **dict.fromkeys(("before_p50", "after_p50"), _figure),
    **dict.fromkeys(
        ("before_ratio", "after_ratio", "p", "before_low", "before_high", "after_low", "after_high"),
        drawn.none() | _figure,
    ),
    decidable=drawn.booleans(),
)
_tests = drawn.builds(TimingTest, texts, _counts, _counts, drawn.floats(1e-9, 0.5), texts)
_facts = drawn.builds(FactChange, texts, drawn.sampled_from(list(Subject)), texts, texts, _maybe, _maybe)
_sides = drawn.none() | drawn.builds(
    Side, texts | drawn.just("2026-11-22T11:48:07Z"), texts, _counts, drawn.sampled_from(Outcome)
)
_whole_comparisons = drawn.builds(
    Comparison,
    differences=drawn.lists(_differences, max_size=8).map(tuple),
    timings=drawn.lists(_compared_timings, max_size=4).map(tuple),
    unchanged_timings=drawn.lists(_compared_timings, max_size=2).map(tuple),
    only_before=drawn.lists(texts, max_size=2).map(tuple),
    only_after=drawn.lists(texts, max_size=2).map(tuple),
    timing_tests=drawn.lists(_tests, max_size=2).map(tuple),
    untimed=drawn.lists(drawn.builds(Untimed, texts, texts, _counts, _counts, _counts, texts, texts), max_size=2).map(
        tuple
    ),
    facts=drawn.lists(_facts, max_size=4).map(tuple),
    compared=drawn.lists(texts, max_size=3).map(tuple),
    same=_counts,
    still_unknown=drawn.dictionaries(texts, _counts, max_size=2),
    before=_sides,
    after=_sides,
)
#: Enough boards for the page's short parts.
_crowds = drawn.builds(Run, boards=drawn.lists(boards, min_size=9, max_size=9).map(tuple), tool=texts, started=texts)

_strategy = partial(drawn.strategy, texts=_texts, snippets=SNIPPETS)
runs, crowds, comparisons = _strategy(_runs), _strategy(_crowds), _strategy(_whole_comparisons)


def one_line_of(text: str) -> Run:
    """A run in which every text of a board is this one."""
    board = BoardRun(
        serial=text,
        verdicts=(
            Verdict(text, text, Outcome.FAIL, text, (text,), Cause(text, text), remedy=(text,)),
            Verdict("a.b", text, Outcome.ERROR, text, (text,), reason=text),
            Verdict("a.c", text, Outcome.SKIP, text, (), reason=text),
            Verdict("a.d", text, Outcome.PASS, text, (text,)),
        ),
        identity={text: text},
        heaps=(
            HeapFacts(
                text,
                True,
                text,
                "0444",
                text,
                text,
                {text: 1},
                pages=(
                    PageFacts(4096, 4096, ((1, 1),), ((0, 1),), 0, 4096, ((0, 4096),), RegionFacts(text, 0, 1, text)),
                ),
                exhaustion=ExhaustionFacts(1, 1, 1, text),
            ),
        ),
        steps=(Step(text, 0.0, 1.0),),
        ion=IonFacts(
            text,
            (IonHeap(text, text, 0),),
            (IonComparison(text, text, 0, text, (IonPoint(text, PointResult.WORSE, text, text, text),)),),
        ),
        ion_heaps=(HeapFacts(text, True, text),),
        holders=HoldersFacts(
            buffers=2,
            bytes=2 << 20,
            held=1 << 20,
            unheld=(UnheldBuffer(2, 1 << 20, text, text, (text,)),),
            processes=(
                HoldingProcess(
                    7,
                    1,
                    text,
                    1,
                    1 << 20,
                    1 << 20,
                    0,
                    (HeldShare(text, text, 1, 1 << 20, 1 << 20, 0),),
                    0,
                    text,
                    text,
                    text,
                    text,
                    1,
                    (text,),
                ),
            ),
            sources=(BufferSource(text, text, text, 2, 2 << 20, True, text),),
            memory=(MemoryUse(text, 1 << 30, None, None),),
            notes=(text,),
        ),
        memory=MemoryFacts(
            ((0, 1 << 30),),
            (MemoryRegion(text, RegionKind.CMA, 1 << 20, 1 << 24, text),),
            (Unplaced(text, None, text),),
        ),
        requirements=(RequirementFacts(text, text, text, Outcome.FAIL, text, text, (text,)),),
        upstream_gap=UpstreamGap(
            text, (Dependency(ArtifactKind.HEAP, text, Origin.VENDOR, text, text, text, (text,)),), (text,)
        ),
    )
    return Run(boards=(board,), tool=text, started=text)


def one_fact_of(text: str) -> Run:
    """A run with one long fact."""
    return Run(
        boards=(BoardRun(serial="x", verdicts=(Verdict("a.b", "t", Outcome.FAIL, evidence=(text,)),)),),
        tool="0",
        started="0",
    )


# All that bringup.text.visible replaces, stated apart from it: a report in any format holds none of these.
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)

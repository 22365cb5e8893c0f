"""Runs that a hostile board could cause, for Hypothesis."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from bringup.compare.facts import FactChange, Subject
from bringup.compare.runs import Change as Compared
from bringup.compare.runs import Comparison, Difference, Side
from bringup.compare.timings import Timing, TimingTest, Untimed
from bringup.kernel.history.gap import Dependency, UpstreamGap
from bringup.kernel.history.upstream import ArtifactKind, Origin
from bringup.results.memory import MemoryFacts, MemoryRegion, RegionKind, Unplaced
from bringup.results.requirements import RequirementFacts
from bringup.results.run import (
    BoardRun,
    ExhaustionFacts,
    HeapFacts,
    IonComparison,
    IonFacts,
    IonHeap,
    IonPoint,
    LatencyFacts,
    PageFacts,
    PointResult,
    RegionFacts,
    Run,
    Step,
)
from bringup.results.timing import TimingFacts, UntimedFacts
from bringup.results.verdict import Alternative, Cause, Change, Link, Outcome, Verdict

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

# One character stands for each snippet, so that a whole text is one draw: a run has hundreds of texts.
_SNIPPET_OF = {0xE000 + index: snippet for index, snippet in enumerate(SNIPPETS)}
texts = st.builds(
    lambda snippets, other: snippets.translate(_SNIPPET_OF) + other,
    st.text("".join(map(chr, _SNIPPET_OF)), max_size=3),
    st.text(st.characters(codec=None), max_size=20),
)
_maybe = st.none() | texts
_count = st.integers(min_value=-5, max_value=10**20)

_causes = st.builds(Cause, texts, texts, st.lists(st.builds(Link, texts, texts), max_size=2).map(tuple))
verdicts = st.builds(
    Verdict,
    id=texts,
    title=texts,
    outcome=st.sampled_from(Outcome),
    heap=_maybe,
    evidence=st.lists(texts, max_size=10).map(tuple),
    cause=st.none() | _causes,
    remedy=st.lists(texts, max_size=3).map(tuple),
    reason=_maybe,
    changes=st.lists(st.builds(Change, texts, st.lists(texts, max_size=3).map(tuple)), max_size=2).map(tuple),
    alternatives=st.lists(
        st.builds(Alternative, _causes, texts, st.lists(texts, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
)
_natural = st.integers(0, 2**60)
_pairs = st.lists(st.tuples(_natural, _natural), max_size=3).map(tuple)
_areas = st.none() | st.builds(RegionFacts, texts, _natural, _natural, texts)
_pages = st.builds(PageFacts, _natural, _natural, _pairs, _pairs, _natural, _natural, _pairs, _areas)
_exhaustions = st.builds(ExhaustionFacts, *[_natural] * 3, texts, *[_natural] * 4)
heaps = st.builds(
    HeapFacts,
    name=texts,
    present=st.booleans(),
    kind=_maybe,
    mode=st.none() | st.integers(0, 0o7777).map("{:04o}".format),
    owner=_maybe,
    label=_maybe,
    tests=st.dictionaries(texts | st.sampled_from([str(one) for one in Outcome]), st.integers(0, 99), max_size=3),
    latency=st.lists(st.builds(LatencyFacts, *[_count] * 8), max_size=3).map(tuple),
    pages=st.lists(_pages, max_size=2).map(tuple),
    exhaustion=st.none() | _exhaustions,
)
_points = st.builds(IonPoint, texts, st.sampled_from(PointResult), texts, texts, texts)
_comparisons = st.builds(IonComparison, texts, texts, _count, texts, st.lists(_points, max_size=3).map(tuple))
ions = st.builds(
    IonFacts,
    _maybe,
    st.lists(st.builds(IonHeap, texts, texts, _count), max_size=2).map(tuple),
    st.lists(_comparisons, max_size=2).map(tuple),
)
_address = st.integers(0, 2**48)
_regions = st.builds(MemoryRegion, texts, st.sampled_from(RegionKind), _address, _address, texts, st.none() | _address)
memories = st.builds(
    MemoryFacts,
    ram=st.lists(st.tuples(_address, _address), max_size=3).map(tuple),
    regions=st.lists(_regions, max_size=4).map(tuple),
    unplaced=st.lists(st.builds(Unplaced, texts, st.none() | _address, texts), max_size=2).map(tuple),
)
requirements = st.builds(
    RequirementFacts,
    texts,
    texts,
    texts,
    st.sampled_from(Outcome),
    texts,
    texts,
    st.lists(texts, max_size=2).map(tuple),
)
gaps = st.builds(
    UpstreamGap,
    _maybe,
    st.lists(
        st.builds(
            Dependency, st.sampled_from(ArtifactKind), texts, st.sampled_from(Origin), texts, texts, _maybe,
            st.lists(texts, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
)  # fmt: skip
_seconds = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e9)
_figure = st.floats(0, 1e12)
_figures = st.lists(_figure, max_size=3).map(tuple)
timings = st.builds(
    TimingFacts,
    **dict.fromkeys(("source", "name", "op"), texts),
    **dict.fromkeys(("flags", "size", "threads", "samples"), st.integers(0, 2**60)),
    **dict.fromkeys(("p50", "p95", "p99", "max", "low", "high", "confidence"), _figure),
    **dict.fromkeys(("overhead", "mb_per_s", "limit_p50", "ratio", "ratio_low", "ratio_high"), st.none() | _figure),
    limit=st.none() | texts,
    medians=_figures,
    ratios=_figures,
)
_counts = st.integers(0, 2**60)
untimed = st.builds(UntimedFacts, texts, texts, _counts, _counts, _counts, texts)
boards = st.builds(
    BoardRun,
    serial=texts,
    verdicts=st.lists(verdicts, max_size=5).map(tuple),
    config=_maybe,
    kernel=_maybe,
    record=_maybe,
    identity=st.dictionaries(texts, texts, max_size=3),
    heaps=st.lists(heaps, max_size=2).map(tuple),
    timings=st.lists(timings, max_size=2).map(tuple),
    untimed=st.lists(untimed, max_size=2).map(tuple),
    steps=st.lists(st.builds(Step, texts, _seconds, _seconds), max_size=3).map(tuple),
    ion=st.none() | ions,
    ion_heaps=st.lists(heaps, max_size=2).map(tuple),
    memory=st.none() | memories,
    requirements=st.lists(requirements, max_size=2).map(tuple),
    upstream_gap=st.none() | gaps,
)
runs = st.builds(
    Run,
    boards=st.lists(boards, max_size=3).map(tuple),
    tool=texts,
    started=texts | st.just("2026-11-22T11:48:07+00:00"),
)
_outcomes = st.none() | st.sampled_from(Outcome)
_differences = st.builds(
    Difference,
    change=st.sampled_from(list(Compared)),
    board=texts,
    id=texts,
    heap=_maybe,
    title=texts,
    before=_outcomes,
    after=_outcomes,
    why=texts,
    remedy=st.lists(texts, max_size=3).map(tuple),
)
_compared_timings = st.builds(
    Timing,
    **dict.fromkeys(("board", "heap", "op"), texts),
    source=st.sampled_from(("heap", "ion")) | texts,
    **dict.fromkeys(("size", "flags", "threads"), st.integers(0, 2**60)),
    **dict.fromkeys(("before_p50", "after_p50"), _figure),
    **dict.fromkeys(
        ("before_ratio", "after_ratio", "p", "before_low", "before_high", "after_low", "after_high"),
        st.none() | _figure,
    ),
    decidable=st.booleans(),
)
_tests = st.builds(TimingTest, texts, _counts, _counts, st.floats(1e-9, 0.5), texts)
_facts = st.builds(FactChange, texts, st.sampled_from(list(Subject)), texts, texts, _maybe, _maybe)
_sides = st.none() | st.builds(Side, texts | st.just("2026-11-22T11:48:07Z"), texts, _counts, st.sampled_from(Outcome))
comparisons = st.builds(
    Comparison,
    differences=st.lists(_differences, max_size=8).map(tuple),
    timings=st.lists(_compared_timings, max_size=4).map(tuple),
    unchanged_timings=st.lists(_compared_timings, max_size=2).map(tuple),
    only_before=st.lists(texts, max_size=2).map(tuple),
    only_after=st.lists(texts, max_size=2).map(tuple),
    timing_tests=st.lists(_tests, max_size=2).map(tuple),
    untimed=st.lists(st.builds(Untimed, texts, texts, _counts, _counts, _counts, texts, texts), max_size=2).map(tuple),
    facts=st.lists(_facts, max_size=4).map(tuple),
    compared=st.lists(texts, max_size=3).map(tuple),
    same=_counts,
    still_unknown=st.dictionaries(texts, _counts, max_size=2),
    before=_sides,
    after=_sides,
)
#: Enough boards for the page's short parts.
crowds = st.builds(Run, boards=st.lists(boards, min_size=9, max_size=9).map(tuple), tool=texts, started=texts)


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

"""A run as it may be shown: every text visible and of bounded length. What a format writes for people starts here.

The record and the run document keep everything; a page, a CI server's XML or a comment has to stay readable when a
board sends a line of a megabyte.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bringup.checks.run import BoardRun, HeapFacts, IonComparison, IonFacts, IonPoint, PageFacts, Run
from bringup.checks.verdict import Alternative, Cause, Change, Link, Verdict
from bringup.text import visible

__all__ = ["excerpt", "shown"]

# Characters of a name, a sentence, a fact; items of a list.
_NAME, _SENTENCE, _FACT = 200, 1_000, 2_000
_ITEMS = 400


def shown(run: Run) -> Run:
    """The same run with each text passed through :func:`bringup.text.visible`; long texts and lists are cut."""
    return Run(tuple(_board(board) for board in run.boards), _text(run.tool, _NAME), _text(run.started, _NAME))


def excerpt(text: str, limit: int) -> str:
    """At most about ``limit`` characters of a text: its head and its tail, and how much was left out between them."""
    if len(text) <= limit:
        return text
    tail = limit // 4
    left_out = len(text) - limit
    return f"{text[: limit - tail]} [… {left_out:,} characters left out …] {text[-tail:]}"


def _board(board: BoardRun) -> BoardRun:
    return BoardRun(
        serial=_text(board.serial, _NAME),
        verdicts=tuple(_verdict(one) for one in board.verdicts),
        config=_maybe(board.config, _NAME),
        kernel=_maybe(board.kernel, _NAME),
        record=_maybe(board.record, _SENTENCE),
        identity={_text(name, _NAME): _text(value, _SENTENCE) for name, value in board.identity.items()},
        heaps=tuple(_heap(one) for one in board.heaps),
        steps=tuple((_text(step, _NAME), at, took) for step, at, took in board.steps),
        ion=board.ion and _ion(board.ion),
        ion_heaps=tuple(_heap(one) for one in board.ion_heaps),
        timings=tuple(
            replace(one, source=_text(one.source, _NAME), name=_text(one.name, _NAME), op=_text(one.op, _NAME))
            for one in board.timings
        ),
        untimed=tuple(
            replace(one, source=_text(one.source, _NAME), name=_text(one.name, _NAME), why=_text(one.why, _SENTENCE))
            for one in board.untimed
        ),
    )


def _verdict(one: Verdict) -> Verdict:
    return Verdict(
        id=_text(one.id, _NAME),
        title=_text(one.title, _SENTENCE),
        outcome=one.outcome,
        heap=_maybe(one.heap, _NAME),
        evidence=_list(one.evidence),
        cause=one.cause and _cause(one.cause),
        remedy=_list(one.remedy),
        reason=_maybe(one.reason, _SENTENCE),
        changes=tuple(Change(_text(change.file, _NAME), _list(change.lines)) for change in one.changes[:_ITEMS]),
        alternatives=tuple(
            Alternative(_cause(other.cause), _text(other.told_apart_by, _SENTENCE), _list(other.remedy))
            for other in one.alternatives[:_ITEMS]
        ),
    )


def _cause(cause: Cause) -> Cause:
    links = tuple(Link(_text(link.url, _SENTENCE), _text(link.title, _NAME)) for link in cause.seen_before[:_ITEMS])
    return Cause(_text(cause.id, _NAME), _text(cause.text, _SENTENCE), links)


def _heap(heap: HeapFacts) -> HeapFacts:
    return HeapFacts(
        name=_text(heap.name, _NAME),
        present=heap.present,
        kind=_maybe(heap.kind, _NAME),
        mode=heap.mode,
        owner=_maybe(heap.owner, _NAME),
        label=_maybe(heap.label, _NAME),
        tests={_text(name, _NAME): count for name, count in heap.tests.items()},
        latency=heap.latency,
        pages=tuple(_pages(one) for one in heap.pages),
        exhaustion=heap.exhaustion and replace(heap.exhaustion, stopped=_text(heap.exhaustion.stopped, _NAME)),
    )


def _ion(ion: IonFacts) -> IonFacts:
    return IonFacts(
        abi=_maybe(ion.abi, _NAME),
        heaps=tuple(replace(one, name=_text(one.name, _NAME), type=_text(one.type, _NAME)) for one in ion.heaps),
        comparisons=tuple(_comparison(one) for one in ion.comparisons),
    )


def _comparison(one: IonComparison) -> IonComparison:
    return IonComparison(
        heap=_text(one.heap, _NAME),
        ion=_text(one.ion, _NAME),
        flags=one.flags,
        source=_text(one.source, _NAME),
        points=tuple(
            IonPoint(
                name=_text(point.name, _NAME),
                result=point.result,
                ion=_text(point.ion, _SENTENCE),
                heap=_text(point.heap, _SENTENCE),
                why=_text(point.why, _SENTENCE),
            )
            for point in one.points
        ),
    )


def _pages(pages: PageFacts) -> PageFacts:
    region = pages.region
    if region is not None:
        region = replace(region, name=_text(region.name, _NAME), source=_text(region.source, _NAME))
    return replace(pages, region=region)


def _list(items: tuple[str, ...]) -> tuple[str, ...]:
    texts: Iterable[str] = (_text(one, _FACT) for one in items[:_ITEMS])
    if len(items) <= _ITEMS:
        return tuple(texts)
    return (*texts, f"[… {len(items) - _ITEMS:,} more left out …]")


def _maybe(text: str | None, limit: int) -> str | None:
    return None if text is None else _text(text, limit)


def _text(text: str, limit: int) -> str:
    # Printable text holds nothing that visible() replaces, and almost all text is.
    if len(text) <= limit and text.isprintable():
        return text
    return visible(excerpt(text, limit))

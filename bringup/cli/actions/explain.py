"""What ``bringup explain`` does: print what checks and tests ask, and what causes are."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.checks.explain import Explanation, Explanations, explain, explained
from bringup.cli.console import out, print_json, table

__all__ = ["show_explanations"]

_HEADS = (
    ("check", "holds on a healthy board"),
    ("test", "asserts, of each heap"),
    ("cause", "what it is"),
    ("use", "found by bringup scan"),
)
_DOES = {"test": "Does", "use": "Found"}


def show_explanations(id: str | None, *, as_json: bool) -> None:
    """Print the explanation of one id, or the list of all ids.

    :raises UsageError: nothing has this id.
    """
    found = explained() if id is None else explain(id)
    if as_json:
        print_json(Explanations(found))
    elif id is None:
        for kind, head in _HEADS:
            rows = [(explanation.id, explanation.title) for explanation in found if explanation.kind == kind]
            out().print(table([kind, head], rows))
    else:
        console = out()
        wraps = not console.is_terminal  # whole lines for grep; words stay whole for a reader
        text = "\n\n".join("\n".join(_lines(explanation)) for explanation in found)
        console.print(text, markup=False, highlight=False, soft_wrap=wraps)


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"{explanation.id} ({explanation.kind})"
    yield f"  {explanation.title}"
    yield ""
    sections = {
        _DOES.get(explanation.kind, "Asks"): explanation.does,
        "Why": explanation.why,
        "Shows": explanation.shows,
        "Costs": explanation.cost,
        "Kernels": explanation.since,
        "Asked of": explanation.asked,
        "Source": explanation.source,
        "From": explanation.origin,
    }
    yield from (f"{name}: {text}" for name, text in sections.items() if text)
    if explanation.kind == "test":
        yield from _list("Skipped for", explanation.skipped)
        yield from _list("Known defects", explanation.defects or ("none",))
    yield from _list("Fix", explanation.fix)
    if explanation.look:
        yield f"When it fails: {explanation.look}"
    if explanation.seen_before:
        yield "Seen before:"
        yield from (f"  {link.title}\n    {link.url}" for link in explanation.seen_before)


def _list(name: str, lines: tuple[str, ...]) -> Iterator[str]:
    if len(lines) == 1:
        yield f"{name}: {lines[0]}"
    elif lines:
        yield f"{name}:"
        yield from (f"  - {line}" for line in lines)

"""``bringup explain``: what a check or a test asks, what a cause is, why, since which kernel, and by which source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App

if TYPE_CHECKING:
    from bringup.checks.explain import Explanation

app = App()

_HEADS = (("check", "holds on a healthy board"), ("test", "asserts, of each heap"), ("cause", "what it is"))


def _ids(incomplete: str) -> list[str]:
    from bringup.checks.explain import explained

    return [one.id for one in explained() if one.id.startswith(incomplete)]


@app.command()
def explain(
    id: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="The id of a check, a test or a cause; without: all.", autocompletion=_ids),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """What a check or a test asks or a cause is, why, since which kernel, and by which source."""
    from bringup.checks.explain import explain as explain_one
    from bringup.checks.explain import explained
    from bringup.cli.console import out, print_json, table

    found = explained() if id is None else explain_one(id)
    if json:
        print_json({"schema": "bringup.explain/1", "explained": [one.to_json() for one in found]})
    elif id is None:
        for kind, head in _HEADS:
            out().print(table([kind, head], [(one.id, one.title) for one in found if one.kind == kind]))
    else:
        console = out()
        wraps = not console.is_terminal  # whole lines for grep; words stay whole for a reader
        text = "\n\n".join("\n".join(_lines(one)) for one in found)
        console.print(text, markup=False, highlight=False, soft_wrap=wraps)


def _lines(one: Explanation) -> Iterator[str]:
    yield f"{one.id} ({one.kind})"
    yield f"  {one.title}"
    yield ""
    told = {
        "Does" if one.kind == "test" else "Asks": one.does,
        "Why": one.why,
        "Shows": one.shows,
        "Costs": one.cost,
        "Kernels": one.since,
        "Asked of": one.asked,
        "Source": one.source,
    }
    yield from (f"{name}: {text}" for name, text in told.items() if text)
    if one.kind == "test":
        yield from _list("Skipped for", one.skipped)
        yield from _list("Known defects", one.defects or ("none",))
    if one.look:
        yield f"When it fails: {one.look}"
    if one.seen_before:
        yield "Seen before:"
        yield from (f"  {link.title}\n    {link.url}" for link in one.seen_before)


def _list(name: str, lines: tuple[str, ...]) -> Iterator[str]:
    if len(lines) == 1:
        yield f"{name}: {lines[0]}"
    elif lines:
        yield f"{name}:"
        yield from (f"  - {line}" for line in lines)

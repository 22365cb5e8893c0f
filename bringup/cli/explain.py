"""``bringup explain``: what a check asks, what a cause is, why, since which kernel, and by which source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App

if TYPE_CHECKING:
    from bringup.checks.explain import Explanation

app = App()


def _ids(incomplete: str) -> list[str]:
    from bringup.checks.explain import explained

    return [one.id for one in explained() if one.id.startswith(incomplete)]


@app.command()
def explain(
    id: Annotated[
        str | None, typer.Argument(metavar="ID", help="A check's or a cause's id; without: all.", autocompletion=_ids)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """What a check asks or a cause is, why, since which kernel, and by which source."""
    from bringup.checks.explain import explain as explain_one
    from bringup.checks.explain import explained
    from bringup.cli.console import out, print_json, table

    found = explained() if id is None else (explain_one(id),)
    if json:
        print_json([one.to_json() for one in found])
    elif id is None:
        for kind, head in (("check", "holds on a healthy board"), ("cause", "what it is")):
            out().print(table([kind, head], [(one.id, one.title) for one in found if one.kind == kind]))
    else:
        out().print("\n".join(_lines(found[0])), markup=False, highlight=False, soft_wrap=True)


def _lines(one: Explanation) -> Iterator[str]:
    yield f"{one.id} ({one.kind})"
    yield f"  {one.title}"
    yield ""
    yield f"Why: {one.why}"
    if one.shows:
        yield f"Shows: {one.shows}"
    if one.cost:
        yield f"Costs: {one.cost}"
    yield f"Kernels: {one.since}"
    yield f"Source: {one.source}"
    if one.seen_before:
        yield "Seen before:"
        yield from (f"  {link.title}\n    {link.url}" for link in one.seen_before)

"""``bringup explain``: what a check asks, why, and by which source."""

from __future__ import annotations

from typing import Annotated

import typer

from bringup.cli.lazy import App

app = App()


def _ids(incomplete: str) -> list[str]:
    from bringup.checks.registry import checks

    return [check.id for check in checks() if check.id.startswith(incomplete)]


@app.command()
def explain(
    id: Annotated[
        str | None, typer.Argument(metavar="ID", help="A check's id; without: all.", autocompletion=_ids)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """What a check asks, why, and by which source."""
    from bringup.checks.registry import checks, find_check
    from bringup.cli.console import out, print_json, table

    found = checks() if id is None else (find_check(id),)
    if json:
        print_json([{"id": one.id, "title": one.title, "why": one.why, "source": one.source} for one in found])
    elif id is None:
        out().print(table(["check", "holds on a healthy board"], [(one.id, one.title) for one in found]))
    else:
        one = found[0]
        out().print(f"{one.id}\n  {one.title}\n\nWhy: {one.why}\nSource: {one.source}")

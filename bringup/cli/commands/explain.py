"""``bringup explain``: what a check or a test asks, what a cause is, why, since which kernel, and by which source."""

from __future__ import annotations

from typing import Annotated

import typer

from bringup.cli.completion import explained_ids
from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput

app = App()


@app.command()
def explain(
    id: Annotated[
        str | None,
        typer.Argument(
            metavar="ID", help="The id of a check, a test or a cause; without: all.", autocompletion=explained_ids
        ),
    ] = None,
    json: JsonOutput = False,
) -> None:
    """What a check or a test asks or a cause is, why, since which kernel, and by which source."""
    from bringup.cli.actions.explain import show_explanations

    show_explanations(id, as_json=json)

"""``bringup scan``: who still uses ION in a source tree, and what replaces each use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bringup.cli.completion import board_config_names, scan_format_names, scan_rule_ids
from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, JsonOutput, ScanFailOn, with_options

app = App()

_FILES = "Which files"
_LEFT = "What is left"
_INSTEAD = "Instead of the uses"

FilesFrom = Annotated[
    Path | None,
    typer.Option(
        "--files-from",
        metavar="FILE",
        help="Only the files that FILE names, one per line or separated by NUL; - reads stdin.",
        rich_help_panel=_FILES,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="Leave out these, as in .gitignore.", rich_help_panel=_FILES),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="GLOB",
        help="Only these, even where git ignores them or a build wrote them.",
        rich_help_panel=_FILES,
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline", metavar="OLD.json", help="An earlier --json: say what is new and gone.", rich_help_panel=_LEFT
    ),
]
FailOnUse = Annotated[
    ScanFailOn, typer.Option("--fail-on", help="What makes the exit status 1.", rich_help_panel=_LEFT)
]
Suppressions = Annotated[
    Path | None,
    typer.Option(
        "--suppressions", metavar="FILE", help="Uses that stay: path, rule, word, reason.", rich_help_panel=_LEFT
    ),
]
Plan = Annotated[bool, typer.Option("--plan", help="The order of the work: done, left, who.", rich_help_panel=_INSTEAD)]
Patch = Annotated[
    Path | None,
    typer.Option(
        "--patch", metavar="DIR", help="Write the mechanical part as patches for git apply.", rich_help_panel=_INSTEAD
    ),
]
InitConfig = Annotated[
    bool,
    typer.Option(
        "--init-config", help="The heaps of a board config, from what the tree asks.", rich_help_panel=_INSTEAD
    ),
]

_CHOOSING: dict[str, tuple[Any, object]] = {
    "files_from": (FilesFrom, None),
    "exclude": (Exclude, None),
    "include": (Include, None),
    "suppressions": (Suppressions, None),
}
_COUNTING: dict[str, tuple[Any, object]] = {"baseline": (Baseline, None), "fail_on": (FailOnUse, ScanFailOn.USE)}


def _chooses(command: Any) -> Any:
    """Give a command the options that say what is scanned, as ``choosing``, and what fails, as ``counting``."""
    return with_options(with_options(command, _COUNTING, "counting", dict), _CHOOSING, "choosing", dict)


@app.command()
@_chooses
def scan(
    choosing: dict[str, Any],
    counting: dict[str, Any],
    tree: Annotated[
        list[Path] | None, typer.Argument(metavar="TREE", help="Folders of sources, or files.", show_default=False)
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            metavar="NAME",
            help="Name this board config's heaps as replacements.",
            autocompletion=board_config_names,
        ),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="ID", help="Only this rule; may be repeated.", autocompletion=scan_rule_ids),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every line, with what replaces it.")] = False,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text (as --all), json, sarif, md, html, csv or github.",
            autocompletion=scan_format_names,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write there instead of to stdout.")
    ] = None,
    listed: Annotated[
        bool,
        typer.Option("--list", help="The rules: what each finds, why, by which source.", rich_help_panel=_INSTEAD),
    ] = False,
    plan: Plan = False,
    patch: Patch = None,
    init_config: InitConfig = False,
    config_dir: ConfigDir = None,
    json: JsonOutput = False,
) -> int:
    """Who still uses ION in a source tree, and what replaces each use.

    Exit status: 0 nothing uses ION, or only as the way back; 1 something is to do; 2 wrong usage; 3 nothing is to do,
    but not every file was read.
    """
    from bringup.cli.actions.scan import choose_answer, list_rules, report, scan_sources

    if listed:
        list_rules(rule or (), as_json=json)
        return 0
    trees = tree or []
    answer = choose_answer(
        trees,
        everything=everything,
        plan=plan,
        init_config=init_config,
        format=format,
        as_json=json,
        output=output,
        patch=patch,
        **counting,
    )
    result = scan_sources(trees, rule or (), board, config_dir, **choosing)
    return report(result, trees, answer)

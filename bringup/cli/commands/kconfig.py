"""``bringup kconfig``: kernel configurations checked, fixed, explained, compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bringup.cli.completion import kconfig_names
from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput, RootOption, VerdictFormat, selects_boards, with_options

if TYPE_CHECKING:
    from bringup.board import Selection

app = App("Check a kernel configuration, fix it, explain it, compare it: of files, of a record, or of a board.")

_EVIDENCE = "What else is known of the board"
_KERNEL = "Which kernel"
_RULES = "What is required"

Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="SOURCE",
        help="A .config (plain, .gz, .xz, .zst), a kernel image, an Android boot image, a source tree (with --arch), "
        "or a defconfig and fragments: later ones win. Without any: the kernel of the connected board.",
    ),
]
Release = Annotated[
    str | None,
    typer.Option(
        "--kernel", metavar="RELEASE", help="As uname -r says it, where SOURCE does not.", rich_help_panel=_KERNEL
    ),
]
FlavourName = Annotated[
    str | None, typer.Option("--flavour", metavar="mainline|gki|vendor", help="Whose tree.", rich_help_panel=_KERNEL)
]
Arch = Annotated[
    str | None, typer.Option("--arch", metavar="ARCH", help="As the kernel's arch/ spells it.", rich_help_panel=_KERNEL)
]
Tree = Annotated[
    Path | None,
    typer.Option(
        "--tree", metavar="DIR", help="Look symbols up in this source tree (with --arch).", rich_help_panel=_KERNEL
    ),
]
RequirementFiles = Annotated[
    list[Path] | None,
    typer.Option("--requirements", metavar="FILE", help="Further requirements, as YAML.", rich_help_panel=_RULES),
]
VintfFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--vintf",
        metavar="FILE",
        help="A compatibility matrix or android-*.config, read as it is.",
        rich_help_panel=_RULES,
    ),
]
NoShipped = Annotated[
    bool, typer.Option("--no-shipped", help="Only the requirements of these files.", rich_help_panel=_RULES)
]
ModulesLoad = Annotated[
    list[Path] | None,
    typer.Option("--modules-load", metavar="FILE", help="modules.load of the build.", rich_help_panel=_EVIDENCE),
]
CommandLine = Annotated[
    str | None, typer.Option("--cmdline", metavar="TEXT", help="Kernel command line.", rich_help_panel=_EVIDENCE)
]
UserBuild = Annotated[
    bool | None,
    typer.Option(
        "--user-build/--debug-build", help="Whether it is a user build of Android.", rich_help_panel=_EVIDENCE
    ),
]
Record = Annotated[
    Path | None,
    typer.Option("--record", metavar="RECORD", help="Judge the kernel of a board's record.", rich_help_panel=_EVIDENCE),
]


#: What check and fragment judge by: argument of check_options → (option, default)
_JUDGING: dict[str, tuple[Any, object]] = {
    "kernel": (Release, None),
    "flavour": (FlavourName, None),
    "arch": (Arch, None),
    "tree": (Tree, None),
    "requirements": (RequirementFiles, None),
    "vintf": (VintfFiles, None),
    "no_shipped": (NoShipped, False),
    "modules_load": (ModulesLoad, None),
    "user_build": (UserBuild, None),
}


def _judges(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the options that say what to judge by. It receives them together, as ``judging``."""
    return with_options(command, _JUDGING, "judging", dict)


@app.command()
@selects_boards
@_judges
def check(
    selection: Selection,
    judging: dict[str, Any],
    sources: Sources = None,
    each: Annotated[
        bool,
        typer.Option(
            "--each",
            help="Judge each SOURCE by itself, and every configuration below a folder; - reads a list from stdin. "
            "With --json one line per file.",
        ),
    ] = False,
    record: Record = None,
    root: RootOption = "auto",
    later: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="RELEASE", help="Judge for a later kernel; list what changes.", rich_help_panel=_KERNEL
        ),
    ] = None,
    cmdline: CommandLine = None,
    everything: Annotated[bool, typer.Option("--all", help="Also print what was skipped, and why.")] = False,
    report: Annotated[
        VerdictFormat | None,
        typer.Option("--format", help="For code scanning, or as annotations of a pull request."),
    ] = None,
    json: JsonOutput = False,
) -> int:
    """Judge a configuration by kernel version. Exit status 1: a requirement failed; 3: it could not be found out."""
    from bringup.cli.actions.kconfig.check import check_one
    from bringup.cli.actions.kconfig.each import check_each
    from bringup.cli.actions.kconfig.options import check_options, opened, with_tree
    from bringup.cli.actions.kconfig.selection import SourceSelection

    options = check_options(judging, cmdline=cmdline, later=later)
    named = SourceSelection.of(sources, record, selection, root, each=each)
    if each:
        return check_each(named.files, with_tree(options, judging["tree"]), as_json=json, report=report)
    source, options = opened(named, judging["tree"], options)
    return check_one(source, options, everything=everything, as_json=json, report=report)


@app.command()
@selects_boards
@_judges
def fragment(
    selection: Selection,
    judging: dict[str, Any],
    sources: Sources = None,
    record: Record = None,
    root: RootOption = "auto",
    only_required: Annotated[
        bool, typer.Option("--only-required", help="Leave recommended ones out.", rich_help_panel=_RULES)
    ] = False,
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Default: stdout.")] = None,
) -> int:
    """Print the fewest lines that make every failed requirement pass, for merge_config.sh."""
    from bringup.cli.actions.kconfig.options import check_options, opened
    from bringup.cli.actions.kconfig.output import write_fragment
    from bringup.cli.actions.kconfig.selection import SourceSelection

    options = check_options(judging)
    source, options = opened(SourceSelection.of(sources, record, selection, root), judging["tree"], options)
    read = (*(sources or ()), *(judging["vintf"] or ()), *(judging["requirements"] or ()))
    return write_fragment(source, options, output, only_required=only_required, read=read)


@app.command()
def explain(
    name: Annotated[
        str | None,
        typer.Argument(metavar="ID|SYMBOL", help="A requirement's id or a symbol.", autocompletion=kconfig_names),
    ] = None,
    everything: Annotated[bool, typer.Option("--list", help="List all ids and symbols.")] = False,
    requirements: RequirementFiles = None,
    json: JsonOutput = False,
) -> None:
    """Print the history of a symbol, or what a requirement asks and why."""
    from bringup.cli.actions.kconfig.options import requirements_of
    from bringup.cli.actions.kconfig.output import show_explanation, show_names

    further = requirements_of(requirements, None)
    if everything:
        show_names(further, as_json=json)
    else:
        show_explanation(name, further, as_json=json)


@app.command()
@selects_boards
def diff(
    selection: Selection,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="SOURCE", help="Of any kind that check reads; two or more, a board and a record counted."
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="RECORD", help="Compare the kernel of a board's record, too.")
    ] = None,
    root: RootOption = "auto",
    same: Annotated[bool, typer.Option("--same", help="Exit status 1 when any two disagree, and say which.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help='Distinguish "is not set" from not mentioned.')] = False,
    heaps_only: Annotated[bool, typer.Option("--heaps", help="Only symbols of DMA-BUFs, heaps and CMA.")] = False,
    json: JsonOutput = False,
) -> int:
    """Compare configurations: any two, or all that should be the same (running kernel, boot.img, build, fragment).

    -s SERIAL compares the kernel that runs on a board with them.
    """
    from bringup.cli.actions.kconfig.output import show_differences
    from bringup.cli.actions.kconfig.selection import SourceSelection
    from bringup.cli.actions.kconfig.sources import all_sources

    opened = all_sources(SourceSelection.of(sources, record, selection, root))
    return show_differences(opened, same=same, exact=exact, heaps_only=heaps_only, as_json=json)

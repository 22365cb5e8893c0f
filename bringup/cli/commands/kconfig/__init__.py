"""``bringup kconfig``: kernel configurations checked, mended, explained, compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput, RootOption, selects_boards

if TYPE_CHECKING:
    from bringup.board import Selection
    from bringup.cli.commands.kconfig.board import Named
    from bringup.kernel.requirements.checked import Asked
    from bringup.kernel.requirements.requirement import Requirement
    from bringup.kernel.sources.configuration import Source

app = App("Check a kernel configuration, mend it, explain it, compare it: of files, of a record, or of a board.")

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
    typer.Option("--user-build/--debug-build", help="Whether it is a build for users.", rich_help_panel=_EVIDENCE),
]
Record = Annotated[
    Path | None,
    typer.Option("--record", metavar="RECORD", help="Judge the kernel of a board's record.", rich_help_panel=_EVIDENCE),
]


@app.command()
@selects_boards
def check(
    selection: Selection,
    sources: Sources = None,
    record: Record = None,
    root: RootOption = "auto",
    kernel: Release = None,
    later: Annotated[
        str | None,
        typer.Option("--for", metavar="RELEASE", help="Forecast for a later kernel.", rich_help_panel=_KERNEL),
    ] = None,
    flavour: FlavourName = None,
    arch: Arch = None,
    tree: Tree = None,
    requirements: RequirementFiles = None,
    vintf: VintfFiles = None,
    no_shipped: NoShipped = False,
    modules_load: ModulesLoad = None,
    cmdline: CommandLine = None,
    user_build: UserBuild = None,
    everything: Annotated[bool, typer.Option("--all", help="Also print what was skipped, and why.")] = False,
    json: JsonOutput = False,
) -> None:
    """Judge a configuration by kernel version. Exit status 1: a requirement failed; 3: it could not be found out."""
    from msgspec.structs import replace

    from bringup.cli.commands.kconfig.board import Named
    from bringup.cli.commands.kconfig.output import show_check
    from bringup.kernel.history.version import KernelVersion
    from bringup.kernel.requirements.checked import check_source

    further = _further(requirements, vintf)
    asked = _asked(kernel, flavour, arch, modules_load, cmdline, user_build, further, not no_shipped)
    if later is not None:
        asked = replace(asked, later=KernelVersion.parse(later))
    source, asked = _open(Named.of(sources, record, selection, root), tree, asked)
    checked = check_source(source, asked)
    show_check(checked, everything=everything, as_json=json)
    raise typer.Exit(checked.exit_code)


@app.command()
@selects_boards
def fragment(
    selection: Selection,
    sources: Sources = None,
    record: Record = None,
    root: RootOption = "auto",
    kernel: Release = None,
    flavour: FlavourName = None,
    arch: Arch = None,
    tree: Tree = None,
    requirements: RequirementFiles = None,
    vintf: VintfFiles = None,
    no_shipped: NoShipped = False,
    modules_load: ModulesLoad = None,
    user_build: UserBuild = None,
    only_required: Annotated[
        bool, typer.Option("--only-required", help="Leave recommended ones out.", rich_help_panel=_RULES)
    ] = False,
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="Default: stdout.")] = None,
) -> None:
    """Print the fewest lines that make every failed requirement pass, for merge_config.sh."""
    from bringup.cli.commands.kconfig.board import Named
    from bringup.cli.commands.kconfig.output import write_fragment
    from bringup.errors import ExitCode
    from bringup.kernel.requirements.checked import mend

    further = _further(requirements, vintf)
    asked = _asked(kernel, flavour, arch, modules_load, None, user_build, further, not no_shipped)
    source, asked = _open(Named.of(sources, record, selection, root), tree, asked)
    result = mend(source, asked, only_required=only_required)
    write_fragment(result, source, output, read=(*(sources or ()), *(vintf or ()), *(requirements or ())))
    raise typer.Exit(int(ExitCode.FAILED if result.impossible else ExitCode.PASSED))


def _explained(incomplete: str) -> list[str]:
    """Ids and symbols, for the shell's completion."""
    from bringup.kernel.history.symbols import symbol_table
    from bringup.kernel.requirements.judge import shipped_requirements

    known = (*(one.id for one in shipped_requirements()), *symbol_table())
    return [name for name in known if name.startswith(incomplete)]


@app.command()
def explain(
    name: Annotated[
        str | None,
        typer.Argument(metavar="ID|SYMBOL", help="A requirement's id or a symbol.", autocompletion=_explained),
    ] = None,
    everything: Annotated[bool, typer.Option("--list", help="List all ids and symbols.")] = False,
    requirements: RequirementFiles = None,
    json: JsonOutput = False,
) -> None:
    """Print the history of a symbol, or what a requirement asks and why."""
    from bringup.cli.commands.kconfig.output import show_explanation, show_names
    from bringup.errors import UsageError
    from bringup.kernel.requirements.explain import explain as look_up
    from bringup.kernel.requirements.judge import shipped_requirements

    known = (*shipped_requirements(), *_further(requirements, None))
    if everything:
        show_names(known, as_json=json)
    elif name is None:
        raise UsageError("explain", "no name was given", hint="bringup kconfig explain --list names all that is known")
    else:
        show_explanation(look_up(name, known), as_json=json)


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
    record: Record = None,
    root: RootOption = "auto",
    same: Annotated[bool, typer.Option("--same", help="Exit status 1 when any two disagree, and say which.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help='Tell "is not set" from not mentioned.')] = False,
    heaps_only: Annotated[bool, typer.Option("--heaps", help="Only symbols of dma-bufs, heaps and CMA.")] = False,
    json: JsonOutput = False,
) -> None:
    """Compare configurations: any two, or all that should be the same (running kernel, boot.img, build, fragment).

    -s SERIAL compares the kernel that runs on a board with them.
    """
    from bringup.cli.commands.kconfig.board import Named, all_sources
    from bringup.cli.commands.kconfig.output import show_differences
    from bringup.errors import ExitCode
    from bringup.kernel.requirements.diff import configs_of, differences

    opened = all_sources(Named.of(sources, record, selection, root))
    found = differences(configs_of(opened), exact=exact)
    if heaps_only:
        found = [difference for difference in found if difference.relevant]
    show_differences(found, opened, same=same, as_json=json)
    raise typer.Exit(int(ExitCode.FAILED if same and found else ExitCode.PASSED))


def _asked(
    kernel: str | None,
    flavour: str | None,
    arch: str | None,
    modules_load: list[Path] | None,
    cmdline: str | None,
    user_build: bool | None,
    further: tuple[Requirement, ...],
    shipped: bool,
) -> Asked:
    from bringup.kernel.history.architecture import arch_named
    from bringup.kernel.history.version import Flavour, KernelVersion
    from bringup.kernel.requirements.checked import Asked
    from bringup.kernel.requirements.evidence import Evidence
    from bringup.kernel.sources.configuration import read_modules_load

    modules = [name for path in modules_load or () for name in read_modules_load(path)] if modules_load else None
    return Asked(
        None if kernel is None else KernelVersion.parse(kernel),
        None if flavour is None else Flavour.named(flavour),
        None if arch is None else arch_named(arch),
        Evidence.of(modules_load=modules, cmdline=cmdline, is_user_build=user_build),
        further,
        shipped,
    )


def _open(named: Named, tree: Path | None, asked: Asked) -> tuple[Source, Asked]:
    """Read what is named, and put what it tells beside what was told."""
    from msgspec.structs import replace

    from bringup.cli.commands.kconfig.board import observed_source, wants_board
    from bringup.errors import UsageError
    from bringup.kernel.kconfig.source_tree import read_tree
    from bringup.kernel.requirements.checked import open_with_tree

    if named.record is not None or wants_board(named):
        source, asked = observed_source(named, asked)
        found = None
    else:
        source, found = open_with_tree(named.sources, asked.arch)
    if tree is not None:
        if asked.arch is None:
            raise UsageError(f"read the source tree {tree}", "which architecture?", hint="add --arch arm64")
        found = read_tree(tree, asked.arch)
    return source, replace(asked, tree=found)


def _further(requirements: list[Path] | None, vintf: list[Path] | None) -> tuple[Requirement, ...]:
    """Requirements from files. Their readers are imported only where a file is named: they cost as much as the rest."""
    found: list[Requirement] = []
    for path in requirements or ():
        from bringup.kernel.requirements.requirement_file import load_requirements

        found.extend(load_requirements(path))
    for path in vintf or ():
        from bringup.kernel.requirements.vintf import load_vintf

        found.extend(load_vintf(path))
    return tuple(found)

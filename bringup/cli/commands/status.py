"""``bringup status``: mainline and Android Common Kernels, feature by feature; and what of it a board depends on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bringup.cli.completion import board_config_names
from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, JsonOutput

if TYPE_CHECKING:
    from bringup.cli.console import Rows
    from bringup.kernel.history.gap import UpstreamGap
    from bringup.kernel.history.upstream import Feature
    from bringup.kernel.history.version import KernelVersion

app = App()

_DEPENDS = "What a board depends on"


@app.command()
def status(
    kernel: Annotated[
        str | None,
        typer.Option("--kernel", metavar="RELEASE", help="What this kernel has; default: each feature's life span."),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            metavar="NAME",
            help="Also what this board config asks for that mainline does not have.",
            autocompletion=board_config_names,
            rich_help_panel=_DEPENDS,
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="RECORD",
            help="Also what was observed on a board that mainline does not have.",
            rich_help_panel=_DEPENDS,
        ),
    ] = None,
    modules: Annotated[
        Path | None,
        typer.Option(
            "--modules",
            metavar="DIR",
            help="Also which kernel modules below DIR call what only Android Common Kernels export.",
            rich_help_panel=_DEPENDS,
        ),
    ] = None,
    config_dir: ConfigDir = None,
    json: JsonOutput = False,
) -> None:
    """What of DMA-BUF heaps is in mainline and what in Android Common Kernels only; a board's upstream gap."""
    from bringup.cli.console import out, print_json
    from bringup.kernel.history.upstream import features, looked_at
    from bringup.kernel.history.version import KernelVersion

    version = KernelVersion.parse(kernel) if kernel is not None else None
    gap = _gap(board, record, modules, kernel, config_dir)
    if json:
        document = {
            "schema": "bringup.status/1",
            "kernel": kernel,
            "looked_at": str(looked_at()),
            "features": [one.to_json(version) for one in features()],
            **({"upstream_gap": gap} if gap else {}),
        }
        print_json(document)
        return
    if gap is None or kernel is not None:
        out().print(_feature_table(features(), version))
        if version is not None and version.series > looked_at().series:
            out().print(f"not known: no source newer than {looked_at()} was read")
    if gap is not None:
        _show_gap(gap)


def _gap(
    board: str | None, record: Path | None, modules: Path | None, kernel: str | None, folders: list[Path] | None
) -> UpstreamGap | None:
    from bringup.errors import UsageError

    if board is None and record is None and modules is None:
        return None
    from bringup.facts.upstream_gap import gap_of_board, gap_of_config, gap_of_modules
    from bringup.kernel.sources.module_symbols import heap_users

    users = None if modules is None else heap_users(modules)
    if board is None and record is None:
        return gap_of_modules(users or {}, kernel)
    from bringup.config.shipped import choose_configs

    configs, named = choose_configs(board, folders)
    if record is None:
        return gap_of_config(configs[0], kernel, users)
    if kernel is not None:
        hint = "leave --kernel out, or name a board config with --board alone"
        raise UsageError("status", "a record tells its own kernel", hint=hint)
    from bringup.facts.board import Facts
    from bringup.facts.config_match import match_config
    from bringup.record.load import load_record

    facts = Facts(load_record(record))
    return gap_of_board(facts.against(configs[0] if named else match_config(facts, configs).config), users)


def _feature_table(features: Iterable[Feature], version: KernelVersion | None) -> Rows:
    from bringup.cli.console import table

    if version is None:
        rows = ([one.title, str(one.mainline), str(one.android), one.note] for one in features)
        return table(["feature", "mainline", "Android Common Kernels", ""], rows)
    series = f"{version.major}.{version.minor}"
    rows = (
        [one.title, one.mainline.state(version).value, one.android.state(version).value, str(one.mainline)]
        for one in features
    )
    return table(["feature", f"mainline {series}", f"Android {series}", "in mainline"], rows)


def _show_gap(gap: UpstreamGap) -> None:
    from bringup.cli.console import out, table
    from bringup.text import visible

    console = out()
    if gap.dependencies:
        rows = ([one.kind.value, one.name, f"{one.standing.value}: {one.origin}", one.seen, one.instead or ""]
                for one in gap.dependencies)  # fmt: skip
        console.print(table(["", "not in mainline", "whose", "known by", "instead"], rows))
    count = len(gap.dependencies)
    against = f"mainline {gap.kernel}" if gap.kernel else "every mainline kernel"
    console.print(f"upstream gap against {against}: {count or 'none'}")
    for line in gap.not_known:
        console.print(visible(f"  not known: {line}"), soft_wrap=True)

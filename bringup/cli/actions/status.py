"""What ``bringup status`` does: features by kernel, and the upstream gap of a board, a record or modules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bringup.cli.console import Rows, out, print_json, table
from bringup.config.shipped import choose_configs
from bringup.errors import UsageError
from bringup.facts.board import Facts
from bringup.facts.config_match import match_config
from bringup.facts.upstream_gap import gap_of_board, gap_of_config, gap_of_modules
from bringup.kernel.history.gap import UpstreamGap
from bringup.kernel.history.status import status_document
from bringup.kernel.history.upstream import Feature, features, newer_than_read
from bringup.kernel.history.version import KernelVersion
from bringup.kernel.sources.module_symbols import heap_users
from bringup.record.load import load_record
from bringup.text import visible

__all__ = ["show_status"]


def show_status(
    kernel: str | None,
    *,
    board: str | None,
    record: Path | None,
    modules: Path | None,
    folders: list[Path] | None,
    as_json: bool,
) -> None:
    """Print the features, and the upstream gap where something is named that has one.

    :param folders: searched for board configs before the default ones.
    """
    version = KernelVersion.parse(kernel) if kernel is not None else None
    gap = _gap(board, record, modules, kernel, folders)
    if as_json:
        print_json(status_document(version, gap))
        return
    if gap is None or version is not None:
        out().print(_feature_table(features(), version))
        for line in newer_than_read(version):
            out().print(visible(line), soft_wrap=True)
    if gap is not None:
        _show_gap(gap)


def _gap(
    board: str | None, record: Path | None, modules: Path | None, kernel: str | None, folders: list[Path] | None
) -> UpstreamGap | None:
    if board is None and record is None and modules is None:
        return None
    users = None if modules is None else heap_users(modules)
    if board is None and record is None:
        return gap_of_modules(users or {}, kernel)
    configs, is_named = choose_configs(board, folders)
    if record is None:
        return gap_of_config(configs[0], kernel, users)
    if kernel is not None:
        hint = "leave --kernel out, or name a board config with --board alone"
        raise UsageError("status", "a record has its own kernel", hint=hint)
    facts = Facts(load_record(record))
    return gap_of_board(facts.against(configs[0] if is_named else match_config(facts, configs).config), users)


def _feature_table(rows: Iterable[Feature], version: KernelVersion | None) -> Rows:
    if version is None:
        cells = ([feature.title, str(feature.mainline), str(feature.android), feature.note] for feature in rows)
        return table(["feature", "mainline", "Android Common Kernels", ""], cells)
    series = f"{version.major}.{version.minor}"
    cells = (
        [feature.title, feature.mainline.state(version), feature.android.state(version), str(feature.mainline)]
        for feature in rows
    )
    return table(["feature", f"mainline {series}", f"Android {series}", "in mainline"], cells)


def _show_gap(gap: UpstreamGap) -> None:
    console = out()
    if gap.dependencies:
        rows = (
            [
                dependency.kind,
                dependency.name,
                f"{dependency.standing}: {dependency.origin}",
                dependency.seen,
                dependency.instead or "",
            ]
            for dependency in gap.dependencies
        )
        console.print(table(["", "not in mainline", "whose", "known by", "instead"], rows))
    count = len(gap.dependencies)
    against = f"mainline {gap.kernel}" if gap.kernel else "every mainline kernel"
    console.print(f"upstream gap against {against}: {count or 'none'}")
    for line in gap.not_known:
        console.print(visible(f"  not known: {line}"), soft_wrap=True)

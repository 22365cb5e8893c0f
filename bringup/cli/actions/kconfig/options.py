"""From the options of ``bringup kconfig`` to what a check assumes and reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bringup.cli.actions.kconfig.selection import SourceSelection
from bringup.errors import UsageError
from bringup.kernel.history.architecture import arch_named
from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.source_tree import read_tree
from bringup.kernel.requirements.check import CheckOptions, open_with_tree
from bringup.kernel.requirements.evidence import Evidence
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.sources.source import Source, read_modules_load

__all__ = ["check_options", "opened", "requirements_of", "with_tree"]


def check_options(judging: Mapping[str, Any], *, cmdline: str | None = None, later: str | None = None) -> CheckOptions:
    """The options that ``check`` and ``fragment`` share; what is not given is ``None``.

    :param judging: their values by name.
    :raises UsageError, ConfigError: a value is wrong, or a file cannot be read.
    """
    modules = judging["modules_load"]
    listed = [name for path in modules for name in read_modules_load(path)] if modules else None
    kernel, flavour, arch = judging["kernel"], judging["flavour"], judging["arch"]
    return CheckOptions(
        None if kernel is None else KernelVersion.parse(kernel),
        None if flavour is None else Flavour.named(flavour),
        None if arch is None else arch_named(arch),
        Evidence.of(modules_load=listed, cmdline=cmdline, is_user_build=judging["user_build"]),
        requirements_of(judging["requirements"], judging["vintf"]),
        not judging["no_shipped"],
        None if later is None else KernelVersion.parse(later),
    )


def requirements_of(files: Sequence[Path] | None, vintf: Sequence[Path] | None) -> tuple[Requirement, ...]:
    """Requirements from files.

    :raises ConfigError: one is wrong.
    """
    found: list[Requirement] = []
    for path in files or ():
        from bringup.kernel.requirements.reading.from_yaml import load_requirements  # pydantic and ruamel.yaml

        found.extend(load_requirements(path))
    for path in vintf or ():
        from bringup.kernel.requirements.reading.vintf import load_vintf

        found.extend(load_vintf(path))
    return tuple(found)


def with_tree(options: CheckOptions, tree: Path | None) -> CheckOptions:
    """The options with a source tree in which symbols are looked up.

    :raises UsageError: a tree without an architecture.
    :raises ConfigError: it cannot be read.
    """
    if tree is None:
        return options
    if options.arch is None:
        raise UsageError(f"read the source tree {tree}", "no architecture was named", hint="add --arch arm64")
    return replace(options, tree=read_tree(tree, options.arch))


def opened(named: SourceSelection, tree: Path | None, options: CheckOptions) -> tuple[Source, CheckOptions]:
    """Read what is named; what a record, a board or a source tree says joins the options.

    :raises BringupError: as :func:`observed_source`, :func:`open_with_tree` and :func:`with_tree`.
    """
    if named.is_observed:
        from bringup.cli.actions.kconfig.sources import observed_source  # all that observes a board

        source, options = observed_source(named, options)
    else:
        source, found = open_with_tree(named.files, options.arch)
        options = replace(options, tree=found)
    return source, with_tree(options, tree)

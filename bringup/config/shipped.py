"""Where board configs and templates are found: the user's own folders first, then those that came with bringup."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.errors import UsageError
from bringup.text import did_you_mean, visible

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig

__all__ = [
    "ENV_PATH",
    "choose_configs",
    "config_dirs",
    "find_config",
    "find_path",
    "list_configs",
    "load_all",
    "template_dirs",
    "user_dirs",
]

ENV_PATH = "BRINGUP_CONFIG_PATH"
"""Folders searched before the default ones, separated by ':'; each may hold device-configs/ and templates/."""


def config_dirs(extra: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Folders of board configs, in search order: ``extra``, BRINGUP_CONFIG_PATH, ./, the user's, bringup's own."""
    return _dirs("device-configs", extra)


def template_dirs() -> tuple[Path, ...]:
    """Folders of templates, in the same order."""
    return _dirs("templates")


def user_dirs(kind: str) -> tuple[Path, ...]:
    """The user's own folders of that kind, in the same order."""
    return _dirs(kind)


def shipped_dir(kind: str) -> Path:
    """The folder that came with bringup: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_shipped" / kind
    return inside if inside.is_dir() else package.parent / kind


def _dirs(kind: str, extra: Sequence[Path] = ()) -> tuple[Path, ...]:
    found = list(extra)
    for folder in filter(None, os.environ.get(ENV_PATH, "").split(os.pathsep)):
        nested = Path(folder) / kind
        found.append(nested if nested.is_dir() else Path(folder))
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path(os.environ.get("HOME", "~")).expanduser() / ".config")
    found += [Path.cwd() / kind, Path(home) / "bringup" / kind, shipped_dir(kind)]
    unique = {folder.resolve(): folder for folder in reversed(found) if folder.is_dir()}
    return tuple(folder for folder in dict.fromkeys(found) if folder in unique.values())


def list_configs(dirs: Sequence[Path] | None = None) -> dict[str, Path]:
    """The files of all board configs by name; SoC configs in sub-folders, which boards extend, are not listed."""
    found: dict[str, Path] = {}
    for folder in config_dirs() if dirs is None else dirs:
        for path in folder.glob("*.yaml"):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find_path(name: str, dirs: Sequence[Path] | None = None) -> Path | None:
    """The file of the config ``name`` (``rb5``, ``soc/sdm845``), or ``None``."""
    if ".." in Path(name).parts or Path(name).is_absolute():
        return None
    for folder in config_dirs() if dirs is None else dirs:
        path = folder / f"{name}.yaml"
        try:
            if path.is_file():
                return path
        except OSError:  # a name that no file can have
            return None
    return None


def find_config(name: str, dirs: Sequence[Path] | None = None) -> BoardConfig:
    """Load the config ``name``; a name that ends in ``.yaml`` is a path to a file.

    :raises UsageError: there is none of this name.
    :raises ConfigError: there is one and it is wrong.
    """
    from bringup.config.load import load_config

    dirs = config_dirs() if dirs is None else dirs
    path = Path(name) if name.endswith((".yaml", ".yml")) else find_path(name, dirs)
    if path is None:
        raise _no_such(name, dirs)
    return load_config(path, lambda parent: find_path(parent, (path.parent, *dirs)))


def load_all(dirs: Sequence[Path] | None = None) -> tuple[BoardConfig, ...]:
    """Every listed config, loaded.

    :raises ConfigError: the first that is wrong.
    """
    dirs = config_dirs() if dirs is None else dirs
    return tuple(find_config(name, dirs) for name in list_configs(dirs))


def choose_configs(name: str | None, folders: Sequence[Path] | None) -> tuple[tuple[BoardConfig, ...], bool]:
    """The board configs to judge against, and whether a person named the one.

    :param folders: searched before the default ones.
    :raises UsageError, ConfigError: there is none of that name, or one is wrong.
    """
    dirs = config_dirs(tuple(folders or ()))
    return ((find_config(name, dirs),), True) if name else (load_all(dirs), False)


def _no_such(name: str, dirs: Sequence[Path]) -> UsageError:
    names = list_configs(dirs)
    known = f"known: {', '.join(names)}" if names else "no folder with board configs was found"
    hint = did_you_mean(name.lower(), names, known, cutoff=0.5)
    searched = ", ".join(str(folder) for folder in dirs)
    return UsageError(
        f"find board config '{visible(name)}'", f"no such config in {searched or 'any folder'}", hint=hint
    )

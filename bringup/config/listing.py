"""The board configs there are, as a document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from bringup.config.shipped import config_dirs, find_config, list_configs

__all__ = ["ConfigList", "ListedConfig", "listed_configs"]


class ListedConfig(Struct, frozen=True):
    """A board config.

    :param name: What --board takes.
    :param title: The board.
    :param path: Its file.
    """

    name: str
    title: str
    path: str


class ConfigList(Struct, frozen=True, tag_field="schema", tag="bringup.configs/1"):
    """The board configs there are."""

    configs: tuple[ListedConfig, ...]


def listed_configs(folders: Sequence[Path] = ()) -> ConfigList:
    """Every board config; those in ``folders`` come before shipped ones of the same name.

    :raises ConfigError: one is wrong.
    """
    dirs = config_dirs(folders)
    return ConfigList(
        tuple(ListedConfig(name, find_config(name, dirs).title, str(path)) for name, path in list_configs(dirs).items())
    )

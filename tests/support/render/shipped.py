"""The board configs and templates that are shipped, for tests of all of them."""

from __future__ import annotations

from functools import cache

import pytest

from bringup.config.schema import BoardConfig
from bringup.config.shipped import find_config, list_configs, shipped_dir

CONFIGS = [shipped_dir("device-configs")]
TEMPLATES = [shipped_dir("templates")]
BOARDS = list(list_configs(CONFIGS))
every_board = pytest.mark.parametrize("name", BOARDS)


@cache
def config(name: str) -> BoardConfig:
    return find_config(name, CONFIGS)

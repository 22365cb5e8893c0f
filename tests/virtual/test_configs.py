"""The kernels that are built, against what is rendered from the same board's config."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bringup.virtual import BuiltKernel, find_profile
from bringup.virtual.kernel.kconfig import parse_options

BOARDS = [
    ("arm64-5.10", "virtual-arm64-5.10"),
    ("arm64-6.12", "virtual-arm64-6.12"),
    ("arm64-7.x", "virtual-arm64-7.x"),
]


@pytest.mark.parametrize(("profile", "config"), BOARDS)
def test_every_option_that_is_rendered_is_built_in(tmp_path: Path, profile: str, config: str) -> None:
    argv = [sys.executable, "-m", "bringup", "render", "kconfig", "--board", config, "-o", str(tmp_path)]
    subprocess.run(argv, check=True, capture_output=True)
    rendered = parse_options((tmp_path / f"{config}.config").read_text())
    source = find_profile(profile).kernel
    assert isinstance(source, BuiltKernel)
    options = dict(source.options)
    assert len(rendered) > 5
    assert {name: options.get(name) for name in rendered} == rendered

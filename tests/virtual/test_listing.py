"""The list of virtual boards: what the Makefile asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bringup.virtual import BuiltKernel, profiles
from bringup.virtual.listing import listed_profiles

ROOT = Path(__file__).parents[2]


def test_the_makefile_sets_up_every_board_whose_kernel_is_compiled() -> None:
    built = [profile.name for profile in profiles() if isinstance(profile.kernel, BuiltKernel)]
    listed = listed_profiles().profiles
    assert [profile.profile for profile in listed if profile.builds_kernel] == built
    assert 0 < len(built) < len(listed)
    command = [sys.executable, "-m", "bringup.virtual.listing"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == built
    assert "-m bringup.virtual.listing" in (ROOT / "Makefile").read_text("utf-8")

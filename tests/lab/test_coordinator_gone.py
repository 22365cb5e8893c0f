"""A coordinator of labgrid that does not answer when places are released: releasing is tried, and its end is reported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.labgrid_lab import Lab

#: Holds a place until its input ends, and prints what it could not release within a second.
HOLDS = """
import asyncio, sys
from bringup.lab.places import coordinator as module
module.RELEASE_SECONDS = 1.0

async def main():
    async with module.Coordinator(sys.argv[1]) as coordinator:
        await coordinator.acquire("shelf")
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    print(coordinator.left)

asyncio.run(main())
"""


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_place_that_cannot_be_released_is_named(tmp_path: Path, is_gone: bool) -> None:
    pytest.importorskip("labgrid")
    lab = Lab(tmp_path, {"shelf": ("nobody/slot/*", {})})
    with lab.ends:
        holds = subprocess.Popen(
            [sys.executable, "-c", HOLDS, lab.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with holds:
            assert holds.stdout is not None
            assert holds.stdout.readline() == "held\n"
            assert set(lab.owners) == {"shelf"}
            if is_gone:
                lab.kill_coordinator()
            left, _ = holds.communicate("\n")
        assert ("shelf" in left) is is_gone, left
        if not is_gone:
            assert lab.owners == {}

"""Eight mixed virtual boards in one run: the verdicts are those that each has alone.

They boot once, with 192 MiB each (two with 384 MiB, for their reserved memory ends at 272 MiB), are observed one after
the other, and then all at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.boards_at_once import Cost, measured, own_report
from bringup.board import connect_tcp
from bringup.deadline import Deadline
from bringup.virtual import find_profile, running_board
from tests.support.native_adbd import AdbServer

PROFILES = ("amd64", "amd64", "amd64", "arm64-5.10", "arm64-6.12", "arm64-7.x", "arm64-debian", "arm64-16k")
#: MiB; a fixed region of arm64-6.12 and arm64-7.x lies behind it.
MEMORY, LARGER = 192, {"arm64-6.12": 384, "arm64-7.x": 384}
_BOOT_SECONDS, _BOARD_SECONDS = 600.0, "900"


def main() -> int:
    """Boot, measure, compare; 1 where a verdict differs."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as ends:
        folder = Path(name)
        (folder / "adb").mkdir()
        server = AdbServer(folder / "adb")
        ends.callback(server.kill)
        serials = {}
        for profile in PROFILES:
            started = running_board(
                find_profile(profile), Deadline.after(_BOOT_SECONDS), memory=LARGER.get(profile, MEMORY)
            )
            board = ends.enter_context(started)
            serials[connect_tcp(server.transport, board.serial, Deadline.after(_BOOT_SECONDS))] = profile
            print(f"  {profile} has booted: {board.serial}", flush=True)
        alone = [
            measured(server, folder / f"alone-{number}", "-s", serial, "--seconds", _BOARD_SECONDS)
            for number, serial in enumerate(serials)
        ]
        cost = measured(server, folder / "all", "--all", "--seconds", _BOARD_SECONDS)
        return _compare(alone, cost, serials)


def _compare(alone: list[Cost], cost: Cost, serials: dict[str, str]) -> int:
    expected = {serial: outcomes for one in alone for serial, outcomes in one.outcomes().items()}
    seen = cost.outcomes()
    print(f"\n{len(serials)} virtual boards of {MEMORY} MiB (two of 384), {os.cpu_count()} CPUs")
    print(f"  one after the other {sum(one.seconds for one in alone):.0f} s, at once {cost.seconds:.0f} s")
    wrong = 0
    for serial, profile in serials.items():
        before, now = expected[serial], seen.get(serial, {})
        differ = {
            key: (before.get(key), now.get(key))
            for key in before.keys() | now.keys()
            if before.get(key) != now.get(key)
        }
        wrong += bool(differ)
        print(f"  {profile:14} {len(before):4} verdicts alone, {len(differ)} differ {differ or ''}")
    missed = own_report("boards whose verdicts differ from those alone", wrong, 0, "")
    return int(missed + own_report("CPU of the host for each board", cost.cpu / len(serials), 0.35, "s") > 0)


if __name__ == "__main__":
    sys.exit(main())

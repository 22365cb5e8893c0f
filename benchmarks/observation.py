"""The whole observation of a board against a shell loop of ``adb shell cat`` for the same facts, on a virtual board."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from adbutils import adb_path

from benchmarks.measure import Goal, interleave, report
from bringup.board import Selection, connect
from bringup.cli.selecting import make_selection, virtual_board
from bringup.deadline import Deadline
from bringup.record.load import State, load_record
from bringup.record.observe import Observation, observe


def main() -> int:
    how = Observation(heaps=None)
    with tempfile.TemporaryDirectory() as scratch, virtual_board("amd64", make_selection()) as board:
        numbers = itertools.count()
        first = Path(scratch, "first")
        observe(board, first, how)
        record = load_record(first)
        facts = [one.path for one in record.files("/") if one.state is not State.MISSING or one.path.startswith("/proc")]
        selection = Selection(serials=(board.serial,))

        def ours() -> None:
            """From nothing: connect, look, read, write the record."""
            error = observe(connect(selection, Deadline.after(30)), Path(scratch, str(next(numbers))), how)
            if error is not None:
                raise error

        def loop() -> None:
            for path in facts:
                command = [adb_path(), "-s", board.serial, "shell", f"cat '{path}'"]
                subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        samples = interleave({"observation": ours, "adb shell cat loop": loop}, rounds=10, warm_up=1)
        again = Path(scratch, "again")
        observe(connect(selection, Deadline.after(30)), again, how)
        trips = (record.round_trips, load_record(again).round_trips)
        status = report(f"observation of {len(facts)} files on a virtual board", samples, [Goal("observation", "adb shell cat loop", 0.1)])
        print(f"  adb round trips: {trips[0]} with the push, {trips[1]} without (goal ≤ 6)")
        return int(status or max(one or 99 for one in trips) > 6)


if __name__ == "__main__":
    sys.exit(main())

"""The whole observation of a board against a shell loop of ``adb shell`` for the same facts, on a virtual board."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from adbutils import adb_path

from benchmarks.measure import Goal, interleave, report
from bringup.allocator.plan import Files, Glob, Item, Read, Run, Tree
from bringup.board import Selection, connect
from bringup.deadline import Deadline
from bringup.lab.booting import booted_board
from bringup.record import questions
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe

LOOK_ONLY = Observation(heaps=None)


def commands() -> list[str]:
    """What a person types for the same facts: one command a question, as in ``bringup/record/questions.py``."""
    asked = [command for item in questions.EVERYTHING if (command := _command(item))]
    return [*asked, "dmesg", "uname -a", "id", "cat /proc/sys/kernel/random/boot_id", "getconf PAGESIZE"]


def _command(item: Item) -> str | None:
    match item:
        case Read():
            return f"cat {os.fsdecode(item.path)}"
        case Files():
            return f"cat {os.fsdecode(item.pattern)}"
        case Tree():
            return f"find {os.fsdecode(item.path)} -type f -exec cat {{}} +"
        case Glob():
            return f"ls -ldZ {os.fsdecode(item.pattern)}"
        case Run():
            return " ".join(map(os.fsdecode, item.argv))
    return None


def main() -> int:
    """Measure, print, and say whether the goals are met."""
    with tempfile.TemporaryDirectory() as scratch, booted_board("amd64", Selection.from_options().server) as board:
        numbers = itertools.count()
        selection = Selection(serials=(board.serial,))

        def ours() -> Path:
            """From nothing: connect, look, read, write the record."""
            folder = Path(scratch, str(next(numbers)))
            error = observe(connect(selection, Deadline.after(30)), folder, LOOK_ONLY)
            if error is not None:
                raise error
            return folder

        def loop() -> None:
            for command in commands():
                argv = [adb_path(), "-s", board.serial, "shell", command]
                subprocess.run(argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        trips = [load_record(ours()).round_trips for _ in range(2)]
        samples = interleave({"observation": ours, "adb shell loop": loop}, rounds=10, warm_up=1)
    title = f"observation: {len(commands())} questions to a virtual board"
    status = report(title, samples, [Goal("observation", "adb shell loop", 0.1)])
    print(f"  adb round trips: {trips[0]} with the push, {trips[1]} without (goal ≤ 6)")
    return int(status or max(one or 99 for one in trips) > 6)


if __name__ == "__main__":
    sys.exit(main())

"""``bringup render all`` of 20 boards, whole process, into a new folder, against a bare ``python -c pass``."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Goal, interleave, report
from bringup.config.shipped import list_configs, shipped_dir

BOARDS = 20
#: 2.5 s where ``python -c pass`` takes 25 ms.
LIMIT = 100


def main() -> int:
    command = str(Path(sys.executable).parent / "bringup")
    names = list(list_configs([shipped_dir("device-configs")]))[:BOARDS]
    boards = [word for name in names for word in ("--board", name)]
    with tempfile.TemporaryDirectory() as folder:
        places = (str(Path(folder) / str(number)) for number in itertools.count())
        samples = interleave(
            {
                "python -c pass": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
                "render all, 20 boards": lambda: subprocess.run(
                    [command, "render", "all", *boards, "-o", next(places)], check=True, stderr=subprocess.DEVNULL
                ),
            },
            rounds=10,
        )
        written = sum(path.is_file() for path in (Path(folder) / "0").rglob("*"))
    print(f"\n{written} files a run")
    return report("render", samples, [Goal("render all, 20 boards", "python -c pass", LIMIT)])

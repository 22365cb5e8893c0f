"""Start-up: ``bringup --version`` and completion against a bare ``python -c pass``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Goal, interleave, report


def main() -> int:
    command = str(Path(sys.executable).parent / "bringup")
    completing = os.environ | {"_BRINGUP_COMPLETE": "complete_bash", "COMP_WORDS": "bringup ch", "COMP_CWORD": "1"}

    def run(*argv: str, env: dict[str, str] | None = None) -> None:
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env=env)

    samples = interleave(
        {
            "python -c pass": lambda: run(sys.executable, "-c", "pass"),
            "bringup --version": lambda: run(command, "--version"),
            "completion": lambda: run(command, env=completing),
        },
        rounds=20,
    )
    goals = [Goal("bringup --version", "python -c pass", 7), Goal("completion", "python -c pass", 7)]
    return report("start-up", samples, goals)

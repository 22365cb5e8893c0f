"""Start-up: ``bringup --version`` and completion against a bare ``python -c pass``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Goal, interleave, report


def main() -> int:
    command = str(Path(sys.executable).parent / "bringup")

    def complete(words: str) -> None:
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        run(command, env=os.environ | {"_BRINGUP_COMPLETE": "complete_bash"} | asked)

    def run(*argv: str, env: dict[str, str] | None = None) -> None:
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env=env)

    samples = interleave(
        {
            "python -c pass": lambda: run(sys.executable, "-c", "pass"),
            "bringup --version": lambda: run(command, "--version"),
            "completion of a word": lambda: complete("bringup ch"),
            "completion of an option": lambda: complete("bringup run --vir"),
        },
        rounds=20,
    )
    goals = [Goal(name, "python -c pass", 7) for name in samples if name != "python -c pass"]
    return report("start-up", samples, goals)

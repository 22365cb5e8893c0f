"""``bringup scan`` of a whole Linux source tree beside ripgrep with the same words; memory; what a file's shape costs.

The tree is an unpacked linux-source-6.12 of Debian: that of ``make kernels``, or ``BRINGUP_BENCHMARK_TREE``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import Goal, interleave, report
from bringup.scan.finding.ripgrep import find_ripgrep
from bringup.scan.readers.candidates import finder_forms
from bringup.virtual import cache_folder

_BRINGUP = "from bringup.cli.entry import main; main()"
_ALONE = f"import bringup.scan.finding.ripgrep as ripgrep; ripgrep.find_ripgrep = lambda: None; {_BRINGUP}"
_MOST_MEMORY = 150 << 20


def main() -> int:
    missed = _shapes()
    tree, program = _tree(), find_ripgrep()
    if not tree or not program:
        print("scan: no source of Linux 6.12, or no ripgrep: not compared with it")
        return missed
    ripgrep = [program, "--no-ignore", "--hidden", "-l", "-e", finder_forms().ripgrep, tree]
    ours, alone = ([sys.executable, "-c", code, "scan", tree] for code in (_BRINGUP, _ALONE))
    runs = {"rg": ripgrep, "scan": ours, "scan without rg": alone}
    samples = interleave({name: partial(_run, command) for name, command in runs.items()}, rounds=5, warm_up=1)
    goals = [Goal("scan", "rg", 1.5), Goal("scan without rg", "rg", 4)]
    missed |= report(f"whole processes, {Path(tree).name}", samples, goals)
    return missed | _memory(ours) | _memory(alone)


def _tree() -> str | None:
    cached = sorted(path for path in (cache_folder() / "sources").glob("linux-source-6.12_*") if path.is_dir())
    return os.environ.get("BRINGUP_BENCHMARK_TREE") or (str(cached[-1]) if cached else None)


def _shapes() -> int:
    """Time grows with uses in a line and with its length, not with their squares: 8 times as many, at most 12 times."""
    texts = {
        "uses in one line": ("ion_open();", 50_000, ""),
        "bytes in one literal": ("A", 2_000_000, '#include <ion/ion.h>\nchar *s = "'),
        "lines without a use": ("static int f(int a) { return a + 1; } /* x */\n", 40_000, "int my_ion_count;\n"),
    }
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for title, (text, few, before) in texts.items():
            paths = {f"{count:,}": Path(folder, f"{title} {count}.c") for count in (few, 8 * few)}
            for name, path in paths.items():
                path.write_text(before + text * int(name.replace(",", "")) + "\n")
            runs = {name: partial(_run, [sys.executable, "-c", _BRINGUP, "scan", str(p)]) for name, p in paths.items()}
            missed |= report(title, interleave(runs, 3, warm_up=0), [Goal(f"{8 * few:,}", f"{few:,}", 12)])
    return missed


def _memory(command: list[str]) -> int:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    peak = usage.ru_maxrss << 10
    word = "met" if peak <= _MOST_MEMORY else "MISSED"
    print(f"  memory: {peak >> 20} MiB at the peak (goal ≤ {_MOST_MEMORY >> 20}) {word}")
    return int(peak > _MOST_MEMORY)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode in {0, 1, 3}, done

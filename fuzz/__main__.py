"""``make fuzz``: every target, or those that are named, each for some seconds, in a process of its own."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
#: A single input may take no longer (seconds), and no more memory (MiB).
LIMITS = ("-timeout=30", "-rss_limit_mb=3072", "-max_len=65536")


def targets() -> list[str]:
    return sorted(path.stem for path in (HERE / "targets").glob("*.py") if path.stem != "__init__")


def fuzz(name: str, arguments: list[str]) -> None:
    """Fuzz in this process, which ends then."""
    import atheris

    with atheris.instrument_imports(include=["bringup"]):
        target = importlib.import_module(f"fuzz.targets.{name}")
    atheris.Setup([sys.argv[0], *arguments], target.one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", choices=[*targets(), []], help="default: all")
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    failed = []
    out = HERE.parent / "out" / "fuzz"
    out.mkdir(parents=True, exist_ok=True)
    for name in asked.target or targets():
        with tempfile.TemporaryDirectory() as found:
            end = [f"-max_total_time={asked.seconds}", f"-seed={asked.seed}", f"-artifact_prefix={out}/{name}-"]
            command = [sys.executable, "-m", "fuzz", "--one", name, *LIMITS, *end, found, str(HERE / "corpus" / name)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parent)
        runs = next((line for line in reversed(done.stderr.splitlines()) if line.startswith("Done ")), "no runs")
        print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}: {runs}", flush=True)
        if done.returncode != 0:
            failed.append(name)
            print("\n".join(done.stderr.splitlines()[-40:]), flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], sys.argv[3:])
    sys.exit(main())

"""``bringup kconfig check``: the whole process against kernel-hardening-checker and 90 times zgrep; ``--each`` on 1,000
configurations against kernel-hardening-checker started once per file; the parts alone.

Needs what ``python -m tests.support.kernel.fetch configs tools`` brings; without it the
comparisons are left out, and said so.
"""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import Goal, interleave, report, save
from bringup.kernel.kconfig.dotconfig import parse_config
from bringup.kernel.requirements.judge import judge, shipped_requirements
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.sources.source import open_source
from tests.support.kernel import fetch, images

_ZGREPS = 90
_REQUIREMENTS = 300
_IMAGE = 64 << 20
_FILES = 1000
# kernel-hardening-checker knows no other architectures.
_JUDGED_BY_BOTH = {"amd64", "arm64", "armel", "armhf", "i386", "riscv64"}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        config = _config(Path(folder))
        missed = [_processes(config, Path(folder)) if config else 0, _each(Path(folder)), _parts(Path(folder), config)]
        return max(missed)


def _config(folder: Path) -> Path | None:
    """The largest configuration there is: a Debian kernel for 64-bit PCs, 11 000 lines."""
    packed = max(fetch.configs(), key=lambda path: path.stat().st_size, default=None)
    if packed is None:
        print("no configurations: python -m tests.support.kernel.fetch configs tools")
        return None
    plain = folder / "config"
    plain.write_bytes(lzma.decompress(packed.read_bytes()))
    return plain


def _processes(config: Path, folder: Path) -> int:
    # As after an installation: bytecode of all modules is there, ours and theirs.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    command = str(Path(sys.executable).parent / "bringup")
    zipped = folder / "config.gz"
    zipped.write_bytes(gzip.compress(config.read_bytes()))
    runs = {"bringup kconfig check --json": lambda: _run(command, "kconfig", "check", str(config), "--json")}
    goals = []
    if shutil.which("zgrep"):
        script = f"for i in $(seq {_ZGREPS}); do zgrep -q CONFIG_DMABUF_HEAPS= {zipped} || :; done"
        runs["90 × zgrep"] = lambda: _run("sh", "-c", script)
        goals.append(Goal("bringup kconfig check --json", "90 × zgrep", 0.3))
    if peers := fetch.hardening_checker():
        runs["kernel-hardening-checker"] = partial(_hardening_checker, peers[0], config)
        goals.append(Goal("bringup kconfig check --json", "kernel-hardening-checker", 1.2))
    samples = interleave(runs, rounds=20, warm_up=3)
    if raw := os.environ.get("BRINGUP_BENCHMARK_RAW"):
        save(samples, Path(raw) / "kconfig_speed.jsonl")
    lines = len(config.read_text().splitlines())
    return report(f"whole process, {lines} lines", samples, goals)


def _each(folder: Path) -> int:
    """1,000 files: Debian's configurations of every series, in copies that differ from each other.

    kernel-hardening-checker is started for every tenth of them; ten times that is what all would take.
    """
    peers, files = fetch.hardening_checker(), _thousand(folder / "many")
    if not peers or not files:
        return 0
    command = str(Path(sys.executable).parent / "bringup")
    several = "kernel-hardening-checker, 100 of 1,000 files"

    def checked_one_by_one() -> None:
        for file in files[::10]:
            _hardening_checker(peers[0], file)

    samples = interleave(
        {
            "bringup kconfig check --each": lambda: _run(command, "kconfig", "check", "--each", str(folder / "many")),
            several: checked_one_by_one,
        },
        rounds=3,
        warm_up=1,
    )
    goal = Goal("bringup kconfig check --each", several, 10 / 20)  # 20 times the throughput
    return report("1,000 configurations, whole processes", samples, [goal])


def _thousand(folder: Path) -> list[Path]:
    """A copy names itself, and one more of its symbols is not mentioned, so that no two files are the same."""
    sources = [path for path in fetch.configs() if path.name.split(".")[1].split("_")[0] in _JUDGED_BY_BOTH]
    folder.mkdir()
    for number in range(_FILES if sources else 0):
        lines = lzma.decompress(sources[number % len(sources)].read_bytes()).decode().splitlines(keepends=True)
        places = [place for place, line in enumerate(lines) if line.endswith("=m\n")]
        if places:
            del lines[places[number * 7919 % len(places)]]
        (folder / f"config-{number:04}").write_text("".join(lines), encoding="utf-8")
    return sorted(folder.iterdir())


def _hardening_checker(peer: Path, config: Path) -> None:
    code = "from kernel_hardening_checker import main; main()"
    environment = os.environ | {"PYTHONPATH": str(peer)}
    _run(sys.executable, "-c", code, "-c", str(config), "-m", "json", env=environment)


def _run(*argv: str, env: dict[str, str] | None = None) -> None:
    # Exit status 1 means that a requirement failed, which these configurations' do.
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, env=env, check=False)
    assert done.returncode in {0, 1}, done


def _parts(folder: Path, config: Path | None) -> int:
    text = config.read_text() if config else images.CONFIG.decode()
    parsed = parse_config(text, "config")
    wanted = [*shipped_requirements()]
    for number, name in zip(range(_REQUIREMENTS - len(wanted)), parsed, strict=False):
        data = {"id": f"more.{number}", "title": "x", "need": {name: ["y", "m"]}, "why": "x"}
        wanted.append(Requirement.from_data(data))
    image = folder / "boot.img"
    kernel = images.PACKERS["lz4"](images.plain_kernel(text.encode(), size=_IMAGE))
    image.write_bytes((images.boot_v3(4, kernel) + bytes(_IMAGE))[:_IMAGE])
    samples = interleave(
        {
            "parse": lambda: parse_config(text, "config"),
            "judge 300": lambda: judge(parsed, requirements=wanted),
            "parse and judge 300": lambda: judge(parse_config(text, "config"), requirements=wanted),
            "64 MiB boot image": lambda: open_source(image),
        },
        rounds=20,
    )
    missed = report("the parts, in process", samples, [])
    for name, limit in (("judge 300", 0.015), ("64 MiB boot image", 0.5)):
        median = sorted(samples[name])[len(samples[name]) // 2]
        print(f"  {name}: {median * 1e3:.1f} ms (goal ≤ {limit * 1e3:g} ms) {'met' if median <= limit else 'MISSED'}")
        missed |= median > limit
    return max(missed, _memory(image))


def _memory(image: Path) -> int:
    """What reading the image adds to a process that has everything imported.

    VmHWM, not ``ru_maxrss``: that one begins with what the parent had when it forked.
    """
    peaks = [_peak("None"), _peak(f"open_source(Path({str(image)!r}))")]
    added = (peaks[1] - peaks[0]) << 10
    times = added / image.stat().st_size
    word = "met" if times <= 3 else "MISSED"
    print(f"  64 MiB boot image: {added >> 20} MiB more at the peak, {times:.2f} × its size (goal ≤ 3) {word}")
    return int(times > 3)


def _peak(expression: str) -> int:
    code = (
        "from pathlib import Path; from bringup.kernel.sources.source import open_source; import lz4.block; "
        f"import bringup.kernel.sources.kernel_image, bringup.kernel.sources.boot_image; {expression}; "
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    sys.exit(main())

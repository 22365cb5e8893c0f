"""Many boards in one run: verdicts as alone, CPU and memory of the host, and a board that prints without end.

The boards are native adbds, each in namespaces of its own, behind one adb server. CPU is that of ``bringup run`` and
all that it starts, from a cgroup of its own, for which it takes root; the adb server's is printed beside it. Memory is
the largest resident set of ``bringup run`` itself.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bringup.allocator.abi import Abi
from bringup.allocator.manifest import binary
from bringup.report.load import load_run
from bringup.results.run import BoardRun
from tests.support.faults.invariants import Outcomes, outcomes_of
from tests.support.native_adbd import AdbServer, NativeBoard

BOARDS, ALONE = 40, 5
#: CPU seconds of the host for each board, MB of memory: of the run itself, for each board, and for 1 GiB of output.
CPU_SECONDS, BASE_MB, BOARD_MB, OUTPUT_MB = 0.35, 120.0, 2.0, 32.0
#: N boards take at most this many times as long as the slowest alone, and their CPU time over the cores.
SLOWEST = 1.2
#: Where cgroups are made, and which file of one has its CPU time: version 1, version 2.
_CGROUPS = ((Path("/sys/fs/cgroup/cpuacct"), "cpuacct.usage"), (Path("/sys/fs/cgroup"), "cpu.stat"))
#: May differ from run to run on a sound board: they depend on what else the machine does.
_TIMED = ("heap.latency", "kernel.complaints")
_PRINTS = """#!/system/bin/sh
[ "$1" = --version ] && exit 0
/data/local/tmp/the-real-one | head -n 100
head -c 1073741824 /dev/zero
"""


@dataclass(frozen=True)
class Cost:
    """What one run took.

    :ivar cpu: seconds of it and its children; ``adb``: of the adb server meanwhile.
    :ivar memory: the largest resident set, MB.
    """

    seconds: float
    cpu: float
    adb: float
    memory: float
    boards: tuple[BoardRun, ...]

    def outcomes(self) -> dict[str, Outcomes]:
        return {
            board.serial: {key: outcome for key, outcome in outcomes_of(board).items() if key[0] not in _TIMED}
            for board in self.boards
        }


class _Cgroup:
    """Whatever is started in it, and what that starts, is accounted together."""

    def __init__(self) -> None:
        parent, self._file = next(pair for pair in _CGROUPS if (pair[0] / "cgroup.procs").exists())
        self._folder = parent / f"bringup-bench-{os.getpid()}"

    def __enter__(self) -> Self:
        self._folder.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.rmdir()

    def entering(self, command: list[str]) -> list[str]:
        """The command, run in it."""
        return ["sh", "-c", f'echo $$ >{self._folder}/cgroup.procs && exec "$@"', "sh", *command]

    @property
    def cpu(self) -> float:
        """Seconds."""
        words = (self._folder / self._file).read_text().split()
        return int(words[0]) / 1e9 if len(words) == 1 else int(words[words.index("usage_usec") + 1]) / 1e6


def _cpu_of(pid: int) -> float:
    """User and system time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(server: AdbServer, output: Path, *arguments: str) -> Cost:
    """One ``bringup run``, with what it took."""
    assert server.process is not None
    environ = os.environ | {
        "ANDROID_ADB_SERVER_PORT": str(server.address.port),
        "XDG_STATE_HOME": str(output.parent / "state"),
        "BRINGUP_HISTORY": "off",
    }
    command = [sys.executable, "-m", "bringup", "run", *arguments, "--rounds", "0", "--json-lines", "-o", str(output)]
    with _Cgroup() as group:
        adb, began = _cpu_of(server.process.pid), time.monotonic()
        process = subprocess.Popen(
            group.entering(command), env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        cpu = group.cpu
    assert process.returncode in (0, 1, 3), (process.returncode, said.decode("utf-8", "replace"))
    boards = load_run(output).boards
    adb = _cpu_of(server.process.pid) - adb
    return Cost(seconds, cpu, adb, used.ru_maxrss / 1024, boards)


def own_report(word: str, value: float, limit: float, unit: str) -> int:
    met = value <= limit
    print(f"  {word:52} {value:9.2f} {unit:3} (goal ≤ {limit:.2f}) {'met' if met else 'MISSED'}")
    return int(not met)


def measure(folder: Path, count: int) -> int:
    """Measure with so many boards; how many goals were missed."""
    (folder / "adb").mkdir()
    with contextlib.ExitStack() as ends:
        server = AdbServer(folder / "adb")
        ends.callback(server.kill)
        natives = []
        for number in range(count):
            (folder / f"board-{number}").mkdir()
            natives.append(NativeBoard(server, folder / f"board-{number}"))
            ends.callback(natives[-1].stop)
        return _compare(server, natives, folder)


def _compare(server: AdbServer, natives: list[NativeBoard], folder: Path) -> int:
    count = len(natives)
    alone = [measured(server, folder / f"alone-{n}", "-s", natives[n].serial) for n in range(min(ALONE, count))]
    cost = measured(server, folder / "all", "--all")
    expected = next(iter(alone[0].outcomes().values()))
    answers = cost.outcomes()
    differ = {serial for serial, answer in answers.items() if answer != expected}
    print(f"\n{count} native boards at once, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.0f}")
    for name, one in (("alone, median", None), ("all", cost)):
        values = alone if one is None else [one]
        seconds, cpu, adb, memory = (
            statistics.median(getattr(value, field) for value in values)
            for field in ("seconds", "cpu", "adb", "memory")
        )
        print(f"  {name:16} {seconds:7.2f} s, CPU {cpu:6.2f} s, adb server {adb:5.2f} s, {memory:6.1f} MB")
    missed = own_report("boards whose verdicts differ from those alone", len(differ) + count - len(answers), 0, "")
    missed += own_report("CPU of the host for each board", cost.cpu / count, CPU_SECONDS, "s")
    slowest = max(one.seconds for one in alone)
    cores = len(os.sched_getaffinity(0))
    missed += own_report("wall", cost.seconds, SLOWEST * slowest + count * CPU_SECONDS / cores, "s")
    missed += own_report("memory", cost.memory, BASE_MB + BOARD_MB * count, "MB")
    print_much = _prints_without_end(server, natives[0], folder)
    usual = statistics.median(one.memory for one in alone)
    missed += own_report("memory for a board that prints 1 GiB", print_much - usual, OUTPUT_MB, "MB")
    return missed


def _prints_without_end(server: AdbServer, native: NativeBoard, folder: Path) -> float:
    """Memory of a run on a board whose test allocator goes mad amid its answer."""
    own = binary(Abi.X86_64)
    tmp = native.files / "data/local/tmp"
    for name, data in (("the-real-one", own.path.read_bytes()), (own.remote_name, _PRINTS.encode())):
        (tmp / name).unlink(missing_ok=True)
        (tmp / name).write_bytes(data)
        (tmp / name).chmod(0o755)
    believed = native.files / "vendor/bin/sha256sum"
    believed.write_text(f'#!/system/bin/sh\necho "{own.sha256}  $1"\n')
    believed.chmod(0o755)
    return measured(server, folder / "much", "-s", native.serial).memory


def main() -> int:
    """Measure 40 boards; ``BOARDS=N`` in the environment: so many."""
    with tempfile.TemporaryDirectory(prefix="bringup-bench-") as folder:
        return int(measure(Path(folder), int(os.environ.get("BOARDS", BOARDS))) > 0)


if __name__ == "__main__":
    sys.exit(main())

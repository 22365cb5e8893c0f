"""One ``true`` on a native adbd: our client, the bare shell-v2 exchange, adbutils, the adb program; interleaved.

``python -m benchmarks.shell_exchange [--samples FILE] [--rounds N]``. Needs root, for the native board's namespaces.
"""

from __future__ import annotations

import argparse
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import adbutils

from benchmarks.measure import Goal, interleave, report, save
from bringup.deadline import Deadline
from tests.support.native_adbd import AdbServer, NativeBoard
from tests.support.native_userland import obstacle

RAW, OURS, ADBUTILS, ADB = "bare exchange", "bringup", "adbutils shell2(v2=True)", "adb shell"
GOALS = [Goal(OURS, RAW, 1.3), Goal(OURS, ADBUTILS, 0.2)]


def bare_exchange(port: int, serial: str) -> None:
    """The fewest messages that run a command and bring its exit code; no checks, no limits."""
    with socket.create_connection(("127.0.0.1", port)) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in (f"host:transport:{serial}", "shell,v2,raw:true"):
            connected.sendall(f"{len(request):04x}{request}".encode())
            assert connected.recv(4) == b"OKAY"
        head = connected.recv(6, socket.MSG_WAITALL)
        assert struct.unpack("<BIB", head) == (3, 1, 0), head


def main() -> int:
    """Measure, print, and say whether the goals are met."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--samples", type=Path, help="write raw samples there as JSON lines")
    options.add_argument("--rounds", type=int, default=200)
    given = options.parse_args(sys.argv[1:] if __name__ == "__main__" else [])
    reason = obstacle()
    if reason:
        print(f"shell exchange: not measured: {reason}")
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "server").mkdir()
        (folder / "board").mkdir()
        server = AdbServer(folder / "server")
        native = NativeBoard(server, folder / "board")
        try:
            samples = measure(server, native, given.rounds)
        finally:
            native.stop()
            server.kill()
    if given.samples is not None:
        save(samples, given.samples)
    return report("one `true` on a native adbd (one connection, nothing kept open between commands)", samples, GOALS)


def measure(server: AdbServer, native: NativeBoard, rounds: int) -> dict[str, list[float]]:
    port = server.address.port
    board = native.connect()
    theirs = adbutils.AdbClient("127.0.0.1", port).device(native.serial)
    program = [adbutils.adb_path(), "-P", str(port), "-s", native.serial, "shell", "true"]
    return interleave(
        {
            RAW: lambda: bare_exchange(port, native.serial),
            OURS: lambda: board.shell(["true"], Deadline.after(10)),
            ADBUTILS: lambda: theirs.shell2("true", v2=True),
            ADB: lambda: subprocess.run(program, check=True, stdin=subprocess.DEVNULL),
        },
        rounds,
        warm_up=10,
    )


if __name__ == "__main__":
    sys.exit(main())

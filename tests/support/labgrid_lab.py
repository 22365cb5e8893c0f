"""A lab of labgrid: a real coordinator and real exporters, each in a network namespace of its own, with boards behind it.

The fixture ``lab`` has two exporters, ``rack1`` and ``rack2``, with
a native board and a place of the same name each. Nothing but the coordinator can be reached from both.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bringup.board import TcpAddress
from bringup.report.load import load_run
from bringup.results.run import BoardRun
from tests.support.command import bringup
from tests.support.faults.process import no_signal_ignored
from tests.support.native_adbd import SECONDS, AdbServer, NativeBoard, require_native, wait_for
from tests.support.native_userland import NoBoardHere, run

BIN = Path(sys.executable).parent
ADB_PORT = 5037
_ALIASES = {"rack1": "first-floor"}
_numbers = itertools.count(os.getpid() % 4096)

#: A check's id, its heap and its outcome.
Answer = tuple[str, str | None, str]
#: Serial → what each board says when it is used without labgrid.
Alone = dict[str, list[Answer]]


class Network:
    """A host of the lab: a network namespace that a veth pair connects with this machine."""

    def __init__(self) -> None:
        for self._number in itertools.islice(_numbers, 4096):
            self.name = f"bringup-lab{self._number % 4096}"
            with contextlib.suppress(NoBoardHere):
                run("ip", "netns", "add", self.name)
                break
        number = self._number % 4096
        # the upper half of RFC 2544's network: native boards have the lower one
        net = f"198.19.{number >> 6}.{(number & 63) << 2}".rpartition(".")
        self.gateway, self.address = (f"{net[0]}.{int(net[2]) + last}" for last in (1, 2))
        self._link = f"lab{number}"
        run("ip", "link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "address", "add", f"{self.gateway}/30", "dev", self._link)
        run("ip", "link", "set", self._link, "up")
        self.run("ip", "address", "add", f"{self.address}/30", "dev", "eth0")
        for device in ("lo", "eth0"):
            self.run("ip", "link", "set", device, "up")

    def run(self, *argv: str) -> str:
        return run("ip", "netns", "exec", self.name, *argv)

    def unplug(self) -> None:
        run("ip", "link", "set", self._link, "down")

    def plug(self) -> None:
        run("ip", "link", "set", self._link, "up")
        wait_for(self._is_connected, SECONDS, f"{self.name} reaches its gateway again")

    def _is_connected(self) -> bool:
        """A neighbour that was looked for while the link was down is unreachable a moment longer.

        Nobody listens on the port: who is told so has reached the gateway.
        """
        code = f"import socket; print(socket.socket().connect_ex(('{self.gateway}', 9)))"
        return self.run(sys.executable, "-c", code).strip() == str(errno.ECONNREFUSED)

    def remove(self) -> None:
        subprocess.run(["ip", "link", "delete", self._link], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True, check=False)


class ServerThere(AdbServer):
    """An adb server on a host of the lab, which listens for others."""

    def __init__(self, folder: Path, network: Network) -> None:
        self._folder = folder
        self.address = TcpAddress(network.address, ADB_PORT)
        import adbutils

        environment = {"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "ADB_USB": "0", "ADB_MDNS": "0"}
        environment |= {"ADB_EMU": "0", "ADB_LOCAL_TRANSPORT_MAX_PORT": "5554"}
        argv = ["ip", "netns", "exec", network.name, adbutils.adb_path(), "-a", "-P", str(ADB_PORT), "server"]
        with (folder / "adb.log").open("ab") as log:
            self.process = process = subprocess.Popen(
                [*argv, "nodaemon"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for(lambda: self._answers(process), SECONDS, "the adb server answers")


class BoardThere(NativeBoard):
    """A native board whose link leads to a host of the lab."""

    def __init__(self, server: AdbServer, folder: Path, network: Network, *, number: int = -1) -> None:
        self._network = network
        self._fixed = number
        super().__init__(server, folder)

    @property
    def number(self) -> int:
        """Of its link, from which its serial follows."""
        return self._number

    def _add_link(self, pid: int) -> None:
        self._number = self._fixed if self._fixed >= 0 else next(_numbers) % 4096
        peer = ("type", "veth", "peer", "name", "eth0", "netns", str(pid))
        self._network.run("ip", "link", "add", f"bringup{self._number}", *peer)
        gateway = f"{self.address.rpartition('.')[0]}.{((self._number & 63) << 2) + 1}/30"
        self._network.run("ip", "address", "add", gateway, "dev", f"bringup{self._number}")
        self.plug()

    def unplug(self) -> None:
        self._network.run("ip", "link", "set", f"bringup{self._number}", "down")

    def plug(self) -> None:
        self._network.run("ip", "link", "set", f"bringup{self._number}", "up")


class Process:
    """A program of labgrid's, and what it says."""

    def __init__(self, log: Path, argv: Sequence[str], ready: str, cwd: Path) -> None:
        self._log = log
        self._begin = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *argv],
                cwd=cwd,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "GRPC_VERBOSITY": "NONE"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self.wait_for(ready)

    @property
    def said(self) -> str:
        return self._log.read_bytes()[self._begin :].decode("utf-8", "replace")

    def wait_for(self, pattern: str) -> re.Match[str]:
        def is_said() -> bool:
            assert self._process.poll() is None or re.search(pattern, self.said), self.said
            return re.search(pattern, self.said) is not None

        wait_for(is_said, SECONDS, f"{pattern!r} is said")
        found = re.search(pattern, self.said)
        assert found is not None
        return found

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        self._process.send_signal(number)
        self._process.wait()


class Exporter:
    """``labgrid-exporter`` on a host of the lab, its adb server, and one board there."""

    def __init__(self, name: str, lab: Lab, folder: Path, *, number: int = -1) -> None:
        self.name = name
        #: Whether others have to come through ssh, from the next start on.
        self.is_isolated = False
        #: What labgrid calls its board.
        self.cls = "RemoteUSBADBDevice"
        #: What is exported from the next start on, too, as labgrid writes it; in the place ``more``.
        self.more = ""
        self._lab = lab
        self._folder = folder
        self.network = Network()
        lab.ends.callback(self.network.remove)
        self.server = ServerThere(folder, self.network)
        lab.ends.callback(self.server.kill)
        self.board = BoardThere(self.server, folder, self.network, number=number)
        lab.ends.callback(self.board.stop)
        self._process: Process | None = None
        self.start()

    def start(self) -> None:
        resources = self._folder / "resources.yaml"
        device = f"{{host: {self.network.address}, port: {ADB_PORT}, serialno: '{self.board.serial}'}}"
        more = f"slot3:\n  {self.more}\n" if self.more else ""
        resources.write_text(
            f"{more}slot1:\n  {self.cls}: {device}\nslot2:\n  NetworkService: {{address: x, username: y}}\n"
        )
        argv = ["ip", "netns", "exec", self.network.name, str(BIN / "labgrid-exporter"), "-n", self.name]
        argv += ["-c", f"{self.network.gateway}:{self._lab.port}", "--hostname", self.network.address]
        argv += [*(["--isolated"] if self.is_isolated else []), str(resources)]
        before = self._lab.exported
        self._process = Process(self._folder / "exporter.log", argv, "Exporter ready", self._folder)
        wait_for(lambda: self._lab.exported > before, SECONDS, "the coordinator knows its resources")

    def kill(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    @property
    def direct(self) -> list[str]:
        """The options that lead to the same board without labgrid."""
        return ["-H", str(self.server.address.host), "-P", str(ADB_PORT), "-s", self.board.serial]


class Lab:
    """A coordinator, its places, and the exporters."""

    def __init__(self, folder: Path, places: dict[str, Any]) -> None:
        self.ends = contextlib.ExitStack()
        self._folder = folder
        self.port = 0
        (folder / "places.yaml").write_text(_places_file(places))
        self.start_coordinator()
        self.ends.callback(self.kill_coordinator)
        self.exporters: dict[str, Exporter] = {}

    def start_coordinator(self) -> None:
        argv = [str(BIN / "labgrid-coordinator"), "-l", f"0.0.0.0:{self.port}"]
        self._coordinator = Process(self._folder / "coordinator.log", argv, r"listening on \S+:[1-9]", self._folder)
        self.port = int(self._coordinator.wait_for(r"listening on \S+:(\d+)")[1])

    def kill_coordinator(self) -> None:
        self._coordinator.end()

    @property
    def exported(self) -> int:
        """How often a host exported the last of its resources."""
        return self._coordinator.said.count("set_resource slot2")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def add_exporter(self, name: str, *, number: int = -1) -> Exporter:
        folder = self._folder / name
        folder.mkdir()
        self.exporters[name] = Exporter(name, self, folder, number=number)
        return self.exporters[name]

    def acquire(self, place: str, owner: str) -> None:
        """Somebody else takes a place."""
        host, user = owner.split("/")
        environ = os.environ | {"LG_USERNAME": user, "LG_HOSTNAME": host, "GRPC_VERBOSITY": "NONE"}
        argv = [str(BIN / "labgrid-client"), "-x", self.address, "-p", place, "acquire"]
        subprocess.run(argv, env=environ, capture_output=True, check=True, timeout=SECONDS)

    def release(self, place: str) -> None:
        self._ask("ReleasePlace", placename=place)

    @property
    def owners(self) -> dict[str, str]:
        """Every place that is held: by whom."""
        return {place.name: place.acquired for place in self._ask("GetPlaces").places if place.acquired}

    @property
    def reservations(self) -> list[str]:
        return [reservation.token for reservation in self._ask("GetReservations").reservations]

    def _ask(self, call: str, **arguments: str) -> Any:
        import grpc
        from labgrid.remote.generated import labgrid_coordinator_pb2, labgrid_coordinator_pb2_grpc

        with grpc.insecure_channel(self.address) as channel:
            stub = labgrid_coordinator_pb2_grpc.CoordinatorStub(channel)
            request = getattr(labgrid_coordinator_pb2, f"{call}Request")(**arguments)
            return getattr(stub, call)(request, timeout=SECONDS, wait_for_ready=True)


def _places_file(places: dict[str, Any]) -> str:
    lines = []
    for name, (match, tags) in places.items():
        exporter, group, cls = match.split("/")
        lines += [
            f"{name}:",
            f"  aliases: [{_ALIASES.get(name, '')}]",
            "  comment: ''",
            f"  created: {time.time()}",
            f"  changed: {time.time()}",
        ]
        lines += [f"  tags: {{{', '.join(f'{key}: {value}' for key, value in tags.items())}}}"]
        lines += ["  matches:", f"  - {{exporter: {exporter}, group: {group}, cls: '{cls}', name: null, rename: null}}"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    require_native()
    pytest.importorskip("labgrid")
    places = {
        "rack1": ("rack1/slot1/*", {"board": "native", "floor": "one"}),
        "rack2": ("rack2/slot1/*", {"board": "native", "floor": "two"}),
        "rack3": ("rack3/slot1/*", {}),
        "no-board": ("rack1/slot2/*", {"floor": "one"}),
        "more": ("rack2/slot3/*", {}),
    }
    lab = Lab(tmp_path_factory.mktemp("lab"), places)
    with lab.ends:
        for name in ("rack1", "rack2"):
            lab.add_exporter(name)
        yield lab
        for exporter in lab.exporters.values():
            exporter.kill()


@pytest.fixture
def nothing_stays_held(request: pytest.FixtureRequest) -> Iterator[None]:
    """No place is held after a test; whatever one that failed has left does not change the next one."""
    yield
    if "lab" in request.fixturenames:
        lab: Lab = request.getfixturevalue("lab")
        left = lab.owners
        for place in left:
            lab.release(place)
        assert left == {}
        assert lab.reservations == []


def answers(board: BoardRun) -> list[Answer]:
    return [(verdict.id, verdict.heap, verdict.outcome) for verdict in board.verdicts]


@pytest.fixture(scope="module")
def alone(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Alone:
    folder = tmp_path_factory.mktemp("alone")
    found = {}
    for name, exporter in lab.exporters.items():
        bringup("run", *exporter.direct, "-o", str(folder / name), "--no-history")
        (board,) = load_run(folder / name).boards
        found[board.serial] = answers(board)
    assert all(found.values())
    return found


class Running:
    """``bringup run`` on places, as a process of its own, whose events can be waited for."""

    def __init__(self, lab: Lab, folder: Path, *arguments: str) -> None:
        self.folder = folder
        argv = [sys.executable, "-m", "bringup", "run", "--coordinator", lab.address, "--no-history", "--json-lines"]
        with no_signal_ignored():
            self.process = subprocess.Popen(
                [*argv, "-o", str(folder), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self._said.append(line)

    @property
    def said(self) -> str:
        return "".join(self._said)

    def wait_for_event(self, text: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return
        raise AssertionError(f"it ended without {text!r}: {self.said}")

    def wait_until_said(self, text: str) -> None:
        wait_for(lambda: text in self.said or self.process.poll() is not None, SECONDS, f"{text!r} is said")
        assert text in self.said, self.said

    def end(self) -> int:
        assert self.process.stdout is not None
        limit = threading.Timer(5 * SECONDS, self.process.kill)
        limit.start()
        self.process.stdout.read()
        status = self.process.wait(SECONDS)
        limit.cancel()
        self._reader.join()
        self.process.stdout.close()
        return status

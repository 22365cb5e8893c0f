"""A board for quick tests: Debian's real adbd, run on this machine in namespaces of its own.

It has its own network (a veth pair that can be unplugged), mounts, processes, tmpfs, ``/bin/sh`` (mksh, as on
Android) and boot_id (a file mounted over the kernel's). It has the host's kernel, so no DMA-BUF heaps. It is up in a
tenth of a second. A real adb server on a port of its own stands between it and the tests.

Use as a pytest plugin: ``pytest_plugins = ["tests.support.native_adbd"]`` gives the fixtures ``adb_server`` (a worker's,
with the boards of other tests), ``own_server`` (for tests of all its boards, or that break it), ``native_board`` (shared, leave it as it is) and ``make_native_board`` (for tests that break theirs).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bringup.board import Board, ServerTransport, Target, TcpAddress, connect_tcp, disconnect_tcp, list_boards
from bringup.deadline import Deadline
from bringup.errors import BringupError
from tests.support.native_userland import NoBoardHere, obstacle, run, userland

ADBD_PORT = 5555
# RFC 2544 keeps 198.18.0.0/15 for tests of network gear; a host's own networks are not there
NETWORK = "198.18"
LINKS = 4096
# for what takes a moment on a quiet machine; a busy one is no finding
SECONDS = 60.0
ATTEMPTS = 5

INIT = r"""
set -e
tree=$1 root=$2 boot_id=$3 user=$4
read -r address  # told once the link is there
ip link set lo up
ip addr add "$address" dev eth0
ip link set eth0 up
mount -t tmpfs -o mode=0755 board "$root"
cd "$root"
mkdir -p usr proc sys dev tmp etc vendor/bin data/local/tmp
printf 'root:x:0:0::/:/system/bin/sh\nshell:x:2000:2000::/:/system/bin/sh\n' >etc/passwd
printf 'root:x:0:\nshell:x:2000:\n' >etc/group
chmod 1777 tmp; chmod 0771 data/local/tmp; chown 2000:2000 data/local/tmp
mount --bind "$tree/usr" usr
mount -o remount,bind,ro usr
for name in bin sbin lib lib64; do ln -s "usr/$name" "$name"; done
ln -s usr system
# whoever asks this board to reboot shall not ask the host
for name in reboot poweroff halt; do echo '#!/bin/sh' >"vendor/bin/$name"; chmod 0755 "vendor/bin/$name"; done
pstore=${boot_id%/*}/pstore  # what the memory keeps over a reboot
if [ -d "$pstore" ]; then mkdir -p sys/fs; cp -r "$pstore" sys/fs/pstore; fi
mount -t proc proc proc
mount --bind "$boot_id" proc/sys/kernel/random/boot_id
mount --bind "${boot_id%/*}/uptime" proc/uptime
for node in null zero full random urandom tty; do : >"dev/$node"; mount --bind "/dev/$node" "dev/$node"; done
while :; do
    setpriv --bounding-set=-sys_boot,-sys_time,-sys_module,-sys_rawio chroot --userspec="$user" "$root" \
        /system/bin/env -i PATH=/vendor/bin:/system/bin HOME=/ TMPDIR=/data/local/tmp /usr/sbin/adbd || :
    sleep 0.2
done
"""


class PortTaken(Exception):
    """The adb server has ended instead of listening."""


def wait_for(met: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = Deadline.after(seconds)
    pause = threading.Event()
    while not met():
        if deadline.expired:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        pause.wait(0.005)


def require_native() -> None:
    """Skip, with the reason; where boards are required (``CI=true``, ``BRINGUP_REQUIRE_BOARD=1``) fail."""
    reason = obstacle()
    if not reason:
        return
    from tests.support.virtual_board import board_is_required

    if board_is_required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


class AdbServer:
    """A real adb server on a free port, with its own key, that looks for no USB device and no emulator."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        for _ in range(ATTEMPTS):
            self.address = TcpAddress(port=free_port())
            with contextlib.suppress(PortTaken):
                self.process = self._start()
                return
        raise PortTaken(f"every time out of {ATTEMPTS}")

    @property
    def transport(self) -> ServerTransport:
        return ServerTransport(self.address)

    def _start(self) -> subprocess.Popen[bytes]:
        import adbutils

        environment = {
            "PATH": os.defpath,
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "ADB_USB": "0",
            "ADB_EMU": "0",
            "ADB_MDNS": "0",
            "ADB_LOCAL_TRANSPORT_MAX_PORT": "5554",
        }
        with (self._folder / "adb.log").open("ab") as log:
            process = subprocess.Popen(
                [adbutils.adb_path(), "-P", str(self.address.port), "server", "nodaemon"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: self._answers(process), SECONDS, "the adb server answers")
        return process

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            # another process has been given the port since; what answers there would be that one's server
            raise PortTaken((self._folder / "adb.log").read_text("utf-8", "replace")[-500:])
        try:
            list_boards(self.transport, Deadline.after(SECONDS))
        except BringupError:
            return False
        return True

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        self.process = self._start()


class NativeBoard:
    """One board. ``start`` and ``stop`` are its power switch; each start is a boot with a new boot_id.

    :param uid: as whom its adbd runs: 0, or 2000 as on a production build.
    """

    def __init__(self, server: AdbServer, folder: Path, *, uid: int = 0) -> None:
        self.server = server
        self.boot_id = ""
        self._folder = folder
        self._uid = uid
        self._tree = userland()
        self._process: subprocess.Popen[bytes] | None = None
        self._number = -1
        (folder / "root").mkdir()
        try:
            self.start()
            connect_tcp(server.transport, self.serial, Deadline.after(SECONDS))
        except BaseException:
            self.stop()
            raise

    @property
    def address(self) -> str:
        return f"{NETWORK}.{self._number >> 6}.{((self._number & 63) << 2) + 2}"

    @property
    def serial(self) -> str:
        return f"{self.address}:{ADBD_PORT}"

    @property
    def files(self) -> Path:
        """The board's root folder, seen from the host."""
        return Path(f"/proc/{self._first_process()}/root{self._folder}/root")

    def start(self) -> None:
        assert self._process is None, "it runs"
        # the board ends with the thread that starts it, see setpriv --pdeathsig below
        assert threading.current_thread() is threading.main_thread()
        self.boot_id = str(uuid.uuid4())
        boot_id = self._folder / "boot_id"
        boot_id.write_text(self.boot_id + "\n")
        self.set_uptime(1)
        # both are gone when this process is, however it ends
        unshare = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "unshare",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            INIT,
            "init",
        ]
        unshare += [str(self._tree), str(self._folder / "root"), str(boot_id), f"{self._uid}:{self._uid}"]
        with (self._folder / "adbd.log").open("ab") as log:
            process = subprocess.Popen(unshare, stdin=subprocess.PIPE, stdout=log, stderr=log)
        self._process = process
        here = Path("/proc/self/ns/net").readlink()
        wait_for(
            lambda: Path(f"/proc/{process.pid}/ns/net").readlink() != here, SECONDS, "the board's namespaces are made"
        )
        self._add_link(process.pid)
        assert process.stdin is not None
        process.stdin.write(f"{self.address}/30\n".encode())
        process.stdin.close()
        wait_for(self._listens, SECONDS, "adbd listens")

    def _add_link(self, pid: int) -> None:
        numbers = [self._number] if self._number >= 0 else [(os.getpid() * 7 + n) % LINKS for n in range(LINKS)]
        for number in numbers:
            veth = ("type", "veth", "peer", "name", "eth0", "netns", str(pid))
            try:
                run("ip", "link", "add", f"bringup{number}", *veth)
            except NoBoardHere as error:
                if "File exists" in str(error) and number != numbers[-1]:
                    continue
                raise
            self._number = number
            break
        gateway = f"{self.address.rpartition('.')[0]}.{((self._number & 63) << 2) + 1}/30"
        run("ip", "address", "add", gateway, "dev", f"bringup{self._number}")
        self.plug()

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "adbd.log").read_text()
        # local address, port and state: any:5555 LISTEN. Looking does not connect.
        tables = [Path(f"/proc/{self._process.pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
        return any(f":{ADBD_PORT:04X} " in line and " 0A " in line for table in tables for line in table.splitlines())

    def stop(self) -> None:
        """Power off: no process is left, and nothing says goodbye."""
        if self._process is None:
            return
        subprocess.run(["ip", "link", "delete", f"bringup{self._number}"], capture_output=True, check=False)
        with contextlib.ExitStack() as ends:
            with contextlib.suppress(IndexError, ProcessLookupError):  # it may not have got as far as that
                first = os.pidfd_open(self._first_process())
                ends.callback(os.close, first)
                ends.callback(select.select, [first], [], [], SECONDS)  # the last of them to go
            self._process.kill()
            self._process.wait()
        self._process = None

    def reboot(self) -> None:
        self.stop()
        self.start()

    def set_uptime(self, seconds: int) -> None:
        """How long this boot lasts, as the board sees it: it stays so."""
        (self._folder / "uptime").write_text(f"{seconds}.25 {seconds}.00\n")

    def keep(self, name: str, text: str) -> None:
        """What the kernel would leave in pstore when it crashes: there from the next boot on."""
        (self._folder / "pstore").mkdir(exist_ok=True)
        (self._folder / "pstore" / name).write_text(text)

    def unplug(self) -> None:
        """Cut the network, as by pulling the cable."""
        run("ip", "link", "set", f"bringup{self._number}", "down")

    def plug(self) -> None:
        run("ip", "link", "set", f"bringup{self._number}", "up")

    def processes(self) -> dict[int, str]:
        """The board's processes: the host's process id and the command line of each."""
        assert self._process is not None
        first = self._first_process()
        space = Path(f"/proc/{first}/ns/pid").readlink()
        found = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (entry / "ns/pid").readlink() == space:
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        return {pid: command for pid, command in found.items() if command}

    def _first_process(self) -> int:
        assert self._process is not None
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def signal_adbd(self, number: signal.Signals) -> None:
        """SIGSTOP freezes the board, SIGCONT thaws it, SIGKILL crashes adbd, which is started again at once.

        A child that adbd has just forked is called adbd, too, and may be a shell before the signal reaches it: what
        thaws the board goes to all of its processes, or that shell would stay stopped.
        """
        for pid, command in self.processes().items():
            if command == "/usr/sbin/adbd" or number == signal.SIGCONT:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def connect(self) -> Board:
        deadline = Deadline.after(SECONDS)
        connect_tcp(self.server.transport, self.serial, deadline)
        return Board.open(self.server.transport, Target(self.serial), deadline)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def adb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbServer]:
    server = AdbServer(tmp_path_factory.mktemp("adb"))
    yield server
    server.kill()


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbServer]:
    """One that has no boards yet."""
    server = AdbServer(tmp_path_factory.mktemp("adb"))
    yield server
    server.kill()


@pytest.fixture(scope="session")
def native_board(adb_server: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NativeBoard]:
    """One for all tests that leave it as it is."""
    require_native()
    board = NativeBoard(adb_server, tmp_path_factory.mktemp("native"))
    yield board
    board.stop()


MakeNativeBoard = Callable[..., NativeBoard]


@pytest.fixture
def make_native_board(adb_server: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeNativeBoard]:
    """Boards of one test, which may break them. Takes what :class:`NativeBoard` takes after its folder."""
    require_native()
    made: list[NativeBoard] = []

    def make(server: AdbServer = adb_server, **options: int) -> NativeBoard:
        board = NativeBoard(server, tmp_path_factory.mktemp("native"), **options)
        made.append(board)
        return board

    yield make
    for board in made:
        board.stop()
        with contextlib.suppress(BringupError):
            disconnect_tcp(board.server.transport, board.serial, Deadline.after(SECONDS))


@pytest.fixture
def time_to_kill(monkeypatch: pytest.MonkeyPatch) -> Deadline:
    """A deadline for a command that does not end: of its minute, 2.5 s are the command's, the rest is to kill it in.

    A user's command keeps half a second for that, and it is said where it may still run; here it has to be killed.
    """
    from bringup.board import command, shell

    monkeypatch.setattr(command, "RESERVE_SECONDS", SECONDS - 2.5)
    monkeypatch.setattr(command, "RESERVE_SHARE", 0.97)
    monkeypatch.setattr(command, "KILL_SECONDS", SECONDS)
    monkeypatch.setattr(shell, "KILL_ROUNDS", 3000)
    return Deadline.after(SECONDS)

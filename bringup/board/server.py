"""Where the adb server is, whether we can talk to it, and starting one where none runs."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import platform
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bringup.deadline import Deadline
from bringup.errors import AdbServerError, DeadlineExceeded
from bringup.text import from_board, visible

__all__ = [
    "OLDEST_VERSION",
    "ServerAddress",
    "TcpAddress",
    "UnixAddress",
    "adb_command",
    "adb_program",
    "how_to_start",
    "start_server",
    "with_adb",
]

# host:version of the first server with shell protocol v2 (platform-tools 24, 2016). adb is at 41 since 2018.
OLDEST_VERSION = 36
_POLL = 0.02
_CALL = re.compile(r"\{adb ([^}]+)\}")


# What adb itself does where nothing listens (platform-tools 36, tried with each): it starts a server for -P, for
# ANDROID_ADB_SERVER_PORT, for -L tcp:PORT and for a Unix socket; of hosts that are named, on localhost alone. For
# 127.0.0.1 it says "cannot start server on remote host".
_STARTED_BY_ADB = (None, "localhost")
_START_THERE = "start one there, or leave the host out: adb starts none on a host that is named"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """An adb server on a TCP port.

    :param host: ``None`` where nobody named one: this machine.
    """

    host: str | None = None
    port: int = 5037

    def __str__(self) -> str:
        return f"tcp:{self.port}" if self.host is None else f"tcp:{self.host}:{self.port}"

    @property
    def host_name(self) -> str:
        """The host to connect to."""
        return self.host or "127.0.0.1"

    @property
    def is_local(self) -> bool:
        """Whether the port is on this machine's loopback."""
        if self.host_name == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host_name).is_loopback
        except ValueError:
            return False

    @property
    def adb_options(self) -> tuple[str, ...]:
        """The options that make the adb program use this server."""
        return ("-P", str(self.port)) if self.host is None else ("-H", self.host, "-P", str(self.port))

    @property
    def is_started_by_adb(self) -> bool:
        """Whether an adb command that finds nothing there starts a server."""
        return self.host in _STARTED_BY_ADB

    def connected(self, seconds: float) -> socket.socket:
        """A connection to it.

        :raises OSError: nothing answers.
        """
        connected = socket.create_connection((self.host_name, self.port), timeout=seconds)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """An adb server on a Unix socket."""

    path: str

    def __str__(self) -> str:
        return f"localfilesystem:{self.path}"

    @property
    def is_local(self) -> bool:
        """Always: a Unix socket does not leave the machine."""
        return True

    @property
    def adb_options(self) -> tuple[str, ...]:
        """The options that make the adb program use this server."""
        return ("-L", str(self))

    @property
    def is_started_by_adb(self) -> bool:
        """Always, as on a port for which no host is named."""
        return True

    def connected(self, seconds: float) -> socket.socket:
        """A connection to it.

        :raises OSError: nothing answers.
        """
        deadline = Deadline.after(seconds)
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(seconds)
            while True:
                try:
                    connected.connect(self.path)
                except (
                    BlockingIOError
                ):  # the server has not accepted those before it yet: at once, whatever the time-out
                    if deadline.remaining <= 0:
                        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from None
                    time.sleep(_POLL)
                else:
                    return connected
        except OSError:
            connected.close()
            raise


ServerAddress = TcpAddress | UnixAddress


def adb_program() -> str:
    """The adb program: the one on ``PATH``, as that is what the user's own commands run, or adbutils' own.

    Two servers of different versions end each other, so the same program as the user's is the right one.

    :raises AdbServerError: there is none.
    """
    found = shutil.which("adb")
    if found is not None:
        return found
    import adbutils

    action, hint = "start an adb server", "apt install adb (elsewhere the package is android-tools, or platform-tools)"
    try:
        bundled: str = adbutils.adb_path()
    except adbutils.AdbError as error:
        raise AdbServerError(action, f"there is no adb program: {visible(str(error))}", hint=hint) from error
    if not Path(bundled).is_file():
        raise AdbServerError(action, f"there is no adb program {visible(bundled)}", hint=hint)
    if not _runs_here(Path(bundled)):
        seen = f"the adb that adbutils has is for x86-64, and this machine is {platform.machine()}"
        raise AdbServerError(action, seen, hint=hint)
    return bundled


def _runs_here(program: Path) -> bool:
    """Whether it is not a program for x86-64 on another machine: adbutils has an adb for that one alone."""
    with program.open("rb") as file:
        head = file.read(20)
    is_x86_64 = head[:4] == b"\x7fELF" and head[18:20] == b"\x3e\0"  # e_machine EM_X86_64
    return not is_x86_64 or platform.machine() in ("x86_64", "AMD64")


def adb_command(arguments: str) -> str:
    """A call of adb for a hint, such that it can be pasted: ``adb devices``, or with the program's path off ``PATH``.

    Where there is no adb at all it is ``adb``: what a package manager installs is called so.
    """
    if shutil.which("adb") is not None:
        return f"adb {arguments}"
    with contextlib.suppress(AdbServerError):
        return f"{shlex.quote(adb_program())} {arguments}"
    return f"adb {arguments}"


def with_adb(hint: str) -> str:
    """A hint in which each ``{adb ARGUMENTS}`` is replaced with what :func:`adb_command` returns."""
    return _CALL.sub(lambda call: adb_command(call[1]), hint)


def how_to_start(address: ServerAddress) -> str:
    """What to do where nothing answers, for a hint."""
    if not address.is_started_by_adb:
        return _START_THERE
    return f"start one: {adb_command(shlex.join((*address.adb_options, 'start-server')))}"


def start_server(address: ServerAddress, deadline: Deadline, *, environ: Mapping[str, str] = os.environ) -> None:
    """Start an adb server that outlives this process, and wait until it answers.

    Only where adb itself would start one, and only where nothing listens: a server is never ended or replaced.

    :raises AdbServerError: adb would not start one there, or it does not start.
    """
    action = f"start an adb server at {address}"
    if not address.is_started_by_adb:
        raise AdbServerError(action, "nothing answers, and a host is named", hint=how_to_start(address))
    program = adb_program()
    environment = dict(environ)
    if not Path("/dev/bus/usb").exists():
        # without USB on this machine the server waits 3 s for it before it answers (adb 36)
        environment.setdefault("ADB_USB", "0")
    argv = [program, *address.adb_options, "start-server"]
    try:
        done = subprocess.run(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=deadline.require(action),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeadlineExceeded(action, f"{program} did not start it within {deadline.budget:g} s") from error
    if done.returncode != 0:
        said = visible(from_board(done.stderr)).strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
        raise AdbServerError(action, said[0], hint=f"see what it says: {shlex.join(argv[:-1])} server nodaemon")

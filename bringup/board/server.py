"""Where the adb server is, whether we can talk to it, and starting one where none runs."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

__all__ = ["ServerAddress", "TcpAddress", "UnixAddress"]


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """An adb server on a TCP port."""

    host: str = "127.0.0.1"
    port: int = 5037

    def __str__(self) -> str:
        return f"tcp:{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether the port is on this machine's loopback."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def adb_options(self) -> tuple[str, ...]:
        """The options that make the adb program use this server."""
        return ("-P", str(self.port)) if self.is_local else ("-H", self.host, "-P", str(self.port))

    def connected(self, seconds: float) -> socket.socket:
        """A connection to it.

        :raises OSError: nothing answers.
        """
        connected = socket.create_connection((self.host, self.port), timeout=seconds)
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

    def connected(self, seconds: float) -> socket.socket:
        """A connection to it.

        :raises OSError: nothing answers.
        """
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(seconds)
            connected.connect(self.path)
        except OSError:
            connected.close()
            raise
        return connected


ServerAddress = TcpAddress | UnixAddress

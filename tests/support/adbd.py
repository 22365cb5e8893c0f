"""What these tests need of adb, without an adb server: one shell command over the raw protocol.

Source: packages/modules/adb/protocol.txt in AOSP. No shell v2 here: output only, stderr mixed in.
"""

from __future__ import annotations

import socket
import struct

from bringup.deadline import Deadline

_HEADER = struct.Struct("<6I")
_CNXN, _OPEN, _OKAY, _WRTE, _CLSE = (
    int.from_bytes(word, "little") for word in (b"CNXN", b"OPEN", b"OKAY", b"WRTE", b"CLSE")
)


def _send(connection: socket.socket, command: int, first: int, second: int, data: bytes = b"") -> None:
    header = _HEADER.pack(command, first, second, len(data), sum(data) & 0xFFFFFFFF, command ^ 0xFFFFFFFF)
    connection.sendall(header + data)


def _receive(connection: socket.socket) -> tuple[int, int, bytes]:
    command, remote, _, length, _, _ = _HEADER.unpack(_exactly(connection, _HEADER.size))
    return command, remote, _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionError("adbd closed the connection")
        data += part
    return data


def shell(port: int, command: str, deadline: Deadline) -> str:
    """Run ``command`` on the board and return what it printed."""
    with socket.create_connection(("127.0.0.1", port), timeout=deadline.require("connect")) as connection:
        connection.settimeout(deadline.require("shell"))
        _send(connection, _CNXN, 0x01000000, 1 << 16, b"host::\0")
        assert _receive(connection)[0] == _CNXN
        _send(connection, _OPEN, 1, 0, f"shell,raw:{command}".encode() + b"\0")
        printed = b""
        while True:
            connection.settimeout(deadline.require("shell"))
            kind, remote, data = _receive(connection)
            if kind == _WRTE:
                printed += data
                _send(connection, _OKAY, 1, remote)
            elif kind == _CLSE:
                return printed.decode()

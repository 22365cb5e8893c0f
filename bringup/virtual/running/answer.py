"""Whether an adbd answers on a TCP port: the first exchange of the adb protocol, and no more.

Source: packages/modules/adb/protocol.txt in AOSP. A listening port proves nothing here, because QEMU accepts
connections on the guest's behalf before the guest has booted.
"""

from __future__ import annotations

import socket
import struct

from bringup.deadline import Deadline
from bringup.text import from_board

__all__ = ["adbd_banner"]

_HEADER = struct.Struct("<6I")
_CNXN, _AUTH, _STLS = (int.from_bytes(word, "little") for word in (b"CNXN", b"AUTH", b"STLS"))
_VERSION, _MAX_PAYLOAD = 0x01000001, 1 << 20
_MAX_BANNER = 4096


def adbd_banner(port: int, deadline: Deadline) -> str | None:
    """Connect to 127.0.0.1:``port`` and ask adbd who it is.

    :returns: its banner (``device::…``), empty if it wants authentication first; None when no adbd answered in time.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=max(0.01, deadline.remaining)) as connection:
            hello = b"host::\0"
            connection.sendall(
                _HEADER.pack(_CNXN, _VERSION, _MAX_PAYLOAD, len(hello), sum(hello), _CNXN ^ 0xFFFFFFFF) + hello
            )
            command, _, _, length, _, magic = _HEADER.unpack(_receive(connection, _HEADER.size, deadline))
            if magic != command ^ 0xFFFFFFFF:
                return None
            if command in (_AUTH, _STLS):
                return ""
            if command != _CNXN or length > _MAX_BANNER:
                return None
            return from_board(_receive(connection, length, deadline).rstrip(b"\0"))
    except OSError:
        return None


def _receive(connection: socket.socket, length: int, deadline: Deadline) -> bytes:
    data = b""
    while len(data) < length:
        connection.settimeout(max(0.01, deadline.remaining))
        part = connection.recv(length - len(data))
        if not part or deadline.expired:
            raise ConnectionError("the other side closed, or it was too slow")
        data += part
    return data

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bringup.deadline import Deadline
from bringup.virtual.running.answer import adbd_banner


def packet(command: bytes, payload: bytes = b"", *, magic: int | None = None) -> bytes:
    number = int.from_bytes(command, "little")
    return struct.pack("<6I", number, 0, 0, len(payload), 0, number ^ 0xFFFFFFFF if magic is None else magic) + payload


@contextmanager
def scripted_adbd(reply: bytes) -> Iterator[int]:
    """A port that sends ``reply`` once it was greeted, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                assert connection.recv(4096).startswith(b"CNXN")
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("reply", "banner"),
    [
        (packet(b"CNXN", b"device::features=shell_v2\0"), "device::features=shell_v2"),
        (packet(b"AUTH", b"token"), ""),
        (packet(b"STLS"), ""),
        (packet(b"CNXN", b"x", magic=0), None),
        (packet(b"OKAY"), None),
        (packet(b"CNXN", b"cut short")[:-3], None),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", None),
        (b"", None),
    ],
)
def test_only_an_adbd_counts_as_an_answer(reply: bytes, banner: str | None) -> None:
    with scripted_adbd(reply) as port:
        assert adbd_banner(port, Deadline.after(60)) == banner


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert adbd_banner(port, Deadline.after(1)) is None


def test_a_port_that_accepts_and_says_nothing_does_not_outlive_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        # without the deadline this would not come back at all
        assert adbd_banner(server.getsockname()[1], Deadline.after(0.2)) is None

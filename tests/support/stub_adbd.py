"""Boards that are not ready, behind a real adb server: stand-ins that speak as much of adb's device protocol as needed.

A message is six little-endian words (command, two arguments, length, checksum, command inverted) and its data (AOSP
packages/modules/adb, ``protocol.txt``).
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading

__all__ = ["StubAdbd"]

HEADER = struct.Struct("<6I")
AUTH = int.from_bytes(b"AUTH", "little")
AUTH_TOKEN = 1
AUTH_PUBLIC_KEY = 3


class StubAdbd:
    """Listens on a port of its own until closed.

    :param unauthorized: accept no key, and ask nobody; else nothing is ever answered.
    """

    def __init__(self, *, unauthorized: bool) -> None:
        self._unauthorized = unauthorized
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open = [self._server]
        self._threads = [threading.Thread(target=self._serve)]
        self.serial = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._threads[0].start()

    def close(self) -> None:
        for endpoint in self._open:
            with contextlib.suppress(OSError):
                endpoint.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        with self._server, contextlib.suppress(OSError):
            while True:
                connected, _ = self._server.accept()
                self._open.append(connected)
                self._threads.append(threading.Thread(target=self._talk, args=(connected,)))
                self._threads[-1].start()

    def _talk(self, connected: socket.socket) -> None:
        with connected, contextlib.suppress(OSError):
            while self._unauthorized:
                head = connected.recv(HEADER.size, socket.MSG_WAITALL)
                if len(head) < HEADER.size:
                    return
                command, kind, _, length, _, _ = HEADER.unpack(head)
                connected.recv(length, socket.MSG_WAITALL)
                if (command, kind) == (AUTH, AUTH_PUBLIC_KEY):
                    continue  # a real one asks its user now
                token = os.urandom(20)
                connected.sendall(HEADER.pack(AUTH, AUTH_TOKEN, 0, 20, sum(token), AUTH ^ 0xFFFFFFFF) + token)
            while connected.recv(4096):
                pass

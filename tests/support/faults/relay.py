"""A way between two programs of adb, over which a test has power: slow it down, end it, lead it elsewhere."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

__all__ = ["Relay", "StubServer"]

Change = Callable[[bytes], bytes]


class Relay:
    """Listens on a port of its own, and passes on what comes, both ways, until closed.

    :param target: where to; may be changed while it runs, for connections after that.
    :param delay: seconds that each piece waits, each way.
    :param answer: what is made of each piece on its way back.
    :param host: where it listens.
    """

    def __init__(
        self,
        target: tuple[str, int],
        *,
        delay: float = 0.0,
        answer: Change = lambda data: data,
        host: str = "127.0.0.1",
    ) -> None:
        self.target = target
        self._delay = delay
        self._answer = answer
        self._server = socket.create_server((host, 0))
        self.port = int(self._server.getsockname()[1])
        self._open: list[socket.socket] = []
        self._made: list[socket.socket] = []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def cut(self) -> None:
        """End what is connected now."""
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.cut()
        for thread in self._threads[1:]:
            thread.join()
        for end in self._made:
            end.close()

    def _serve(self) -> None:
        with self._server, contextlib.suppress(OSError):
            while True:
                inner, _ = self._server.accept()
                try:
                    outer = socket.create_connection(self.target, timeout=5)
                    outer.settimeout(None)
                except OSError:
                    inner.close()
                    continue
                with self._lock:
                    self._open += [inner, outer]
                    self._made += [inner, outer]
                for source, sink, change in ((inner, outer, None), (outer, inner, self._answer)):
                    self._threads.append(threading.Thread(target=self._pass_on, args=(source, sink, change)))
                    self._threads[-1].start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, change: Change | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(16 << 10):
                if self._delay:
                    time.sleep(self._delay)  # the slowness itself, which is what the test is about
                sink.sendall(change(data) if change else data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class StubServer:
    """Answers as an adb server does which lists these boards, and knows nothing else."""

    def __init__(self, listing: str, version: int = 41) -> None:
        self._answers = {"host:version": f"{version:04x}", "host:devices-l": listing}
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _serve(self) -> None:
        with self._server, contextlib.suppress(OSError):
            while True:
                asking, _ = self._server.accept()
                with asking, contextlib.suppress(OSError, ValueError):
                    length = int(asking.recv(4, socket.MSG_WAITALL), 16)
                    answer = self._answers.get(asking.recv(length, socket.MSG_WAITALL).decode())
                    text = "unknown host service" if answer is None else answer
                    asking.sendall(f"{'FAIL' if answer is None else 'OKAY'}{len(text):04x}{text}".encode())

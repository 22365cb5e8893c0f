from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import VirtualBoardError
from bringup.virtual.running.qmp import Qmp

GREETING = {"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}
ACCEPTED = {"return": {}, "id": "__capabilities__"}


@contextmanager
def scripted_qemu(path: Path, *messages: object) -> Iterator[None]:
    """A QMP socket that says ``messages`` at once and then nothing more, like a QEMU that ends at that moment.

    No real QEMU can be told to end between two of its messages.
    """
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(TimeoutError):
                connection.settimeout(20)  # a client that leaves its socket open fails the test, and does not hang it
                connection.sendall(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


ENDS = [(), (GREETING,), (GREETING, ACCEPTED)]


@pytest.mark.parametrize("said", ENDS)
def test_a_qemu_that_ends_while_it_is_asked_is_an_error(tmp_path: Path, said: tuple[object, ...]) -> None:
    path = tmp_path / "qmp.sock"
    with scripted_qemu(path, *said), pytest.raises(VirtualBoardError, match="QMP query-status: QEMU ended"):
        Qmp(path).status(Deadline.after(60))


@pytest.mark.parametrize("said", ENDS)
def test_a_qemu_that_ends_before_it_answers_to_quit_has_done_so(tmp_path: Path, said: tuple[object, ...]) -> None:
    path = tmp_path / "qmp.sock"
    with scripted_qemu(path, *said):
        Qmp(path).quit(Deadline.after(60))

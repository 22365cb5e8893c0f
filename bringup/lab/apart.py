"""Work on what strangers sent, in a process of its own, which has so much time and memory."""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import shutil
import signal
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from bringup.errors import HostError, os_reason
from bringup.own_memory import address_space

__all__ = ["Limits", "OutOfLimits", "apart"]

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one piece of work may take.

    :param cpu_seconds: of CPU time, so that a busy host changes nothing.
    :param seconds: by the clock, for work that waits.
    :param memory: bytes more than this process has when the work begins.
    """

    cpu_seconds: int = 60
    seconds: int = 900
    memory: int = 2 << 30

    def __str__(self) -> str:
        return f"{self.cpu_seconds} s of CPU time and {self.memory >> 20} MiB of memory"


class OutOfLimits(HostError):
    """The work did not end within its limits."""


@contextmanager
def apart(work: Callable[[_Asked], _Answer], limits: Limits) -> Iterator[Callable[[_Asked], _Answer]]:
    """``work``, done in a process of its own for each call; may be called from several threads.

    Begin it while this process has one thread: what another would hold at that moment is held for ever in the copy.

    :raises OutOfLimits: from the calls: the work took more than its limits, or its process was killed.
    """
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns where there are threads: see above
        try:
            server = os.fork()
        except OSError as error:
            ours.close()
            its.close()
            raise HostError("start a process that judges", os_reason(error)) from error
    if server == 0:
        ours.close()
        _serve(its, work, limits)
    its.close()
    try:
        yield _Apart[_Asked, _Answer](ours, limits)
    finally:
        ours.close()
        os.waitpid(server, 0)


class _Apart(Generic[_Asked, _Answer]):
    """Hands out the work, and waits for what comes of it."""

    def __init__(self, server: socket.socket, limits: Limits) -> None:
        self._server = server
        self._limits = limits
        self._lock = threading.Lock()

    def __call__(self, asked: _Asked) -> _Answer:
        """:raises OutOfLimits: see :func:`apart`; and whatever the work raises."""
        with tempfile.TemporaryDirectory(prefix="bringup-") as scratch:
            reader, writer = os.pipe()
            with os.fdopen(reader, "rb") as answer:
                try:
                    request = Path(scratch, "asked")
                    request.write_bytes(pickle.dumps((asked, scratch)))
                    with self._lock, contextlib.suppress(OSError):  # nobody takes it any more: no answer comes
                        socket.send_fds(self._server, [os.fsencode(request)], [writer])
                finally:
                    os.close(writer)
                data = answer.read()
        if not data:
            seen = f"it took more than {self._limits}, or its process was killed"
            raise OutOfLimits("judge the record", seen, hint="please report it, with the record")
        error, result = pickle.loads(data)  # noqa: S301 - this program's own
        if error is not None:
            raise error
        answered: _Answer = result
        return answered


def _serve(requests: socket.socket, work: Callable[[Any], Any], limits: Limits) -> NoReturn:
    """Start a process for each request, until nobody can ask any more. Whatever still works then is killed."""
    with contextlib.suppress(BaseException):
        os.setsid()  # Ctrl-C is for the process that asks
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        scratch: set[Path] = set()
        while True:
            request, files, _, _ = socket.recv_fds(requests, 4096, 1)
            if not request:
                break
            if os.fork() == 0:
                requests.close()
                _do(Path(os.fsdecode(request)), files[0], work, limits)
            os.close(files[0])
            scratch = {folder for folder in (*scratch, Path(os.fsdecode(request)).parent) if folder.exists()}
        for folder in scratch:  # of whoever asked and was killed
            shutil.rmtree(folder, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _do(request: Path, answer: int, work: Callable[[Any], Any], limits: Limits) -> NoReturn:
    with contextlib.suppress(BaseException):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(limits.seconds)
        _limit(limits)
        asked, tempfile.tempdir = pickle.loads(request.read_bytes())  # noqa: S301 - this program's own
        result: tuple[Exception | None, Any]
        try:
            result = (None, work(asked))
        except Exception as error:  # noqa: BLE001 - raised again by whoever asked
            result = (error, None)
        with os.fdopen(answer, "wb") as out:
            out.write(pickle.dumps(result))
    os._exit(0)


def _limit(limits: Limits) -> None:
    memory = address_space() + limits.memory
    spent = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    for which, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, spent + limits.cpu_seconds)):
        hard = resource.getrlimit(which)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (bound, bound))

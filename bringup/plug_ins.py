"""Packages with an entry point of ours, and their code in a process of its own, with a limit.

If it raises there, ends the process or does not end, that costs what was asked of it, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

from bringup.errors import os_reason
from bringup.text import visible

__all__ = ["PlugInFailed", "PlugInLimits", "fix_of", "installed", "origin_of", "said_apart"]

#: After its time its process ends by itself, where whoever asked was killed before.
_LEFT_ALONE_SECONDS = 5
#: What a line begins with: an answer; why it failed; the end.
_SAID, _FAILED, _ENDED = b"=", b"!", b"."

Say = Callable[[bytes], None]


@dataclass(slots=True)
class PlugInFailed(Exception):
    """Why a plug-in did not get to its end."""

    why: str


@dataclass(frozen=True, slots=True)
class PlugInLimits:
    """What a plug-in may take.

    :param cpu_seconds: of CPU time, so that a busy host changes nothing.
    :param seconds: by the clock, for one that waits.
    :param answer: bytes that it may answer with.
    """

    cpu_seconds: int
    seconds: int
    answer: int


@cache
def installed(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group, by name."""
    return tuple(sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value)))


def origin_of(entry: EntryPoint) -> str:
    """The package with its version, and the entry point."""
    package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"
    return f"{package}, entry point {entry.name} = {entry.value}"


def fix_of(entry: EntryPoint) -> str:
    """What to do about one that failed."""
    return f"fix it, or pip uninstall {entry.dist.name}" if entry.dist else "fix it"


def said_apart(work: Callable[[Say], None], limits: PlugInLimits) -> Generator[bytes]:
    """What the work says, one call of its argument after the other, from a process of its own.

    :param work: says bytes without a line end.
    :raises PlugInFailed: it did not end by itself within its limits.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns where there are threads
        try:
            child = os.fork()
        except OSError as error:
            os.close(reader)
            os.close(writer)
            raise PlugInFailed(f"no process could be started for it: {os_reason(error)}") from error
    if child == 0:
        os.close(reader)
        _be_the_process(writer, work, limits)
    os.close(writer)
    try:
        yield from _read(reader, limits)
    finally:
        os.close(reader)
        for kill in (os.killpg, os.kill):  # it may not lead a group yet
            with contextlib.suppress(OSError):
                kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def _read(reader: int, limits: PlugInLimits) -> Generator[bytes]:
    end, rest, count = time.monotonic() + limits.seconds, b"", 0
    while True:
        if not select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]:
            raise PlugInFailed(f"it did not end within {limits.seconds} s")
        data = os.read(reader, 65536)
        count += len(data)
        if not data:
            raise PlugInFailed(f"its process ended, or took more than {limits.cpu_seconds} s of CPU time")
        if count > limits.answer:
            raise PlugInFailed("its answer is too long")
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            kind, text = line[:1], line[1:]
            if kind == _FAILED:
                raise PlugInFailed(visible(text.decode("utf-8", "replace")))
            if kind == _ENDED:
                return
            if kind != _SAID:
                raise PlugInFailed("it wrote into its answer")
            yield text


def _be_the_process(writer: int, work: Callable[[Say], None], limits: PlugInLimits) -> NoReturn:
    def write(kind: bytes, text: bytes = b"") -> None:
        data = kind + text + b"\n"
        while data:
            data = data[os.write(writer, data) :]

    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        # Whoever waits until the last writer of a pipe is gone, as the process that holds places does, must not wait
        # for a plug-in. Not closed, but exchanged: their numbers stay taken, for objects that close them later.
        for number in {0, 1, 2, *map(int, os.listdir("/proc/self/fd"))} - {writer, nothing}:  # noqa: PTH208
            os.dup2(nothing, number)
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the end
        spent = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        most = spent + limits.cpu_seconds
        resource.setrlimit(resource.RLIMIT_CPU, (most if hard < 0 else min(most, hard), hard))
        # With SIGCHLD ignored, as in the process that judges, subprocess takes each program's status for 0.
        for caught in (signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU, signal.SIGCHLD):
            signal.signal(caught, signal.SIG_DFL)
        signal.alarm(limits.seconds + _LEFT_ALONE_SECONDS)
        work(lambda text: write(_SAID, text))
        write(_ENDED)
    except BaseException as error:  # noqa: BLE001 - SystemExit too: it is somebody else's code
        with contextlib.suppress(BaseException):
            seen = f"{type(error).__name__}: {str(error)[:200]}"
            write(_FAILED, " ".join(seen.split()).encode("utf-8", "replace"))
    os._exit(0)

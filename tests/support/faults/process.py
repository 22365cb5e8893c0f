"""``bringup run`` as a process of its own, whose events say how far it is."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["SECONDS", "RunProcess", "no_signal_ignored"]

#: For what takes a moment on a quiet machine; nothing may take longer.
SECONDS = 300.0
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def no_signal_ignored() -> Iterator[None]:
    """For the start of a process: what is ignored here would be ignored there, SIGHUP under ``nohup``, SIGINT in the
    background of a script."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class RunProcess:
    """:ivar events: what it has reported so far."""

    def __init__(self, arguments: list[str], environ: Mapping[str, str]) -> None:
        with no_signal_ignored():
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bringup", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | dict(environ),
            )
        self.events: list[dict[str, Any]] = []
        self._stderr = b""
        self._more = threading.Condition()
        self._at: dict[int, float] = {}
        self._readers = [threading.Thread(target=read) for read in (self._read_events, self._read_stderr)]
        for reader in self._readers:
            reader.start()

    def _read_events(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self._at[len(self.events)] = time.monotonic()
                self.events.append(json.loads(line))
                self._more.notify_all()
        with self._more:
            self._more.notify_all()

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        self._stderr = self.process.stderr.read()

    def wait_for(self, met: Callable[[dict[str, Any]], bool], what: str) -> None:
        """Until an event is there."""
        with self._more:
            there = self._more.wait_for(
                lambda: any(map(met, self.events)) or not self._readers[0].is_alive() or self._ended(), SECONDS
            )
            assert any(map(met, self.events)), f"{what}: {'it ended before' if there else 'not in time'}; {self.events}"

    def _ended(self) -> bool:
        return self.process.poll() is not None and not self._readers[0].is_alive()

    def time_of(self, met: Callable[[dict[str, Any]], bool]) -> float | None:
        """When the first such event came, by the monotonic clock."""
        return next((self._at[number] for number, event in enumerate(self.events) if met(event)), None)

    def end(self) -> tuple[int, str]:
        """Wait for its end: exit status, and stderr."""
        try:
            status = self.process.wait(SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            for reader in self._readers:
                reader.join()
            for stream in (self.process.stdout, self.process.stderr):
                assert stream is not None
                stream.close()
        return status, self._stderr.decode("utf-8", "replace")

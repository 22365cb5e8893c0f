"""The boards of ``make soak``: what is planted on them, what their verdicts must be then, and what breaks them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Protocol

from bringup.board import LOCK_NAME, Board
from bringup.config.schema import BoardConfig
from bringup.config.shipped import find_config
from bringup.outcome import Outcome
from bringup.record.observe import Observation
from bringup.virtual import find_profile
from tests.support.faults.chaos import FAULTS
from tests.support.faults.invariants import Outcomes
from tests.support.faults.native import PhasedNative
from tests.support.faults.virtual import PhasedVirtual
from tests.support.native_adbd import AdbServer, NativeBoard

__all__ = ["WITH_HEAPS", "NativeSoaked", "SoakedBoard", "VirtualSoaked", "times_it_stood_still"]

#: The virtual boards that have a system heap.
WITH_HEAPS = ("amd64", "arm64-5.10", "arm64-6.12", "arm64-7.x")
_HUNG = re.compile(rb"soft lockup|detected stalls|blocked for more than")
#: A process of the board says its uptime again and again on the console, where no network is needed.
_HEART = """
kill $(cat /tmp/heart 2>/dev/null) 2>/dev/null
sh -c 'echo $$ >/tmp/heart; echo heart begins; while :; do read up rest </proc/uptime; echo heart $up; sleep 0.5; done' \
  </dev/null >/dev/console 2>&1 &
"""
_BEAT = re.compile(rb"heart (begins|\d+\.\d+)")
#: Seconds of which a board is not silent by being slow.
_STOOD_STILL = 3.0
#: Where the lock on a board may lie.
_LOCKS = tuple(f"{folder}/{LOCK_NAME}" for folder in ("data/local/tmp", "tmp", "dev"))
_THERE, _MODE, _PAGE, _ZERO = (
    (check, "system") for check in ("heap.expected", "heap.mode", "allocator.alloc.page", "allocator.zero.reuse")
)


def times_it_stood_still(console: bytes) -> int:
    """How often no process of the board ran for seconds, though it was not paused: the uptime goes on meanwhile."""
    beats = [beat[1] for beat in _BEAT.finditer(console)]
    return sum(
        float(after) - float(before) > _STOOD_STILL
        for before, after in pairwise(beats)
        if b"begins" not in (before, after)
    )


class SoakedBoard(Protocol):
    """A board that is broken again and again.

    :ivar truths: what can be planted on it, and the verdicts that are sure then.
    :ivar faults: each, called, produces it and returns what takes it back.
    :ivar silent: the faults after which the board may not answer when its lock is given back.
    :ivar latest: seconds after a step after which a fault strikes at most.
    """

    truths: Mapping[str, Outcomes]
    faults: Mapping[str, Callable[[], Callable[[], None]]]
    silent: frozenset[str]
    latest: float
    how: Observation
    configs: tuple[BoardConfig, ...]

    def connect(self) -> Board:
        """The board, once it answers."""

    def plant(self, what: str) -> None:
        """Have this on the board, and nothing that was planted before."""

    def left(self) -> list[str]:
        """Processes and files of bringup on it, but for its whole program."""

    def take_locks(self) -> list[str]:
        """Remove every lock from it; their paths."""

    def hangs(self) -> tuple[int, int]:
        """How often it did not come back and was powered off and on, and how often its console shows that it hung."""

    def stop(self) -> None:
        """Power off."""


class NativeSoaked:
    """See :class:`SoakedBoard`. It has no heaps: what is planted is a folder of heaps."""

    truths: Mapping[str, Outcomes] = {
        "no folder of heaps": {("heap.folder", None): Outcome.FAIL},
        "a file in a heap's place": {
            ("heap.folder", None): Outcome.PASS,
            ("allocator.alloc.page", "system"): Outcome.FAIL,
        },
    }
    silent = frozenset({"link cut", "frozen", "power lost"})
    latest = 0.4
    how = Observation(rounds=0, seconds=20, return_seconds=8)
    configs: tuple[BoardConfig, ...] = ()

    def __init__(self, native: NativeBoard) -> None:
        self.native = native
        self.faults: Mapping[str, Callable[[], Callable[[], None]]] = {
            name: partial(fault, native) for name, fault in FAULTS.items()
        }

    def connect(self) -> Board:
        return self.native.connect()

    def plant(self, what: str) -> None:
        heap = self.native.files / "dev/dma_heap/system"
        shutil.rmtree(heap.parent, ignore_errors=True)
        if what == "a file in a heap's place":
            heap.parent.mkdir()
            heap.touch()

    def left(self) -> list[str]:
        return PhasedNative(self.native).left()

    def take_locks(self) -> list[str]:
        locks = [path for path in _LOCKS if (self.native.files / path).exists()]
        for path in locks:
            (self.native.files / path).unlink()
        return locks

    def hangs(self) -> tuple[int, int]:
        return 0, 0

    def stop(self) -> None:
        self.native.stop()


class VirtualSoaked:
    """See :class:`SoakedBoard`. A real kernel, from whose heap the real test allocator allocates."""

    truths: Mapping[str, Outcomes] = {
        "a sound heap": dict.fromkeys((_THERE, _MODE, _PAGE, _ZERO), Outcome.PASS),
        "a heap for root alone": {_MODE: Outcome.FAIL, _PAGE: Outcome.PASS, _ZERO: Outcome.PASS},
        "no heap": {_THERE: Outcome.FAIL},
        "another device in a heap's place": {_THERE: Outcome.PASS, _MODE: Outcome.PASS, _PAGE: Outcome.FAIL},
    }
    _PLANTS: Mapping[str, str] = {
        "a sound heap": "",
        "a heap for root alone": "chmod 0600 system",
        "no heap": "mv system /dev/kept",
        "another device in a heap's place": "mv system /dev/kept; mknod system c 1 3; chmod 0444 system; chown 1000:1000 system",
    }
    #: What is worth most of the tests, so that hundreds of runs end; nothing is used up.
    _TESTS = (
        *("open", "alloc.page", "alloc.64k", "alloc.1m", "alloc.4m", "size.lseek", "access.rdwr", "zero.reuse"),
        *("mmap.rw", "share.socket", "sync.rw", "account.fdinfo", "bad.fd", "fd.after_failures", "free.memory"),
    )
    latest = 6.0
    how = Observation(tests=_TESTS, rounds=0, pages=False, exhaust=False, seconds=180, return_seconds=20)

    def __init__(self, server: AdbServer, profile: str) -> None:
        self._board = PhasedVirtual(find_profile(profile), server)
        self.configs: tuple[BoardConfig, ...] = (find_config(f"virtual-{profile}"),)
        self.faults: Mapping[str, Callable[[], Callable[[], None]]] = {
            "link cut": self._cut,
            "CPU stopped": self._pause,
            "reset": self._reset,
            "kernel panic": self._panic,
            "adbd killed": self._crash,
            "power lost": self._cut_power,
        }
        self.silent = frozenset(self.faults)

    def hangs(self) -> tuple[int, int]:
        console = self._board.virtual.console.read_bytes()
        return self._board.restarts, len(_HUNG.findall(console)) + times_it_stood_still(console)

    def _cut(self) -> Callable[[], None]:
        self._board.qmp.set_link(up=False, deadline=self._board.soon())
        return lambda: self._board.qmp.set_link(up=True, deadline=self._board.soon())

    def _pause(self) -> Callable[[], None]:
        self._board.qmp.pause(self._board.soon())
        return lambda: self._board.qmp.resume(self._board.soon())

    def _reset(self) -> Callable[[], None]:
        self._board.qmp.reset(self._board.soon())
        return lambda: None

    def _panic(self) -> Callable[[], None]:
        self._board.sh_and_die("echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger")
        return lambda: self._board.qmp.reset(self._board.soon())

    def _crash(self) -> Callable[[], None]:
        self._board.sh_and_die("kill -9 $(pidof adbd)")
        return lambda: None

    def _cut_power(self) -> Callable[[], None]:
        self._board.power_off()
        return self._board.power_on

    def connect(self) -> Board:
        return self._board.open()

    def plant(self, what: str) -> None:
        was = "cd /dev/dma_heap; if [ -e /dev/kept ]; then rm -f system; mv /dev/kept system; fi; chmod 0444 system"
        self._board.sh(f"{was}; {self._PLANTS[what]}{_HEART}")

    def left(self) -> list[str]:
        return self._board.left()

    def take_locks(self) -> list[str]:
        locks = " ".join(f"/{path}" for path in _LOCKS)
        return self._board.sh(f'for file in {locks}; do [ -e "$file" ] && echo "$file" && rm "$file"; done').split()

    def stop(self) -> None:
        self._board.power_off()

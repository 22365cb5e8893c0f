"""What a template may take: it is a program, whose loops may not end and whose texts and numbers may grow."""

from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from bringup.own_memory import address_space

__all__ = ["MOST", "SECONDS", "TooLong", "bounded_memory", "bounded_time", "require_small"]

#: More than rendering every fragment of every board takes, many times over: memory, and CPU time of one file.
MOST = 256 << 20
SECONDS = 10.0
_AGAIN = 0.1
_MOST_BITS = 1 << 16
_MOST_ITEMS = 1 << 24


class TooLong(Exception):
    """A template did not end in time."""


@contextmanager
def bounded_memory() -> Iterator[None]:
    """While the block runs, this process gets :data:`MOST` bytes more than it has, and then a MemoryError.

    For a process with one thread: the limit holds for all of them.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limits = [bound for bound in (soft, hard, address_space() + MOST) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def bounded_time() -> Iterator[None]:
    """While the block runs, :data:`SECONDS` of CPU time, and then a :class:`TooLong` where it is at.

    In the main thread; elsewhere there is no limit, for no signal gets there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _too_long)
    # Again and again: raised while the collector runs a callback, or in a __del__, the error is dropped.
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _too_long(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TooLong(f"it does not end within {SECONDS:g} s of CPU time")


def require_small(operator: str, left: Any, right: Any) -> None:
    """Before ``left * right`` or ``left ** right``: one such step may take hours, and no signal interrupts it.

    :raises OverflowError: the result would be too large.
    """
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() + right.bit_length() if operator == "*" else left.bit_length() * abs(right)
        if bits > _MOST_BITS:
            raise OverflowError(f"a number of more than {_MOST_BITS} bits")
        return
    count, items = (right, left) if isinstance(right, int) else (left, right)
    if isinstance(count, int) and hasattr(items, "__len__") and len(items) * count > _MOST_ITEMS:
        raise OverflowError(f"it would have more than {_MOST_ITEMS} items")

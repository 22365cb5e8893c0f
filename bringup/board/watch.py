"""Notice a board that stopped answering while adb still calls it ``device``, and a person who wants no more of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bringup.board.wire import Stream, TimedOut
from bringup.deadline import Deadline

__all__ = ["Heartbeat", "WatchedStream"]

# Between two looks at whether the wait was interrupted: a person does not notice it, and it costs nothing.
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a silent board is asked for its boot_id on a second connection.

    :param quiet: seconds without a byte in either direction.
    :param answer: seconds that the board has to answer.
    """

    quiet: float = 2.0
    answer: float = 3.0


class WatchedStream:
    """A :class:`~bringup.board.wire.Stream` that asks for a sign of life whenever nothing moves.

    :param ask: returns when the board lives and raises when it does not.
    :param interrupted: whether to give up: Ctrl-C reaches the main thread alone, and this may be another.
    """

    def __init__(
        self,
        inner: Stream,
        ask: Callable[[Deadline], None],
        quiet: float,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._inner = inner
        self._ask = ask
        self._quiet = quiet
        self._interrupted = interrupted

    def exchange(self, out: bytes | memoryview, limit: int, deadline: Deadline) -> tuple[int, bytes | None]:
        """See :meth:`~bringup.board.wire.Stream.exchange`.

        :raises KeyboardInterrupt: the wait was interrupted.
        """
        silent_since = time.monotonic()
        while True:
            if self._interrupted():
                raise KeyboardInterrupt
            try:
                return self._inner.exchange(out, limit, deadline.within(min(self._quiet, _LOOK_SECONDS)))
            except TimedOut:
                if deadline.expired:
                    raise
            if time.monotonic() - silent_since >= self._quiet:
                self._ask(deadline)
                silent_since = time.monotonic()

    def close(self) -> None:
        """See :meth:`~bringup.board.wire.Stream.close`."""
        self._inner.close()

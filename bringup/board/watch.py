"""Notice a board that stopped answering while adb still calls it ``device``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bringup.board.wire import Stream, TimedOut
from bringup.deadline import Deadline

__all__ = ["Heartbeat", "WatchedStream"]


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
    """

    def __init__(self, inner: Stream, ask: Callable[[Deadline], None], quiet: float) -> None:
        self._inner = inner
        self._ask = ask
        self._quiet = quiet

    def exchange(self, out: bytes | memoryview, limit: int, deadline: Deadline) -> tuple[int, bytes | None]:
        """See :meth:`~bringup.board.wire.Stream.exchange`."""
        while True:
            try:
                return self._inner.exchange(out, limit, deadline.within(self._quiet))
            except TimedOut:
                if deadline.expired:
                    raise
                self._ask(deadline)

    def close(self) -> None:
        """See :meth:`~bringup.board.wire.Stream.close`."""
        self._inner.close()

"""Notice a board that stopped answering while adb still calls it ``device``, and a person who wants no more of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bringup.board.wire import Stream, TimedOut
from bringup.deadline import Deadline

__all__ = ["Heartbeat", "WatchedStream"]

# Between two looks at whether the wait was interrupted: a person does not notice it, and it costs nothing.
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a silent board is asked for a sign of life on another connection, and how long it has.

    First it is asked for its boot_id, which takes a process on the board: on an emulated one on a busy host up to
    seconds. If that does not come, its adbd is asked, which needs no process to answer: milliseconds even there. So a
    board is lost once its adbd answers nothing, and one that is only slow is not.

    :param quiet: seconds without a byte in either direction, of a command as of the boot_id, before the next question.
    :param answer: seconds that adbd has to answer.
    :param most: seconds that the boot_id may take while adbd answers.
    """

    quiet: float = 1.5
    answer: float = 1.5
    most: float = 30.0


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
        ask_at = Deadline.after(self._quiet)
        while True:
            if self._interrupted():
                raise KeyboardInterrupt
            try:
                return self._inner.exchange(out, limit, deadline.within(min(ask_at.remaining, _LOOK_SECONDS)))
            except TimedOut:
                if deadline.expired:
                    raise
            if ask_at.expired:
                self._ask(deadline)
                ask_at = Deadline.after(self._quiet)

    def only_wait(self) -> None:
        """From now on ask nothing meanwhile, and let no interrupt end a wait: for what is to be read after one."""
        self._ask, self._interrupted = lambda _: None, lambda: False

    def close(self) -> None:
        """See :meth:`~bringup.board.wire.Stream.close`."""
        self._inner.close()

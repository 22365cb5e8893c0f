"""One point in time, passed down: whatever is called with it cannot outlive it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from bringup.errors import DeadlineExceeded

__all__ = ["Deadline", "now"]


def now() -> str:
    """The host's time, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point on the host's monotonic clock.

    :param at: ``time.monotonic()`` seconds.
    :param budget: the seconds that were given, for the error message.
    """

    at: float
    budget: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The point ``seconds`` from now."""
        return cls(time.monotonic() + seconds, seconds)

    def within(self, seconds: float) -> Deadline:
        """A nearer deadline for one step; never later than this one."""
        nearer = Deadline.after(seconds)
        return nearer if nearer.at < self.at else self

    @property
    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())

    @property
    def expired(self) -> bool:
        """Whether nothing is left."""
        return time.monotonic() >= self.at

    def require(self, action: str, board: str | None = None, hint: str = "") -> float:
        """Seconds left, for a socket or a wait.

        :raises DeadlineExceeded: nothing is left.
        """
        left = self.remaining
        if left <= 0:
            raise DeadlineExceeded(action, f"no answer within {self.budget:g} s", hint=hint, board=board)
        return left

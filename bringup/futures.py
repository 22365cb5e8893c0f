"""Results of work in other threads, waited for such that a signal ends the wait."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait
from typing import TypeVar

__all__ = ["results_of"]

_Result = TypeVar("_Result")
#: A signal that comes just before Python begins to wait does not wake it.
_LOOK_SECONDS = 0.5


def results_of(futures: Sequence[Future[_Result]]) -> list[_Result]:
    """What all of them returned.

    :raises Exception: what the first of them raised that did.
    """
    while wait(futures, timeout=_LOOK_SECONDS).not_done:
        pass
    return [future.result() for future in futures]

"""Results of work in other threads: all of them, the first error, and a wait that a signal ends."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import Future

import pytest

from bringup.futures import results_of


def test_all_results_in_order() -> None:
    futures: list[Future[int]] = [Future(), Future()]
    futures[1].set_result(2)
    threading.Timer(0.01, futures[0].set_result, [1]).start()
    assert results_of(futures) == [1, 2]
    assert results_of([]) == []


def test_the_first_that_failed_is_raised() -> None:
    futures: list[Future[int]] = [Future(), Future()]
    futures[0].set_result(1)
    futures[1].set_exception(KeyError("x"))
    with pytest.raises(KeyError):
        results_of(futures)


def test_a_signal_to_another_thread_ends_the_wait() -> None:
    """The kernel then does not wake the main thread, as it does not where the signal comes just before it waits."""
    never: Future[int] = Future()
    other = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT))
    start = threading.Timer(0.1, other.start)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        start.start()
        with pytest.raises(KeyboardInterrupt):
            results_of([never])
    finally:
        signal.signal(signal.SIGINT, before)

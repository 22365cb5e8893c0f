"""Over many runs: since when a check fails, which kernels may have broken it, and what comes and goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.compare.history import CheckHistory, Observed, board_name, check_history
from bringup.outcome import Outcome
from bringup.results.run import BoardRun

OUTCOMES = {".": Outcome.PASS, "w": Outcome.WARN, "F": Outcome.FAIL, "?": Outcome.ERROR, "s": Outcome.SKIP}


def over(marks: str, kernels: str = "") -> CheckHistory:
    """One mark, and one letter for its kernel, per run; a ``-``: the kernel is unknown."""
    kernels = kernels or "a" * len(marks)
    runs = [
        Observed(f"run-{n}", "2026-11-01", "0", Outcome.PASS, None if kernel == "-" else kernel)
        for n, kernel in enumerate(kernels)
    ]
    answers = {number: OUTCOMES[mark] for number, mark in enumerate(marks) if mark != " "}
    return check_history("heap.present", "system", answers, runs)


@pytest.mark.parametrize(
    ("marks", "kernels", "last_good", "first_bad", "between"),
    [
        ("...FF", "aabcc", 2, 3, ("c",)),
        (".?? FF", "abcdee", 0, 4, ("b", "c", "d", "e")),
        (".wF", "aab", 1, 2, ("b",)),
        ("FF", "ab", None, 0, ()),
        ("?F", "ab", None, 1, ()),
        ("..", "ab", 1, None, ()),
        ("F.", "ab", 1, None, ()),
        (".F?", "abc", 0, 1, ("b",)),  # that the newest is unknown repairs nothing
        (".F", "a-", 0, 1, ()),
    ],
)
def test_last_good_first_bad_and_the_kernels_between(
    marks: str, kernels: str, last_good: int | None, first_bad: int | None, between: tuple[str, ...]
) -> None:
    found = over(marks, kernels)
    assert (found.last_good, found.first_bad, found.kernels_between) == (last_good, first_bad, between)


@pytest.mark.parametrize(
    ("marks", "kernels", "flips", "repeats"),
    [
        (".F.", "aaa", 2, 2),
        (".F", "ab", 0, 0),  # another kernel: that is a change, not a flake
        (".?F", "aaa", 1, 1),  # unknown is not an answer
        (".w.", "aaa", 0, 2),
        (".F", "--", 0, 0),  # unknown kernels may be two
    ],
)
def test_flaky_is_a_change_on_one_kernel(marks: str, kernels: str, flips: int, repeats: int) -> None:
    found = over(marks, kernels)
    assert (found.flips, found.repeats, found.flaky) == (flips, repeats, flips > 0)


def test_fixed_is_the_first_good_run_after_the_last_fail() -> None:
    assert over("F.?..", "abcde").fixed_in == 1
    assert over("F.F").fixed_in is None
    assert over("...").fixed_in is None


@given(st.text("wFs? .", max_size=30))
def test_what_holds_of_any_history(marks: str) -> None:
    found = over(marks)
    assert len(found.outcomes) == len(marks)
    assert found.flips <= found.repeats < max(1, len(marks))
    if found.first_bad is not None:
        assert found.outcomes[found.first_bad] is Outcome.FAIL
        assert found.fixed_in is None
        assert found.last_good is None or found.last_good < found.first_bad
        assert not {Outcome.PASS, Outcome.WARN} & set(found.outcomes[found.first_bad :])


def test_a_board_behind_a_port_of_this_host_keeps_its_name() -> None:
    def named(serial: str, config: str | None = None, **identity: str) -> str:
        return board_name(BoardRun(serial=serial, config=config, identity=identity, verdicts=()))

    assert named("0123456789ABCDEF", "db845c") == "0123456789ABCDEF"
    assert named("192.168.1.7:5555", "db845c") == "192.168.1.7:5555"
    assert named("127.0.0.1:41873", "db845c") == "db845c"
    assert named("localhost:41873", None, model="A board") == "A board"
    assert named("emulator-5554") == "emulator-5554"

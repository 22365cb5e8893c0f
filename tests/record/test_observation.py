"""What is asked of a board, before one is touched, and what a vendor's program needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bringup import __version__
from bringup.allocator.plan import Bench, Exhaust, Files, Heaps, Mark, Pages, Reads, Stress, Test
from bringup.deadline import Deadline
from bringup.errors import UsageError
from bringup.record import observe as observing
from bringup.record.benchmark import Benchmark
from bringup.record.journal import SCHEMA
from bringup.record.observe import Observation
from bringup.record.vendor_program import require_programs


@pytest.mark.parametrize(
    ("asked", "action", "seen", "hint"),
    [
        (lambda: Observation(seconds=0), "read --seconds", "0 is not a number of seconds up to a day", ""),
        (lambda: Observation(seconds=86401), "read --seconds", "86401 is not a number of seconds up to a day", ""),
        (lambda: Observation(heaps="a\0b"), "read --heap", "", "for example --heap 'linux,cma*'"),
        (lambda: Observation(benchmark=Benchmark(heaps=("a\0b",))), "read --heap", "", "for example --heap 'linux,cma*'"),
        (lambda: Observation(heaps=None, benchmark=Benchmark(heaps=("system", "a\0b"))), "read --heap", "", "for example --heap 'linux,cma*'"),
        (lambda: Observation(programs=(Path("/nowhere/test"),)), "read --ktap", "/nowhere/test is not a file", ""),
    ],
)  # fmt: skip
def test_what_no_board_can_be_asked(asked: Callable[[], Observation], action: str, seen: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        asked()
    assert str(error.value).startswith(action)
    assert seen in str(error.value)
    assert (error.value.hint or "") == hint


@pytest.mark.parametrize("seconds", [0.1, 86400])
def test_a_day_is_the_longest(seconds: float) -> None:
    assert Observation(seconds=seconds).seconds == seconds


def test_programs_have_names_of_their_own(tmp_path: Path) -> None:
    for name in ("a/test", "b/test", "b/other"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("#!/bin/sh\n")
    require_programs((tmp_path / "a/test", tmp_path / "b/other"))
    with pytest.raises(UsageError, match="two programs have the same name") as error:
        require_programs((tmp_path / "a/test", tmp_path / "b/test"))
    assert (error.value.action, error.value.seen) == ("read --ktap", "two programs have the same name")
    assert error.value.hint == "rename one: their verdicts are named after it"


def test_the_head_says_what_is_asked(tmp_path: Path) -> None:
    (tmp_path / "codec").write_text("")
    head = Observation(heaps="sys*", tests=("open", "zero.*"), programs=(tmp_path / "codec",)).head()
    assert (head.schema, head.tool, head.heaps, head.exhausts, head.programs) == (SCHEMA, __version__, "sys*", True, ("codec",))  # fmt: skip
    assert "open" in head.tests
    assert "zero.fresh" in head.tests
    assert all(test == "open" or test.startswith("zero.") for test in head.tests)
    looks = Observation(heaps=None).head()
    assert (looks.heaps, looks.tests, looks.exhausts) == (None, (), False)
    assert not Observation(exhaust=False).head().exhausts


@pytest.mark.parametrize(
    ("asked", "only_looks"),
    [
        (Observation(heaps=None), True),
        (Observation(), False),
        (Observation(heaps=None, benchmark=Benchmark()), False),
        (Observation(heaps=None, programs=(Path(__file__),)), False),
    ],
)
def test_who_only_looks_disturbs_nobody(asked: Observation, only_looks: bool) -> None:
    assert asked.only_looks == only_looks


def test_the_plan_has_what_was_asked_and_nothing_else() -> None:
    def items(asked: Observation) -> list[object]:
        return list(observing._plan(asked, Deadline.after(100)).items)

    def kinds(asked: Observation) -> set[type]:
        return {type(item) for item in items(asked)}

    every = Observation(questions=())

    assert items(replace(every, heaps=None)) == []
    assert items(replace(every, heaps=None, stress=(7, 30))) == [Stress(7, 30)]
    assert {Mark, Heaps, Test, Reads, Pages, Exhaust, Bench} <= kinds(every)
    assert kinds(every) - kinds(replace(every, pages=False)) == {Pages, Files}
    assert kinds(every) - kinds(replace(every, exhaust=False)) == {Exhaust}
    assert kinds(every) - kinds(replace(every, rounds=0)) == {Bench}
    assert kinds(every) - kinds(replace(every, tests=())) == {Test, Reads}
    assert [item.pattern for item in items(every) if isinstance(item, Heaps)] == [
        "*",
        "ion/*",
        "*",
        "ion/*",
        "*",
        "*",
        "ion/*",
    ]
    assert {item.pattern for item in items(replace(every, heaps="system")) if isinstance(item, Heaps)} == {"system"}
    assert [item.rounds for item in items(replace(every, rounds=7, heaps="system")) if isinstance(item, Bench)] == [7]

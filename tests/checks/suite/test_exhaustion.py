"""A heap that was used up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_record import broken
from tests.support.suite import Broken, ask, suite_tests, traced_board
from tests.support.traced import exhaustion

BROKEN = (
    Broken("wrong errno", "exhaustion.clean", "fail", traced_board(exhaustion(stopped="error", errno=5)), "heap.wrong-errno"),
    Broken("keeps memory", "exhaustion.clean", "fail", traced_board(exhaustion(free_after=1 << 20)), "heap.leak"),
    Broken("died", "exhaustion.clean", "error", traced_board(exhaustion(stopped="died"))),
    Broken("says nothing", "exhaustion.clean", "error", broken(asked_exhaustion=True)),
    Broken("nothing is free", "exhaustion.clean", "error", traced_board(exhaustion(stopped="not tried", seen="less than a page may be held"))),
    Broken("half an area", "exhaustion.cma", "warn", traced_board(exhaustion(held=32 << 20)), "cma.unusable"),
    Broken("stays in pieces", "exhaustion.cma", "warn", traced_board(exhaustion(largest_after=1 << 20)), "cma.fragmented"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "exhaustion", BROKEN, skips={"exhaustion.clean", "exhaustion.cma"}
)

MIB = 1 << 20
ALL = "64 MiB held in 64 buffers, of 64 MiB free; ended by: "
#: What the test allocator says; the outcome, the evidence, the reason, and the cause's words.
CLEAN: tuple[tuple[dict[str, Any], str, tuple[str, ...], str | None, str | None], ...] = (
    ({}, "pass", (ALL + "ENOMEM", "64 MiB free after all was closed"), None, None),
    ({"free_after": 32 * MIB}, "pass", (ALL + "ENOMEM", "32 MiB free after all was closed"), None, None),
    ({"free_after": 32 * MIB - 4096}, "fail", ("64 MiB were free before, 32 MiB after all was closed", ALL + "ENOMEM"),
     None, "a heap that was used up keeps memory"),
    ({"stopped": "not tried", "seen": "a protected heap"}, "skip", (), "a protected heap", None),
    ({"stopped": "ENOMEM", "seen": "less than a page may be held"}, "pass",
     (ALL + "ENOMEM", "64 MiB free after all was closed"), None, None),
    ({"stopped": "died"}, "error", (ALL + "died",), "the process that used the heap up did not finish", None),
    ({"stopped": "error", "errno": 24}, "error", (ALL + "error",), "no file descriptor was left: EMFILE", None),
    ({"stopped": "budget", "errno": 24}, "pass", (ALL + "budget", "64 MiB free after all was closed"), None, None),
    ({"stopped": "error", "errno": 500, "asked": 8192}, "fail",
     ("ALLOC of 8192 bytes: expected ENOMEM, got errno 500", ALL + "error"), None,
     "a heap that is used up does not return ENOMEM"),
)  # fmt: skip


@pytest.mark.parametrize(("said", "outcome", "evidence", "reason", "cause"), CLEAN)
def test_what_is_said_of_a_heap_that_was_used_up(
    tmp_path: Path, said: dict[str, Any], outcome: str, evidence: tuple[str, ...], reason: str | None, cause: str | None
) -> None:
    (verdict,) = ask("exhaustion.clean", tmp_path, traced_board(exhaustion(**said)))
    words = verdict.cause.text if verdict.cause else None
    assert (verdict.outcome.value, verdict.evidence, verdict.reason, words) == (outcome, evidence, reason, cause)


def test_what_is_said_of_an_area(tmp_path: Path) -> None:
    (verdict,) = ask("exhaustion.cma", tmp_path, traced_board(exhaustion(largest=48 * MIB, largest_after=40 * MIB)))
    assert verdict.evidence == (
        "64 MiB of 64 MiB could be held",
        "largest single buffer: 48 MiB",
        "with 32 MiB free in gaps of 1 MiB: 1 MiB",
        "after all were freed: 40 MiB",
    )


@pytest.mark.parametrize(
    ("said", "area", "outcome", "words"),
    [
        ({"held": 57 * MIB}, 0, "warn", "7 MiB of the area cannot be allocated"),
        ({"held": 58 * MIB}, 0, "pass", None),
        ({"free": 40 * MIB, "held": 40 * MIB}, 0x48000, "warn", "24 MiB of the area cannot be allocated"),
        ({"free": 40 * MIB, "held": 60 * MIB}, 0x48000, "pass", None),
        ({"largest_after": 48 * MIB}, 0, "pass", None),
        ({"largest_after": 48 * MIB - 1}, 0, "warn", "the area stays fragmented after all buffers were freed"),
        # Memory that did not come back is another check's finding.
        ({"free_after": 32 * MIB - 1, "largest_after": MIB}, 0, "pass", None),
        ({"free_after": 32 * MIB, "largest_after": MIB}, 0, "warn", "the area stays fragmented after all buffers were freed"),
        ({"stopped": "budget"}, 0, "skip", "it was not used up; ended by: budget"),
        ({"stopped": "budget", "seen": "at most 1 MiB may be held"}, 0, "skip", "at most 1 MiB may be held"),
    ],
)  # fmt: skip
def test_where_an_area_begins_to_be_unusable(
    tmp_path: Path, said: dict[str, Any], area: int, outcome: str, words: str | None
) -> None:
    (verdict,) = ask("exhaustion.cma", tmp_path, traced_board(exhaustion(**said), area=area))
    assert (verdict.outcome.value, verdict.cause.text if verdict.cause else verdict.reason) == (outcome, words)


def test_what_is_said_of_an_area_is_said_of_one_that_is_not_well_too(tmp_path: Path) -> None:
    for number, line in enumerate((exhaustion(held=32 * MIB), exhaustion(largest_after=MIB))):
        (verdict,) = ask("exhaustion.cma", tmp_path / str(number), traced_board(line))
        assert [text.partition(":")[0] for text in verdict.evidence][1:] == [
            "largest single buffer",
            "with 32 MiB free in gaps of 1 MiB",
            "after all were freed",
        ]
        assert bool(verdict.remedy) is (number == 0)


@pytest.mark.parametrize(
    ("asked", "heaps"), [(True, [("system", "error")]), (False, [(None, "skip")])], ids=["asked", "not asked"]
)
def test_heaps_that_cannot_be_used_up_are_not_asked_for_it(
    tmp_path: Path, asked: bool, heaps: list[tuple[str | None, str]]
) -> None:
    names = ("system", "ion/system", "protected,video", "restricted,video")
    board = broken(asked_exhaustion=asked, asked_tests=("open",), heaps={name: {} for name in names})
    verdicts = ask("exhaustion.clean", tmp_path, board)
    assert [(verdict.heap, verdict.outcome.value) for verdict in verdicts] == heaps

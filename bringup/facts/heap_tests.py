"""The outcomes of heap tests: which known defect one shows, which were skipped for no good reason, which lack."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from bringup.allocator.answer import Result
from bringup.allocator.manifest import HeapTest, Source, heap_tests
from bringup.facts.board import Facts
from bringup.facts.memory.heap_capacity import area_size
from bringup.kernel.history.defects import Defect, DefectState, Judged, defect_shown_by
from bringup.record.load import Record
from bringup.results.verdict import Outcome
from bringup.text import parse_number

__all__ = ["ShownDefect", "outcome_of", "shown_defect", "tests_asked", "unanswered"]

#: A heap that could hold a test's memory so many times, and does not have it free, is used up.
_ROOM = 4


@dataclass(frozen=True, slots=True)
class ShownDefect:
    """A defect that a heap test showed, and whether the board's kernel should have it."""

    defect: Defect
    judged: Judged

    @property
    def outcome(self) -> Outcome:
        """FAIL if the kernel's release has the fix: something brought the defect back."""
        return Outcome.FAIL if self.judged.state is DefectState.FIXED else Outcome.WARN


def shown_defect(facts: Facts, result: Result) -> ShownDefect | None:
    """The known defect that a result shows; ``None`` if it shows none.

    The test allocator reports a defect with warn. Older versions reported fail if they believed the kernel was fixed.
    """
    defect = defect_shown_by(result.test)
    if defect is None or result.outcome not in (Outcome.WARN, Outcome.FAIL):
        return None
    if errno.errorcode.get(result.errno) != defect.errno:
        return None
    if facts.version is None:
        return ShownDefect(defect, Judged(DefectState.UNKNOWN, "the kernel's version is not known"))
    return ShownDefect(defect, defect.state_in(facts.version))


def outcome_of(facts: Facts, result: Result) -> Outcome:
    """The outcome of a heap test, as in its verdict.

    A test that was skipped because others hold the heap's memory is an error: the same heap has room for it at other
    times. It stays skipped on a heap that is too small for it, and where the plan limits the memory.
    """
    shown = shown_defect(facts, result)
    if shown is not None:
        return shown.outcome
    return Outcome.ERROR if result.outcome is Outcome.SKIP and _is_used_up(facts, result) else result.outcome


def _is_used_up(facts: Facts, result: Result) -> bool:
    """Whether a test was skipped for memory that the heap has, but not free."""
    limit, free = _held_and_free(result.seen)
    test = heap_tests().get(result.test)
    if test is None or limit is None or free is None or limit < free // 2:
        return False
    total = _size_of(facts, result.heap, is_cma="CmaFree" in result.seen)
    return total is None or (test.bytes or test.pages * facts.page_size) <= total // _ROOM


def _held_and_free(seen: str) -> tuple[int | None, int | None]:
    """What may be held, and what is free, of ``needs N bytes; at most N may be held (CmaFree is N bytes, …``."""
    before, middle, after = seen.partition(" may be held (")
    if not middle or not before.startswith("needs "):
        return None, None
    words = (before.rpartition(" ")[2], after.partition(" is ")[2].partition(" ")[0])
    limit, free = map(parse_number, words)
    return limit, free


def _size_of(facts: Facts, heap: str, *, is_cma: bool) -> int | None:
    """All memory of a heap in bytes; ``None``: not known."""
    if not is_cma:
        return facts.meminfo.get("MemTotal")
    size = area_size(facts, heap.removeprefix("ion/").partition("/")[0])
    return facts.meminfo.get("CmaTotal") if size is None else size


def tests_asked(record: Record, heap: str) -> list[HeapTest]:
    """The tests that were asked for and exist for this heap, in the test allocator's order."""
    known = heap_tests()
    is_legacy = record.ion is not None and record.ion.abi == "legacy"
    source = Source.NODE if not heap.startswith("ion/") else Source.LEGACY_ION if is_legacy else Source.ION
    tests = (known[name] for name in record.asked_tests if name in known)
    return [test for test in tests if not test.only or source in test.only]


def unanswered(facts: Facts) -> Iterator[tuple[str, HeapTest]]:
    """Each (heap, test) that was asked for and has no result, although the test allocator said that it finished."""
    record = facts.record
    answered = {(result.heap, result.test) for result in record.results}
    for heap in sorted(record.tested_heaps):
        for test in tests_asked(record, heap):
            if (heap, test.id) not in answered:
                yield heap, test

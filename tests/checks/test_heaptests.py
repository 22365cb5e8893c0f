"""Each test of the test allocator is explained, and nothing else is; what is told of it is what its table says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bringup.allocator.abi import Abi
from bringup.allocator.manifest import heap_tests
from bringup.checks.explain import Explanation, explain, explain_verdict, explained
from bringup.checks.heaptests import PREFIX, HeapTestNotes, heap_test, heap_test_notes
from bringup.errors import UsageError
from bringup.results.verdict import Cause, Outcome, Verdict
from tests.support.allocator_programs import committed, list_tests

TESTS = list(heap_test_notes().values())


def test_the_program_lists_what_is_explained() -> None:
    assert list(heap_tests()) == [test.id for test in list_tests(committed(Abi.X86_64))]
    assert set(heap_tests()) == {test.id for test in TESTS}


@pytest.mark.parametrize(
    ("id_", "buffers", "skipped"),
    [
        ("open", "heaps in /dev/dma_heap, and heaps of ION where the kernel has it", ()),
        (
            "alloc.1m",
            "heaps in /dev/dma_heap, and heaps of ION where the kernel has it",
            ("allocator.open", "less than 1 MiB"),
        ),
        ("bad.fd", "heaps in /dev/dma_heap", ("allocator.open",)),
        ("ion.handle", "heaps of ION before 4.12", ("allocator.open", "less than a page")),
        ("ion.bad_len", "heaps of ION", ("allocator.open",)),
    ],
)
def test_what_the_table_says_is_in_words(id_: str, buffers: str, skipped: tuple[str, ...]) -> None:
    test = heap_test(id_)
    assert test is not None
    assert test.tested_buffers == buffers
    assert len(test.skipped) == len(skipped)
    assert all(words in reason for words, reason in zip(skipped, test.skipped, strict=True))


@pytest.mark.parametrize("test", TESTS, ids=lambda one: one.id)
def test_it_is_described_in_full(test: HeapTestNotes) -> None:
    for text in (test.does, test.why, test.look):
        assert text.endswith(".")
        assert len(text) > 15
    assert re.search(r"\.[ch]\b|https://|Documentation/", test.source), "a file or an address"
    assert test.skipped or test.id == "open"
    assert all((test.since, *test.skips, *test.defects))
    told = (test.does, test.why, test.source, test.look, *test.skipped, *test.defects)
    assert not any("  " in text or text != text.strip() for text in told)


def named() -> Iterator[tuple[str, str]]:
    """Ids that an explanation sends its reader to, and whose it is."""
    for one in explained():
        text = " ".join((one.why, one.shows, one.source, one.look, *one.skipped, *one.defects))
        for id_ in re.findall(r"bringup explain ([a-z][\w.-]*\w)", text):
            yield id_, one.id
        for id_ in re.findall(r"\ballocator\.[a-z][\w.]*\w", text):
            yield id_, one.id


def test_what_an_explanation_names_is_explained() -> None:
    pairs = list(named())
    assert len(pairs) > 5
    for id_, _ in pairs:
        assert id_ in [one.id for one in explain(id_)]


def test_an_id_is_found_with_and_without_its_check() -> None:
    assert explain("zero.reuse") == explain("allocator.zero.reuse")
    assert [one.kind for one in explain("allocator.zero.reuse")] == ["test"]
    with pytest.raises(UsageError) as caught:
        explain("allocator.zero.resue")
    assert "allocator.zero.reuse" in caught.value.hint
    assert heap_test("no.such") is None


def test_every_one_is_listed() -> None:
    kinds: dict[str, list[Explanation]] = {}
    for one in explained():
        kinds.setdefault(one.kind, []).append(one)
    assert [one.id for one in kinds["test"]] == [f"{PREFIX}{one.id}" for one in TESTS]
    assert {"heap.expected", "kconfig.cma.dma"} <= {one.id for one in kinds["check"]}


def failed(id_: str, cause: Cause | None = None, outcome: Outcome = Outcome.FAIL) -> Verdict:
    return Verdict(id_, "title", outcome, cause=cause)


def test_a_verdict_is_explained_by_its_cause_else_by_what_it_asks() -> None:
    assert _id(failed("allocator.zero.reuse")) == "allocator.zero.reuse"
    assert _id(failed("allocator.alloc.1m", Cause("cma.exhausted", "x"))) == "cma.exhausted"
    assert _id(failed("allocator.fd.after_efault", Cause("kernel.known-defect", "x"))) == "allocator.fd.after_efault"
    assert _id(failed("kconfig.cma.alignment", Cause("kconfig.set-wrong", "x"))) == "kconfig.cma.alignment"
    assert _id(failed("allocator.of.tomorrow")) == "allocator"
    assert _id(failed("heap.mode", Cause("cause.of-tomorrow", "x"))) == "heap.mode"
    assert _id(failed("check.of-tomorrow")) is None


def _id(verdict: Verdict) -> str | None:
    found = explain_verdict(verdict)
    return found.id if found else None


def test_judging_loads_no_explanation() -> None:
    program = (
        "import sys; from bringup.checks.judge import judge; from bringup.checks.registry import checks; checks()\n"
        "from bringup.report.story import findings\n"
        "print([name for name in sys.modules if name.startswith('bringup.checks.heaptests')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""What is known of an id, as a person reads it. Every id has an explanation in full: tests/causes/test_known.py."""

from __future__ import annotations

import msgspec
import pytest

from bringup.checks.explain import explain, explain_verdict
from bringup.errors import UsageError
from bringup.outcome import Cause, Outcome
from bringup.results.verdict import Verdict
from tests.support.said import assert_text

IDS = (
    "heap.mode", "expect", "kconfig.heaps.system", "kconfig.heaps.cma-legacy-name", "kconfig.ikconfig.proc",
    "kconfig.debug.dmabuf-debug", "kconfig.cma.areas", "allocator.zero.fresh", "allocator.alloc.1m", "node.mode", "cma.busy",
    "ion.open", "ion.alloc",
)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in IDS if not name.startswith("ion.")])
def test_an_explanation_in_full(name: str) -> None:
    lines = [
        f"    {field}: {value if isinstance(value, str) else ' | '.join(map(str, value))}"
        for explanation in explain(name)
        for field, value in msgspec.structs.asdict(explanation).items()
        if value and field != "seen_before"
    ]
    assert_text("checks/explain", name, "".join(f"{line}\n" for line in lines))


def test_a_heap_test_and_a_longer_id_are_found() -> None:
    assert explain("zero.fresh") == explain("allocator.zero.fresh")
    assert explain("drift.device-tree") == explain("drift.device-tree")
    assert [found.id for found in explain("expect.anything at all")] == ["expect"]


@pytest.mark.parametrize(
    ("name", "hint"), [("heap.mod", "heap.mode"), ("node.mod", "node.mode"), ("nothing of that", "bringup explain lists them")]
)  # fmt: skip
def test_of_an_unknown_id_the_nearest_is_named(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match="there is no check, test, cause or rule of that id") as error:
        explain(name)
    assert str(error.value).startswith(f"explain {name!r}")
    assert hint in (error.value.hint or "")


@pytest.mark.parametrize(
    ("name", "cause", "found"),
    [
        ("heap.mode", "node.mode", "node.mode"),
        ("heap.mode", None, "heap.mode"),
        ("heap.mode", "of-a-later-version", "heap.mode"),
        ("kconfig.heaps.system", "kconfig.set-wrong", "kconfig.heaps.system"),
        ("expect.mine", None, "expect"),
        ("of-a-later-version", None, None),
    ],
)
def test_of_a_verdict_its_cause_says_most(name: str, cause: str | None, found: str | None) -> None:
    verdict = Verdict(name, "x", Outcome.FAIL, cause=Cause(cause, "x") if cause else None)
    explanation = explain_verdict(verdict)
    assert (explanation.id if explanation else None) == found

"""KTAP as programs print it. The forms are those of the named tools; the tests in them are made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.facts.ktap import KtapResult, parse_ktap
from bringup.outcome import Outcome

KSELFTEST = """TAP version 13
1..2
# timeout set to 45
# selftests: dmabuf-heaps: dmabuf-heap
# TAP version 13
# 1..3
# # Testing heap: system
# ok 1 alloc_and_import
# # a descriptor is wrong
# not ok 2 alloc_zeroed
# ok 3 # SKIP no cma heap here
# # Totals: pass:1 fail:1 xfail:0 xpass:0 skip:1 error:0
not ok 1 selftests: dmabuf-heaps: dmabuf-heap # exit=1
# selftests: udmabuf: udmabuf
not ok 2 selftests: udmabuf: udmabuf # TIMEOUT 45 seconds
"""

KUNIT = """[    1.201010] KTAP version 1
[    1.201020] 1..1
[    1.201030]     KTAP version 1
[    1.201040]     # Subtest: heap
[    1.201050]     1..2
[    1.201060]     ok 1 heap_add
[    1.201070]     # heap_find: EXPECTATION FAILED at drivers/x.c:12
[    1.201080]     not ok 2 heap_find
[    1.201090] # heap: pass:1 fail:1 skip:0 total:2
[    1.201100] not ok 1 heap
"""


def outcomes(text: str) -> dict[str, Outcome]:
    results, _ = parse_ktap(text)
    return {" > ".join(result.name): result.outcome for result in results}


def problems(text: str) -> list[str]:
    return [problem.text for problem in parse_ktap(text)[1]]


def test_what_kselftest_s_runner_prints() -> None:
    program = "selftests: dmabuf-heaps: dmabuf-heap"
    assert outcomes(KSELFTEST) == {
        f"{program} > alloc_and_import": Outcome.PASS,
        f"{program} > alloc_zeroed": Outcome.FAIL,
        f"{program} > test 3": Outcome.SKIP,
        "selftests: udmabuf: udmabuf": Outcome.FAIL,
    }
    results, found = parse_ktap(KSELFTEST)
    assert found == []
    assert results[1].said == ("a descriptor is wrong",)
    assert results[2].reason == "no cma heap here"
    assert results[3].reason == "TIMEOUT 45 seconds"


def test_what_kunit_prints_into_the_kernel_log() -> None:
    assert outcomes(KUNIT) == {"heap > heap_add": Outcome.PASS, "heap > heap_find": Outcome.FAIL}
    results, found = parse_ktap(KUNIT)
    assert found == []
    assert "heap_find: EXPECTATION FAILED at drivers/x.c:12" in results[1].said


@pytest.mark.parametrize(
    ("line", "name", "outcome"),
    [
        ("ok 1 - a name", "a name", Outcome.PASS),
        ("ok", "test ?", Outcome.PASS),
        ("not ok a name without a number", "a name without a number", Outcome.FAIL),
        ("ok 2 a name # SKIP not here", "a name", Outcome.SKIP),
        ("ok 2 a name # skip not here", "a name", Outcome.SKIP),
        ("not ok 2 a name # SKIP not here", "a name", Outcome.SKIP),
        ("ok 2 a name# SKIP not here", "a name", Outcome.SKIP),
        ("ok 2 a name# skip", "a name# skip", Outcome.PASS),
        ("not ok 3 a name # TODO later", "a name", Outcome.WARN),
        ("ok 4 a name # XFAIL known", "a name", Outcome.WARN),
        ("ok 5 a name # XPASS surprise", "a name", Outcome.WARN),
        ("not ok 6 a name # error no memory", "a name", Outcome.ERROR),
        ("ok 7 a #name that has a hash", "a #name that has a hash", Outcome.PASS),
    ],
)
def test_one_line(line: str, name: str, outcome: Outcome) -> None:
    assert outcomes(line) == {name: outcome}


@pytest.mark.parametrize("text", ["okay then", "not okay", "nothing at all", "", "# ok it is", "1..0"])
def test_what_says_nothing_is_a_problem(text: str) -> None:
    assert problems(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1..3\nok 1 a\nok 2 b", "2 of 3 planned"),
        ("1..1\n    1..2\n    ok 1 a\nok 1 parent", "1 of 2 planned"),
        ("ok 1 a\nBail out! no /dev/dma_heap", "gave up: no /dev/dma_heap"),
        ("1..1\n    ok 1 a", "ends inside a test"),
        ("TAP version 13", "no test has a result"),
        ("1..1\n# Subtest: s\n1..3\nok 1 a\nok 2 b\nok 1 s", "2 of 3 planned tests have a result in s"),
        ("1..2\n# Subtest: s\n1..1\nok 1 a\nok 1 s\n# Subtest: t\n1..1\nok 1 a", "ends inside a test: t has no"),
        ("1..2\n  # Subtest: s\n  1..1\n  ok 1 a\n  # Subtest: t\n  1..1\n  ok 1 a\nok 2 t", "s has no result"),
        ("1..2\n    # Subtest: s\n    1..1\n# Subtest: t\n1..1\nok 1 a\nok 2 t", "s has no result"),
        ("1..1\n    # Subtest: s\n    1..0\nok 1 s", "s planned no test, and ran none"),
    ],
)
def test_what_is_missing_is_a_problem(text: str, words: str) -> None:
    assert any(words in problem for problem in problems(text))


@pytest.mark.parametrize(
    "text",
    [
        "1..1\n    KTAP version 1\n    # Subtest: s\n    1..2\n    ok 1 a\n    not ok 2 s\nnot ok 1 s",
        "KTAP version 1\n1..1\nKTAP version 1\n# Subtest: s\n1..2\nok 1 a\nnot ok 2 s\nnot ok 1 s",
        "# Subtest: s\n1..2\n    ok 1 a\n    not ok 2 s\nnot ok 1 s",
        "    # Subtest: s\n    1..2\n    ok 1 a\n    not ok 2 s\nnot ok 1 s",
        "TAP version 14\n1..1\n# Subtest: part of it\n    1..2\n    ok 1 a\n    not ok 2 s\nnot ok 1 - s",
        "[    1.0] 1..1\n[    1.0] # Subtest: s\n[    1.0] 1..2\n[    1.0] ok 1 a\n[    1.0] not ok 2 s\n[    1.0] not ok 1 s",
    ],
    ids=["KUnit", "flat", "debugfs", "debugfs of old", "TAP 14", "flat log"],
)
def test_a_subtest_that_is_named_before_it(text: str) -> None:
    """Its indentation differs: Tradefed ignores it, kunit_parser.py goes by the names."""
    assert outcomes(text) == {"s > a": Outcome.PASS, "s > s": Outcome.FAIL}
    assert problems(text) == []


def test_parameters_of_a_case_that_are_not_indented() -> None:
    text = "1..1\n  # Subtest: s\n  1..1\n  # Subtest: c\n  ok 1 p\n  not ok 2 q\n  not ok 1 c\nnot ok 1 s"
    assert outcomes(text) == {"s > c > p": Outcome.PASS, "s > c > q": Outcome.FAIL}
    assert problems(text) == []


def test_a_plan_that_skips_everything() -> None:
    results, found = parse_ktap("TAP version 13\n1..0 # SKIP no heaps\n")
    assert found == []
    assert results == [KtapResult((), Outcome.SKIP, "no heaps")]


def test_a_parent_that_fails_alone_counts() -> None:
    text = "1..1\n    1..1\n    ok 1 part\nnot ok 1 whole # exit=139"
    assert outcomes(text) == {"whole > part": Outcome.PASS, "whole": Outcome.FAIL}


def test_hostile_output_is_bounded() -> None:
    results, found = parse_ktap("ok 1 a\n" * 20_000)
    assert len(results) == 5_000
    assert found
    assert parse_ktap(" " * 100_000 + "ok 1 a")[0] == []
    assert parse_ktap("\n".join(" " * depth + "ok 1 a" for depth in range(1, 200)))[0]
    assert "\x1b" not in str(parse_ktap("ok 1 \x1b[31ma"))


#: A test's name, and its result or what is below it.
Tree = tuple[str, "str | list[Tree]"]

NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
TREES = st.recursive(
    st.tuples(NAMES, st.sampled_from(["ok", "not ok"])),
    lambda inner: st.tuples(NAMES, st.lists(inner, min_size=1, max_size=4)),
    max_leaves=12,
)


def _printed(trees: list[Tree], depth: int, parent: str = "", *, is_named: bool = False) -> list[str]:
    """As KUnit prints them."""
    pad = "    " * depth
    lines = [f"{pad}KTAP version 1", *([f"{pad}# Subtest: {parent}"] if parent else []), f"{pad}1..{len(trees)}"]
    for number, (name, inner) in enumerate(trees, 1):
        if isinstance(inner, str):
            lines.append(f"{pad}{inner} {number} {name}")
        else:
            bad = any(result != "ok" for _, result in _leaves(inner, ()))
            lines += _printed(inner, depth + 1, name if is_named else "", is_named=is_named)
            lines.append(f"{pad}{'not ok' if bad else 'ok'} {number} {name}")
    return lines


def _leaves(trees: list[Tree], above: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    found: list[tuple[tuple[str, ...], str]] = []
    for name, inner in trees:
        found += [((*above, name), inner)] if isinstance(inner, str) else _leaves(inner, (*above, name))
    return found


@given(st.lists(TREES, min_size=1, max_size=4), st.booleans())
def test_what_a_writer_wrote_is_read(trees: list[Tree], is_named: bool) -> None:
    results, found = parse_ktap("\n".join(_printed(trees, 0, is_named=is_named)))
    words = {"ok": Outcome.PASS, "not ok": Outcome.FAIL}
    assert found == []
    assert [(result.name, result.outcome) for result in results] == [
        (name, words[result]) for name, result in _leaves(trees, ())
    ]


#: Of lines.
PIECES = [
    *"ok not#1. \n\tSKIP[]-<>",
    "ok 1 ",
    "not ok 2 ",
    "1..2",
    "\n    ",
    "# Subtest: ",
    "KTAP version 1",
    "a",
    "\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_no_output_breaks_it(text: str) -> None:
    results, found = parse_ktap(text)
    assert results or found

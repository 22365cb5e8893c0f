from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.allocator import reader
from bringup.allocator.answer import (
    Bye,
    FileFact,
    GlobFact,
    HeapsFact,
    Hello,
    Latency,
    Line,
    NodeFact,
    NodeType,
    Ran,
    Refused,
    Result,
    State,
    Timing,
    Untimed,
)
from bringup.allocator.plan import Bench, Glob, Heaps, Node, Plan, Read, Run, Test
from bringup.allocator.reader import Reader, parse_line
from bringup.errors import AllocatorError
from bringup.outcome import Outcome
from tests.support.allocator_programs import Program

GOOD: dict[str, dict[str, Any]] = {
    "hello": {
        "protocol": 1, "source": "ab", "abi": "x86_64", "page_size": 4096, "pid": 7, "uid": 0, "label": None, "boot_id": "b",
        "sysname": "Linux", "release": "6.12", "version": "#1", "machine": "x86_64", "budget": 2**63 - 1,
    },
    "file": {"path": "/a", "state": "ok", "errno": 0, "size": 3, "truncated": False, "data": "YWJj"},
    "node": {
        "path": "/a", "state": "ok", "errno": 0, "type": "char", "mode": 0o600, "uid": 0, "gid": 1000, "rdev": [10, 3],
        "size": 0, "label": "u:object_r:x:s0", "target": None,
    },
    "glob": {"pattern": "/a*", "state": "denied", "errno": 13, "count": 2, "truncated": True},
    "heaps": {"pattern": "*", "state": "ok", "errno": 0, "names": ["linux,cma", "system"]},
    "ran": {
        "argv": ["a", "\u00ff"], "state": "timeout", "errno": 0, "exit": None, "signal": 9, "stdout": "YQ==", "stderr": "",
        "truncated": False,
    },
    "result": {
        "heap": "system", "test": "open", "outcome": "fail", "asserts": "it opens", "seen": "EACCES", "errno": 13, "ns": 5,
    },
    "latency": {"heap": "system", "size": 4096, "alloc_ns": [1, 2], "free_ns": [3, 4], "memset_ns": [5, 6]},
    "timing": {
        "run": 1, "source": "heap", "name": "system", "flags": 0, "size": 4096, "threads": 2,
        "ops": ["alloc", "free"], "batch": [1, 8], "ns": [[5, 6], [7, 8]],
    },
    "untimed": {"run": 2, "source": "ion", "name": "", "flags": 1, "size": 4096, "threads": 1, "why": "no memory"},
    "bye": {"lines": 4, "boot_id": None, "complete": False, "stopped_at": "test x"},
    "refused": {"line": 3, "reason": "too few fields"},
}  # fmt: skip
KINDS: dict[str, type[Line]] = {
    "hello": Hello, "file": FileFact, "node": NodeFact, "glob": GlobFact, "heaps": HeapsFact, "ran": Ran, "result": Result,
    "latency": Latency, "timing": Timing, "untimed": Untimed, "bye": Bye, "refused": Refused,
}  # fmt: skip


def line(kind: str, **changes: Any) -> bytes:
    return json.dumps({"t": kind, **GOOD[kind], **changes}).encode()


@pytest.mark.parametrize("kind", GOOD)
def test_each_kind_keeps_its_fields_and_its_text(kind: str) -> None:
    raw = line(kind, added_later={"x": [1]})
    parsed = parse_line(raw + b"\n")
    assert type(parsed) is KINDS[kind]
    assert parsed.raw == raw
    expected = GOOD[kind] | {
        "data": b"abc", "stdout": b"a", "stderr": b"", "argv": ("a", r"\xff"), "names": ("linux,cma", "system"),
        "rdev": (10, 3), "alloc_ns": (1, 2), "free_ns": (3, 4), "memset_ns": (5, 6),
        "ops": ("alloc", "free"), "batch": (1, 8),
    }  # fmt: skip
    if kind == "timing":
        expected["ns"] = ((5, 6), (7, 8))
    for name in GOOD[kind]:
        assert getattr(parsed, name) == expected[name], name


def test_closed_sets_are_enums() -> None:
    node = parse_line(line("node"))
    assert isinstance(node, NodeFact)
    assert (node.state, node.type) == (State.OK, NodeType.CHAR)
    result = parse_line(line("result"))
    assert isinstance(result, Result)
    assert result.outcome is Outcome.FAIL


WRONG: tuple[Any, ...] = (None, -1, 2**64, 1.5, True, "x", "\u0100", [], [1], ["x", 5], [1, 2, 3], {}, "YQ=")
MAY_BE_NULL = {
    "label", "boot_id", "type", "mode", "uid", "gid", "rdev", "size", "target",
    "exit", "signal", "stopped_at",
}  # fmt: skip
NEVER_NULL = {("hello", "uid"), *((kind, "size") for kind in ("file", "latency", "timing", "untimed"))}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in GOOD for name in GOOD[kind]])
def test_a_field_of_another_type_is_an_error(kind: str, name: str) -> None:
    value = GOOD[kind][name]
    refused = 0
    for wrong in WRONG:
        if wrong is None and kind != "hello" and name in MAY_BE_NULL:
            continue
        try:
            parsed = parse_line(line(kind, **{name: wrong}))
        except AllocatorError as error:
            refused += 1
            assert error.action == "read the test allocator's answer"  # noqa: PT017
            continue
        # what is let through is of the type that it should be
        got = getattr(parsed, name)
        assert wrong is None or type(got) is type(getattr(parse_line(line(kind)), name)) or value is None
    assert refused >= len(WRONG) - 4


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in GOOD for name in GOOD[kind]])
def test_a_field_that_is_not_there_is_an_error_unless_it_may_be_null(kind: str, name: str) -> None:
    fields = {"t": kind, **GOOD[kind]}
    del fields[name]
    if name in MAY_BE_NULL and (kind, name) not in NEVER_NULL:
        assert getattr(parse_line(json.dumps(fields).encode()), name) in (None, "")
    else:
        with pytest.raises(AllocatorError, match=name):
            parse_line(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (b"", "not a JSON line"),
        (b"hello", "not a JSON line"),
        (b'{"t":"bye"', "not a JSON line"),
        (b"\xff{}", "not a JSON line"),
        ('{"t":"é"}'.encode(), "not a JSON line"),
        (b"[" * 100_000, "Expected 'object', got 'array'"),
        (b'{"t":"node","size":' + b"9" * 5000 + b"}", "size: Integer value out of range"),
        (line("node", later=[[]] * 2)[:-1] + b',"x":' + b"[" * 100_000, "not a JSON line"),
        (b"[]", "Expected 'object', got 'array'"),
        (b"{}", "missing required field 't'"),
        (b'{"t":["bye"]}', "t: Expected 'str'"),
        (b'{"t":"later"}', "t: Invalid value 'later'"),
        (line("hello", protocol=2), "protocol 2, not 1"),
        (line("file", size=4), "says 4 bytes and carries 3"),
        (line("latency", free_ns=[1]), "different lengths"),
        (line("latency", **dict.fromkeys(("alloc_ns", "free_ns", "memset_ns"), [1] * 1001)), "alloc_ns"),
        (line("timing", batch=[1]), "different lengths"),
        (line("timing", ns=[[1], [2, 3]]), "different lengths"),
        (line("timing", batch=[1, 0]), r"batch\[1\]: Expected .int. >= 1"),
        (line("timing", ns=[[1], [1] * 1001]), r"ns\[1\]: "),
        (line("timing", ns=[[1], ["x"]]), r"ns\[1\]\[0\]: "),
        (line("timing", ops=["x"] * 65, ns=[[]] * 65, batch=[1] * 65), "batch: Expected .array. of length <= 64"),
        (line("untimed", source="other"), "source: Invalid enum value .other."),
        (b" " * (reader.MAX_LINE_BYTES + 1), "a line of 8388609 bytes"),
    ],
)
def test_what_is_no_line_is_an_error_that_shows_it(raw: bytes, seen: str) -> None:
    with pytest.raises(AllocatorError, match=seen):
        parse_line(raw)


def test_an_error_shows_no_control_characters() -> None:
    with pytest.raises(AllocatorError) as raised:
        parse_line(b"\x1b]0;owned\x07\n")
    assert raised.value.seen.isprintable()
    with pytest.raises(AllocatorError) as raised:
        parse_line(line("node", path=["\x1b[2J"]))
    assert raised.value.seen.isprintable()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_whatever_comes_is_a_line_or_an_allocator_error(kind: str, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(GOOD[kind])), max_size=3))
    raw = line(kind, **{name: data.draw(json_values) for name in names})
    try:
        assert type(parse_line(raw)) is KINDS[kind]
    except AllocatorError:
        assert names


@given(st.binary(max_size=300))
def test_bytes_are_a_line_or_an_allocator_error(raw: bytes) -> None:
    with pytest.raises(AllocatorError):
        parse_line(raw)


@given(st.binary(max_size=60), st.text(max_size=20))
def test_a_string_is_the_boards_bytes(raw: bytes, text: str) -> None:
    node = parse_line(line("node", path=raw.decode("latin-1"), target=text.encode().decode("latin-1")))
    assert isinstance(node, NodeFact)
    assert node.path == raw.decode("utf-8", "backslashreplace")
    assert node.target == text


STREAM = b"".join(
    one + b"\n" for one in (line("hello"), line("file"), line("node"), line("result"), line("bye", complete=True))
)


def read(pieces: list[bytes]) -> tuple[list[Line], Reader]:
    reader = Reader()
    return [one for piece in pieces for one in reader.feed(piece)], reader


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_pieces_of_any_size_give_the_same_lines(cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(STREAM)]
    lines, reader = read([STREAM[a:b] for a, b in itertools.pairwise(at)])
    assert lines == read([STREAM])[0]
    assert reader.complete


def test_a_stream_cut_anywhere_is_incomplete_and_keeps_what_came() -> None:
    whole = read([STREAM])[0]
    for end in range(len(STREAM)):
        lines, reader = read([STREAM[:end]])
        assert lines == whole[: len(lines)]
        assert not reader.complete
        assert reader.why_incomplete


def test_an_incomplete_stream_says_why() -> None:
    assert read([])[1].why_incomplete == "it is empty"
    assert read([STREAM[:5]])[1].why_incomplete == "it ends within a line, after 0 lines"
    assert read([line("hello") + b"\n"])[1].why_incomplete == "it ends after 1 lines without bye"
    lost = line("hello") + b"\n" + line("bye", lines=9) + b"\n"
    assert read([lost])[1].why_incomplete == "1 lines came before the last one, which says 9"
    assert read([line("refused") + b"\n"])[1].why_incomplete is None


def test_a_stream_that_is_no_answer_is_an_error() -> None:
    with pytest.raises(AllocatorError, match="first line is not hello"):
        read([line("bye", lines=0) + b"\n"])
    with pytest.raises(AllocatorError, match="after the last one"):
        read([STREAM + line("node") + b"\n"])
    with pytest.raises(AllocatorError, match="not a JSON line"):
        read([b"sh: not found\n"])
    with pytest.raises(AllocatorError, match="more than 8388608 bytes"):
        read([b"x" * 4096] * 2049)


def test_the_programs_own_lines_are_read(real: Program) -> None:
    plan = Plan().add(Read("/proc/version", 4096), Node("/dev/null"), Glob("/proc/sys/kernel/os*", 9))
    plan = plan.add(Run(5000, 100, ("true",)), Heaps("no\tsuch heap\xff"), Test("*"), Bench(1))
    answer = real.run(plan)
    kinds = [type(one) for one in answer.lines]
    assert kinds[:2] == [Hello, FileFact]
    assert kinds[-1] is Bye
    assert {NodeFact, GlobFact, Ran, HeapsFact, Result} <= set(kinds)
    assert b"".join(one.raw + b"\n" for one in answer.lines) == answer.stdout
    assert answer.one(HeapsFact).names == ("no\tsuch heapÿ",)

"""Plans, written by the host and understood by the program: the same on both sides, or refused on both."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bringup.allocator import plan as plans
from bringup.allocator.plan import (
    Bench,
    Dmesg,
    Files,
    Glob,
    Heaps,
    Holders,
    Ion,
    Item,
    Mark,
    Node,
    Plan,
    Read,
    Reads,
    Run,
    Stress,
    Test,
    Tree,
    escape,
)
from tests.support.allocator_programs import Program

text = st.binary(min_size=1, max_size=40).map(lambda raw: raw.replace(b"\0", b"0"))
size = st.integers(1, plans.MAX_FILE_BYTES)
count = st.integers(1, plans.MAX_NODES)
items = st.one_of(
    st.builds(Read, text, size),
    st.builds(Glob, text, count),
    st.builds(Files, text, count, size),
    st.builds(Tree, text, st.integers(1, plans.MAX_DEPTH), count, size),
    st.builds(Node, text),
    st.builds(
        Run,
        st.integers(1, plans.MAX_RUN_MS),
        st.integers(1, plans.MAX_OUTPUT_BYTES),
        st.lists(st.just(b"") | text, min_size=1, max_size=5).map(tuple),
    ),
    st.builds(Dmesg, size),
    st.builds(Heaps, text),
    st.builds(Holders, count, count, st.integers(0, 1), text, st.lists(st.just(b"") | text, max_size=5).map(tuple)),
    st.builds(Ion),
    st.builds(Mark, text),
    st.builds(Reads, st.integers(1, plans.MAX_ROUNDS)),
    st.builds(Bench, st.integers(1, plans.MAX_ROUNDS)),
    st.builds(Stress, st.integers(1, plans.MAX_SEED), st.integers(0, plans.MAX_STRESS_MS)),
    st.builds(Test, st.sampled_from(["open", "*", "bad.*", "alloc.[1-9]m", "zero.reus?"])),
)
whole_plans = st.builds(
    Plan,
    st.lists(items, max_size=60).map(lambda some: (Heaps("*"), *some)),
    st.integers(0, plans.MAX_BYTES),
    st.integers(0, plans.MAX_TOTAL_MS),
)


def as_understood(item: Item) -> dict[str, object]:
    fields = item.fields()
    return {
        "kind": item.KEYWORD,
        "texts": [
            (one if isinstance(one, bytes) else one.encode()).decode("latin-1")
            for one in fields
            if not isinstance(one, int)
        ],
        "numbers": [one for one in fields if isinstance(one, int)],
    }


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(plan=whole_plans)
def test_the_program_understands_what_the_host_wrote(real: Program, plan: Plan) -> None:
    status, understood = real.items(plan.encode())
    budget: dict[str, object] = {"kind": "budget", "texts": [], "numbers": [plan.budget_bytes, plan.budget_ms]}
    expected = [budget, *map(as_understood, plan.items)]
    assert status == 0
    assert understood == [{"t": "item", "line": line, **one} for line, one in enumerate(expected, start=2)]


@given(st.binary(max_size=200))
def test_an_escaped_field_ends_no_field_and_no_line(raw: bytes) -> None:
    if b"\0" in raw:
        with pytest.raises(ValueError, match="NUL"):
            escape(raw)
    else:
        assert set(escape(raw)) <= set(range(0x20, 0x7F))


def test_text_is_taken_as_a_file_name_is() -> None:
    assert escape("é\udcff\t\\\n") == rb"\xc3\xa9\xff\t\\\n"


EDGES: list[tuple[Callable[[int], Item], int, int]] = [
    (lambda n: Read("/a", n), 1, plans.MAX_FILE_BYTES),
    (lambda n: Glob("/a", n), 1, plans.MAX_NODES),
    (lambda n: Files("/a", n, 1), 1, plans.MAX_NODES),
    (lambda n: Files("/a", 1, n), 1, plans.MAX_FILE_BYTES),
    (lambda n: Tree("/a", n, 1, 1), 1, plans.MAX_DEPTH),
    (lambda n: Tree("/a", 1, n, 1), 1, plans.MAX_NODES),
    (lambda n: Tree("/a", 1, 1, n), 1, plans.MAX_FILE_BYTES),
    (lambda n: Run(n, 1, ("x",)), 1, plans.MAX_RUN_MS),
    (lambda n: Run(1, n, ("x",)), 1, plans.MAX_OUTPUT_BYTES),
    (Dmesg, 1, plans.MAX_FILE_BYTES),
    (Bench, 1, plans.MAX_ROUNDS),
    (Reads, 1, plans.MAX_ROUNDS),
    (lambda n: Stress(n, 0), 1, plans.MAX_SEED),
    (lambda n: Stress(1, n), 0, plans.MAX_STRESS_MS),
    (lambda n: Node("/" * n), 1, plans.MAX_PATH_BYTES),
]


@pytest.mark.parametrize(("make", "lowest", "highest"), EDGES)
def test_both_sides_have_the_same_limits(real: Program, make: Callable[[int], Item], lowest: int, highest: int) -> None:
    for good in (lowest, highest):
        plan = Plan(items=(Heaps("*"), make(good))).encode()
        assert real.items(plan)[0] == 0
        worse = good - 1 if good == lowest else good + 1
        with pytest.raises(ValueError, match=str(lowest)):
            make(worse)
        line = plan.splitlines()[3]
        field = b"/" * good if line.startswith(b"node") else b"%d" % good
        wrong = b"/" * worse if line.startswith(b"node") else b"%d" % worse
        for at in {line.find(b"\t" + field, at) for at in range(len(line))} - {-1}:
            broken = line[: at + 1] + wrong + line[at + 1 + len(field) :]
            if (line + b"\t")[at + 1 + len(field)] == 9:
                status, answer = real.items(plan.replace(line, broken))
                assert (status, answer[0]["t"], answer[0]["line"]) == (2, "refused", 4), broken
                break


GOOD = Plan().add(Heaps("*"), Read("/a", 1)).encode()


@pytest.mark.parametrize(
    ("plan", "line", "reason"),
    [
        (b"", 0, "empty"),
        (b"plan\t1\nread\t/a\t1\n", 0, "no `end` line: the plan was cut off"),
        (b"plan\t1\nread\t/a\t1\nen", 0, "no `end` line: the plan was cut off"),
        (b"plan 1\nend\n", 1, "the first line is not `plan`, TAB, `1`"),
        (b"plan\t2\nend\n", 1, "the first line is not `plan`, TAB, `1`"),
        (b"\nend\n", 1, "the first line is not `plan`, TAB, `1`"),
        (b"plan\t1\nfrob\tx\nend\n", 2, "an unknown item"),
        (b"plan\t1\n\nend\n", 2, "an unknown item"),
        (b"plan\t1\nnode\t/a\nread\t/a\nend\n", 3, "too few fields"),
        (b"plan\t1\nnode\t/a\t/b\nend\n", 2, "too many fields"),
        (b"plan\t1\nnode\t\nend\n", 2, "a path that is empty or too long"),
        (b"plan\t1\nread\t/a\t-1\nend\n", 2, "not a number"),
        (b"plan\t1\nread\t/a\t\nend\n", 2, "not a number"),
        (b"plan\t1\nread\t/a\t1x\nend\n", 2, "not a number"),
        (b"plan\t1\nbudget\t18446744073709551616\t1\nend\n", 2, "not a number"),
        (b"plan\t1\nread\t/a\t0\nend\n", 2, "a number outside its limits"),
        (b"plan\t1\nnode\t/\\q\nend\n", 2, "an unknown escape"),
        (b"plan\t1\nnode\t/\\\nend\n", 2, "an unknown escape"),
        (b"plan\t1\nnode\t/\\x1\nend\n", 2, "an unknown escape"),
        (b"plan\t1\nnode\t/\\x00\nend\n", 2, "a NUL byte in a field"),
        (b"plan\t1\nnode\t/\0\nend\n", 0, "a NUL byte"),
        (b"plan\t1\ntest\topen\nend\n", 2, "no heaps item before it"),
        (b"plan\t1\nbench\t1\nheaps\t*\nend\n", 2, "no heaps item before it"),
        (b"plan\t1\nheaps\t*\ntest\tno.such\nend\n", 3, "no such test"),
        (b"plan\t1\nend\nnode\t/a\nend\n", 2, "there is more after `end`"),
        (b"plan\t1\n" + b"node\t/a\n" * 4097 + b"end\n", 4098, "more than 4096 items"),
        (b"plan\t1\nrun\t1\t1" + b"\tx" * 16384 + b"\nend\n", 2, "more than 16384 strings"),
        (b"plan\t1\n" + b"node\t/%s\n" % (b"a" * 4000) * 300, 0, "longer than 1 MiB"),
    ],
)
def test_a_plan_that_is_not_understood_is_refused_whole(real: Program, plan: bytes, line: int, reason: str) -> None:
    for arguments in ((), ("--check-plan",)):
        done = real.call(*arguments, stdin=plan)
        assert done.returncode == 2
        assert done.stdout == b'{"t":"refused","line":%d,"reason":"%s"}\n' % (line, reason.encode())


def test_a_cut_anywhere_is_noticed(real: Program) -> None:
    assert real.items(GOOD)[0] == 0
    for end in range(len(GOOD)):
        assert real.items(GOOD[:end])[0] == 2, GOOD[:end]


def test_damage_never_crashes_the_program(real: Program) -> None:
    chance = random.Random(20261122)
    words = [
        b"\t",
        b"\n",
        b"\\",
        b"\\x",
        b"end",
        b"run",
        b"test",
        b"heaps",
        b"*",
        b"9" * 25,
        b"\xff",
        b"\n\n",
        b"budget",
    ]
    for _ in range(80):
        plan = bytearray(GOOD)
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(plan))
            plan[at : at + chance.randrange(3)] = chance.choice(words)
        done = real.call("--check-plan", stdin=bytes(plan))
        assert done.returncode in (0, 2), (bytes(plan), done.stderr)
        assert done.stderr == b""


def test_the_host_refuses_what_is_too_long_for_the_program() -> None:
    with pytest.raises(ValueError, match="too long"):
        Plan(items=(Node("/a"),) * 4096).encode()
    with pytest.raises(ValueError, match="too long"):
        Plan(items=(Node("/" * 4000),) * 300).encode()
    with pytest.raises(ValueError, match="before any heaps"):
        Plan().add(Test("open"), Heaps("*")).encode()
    with pytest.raises(ValueError, match="has a name"):
        Plan().add(Run(1, 1, ()))
    with pytest.raises(ValueError, match="NUL"):
        Plan().add(Node("/a\0b"))


def test_the_longest_plans_that_the_host_writes_are_understood(real: Program) -> None:
    assert real.items(Plan(items=(Node("/a"),) * 4095).encode())[0] == 0
    many = Plan().add(Run(1, 1, tuple(["x"] * 16380)))
    assert real.items(many.encode())[0] == 0
    with pytest.raises(ValueError, match="too long"):
        Plan().add(Run(1, 1, tuple(["x"] * 16385))).encode()


def test_the_program_does_not_wait_for_more_after_the_end(real: Program) -> None:
    import subprocess

    with subprocess.Popen([*real.argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(GOOD)
        process.stdin.flush()
        assert process.stdout.read().endswith(b'"stopped_at":null}\n')
        assert process.wait(10) == 0

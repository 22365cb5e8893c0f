"""The plan reader, compiled with sanitizers, gets bytes that are not plans. ``make fuzz-allocator`` goes on with libFuzzer."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bringup.allocator.build import SOURCES
from tests.support.allocator_programs import PLAN_FUZZER, Program, compile_replay, sanitized
from tests.support.once import made_once

CORPUS = sorted((PLAN_FUZZER / "corpus").iterdir())
KEYWORDS = [
    b"budget", b"read", b"glob", b"files", b"tree", b"node", b"run", b"dmesg", b"heaps", b"ion", b"reads", b"stress", b"mark",
    b"test", b"bench", b"measure", b"pages", b"exhaust", b"end", b"",
]  # fmt: skip
ESCAPES = [rb"\x41", rb"\xFf", rb"\x00", rb"\x4", rb"\t", rb"\q", b"\\", b"*", b"zero.*", b"[!a-c]?"]
field = st.integers(0, 2**66).map(lambda number: b"%d" % number) | st.sampled_from(ESCAPES) | st.binary(max_size=9)
line = st.tuples(st.sampled_from(KEYWORDS), st.lists(field, max_size=5)).map(
    lambda parts: b"\t".join((parts[0], *parts[1]))
)
plan = st.lists(line, max_size=12).map(lambda lines: b"\n".join((b"plan\t1", *lines, b"end", b"")))
cut = st.tuples(plan, st.integers(0, 60)).map(lambda parts: parts[0][: -parts[1] or None])
anything = plan | cut | st.binary(max_size=60) | st.sampled_from([file.read_bytes() for file in CORPUS])


@pytest.fixture(scope="session")
def replay(real: Program, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The fuzzer's target, given files."""
    make = partial(compile_replay, objects=Path(real.argv[0]).parent / "objects")
    return sanitized(made_once(tmp_path_factory, "allocator-replay", make) / "replay")


def replayed(program: Program, inputs: Sequence[bytes], folder: Path) -> subprocess.CompletedProcess[bytes]:
    files = [folder / str(number) for number in range(len(inputs))]
    for file, content in zip(files, inputs, strict=True):
        file.write_bytes(content)
    return program.call(*map(str, files))


def test_the_corpus_has_plans_that_are_taken_and_such_that_are_refused(real: Program, replay: Program) -> None:
    assert {real.items(file.read_bytes())[0] for file in CORPUS} == {0, 2}
    done = replay.call(*map(str, CORPUS))
    assert done.returncode == 0, done.stderr.decode()
    assert len(done.stdout.splitlines()) == len(CORPUS)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(inputs=st.lists(anything, min_size=10, max_size=40))
def test_no_bytes_harm_the_plan_reader(replay: Program, tmp_path: Path, inputs: list[bytes]) -> None:
    done = replayed(replay, inputs, tmp_path)
    assert done.returncode == 0, done.stderr.decode()


def test_an_item_too_many_is_noticed(real: Program, replay: Program, tmp_path: Path) -> None:
    """A planted defect: the reader takes more items than it has room for. The sanitizer ends it; the true one refuses."""
    many = b"plan\t1\n" + b"ion\n" * 5000 + b"end\n"
    source = (SOURCES / "plan.c").read_text()
    bound = "if (plan->count == PLAN_MAX_ITEMS)"
    assert source.count(bound) == 1
    (tmp_path / "target").mkdir()
    for file in PLAN_FUZZER.glob("*.c"):
        (tmp_path / "target" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "target" / "plan.c").write_text(source.replace(bound, "if (plan->count == 2 * PLAN_MAX_ITEMS)"))
    (tmp_path / "built").mkdir()
    compile_replay(tmp_path / "built", Path(real.argv[0]).parent / "objects", tmp_path / "target")
    assert replayed(replay, [many], tmp_path).returncode == 0
    done = replayed(sanitized(tmp_path / "built" / "replay"), [many], tmp_path)
    assert done.returncode < 0
    assert b"global-buffer-overflow" in done.stderr

"""Each committed binary, run: natively or by qemu-user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bringup.allocator.abi import Abi
from bringup.allocator.answer import Bye, FileFact, GlobFact, Hello, NodeFact, Ran, Result, State
from bringup.allocator.manifest import heap_tests, read_manifest
from bringup.allocator.plan import Glob, Heaps, Node, Plan, Read, Run, Test, Tree
from bringup.outcome import Outcome
from tests.support.allocator_programs import Program, committed, list_tests


@pytest.fixture(params=list(Abi), ids=str)
def abi(request: pytest.FixtureRequest) -> Abi:
    return Abi(request.param)


@pytest.fixture
def program(abi: Abi) -> Program:
    return committed(abi)


def test_it_prints_its_abi_and_the_sources_it_was_built_from(abi: Abi, program: Program) -> None:
    hello = program.run(Plan()).one(Hello)
    assert hello.abi == abi
    assert hello.source == read_manifest().source
    assert hello.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_it_reads_facts(program: Program, tmp_path: Path) -> None:
    data = os.urandom(100_003)
    (tmp_path / "file").write_bytes(data)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "link").symlink_to("../file")
    plan = Plan().add(Read(f"{tmp_path}/file", 200_000), Read(f"{tmp_path}/nothing", 1), Node("/dev/null"))
    plan = plan.add(Tree(str(tmp_path), 3, 9, 9), Glob(f"{tmp_path}/[f]*", 9), Run(20_000, 10, ("/bin/echo", "a b")))
    answer = program.run(plan)
    whole, missing, cut = answer.of(FileFact)
    assert whole.data == data
    assert missing.state is State.MISSING
    assert (cut.data, cut.truncated) == (data[:9], True)
    null, link, file = answer.of(NodeFact)
    assert null.rdev == (1, 3)
    assert link.target == "../file"
    assert file.size == len(data)
    assert [one.count for one in answer.of(GlobFact)] == [2, 1]
    ran = answer.one(Ran)
    assert (ran.exit, ran.stdout) == (0, b"a b\n")
    assert answer.one(Bye).complete


def test_it_runs_tests_in_children_of_its_own(program: Program) -> None:
    answer = program.run(Plan().add(Heaps("absent"), Test("*")))
    first, *rest = answer.of(Result)
    assert (first.outcome, first.seen) == (Outcome.FAIL, "open: ENOENT")
    assert {one.outcome for one in rest} == {Outcome.SKIP}


def test_it_refuses_and_lists_and_speaks_ktap(program: Program) -> None:
    assert program.call(stdin=b"plan\t1\nfrob\nend\n").returncode == 2
    assert list_tests(program) == list(heap_tests().values())
    done = program.call("--ktap", "absent")
    assert done.returncode == 1
    assert done.stdout.endswith(b"\nnot ok 1 absent\n")


def test_numbers_of_64_bits_come_through(program: Program) -> None:
    plan = Plan(budget_bytes=2**63 - 1, budget_ms=86_400_000).add(Run(600_000, 2**21, ("x",)))
    status, items = program.items(plan.encode())
    assert status == 0
    assert [one["numbers"] for one in items] == [[2**63 - 1, 86_400_000], [600_000, 2**21]]

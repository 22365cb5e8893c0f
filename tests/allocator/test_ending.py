"""How the program ends: out of time, out of room, without a reader, killed, or with little to work with."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from bringup.allocator.abi import Abi
from bringup.allocator.answer import Bye, FileFact, GlobFact, HeapsFact, Hello, Line, NodeFact, Ran, State
from bringup.allocator.plan import Dmesg, Glob, Heaps, Node, Plan, Read, Run, Test, Tree
from bringup.allocator.reader import Reader
from tests.support.allocator_programs import Program, cannot, committed
from tests.support.facts import ends, make_tree


def test_the_time_budget_ends_between_items_and_says_where(real: Program) -> None:
    plan = Plan(budget_ms=3000).add(
        Read("/proc/version", 100), Run(60_000, 10, ("sleep", "3.1")), Read("/proc/meminfo", 9), Dmesg(9)
    )
    answer = real.run(plan)
    assert len(answer.of(FileFact)) == 1
    assert answer.one(Ran).state is State.OK
    bye = answer.one(Bye)
    assert (bye.complete, bye.stopped_at) == (False, "read /proc/meminfo")


def test_the_time_budget_ends_between_tests_and_says_where(real: Program) -> None:
    plan = Plan(budget_ms=1000).add(Heaps("a"), Run(60_000, 10, ("sleep", "1.1")))
    bye = real.run(plan.add(Test("*"))).one(Bye)
    assert (bye.complete, bye.stopped_at) == (False, "test *")


def test_the_kernel_would_kill_the_program_first_for_memory(real: Program) -> None:
    score = real.run(Plan().add(Run(60_000, 10, ("cat", "/proc/self/oom_score_adj")))).one(Ran)
    assert score.stdout == b"1000\n"


def test_a_reader_that_goes_away_ends_the_program_with_3(real: Program, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(1_000_000))
    process = subprocess.Popen([*real.argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdin.write(Plan().add(Read(str(tmp_path / "big"), 1_000_000)).encode())
    process.stdin.close()
    assert process.wait(60) == 3


def test_a_full_disk_ends_the_program_with_3(real: Program) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run([*real.argv, "--list"], stdout=full, check=False)
    assert done.returncode == 3


def child_that_runs(parent: int, name: str) -> int:
    """The process id of a child, once it runs that program."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                    return int(pid)
        os.sched_yield()
    raise AssertionError(f"no child runs {name}")


def test_killed_half_way_the_lines_before_stand(real: Program) -> None:
    plan = Plan().add(Read("/proc/version", 100), Node("/dev/null"), Run(600_000, 10, ("sleep", "1000")))
    reader = Reader()
    lines: list[Line] = []
    with subprocess.Popen([*real.argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(plan.encode())
        process.stdin.close()
        try:
            while len(lines) < 3:
                lines += reader.feed(os.read(process.stdout.fileno(), 4096))
            child = child_that_runs(process.pid, "sleep")
        finally:
            process.kill()
        process.stdout.read()
    assert [type(one) for one in lines] == [Hello, FileFact, NodeFact]
    assert reader.why_incomplete == "it ends after 3 lines without bye"
    assert ends(child), "what it ran outlives it"


@pytest.mark.parametrize("files", [4, 5, 6, 8, 16])
def test_few_descriptors_are_enough_or_said(files: int, tmp_path: Path) -> None:
    make_tree(tmp_path)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    plan = Plan().add(
        Read("/proc/version", 100), Tree(str(tmp_path), 9, 9, 9), Run(1000, 10, ("true",)), Heaps("x"), Test("*")
    )
    answer = committed(Abi.X86_64).run(plan, preexec_fn=limit)
    assert answer.of(FileFact)[0].state is State.OK
    end, ran = answer.one(GlobFact), answer.one(Ran)
    assert end.state is State.OK or end.errno == 24
    assert ran.state is State.OK or ran.errno == 24
    if files == 16:
        assert (end.state, ran.state) == (State.OK, State.OK)


def test_without_proc_and_sys_what_is_known_is_printed(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        cannot("a folder can be made the root by root alone")
    program = committed(Abi.X86_64)
    if len(program.argv) != 1:
        pytest.skip("not this machine's own program")
    shutil.copy(program.argv[0], tmp_path / "alloc")
    plan = Plan().add(
        Read("/proc/version", 9), Glob("/dev/*", 9), Tree("/sys", 9, 9, 9), Run(1000, 9, ("true",)), Heaps("*")
    )
    done = subprocess.run(
        ["chroot", str(tmp_path), "/alloc"], input=plan.encode(), capture_output=True, check=True, timeout=300
    )
    reader = Reader()
    lines = reader.feed(done.stdout)
    assert reader.complete
    hello = lines[0]
    assert isinstance(hello, Hello)
    assert (hello.boot_id, hello.label) == (None, None)
    assert hello.budget > 0, "sysinfo(2) needs no /proc"
    assert {one.state for one in lines if isinstance(one, FileFact | GlobFact | NodeFact | Ran | HeapsFact)} == {
        State.MISSING
    }

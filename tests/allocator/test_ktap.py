"""KTAP, for a person at a board's prompt, read back by a strict reader of its own."""

from __future__ import annotations

import re

import pytest

from tests.support.allocator_programs import Program, list_tests
from tests.support.heap_tests import MAPPING
from tests.support.ktap import Group, below, parse


def run(program: Program, *heaps: str, fault: str = "") -> tuple[int, Group]:
    done = program.call("--ktap", *heaps, env={"BRINGUP_FAULT": fault})
    assert done.stderr == b""
    return done.returncode, parse(done.stdout.decode("ascii"))


def test_every_heap_is_a_group_and_every_test_a_result(scripted: Program) -> None:
    status, whole = run(scripted)
    tests = list_tests(scripted)
    assert status == 0
    assert [name for _, name, _, _ in whole.results] == [
        "linux,cma",
        "protected,secure-video",
        "system",
        "vendor-secure",
    ]
    for index, (good, name, _, _) in enumerate(whole.results):
        assert good
        first, *others = below(whole, index).comments
        assert first == f"Subtest: {name}"
        assert set(others) <= {"seed 1"}, "of the tests that choose sizes by chance"
        ids = [test.id for test in tests if not test.id.startswith("ion.")]
        assert [name for _, name, _, _ in below(whole, index).results] == ids
    skipped = {name: reason for _, name, reason, _ in below(whole, 1).results if reason}
    assert skipped == dict.fromkeys(MAPPING, "protected heap: no CPU mapping")


def test_a_failure_is_said_with_its_reason_and_the_exit_status_is_1(scripted: Program) -> None:
    status, whole = run(scripted, "system", fault="sync_error")
    assert status == 1
    assert [(good, name) for good, name, _, _ in whole.results] == [(False, "system")]
    assert [name for good, name, _, _ in below(whole, 0).results if not good] == ["sync.rw"]
    assert "fail: SYNC END WRITE: EIO" in below(whole, 0).comments


def test_a_warning_is_said_and_is_ok(scripted: Program) -> None:
    done = scripted.call("--ktap", "system", env={"BRINGUP_FAULT": "leak_on_efault", "BRINGUP_KERNEL": "6.12.107"})
    whole = parse(done.stdout.decode("ascii"))
    assert done.returncode == 0
    assert any(
        one.startswith("warn: ALLOC gave EFAULT and left a descriptor open: ") for one in below(whole, 0).comments
    )
    note = "a defect of many kernels; where the kernel has the fix, this is a failure: bringup knows the releases"
    assert below(whole, 0).comments.count(note) == 1


def test_what_could_not_be_found_out_is_not_ok(scripted: Program) -> None:
    status, whole = run(scripted, "system", fault="sync_crash")
    assert status == 1
    assert "error: the test was killed by signal 7" in below(whole, 0).comments


def test_heaps_are_chosen_by_name_or_pattern(scripted: Program) -> None:
    _, whole = run(scripted, "sys*", "linux,cma", "system")
    assert [name for _, name, _, _ in whole.results] == ["linux,cma", "system"]


def test_a_heap_that_is_not_there_fails_and_its_name_harms_nothing(scripted: Program) -> None:
    status, whole = run(scripted, "a#b\n\x1b{2J")
    assert status == 1
    assert whole.results[0][:2] == (False, r"a\#b??{2J")


def test_without_heaps_all_is_skipped_with_the_kernels_exit_status(scripted: Program, real: Program) -> None:
    status, whole = run(scripted, "nothing*")
    assert (status, whole.results) == (4, [])
    done = real.call("--ktap", "nothing*")
    assert done.returncode == 4
    assert re.fullmatch(rb"KTAP version 1\n1\.\.0 # SKIP [^\n]+\n", done.stdout)


def test_the_reader_of_these_tests_is_strict() -> None:
    good = "KTAP version 1\n1..1\n    KTAP version 1\n    1..1\n    ok 1 a # SKIP b\nok 1 c\n"
    assert below(parse(good), 0).results == [(True, "a", "b", None)]
    for wrong in (
        good.replace("1..1\n    KTAP", "1..2\n    KTAP"),
        good.replace("    1..1", "    1..2"),
        good.replace("ok 1 c", "ok 2 c"),
        good.replace("ok 1 c", "ok 1 c#"),
        good.replace("KTAP version 1\n1", "1"),
        good + "    ok 2 d\n",
    ):
        with pytest.raises(AssertionError):
            parse(wrong)


def test_help_version_and_wrong_options(scripted: Program) -> None:
    assert b"--ktap [HEAP]..." in scripted.call("--help").stdout
    version = scripted.call("--version").stdout.decode()
    assert re.fullmatch(r"bringup-alloc protocol 1 source unstamped \S+\n", version)
    for arguments in (("--nonsense",), ("--list", "more"), ("--version", "--ktap"), ("",)):
        done = scripted.call(*arguments)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"--help" in done.stderr

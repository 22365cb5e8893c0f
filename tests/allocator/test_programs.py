"""Programs that the test allocator runs: without a shell, bounded in time and output, and ended with all they started."""

from __future__ import annotations

from errno import EACCES, ENOEXEC
from pathlib import Path
from typing import Any

import pytest

from bringup.allocator.answer import Ran, State
from bringup.allocator.plan import Plan, Run
from tests.support.allocator_programs import Program
from tests.support.facts import ends


def run_one(program: Program, *argv: str, milliseconds: int = 45_000, limit: int = 1000, **options: Any) -> Ran:
    return program.run(Plan().add(Run(milliseconds, limit, tuple(argv))), **options).one(Ran)


def test_a_program_is_run_without_a_shell(real: Program) -> None:
    ran = run_one(real, "printf", "%s|", "$(id)", "a b", "", "*", "; rm -rf x", "\xff\n")
    assert ran.stdout == "$(id)|a b||*|; rm -rf x|ÿ\n|".encode()
    assert (ran.state, ran.exit, ran.signal, ran.stderr, ran.truncated) == (State.OK, 0, None, b"", False)
    assert ran.argv[2] == "$(id)"


def test_exit_status_signal_and_both_outputs(real: Program) -> None:
    ran = run_one(real, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (ran.exit, ran.signal, ran.stdout, ran.stderr) == (7, None, b"out\n", b"err\n")
    ran = run_one(real, "sh", "-c", "kill -11 $$")
    assert (ran.state, ran.exit, ran.signal) == (State.OK, None, 11)
    assert run_one(real, "cat").stdout == b""


@pytest.mark.parametrize(
    ("name", "mode", "text", "state", "errno"),
    [
        ("nothing", None, "", State.MISSING, 2),
        ("no-mode", 0o644, "#!/bin/sh\n", State.DENIED, EACCES),
        ("no-program", 0o755, "text", State.FAILED, ENOEXEC),
        ("no-interpreter", 0o755, "#!/nothing\n", State.MISSING, 2),
    ],
)
def test_a_program_that_cannot_be_run_has_no_exit_status(
    real: Program, tmp_path: Path, name: str, mode: int | None, text: str, state: State, errno: int
) -> None:
    if mode is not None:
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    ran = run_one(real, str(tmp_path / name))
    assert (ran.state, ran.errno, ran.exit, ran.signal) == (state, errno, None, None)


def test_output_is_bounded_and_a_chatty_program_still_ends(real: Program) -> None:
    ran = run_one(real, "sh", "-c", "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo end >&2", limit=100)
    assert (ran.stdout, ran.stderr, ran.truncated, ran.exit) == (bytes(100), bytes(100), True, 0)
    exact = run_one(real, "head", "-c", "100", "/dev/zero", limit=100)
    assert (len(exact.stdout), exact.truncated) == (100, False)


def test_a_program_that_does_not_end_is_killed_with_all_it_started(real: Program) -> None:
    ran = run_one(real, "sh", "-c", "sleep 1000 & echo $!; trap '' TERM; sleep 1001", milliseconds=3000)
    assert (ran.state, ran.exit, ran.signal) == (State.TIMEOUT, None, 9)
    assert ends(int(ran.stdout))


def test_an_endless_writer_is_killed(real: Program) -> None:
    ran = run_one(real, "yes", milliseconds=3000)
    assert (ran.state, ran.truncated, len(ran.stdout)) == (State.TIMEOUT, True, 1000)


def test_what_a_program_leaves_behind_does_not_hold_the_next_item(real: Program) -> None:
    ran = run_one(real, "sh", "-c", "sleep 1000 & echo $!")  # which is given a minute, see Program.call
    assert (ran.state, ran.exit) == (State.OK, 0)
    assert ends(int(ran.stdout))

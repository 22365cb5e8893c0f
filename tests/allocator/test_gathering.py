"""Lines are gathered before they are written: how many writes there are, and what a killed program had told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bringup.allocator.plan import Heaps, Node, Plan, Test
from tests.support.allocator_programs import Program

SECONDS = 300


@contextmanager
def running(
    program: Program, plan: Plan, **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """The program with a socket as its output that keeps each write(2) a message of its own."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(SECONDS)
    environ = {**os.environ, **program.environment, **environment}
    with ours, subprocess.Popen(program.argv, stdin=subprocess.PIPE, stdout=theirs.fileno(), env=environ) as process:
        theirs.close()
        assert process.stdin is not None
        process.stdin.write(plan.encode())
        process.stdin.flush()
        yield process, ours
        process.kill()


def writes(out: socket.socket) -> list[bytes]:
    found = []
    while message := out.recv(1 << 20):
        found.append(message)
    return found


def test_facts_are_gathered(scripted: Program) -> None:
    plan = Plan()
    for _ in range(1000):
        plan = plan.add(Node("/dev/null"))
    with running(scripted, plan) as (_, out):
        found = writes(out)
    lines = sum(one.count(b"\n") for one in found)
    assert lines == 1002
    assert b'"t":"hello"' in found[0]
    assert found[0].count(b"\n") == 1, "who answers is told at once"
    assert all(one.endswith(b"\n") for one in found), "no line is torn"
    assert len(found) < lines / 5


def test_each_result_is_written_when_it_is_known(scripted: Program) -> None:
    with running(scripted, Plan().add(Heaps("system"), Test("size.*"))) as (_, out):
        found = writes(out)
    assert [one.count(b"\n") for one in found if b'"t":"result"' in one] == [1, 1, 1, 1]


@pytest.mark.parametrize("after", [1, 3])
def test_a_killed_program_has_printed_the_results_it_had(scripted: Program, after: int) -> None:
    plan = Plan().add(Node("/dev/null"), Heaps("system"), Test("size.*"), Test("sync.rw"))
    told = b""
    with running(scripted, plan, BRINGUP_FAULT="sync_hang") as (process, out):
        while told.count(b'"t":"result"') < after:
            told += out.recv(1 << 20)
        process.send_signal(signal.SIGKILL)
        told += b"".join(writes(out))
    assert told.count(b'"t":"result"') >= after
    assert b'"t":"node"' in told
    assert b'"t":"bye"' not in told
    assert told.endswith(b"\n")

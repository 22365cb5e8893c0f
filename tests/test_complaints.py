"""A kernel that complains while its heaps are tested, for real: the way from its first line to the finding."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

from bringup.deadline import Deadline
from bringup.outcome import Outcome
from bringup.results.run import BoardRun
from bringup.results.verdict import Verdict
from bringup.text import from_board
from bringup.virtual import VirtualBoard
from tests.support.judged import Connect, Healthy, Judge

pytestmark = pytest.mark.board

#: Waits in the kernel's log for the mark before the tests, and then takes more memory than its group may have.
HOG = """\
toybox cat /dev/kmsg | while read -r line; do
    case $waits$line in
    *"a hog waits") waits=yes;;
    yes*"bringup: tests heaps"*)
        sh -c 'echo $$ >/cg/hog/cgroup.procs; x=0123456789abcdef; while :; do x=$x$x; done'
        exit;;
    esac
done
"""
START = f"""\
mkdir /cg && mount -t cgroup2 none /cg && echo +memory >/cg/cgroup.subtree_control || exit
mkdir /cg/hog && echo 3M >/cg/hog/memory.max && echo a hog waits >/dev/kmsg || exit
sh -c {shlex.quote(HOG)} >/dev/null 2>&1 </dev/null &
"""


def complaints(run: BoardRun) -> list[Verdict]:
    return [verdict for verdict in run.verdicts if verdict.id == "kernel.complaints"]


def test_a_kernel_that_complains_while_its_heaps_are_tested(
    fresh_board: Callable[..., VirtualBoard], judged: Judge, connected: Connect, healthy_run: Healthy
) -> None:
    virtual = fresh_board("amd64")
    (quiet,) = complaints(healthy_run("amd64").board)
    if quiet.cause is None or quiet.cause.id != "kernel.cpu-starved":  # true of a host too busy for its emulator
        assert quiet.outcome is Outcome.PASS
        assert "while the heaps were tested" in quiet.evidence[0]
    done = connected(virtual).shell(START, Deadline.after(120))
    assert done.exit_code == 0, from_board(done.stdout + done.stderr)
    (found,) = complaints(judged(virtual))
    assert (found.outcome, found.cause and found.cause.id) == (Outcome.FAIL, "kernel.complaint-in-tests")
    assert found.cause is not None
    assert found.cause.text.startswith("OOM kill in ")
    assert any("invoked oom-killer" in line for line in found.evidence)
    assert any(line.startswith("trace: ") for line in found.evidence)
    (before,) = complaints(judged(virtual, "--replace"))
    assert (before.outcome, before.cause and before.cause.id) == (Outcome.WARN, "kernel.complaint")

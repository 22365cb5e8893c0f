"""The faults that need a kernel: on the amd64 virtual board, over QEMU's monitor or from inside."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from functools import partial

from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from tests.support.faults.case import ALL_PHASES, OBSERVING, Ending, Fault, Where, each, nothing
from tests.support.faults.stage import Stage

__all__ = ["VIRTUAL"]

Strike = Callable[[Stage], None]

CONNECT, PUSH, OBSERVE, RECORD, JUDGE, REPORT = ALL_PHASES
HELD = (PUSH, OBSERVE, RECORD)
UNKNOWN, SAME = Ending.UNKNOWN, Ending.SAME
#: The 256 MiB that a board has are taken until the kernel kills: first the test allocator, then who took them.
_FILL = r"""
pid=$(pidof $(basename $(ls /data/local/tmp/bringup-* | head -n 1)))
echo -1000 >/proc/$(pidof adbd)/oom_score_adj
for one in $pid; do echo 1000 >/proc/$one/oom_score_adj; kill -STOP $one; done
mkdir -p /tmp/full && mount -t tmpfs -o size=1g full /tmp/full
exec 3>/tmp/full/file
rm /tmp/full/file
umount -l /tmp/full
echo 500 >/proc/self/oom_score_adj
cat /dev/zero >&3
"""
#: The one that started the others. The board has neither tr nor sort.
_KILL_PROGRAM = r"""
set -e
first=
for pid in $(pidof $(basename $(ls /data/local/tmp/bringup-* | head -n 1))); do
  if [ -z "$first" ] || [ $pid -lt $first ]; then first=$pid; fi
done
kill -KILL $first
"""
#: The freezer of cgroup v1 leaves a process in state D, which no signal ends before it is thawed.
_FREEZE = r"""
set -e
mkdir -p /tmp/freezer && mount -t cgroup -o freezer freezer /tmp/freezer && mkdir -p /tmp/freezer/test
program=$(basename $(ls /data/local/tmp/bringup-* | head -n 1))
until pids=$(pidof $program); do sleep 0.1; done
for pid in $pids; do echo $pid >/tmp/freezer/test/cgroup.procs || :; done
echo FROZEN >/tmp/freezer/test/freezer.state
until grep -q '^State:.D' /proc/${pids%% *}/status; do sleep 0.1; done
"""
_THAW = "echo THAWED >/tmp/freezer/test/freezer.state; umount -l /tmp/freezer"


def reset(stage: Stage) -> None:
    stage.board.qmp.reset(stage.board.soon())


def pause(stage: Stage) -> None:
    stage.board.qmp.pause(stage.board.soon())


def resume(stage: Stage) -> None:
    stage.board.qmp.resume(stage.board.soon())


def unplug(stage: Stage) -> None:
    stage.board.qmp.set_link(up=False, deadline=stage.board.soon())


def plug(stage: Stage) -> None:
    stage.board.qmp.set_link(up=True, deadline=stage.board.soon())


def panic(stage: Stage) -> None:
    stage.board.sh_and_die("echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger")


def power_off(stage: Stage) -> None:
    stage.board.qmp.quit(stage.board.soon())


def sh(script: str) -> Strike:
    return lambda stage: stage.board.sh(script)


def clock_back(stage: Stage) -> None:
    stage.board.sh("date -s @86400")


def clock_right(stage: Stage) -> None:
    stage.board.sh("killall date_loop 2>/dev/null; touch /tmp/stop; date -s @1790000000")


def clock_jumps(stage: Stage) -> None:
    loop = "while [ ! -e /tmp/stop ]; do date -s @86400; sleep 0.3; date -s @2000000000; sleep 0.3; done"
    # A program of its own: a part of mksh would keep the connection open.
    stage.board.sh(f"rm -f /tmp/stop; sh -c '{loop}' </dev/null >/dev/null 2>&1 &")


def no_time_is_negative(stage: Stage) -> None:
    from bringup.report.load import load_run

    (board,) = load_run(stage.output).boards
    assert all(step.at >= 0 and step.seconds >= 0 for step in board.steps)


def longer(stage: Stage) -> None:
    """So that the fault comes amid it."""
    stage.arguments += ["--rounds", "200"]


def limited(stage: Stage) -> None:
    stage.arguments += ["--seconds", "45"]


def is_said_to_be_there(stage: Stage) -> None:
    (record,) = (load_record(journal.parent) for journal in stage.output.glob(f"*/{JOURNAL}"))
    # The second where the board did not say in time what came of it.
    words = r"(was killed, and is still there|may still run on the board) as process \d+"
    assert re.search(words, record.incomplete or ""), record.incomplete


def own(number: signal.Signals) -> Strike:
    return lambda stage: stage.signal(number)


virtual = partial(Fault, where=Where.VIRTUAL)

VIRTUAL = (
    virtual(1, "reset", "The board is reset", "QMP system_reset", each(UNKNOWN, *HELD), reset),
    virtual(1, "panic", "The kernel panics", "sysrq c, then QMP system_reset", each(UNKNOWN, *OBSERVING, after=None),
            panic, heal=reset),
    virtual(4, "link", "The link is cut", "QMP set_link", each(UNKNOWN, *HELD) | {CONNECT: Ending.REFUSED}, unplug, heal=plug),
    virtual(5, "stopped", "The CPU stops", "QMP stop", each(UNKNOWN, *HELD) | {CONNECT: Ending.REFUSED}, pause, heal=resume),
    virtual(10, "adbd", "adbd crashes", "SIGKILL on the board", each(UNKNOWN, *OBSERVING),
            lambda stage: stage.board.sh_and_die("kill -9 $(pidof adbd)")),
    virtual(11, "state-d", "The test allocator waits in state D", "the freezer of cgroup v1, with --seconds 45",
            each(UNKNOWN, *OBSERVING, after=None), sh(_FREEZE), prepare=limited, heal=sh(_THAW), verify=is_said_to_be_there),
    virtual(18, "oom", "The board runs out of memory", "a tmpfs is filled; the kernel's own OOM killer",
            each(Ending.FINDING, RECORD, after=None), lambda stage: stage.board.sh_and_die(_FILL), prepare=longer),
    virtual(22, "clock-1970", "The clock is in 1970", "date -s", each(SAME, CONNECT, after=None), clock_back,
            heal=clock_right, verify=no_time_is_negative),
    virtual(23, "clock-jumps", "The clock jumps", "date -s in a loop", each(SAME, CONNECT, after=None), clock_jumps,
            heal=clock_right, verify=no_time_is_negative),
    virtual(27, "program-killed", "The test allocator is killed", "SIGKILL on the board",
            each(UNKNOWN, RECORD, after=None), sh(_KILL_PROGRAM), prepare=longer),
    virtual(28, "kill", "bringup is killed while heaps are tested", "SIGKILL", {RECORD: Ending.KILLED}, own(signal.SIGKILL)),
    virtual(28, "interrupt", "Ctrl-C while heaps are tested", "SIGINT", {RECORD: Ending.INTERRUPTED}, own(signal.SIGINT)),
    virtual(31, "emulated", "The board is slow", "emulated, one CPU", each(SAME, CONNECT, after=None), nothing),
    virtual(1, "power", "The board loses its power", "QMP quit", each(UNKNOWN, RECORD, after=None), power_off, heal=None),
)  # fmt: skip

"""A stall on a virtual machine may be its host's, and what the kernel says of its CPUs' time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.facts.log.splats import Splat, find_splats
from bringup.facts.log.stalls import is_stall, is_virtual_machine, of_cpu_time
from tests.support.scripted_facts import facts
from tests.support.scripted_record import broken, files

STALL = (
    "[   40.0] rcu: INFO: rcu_sched self-detected stall on CPU\n"
    "[   40.0] rcu: \t0-....: (1 GPs behind) idle=1/0/0x1 softirq=1/1 fqs=5\n"
    "[   40.0] \t(t=5250 jiffies g=1 q=2)\n"
    "[   40.0] rcu: rcu_sched kthread starved for 5000 jiffies! g1 f0x0 RCU_GP_WAIT_FQS(5)\n"
    "[   40.0] Call trace:\n[   40.0]  start_kernel+0x1/0x2\n"
)
WARNING = "[    3.5] WARNING: CPU: 0 PID: 0 at init/main.c:1061 start_kernel+0x4bc/0x680\n[    3.5] (1 GPs behind)\n"


@pytest.mark.parametrize(
    ("read", "is_virtual"),
    [
        ({}, False),
        ({"__proc__cpuinfo": "flags\t\t: fpu hypervisor sse\n"}, True),
        ({"__proc__cpuinfo": "flags\t\t: fpu sse\nmodel : hypervisor\n"}, False),
        ({"__proc__cpuinfo": "flags\t\t: nohypervisors\n"}, False),
        ({"__sys__firmware__devicetree__base__compatible": "linux,dummy-virt\0"}, True),
        ({"__sys__firmware__devicetree__base__compatible": "maker,board\0riscv-virtio\0"}, True),
        ({"__sys__firmware__devicetree__base__compatible": "maker,board\0"}, False),
    ],
)
def test_a_host_that_gives_a_board_its_cpus_shows(tmp_path: Path, read: dict[str, Any], is_virtual: bool) -> None:
    assert is_virtual_machine(facts(broken(files=files(**read)), tmp_path)) == is_virtual


def first(folder: Path, log: str) -> tuple[Any, Splat]:
    known = facts(broken(files=files(dmesg=log)), folder)
    assert known.kernel_log is not None
    return known, find_splats(known.kernel_log.lines)[0]


def test_what_a_stall_says_of_its_cpus_time(tmp_path: Path) -> None:
    known, stall = first(tmp_path / "stall", STALL)
    assert is_stall(stall)
    said = of_cpu_time(known, stall)
    assert len(said) == 2
    assert "(1 GPs behind)" in said[0]
    assert "kthread starved for 5000 jiffies" in said[1]
    known, warning = first(tmp_path / "warning", WARNING)
    assert not is_stall(warning)
    assert of_cpu_time(known, warning) == ()

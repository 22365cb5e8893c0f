"""Complaints that only say that time passed: stalls and lockups, and whether a busy host may have caused them.

The CPUs of a virtual machine stop while its host has no time for them, and the guest's kernel then reports a stall.
Source: Documentation/RCU/stallwarn.rst of Linux 6.12; kernel/watchdog.c of 5.10, 6.12 and 7.3:
kvm_check_and_clear_guest_paused.
"""

from __future__ import annotations

from bringup.facts.board import Facts
from bringup.facts.log.splats import Splat

__all__ = ["is_stall", "is_virtual_machine", "of_cpu_time"]

_STALLS = frozenset({"RCU stall", "soft lockup", "hard lockup", "workqueue lockup"})
#: kernel/rcu/tree_stall.h of Linux 5.10: print_cpu_stall_info, rcu_check_gp_kthread_starvation.
_CPU_TIME = (" kthread starved for ", " ticks this GP)", " GPs behind)")
#: What QEMU calls its machines in the device tree (hw/arm/virt.c, hw/riscv/virt.c).
_VIRTUAL = ("linux,dummy-virt", "riscv-virtio")


def is_stall(splat: Splat) -> bool:
    """Whether it says no more than that something did not run for some time.

    The trace of a stall or a lockup shows what a CPU ran when the host stopped it. That of a hung task shows what the
    task waits for: if that is a heap, the host is not the cause.
    """
    return splat.kind in _STALLS or (splat.kind == "hung task" and not splat.is_about_heaps)


def is_virtual_machine(facts: Facts) -> bool:
    """Whether a host gives this board its CPUs: x86 has a flag for it, QEMU's machines a name."""
    flags = (line for line in (facts.text("/proc/cpuinfo") or "").splitlines() if line.startswith("flags"))
    return any("hypervisor" in line.split() for line in flags) or bool(set(_VIRTUAL) & set(facts.compatibles))


def of_cpu_time(facts: Facts, splat: Splat) -> tuple[str, ...]:
    """What the kernel says in a stall about the time that its CPUs and its own thread got."""
    log = facts.kernel_log
    lines = log.lines[splat.number : splat.last + 1] if log is not None and is_stall(splat) else ()
    return tuple(line.text.strip() for line in lines if any(words in line.text for words in _CPU_TIME))[:4]

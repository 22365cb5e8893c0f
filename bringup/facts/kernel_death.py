"""How the kernel of a board that rebooted under the tests died, as the board kept it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bringup.facts.board import Facts
from bringup.facts.last_step import LastStep, last_step
from bringup.facts.log.kept_logs import KeptLog, kept_logs
from bringup.facts.log.kernel_line import LogLine
from bringup.facts.log.splats import Splat, find_splats
from bringup.record.questions import TESTS_BEGIN

__all__ = ["BOOT_REASONS", "KernelDeath", "boot_reasons", "crash_reasons", "kernel_death"]

#: Android's properties that say why the board booted, and how their values begin after a crash: a reason, then perhaps
#: details after commas (AOSP system/core/bootstat/README.md).
BOOT_REASONS = ("ro.boot.bootreason", "sys.boot.reason")
_CRASH_REASONS = ("kernel_panic", "watchdog")


@dataclass(frozen=True, slots=True)
class KernelDeath:
    """What is known of it.

    :param step: what ran then.
    :param log: the kernel's log of that boot; ``None``: the board kept none.
    :param splat: the complaint with which the log ends; ``earlier``: those before it, since the tests began.
    :param reasons: why the board booted, where a property says that the kernel crashed.
    """

    step: LastStep
    log: KeptLog | None = None
    splat: Splat | None = None
    earlier: tuple[Splat, ...] = ()
    reasons: tuple[str, ...] = ()


def boot_reasons(facts: Facts) -> tuple[str, ...]:
    """``NAME: VALUE`` of each property that says why the board booted."""
    return tuple(f"{name}: {facts.properties[name]}" for name in BOOT_REASONS if facts.properties.get(name))


def crash_reasons(facts: Facts) -> tuple[str, ...]:
    """Those of :func:`boot_reasons` that say that the kernel crashed, or was hung."""
    reasons = boot_reasons(facts)
    return tuple(reason for reason in reasons if reason.partition(": ")[2].lower().startswith(_CRASH_REASONS))


def kernel_death(facts: Facts) -> KernelDeath | None:
    """How the kernel died under the tests; ``None``: it did not, or the board was not seen again."""
    if facts.returned is None or not facts.rebooted:
        return None
    logs = kept_logs(facts.returned.record, facts.record)
    dying = [(log, splats) for log in logs if (splats := _of_tests(log.lines))]
    crashes = crash_reasons(facts.returned)
    if not dying:
        log = logs[-1] if logs else None
        return KernelDeath(last_step(facts.record, log.lines if log else ()), log, reasons=crashes)
    log, splats = _last_dump(dying)
    step = last_step(facts.record, log.lines, splats[-1].line)
    return KernelDeath(step, log, splats[-1], splats[:-1], crashes)


def _last_dump(dying: Sequence[tuple[KeptLog, tuple[Splat, ...]]]) -> tuple[KeptLog, tuple[Splat, ...]]:
    """The last of the kernel's dumps, rather than the console's lines: they are whole."""
    return next((pair for pair in reversed(dying) if "/dmesg-" in pair[0].path), dying[-1])


def _of_tests(lines: Sequence[LogLine]) -> tuple[Splat, ...]:
    """The complaints of a log since our tests began; all of them where it no longer has the mark."""
    begins = [number for number, line in enumerate(lines) if line.text.lstrip().startswith(TESTS_BEGIN)]
    return tuple(splat for splat in find_splats(lines) if not begins or splat.number > begins[-1])

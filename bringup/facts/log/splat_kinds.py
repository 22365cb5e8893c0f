"""The lines with which the kernel begins a complaint, and what each line names.

Wording: kernel/panic.c, watchdog.c, hung_task.c, workqueue.c, sched/core.c, rcu/tree_stall.h, locking/lockdep.c,
irq/spurious.c, dma/swiotlb.c, cfi.c; lib/bug.c, ubsan.c; mm/page_alloc.c, oom_kill.c, vmalloc.c, memory.c, slub.c,
kmemleak.c, kasan/report.c, kfence/report.c; mm/fault.c and kernel/traps.c of arch/{arm,arm64,riscv,x86}; all of Linux
5.10, 6.12, 7.3. WARN has its new form since 6.19 (commit 28ea295f941e).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

__all__ = ["SplatHead", "find_head"]


@dataclass(frozen=True, slots=True)
class SplatHead:
    """What the first line of a complaint says.

    :param kind: what the kernel calls it, in short: ``WARNING``, ``KASAN``, ``Oops``.
    :param place: source file and line, where the line has it; ``function`` likewise.
    :param process: name of the process, ``pid`` its number.
    :param follows: it may belong to a complaint that began above: what comes of a BUG is an Oops, and of that a panic.
    """

    kind: str
    place: str = ""
    function: str = ""
    process: str = ""
    pid: int | None = None
    follows: bool = False


_FUNCTION = r"(?P<function>[\w.$]{1,128})\+0x[0-9a-f]{1,8}/0x[0-9a-f]{1,8}"
_PLACE = r"(?P<place>[\w./+-]{1,192}\.[chSrs]{1,2}:\d{1,6})"
_PROCESS = r"(?P<process>[^\s\[\]]{1,24})"
#: CONFIG_DEBUG_BUGVERBOSE_DETAILED prints the condition before the file.
_CONDITION = r"(?:\[.{1,120}?\] )?"
_LOCKDEP = (
    r"WARNING: (?:possible (?:circular locking|recursive locking|irq lock inversion)"
    r"|(?:possible )?inconsistent lock state|suspicious RCU usage|bad unlock balance|bad contention detected"
    r"|held lock freed!|lock held when|chain_key collision|Nested lock was not taken"
    r"|\S{1,32} still has locks held!|\w{1,16}-safe -> \w{1,16}-unsafe lock order)"
)
_OLD_LOCKDEP = (
    r"INFO: (?:trying to register non-static key|possible (?:circular|recursive) locking|inconsistent lock state)"
)
_OOPS_OF_X86 = (
    r"BUG: (?:kernel NULL pointer dereference|unable to handle (?:kernel|page)|(?:\w+ )?stack guard page was hit)"
)
_HUNG = r"INFO: task (?P<process>.{1,24}):(?P<pid>\d+) blocked.{0,24} for more than \d+ s"
_KILLED = r"ut of memory(?: \([^)]{1,32}\))?: Kill(?:ed)? process (?P<pid>\d+) \((?P<process>[^)]{1,24})\)"
_SOFT_LOCKUP = r"BUG: soft lockup - CPU#\d+ stuck for \d+s! \[(?P<process>[^\]]{1,24}):(?P<pid>\d+)\]"

#: (kind, words that such a line has, the line). The first that matches counts.
_HEADS: tuple[tuple[str, str, str], ...] = (
    ("WARNING", "WARNING: CPU: ", rf"PID: (?P<pid>\d+) at {_CONDITION}{_PLACE}(?: {_FUNCTION})?"),
    ("WARNING", "WARNING: CPU: ", rf"PID: (?P<pid>\d+) at (?:{_FUNCTION})?"),
    ("WARNING", "WARNING: at ", rf"WARNING: at {_PLACE}(?: {_FUNCTION})?"),
    ("WARNING", "WARNING: at ", rf"WARNING: at (?:{_FUNCTION}|[0-9a-f]{{8,16}} )"),
    ("WARNING", ", CPU#", rf"WARNING: {_CONDITION}{_PLACE} at {_FUNCTION}.{{0,80}}?, CPU#\d+: {_PROCESS}/(?P<pid>\d+)"),
    ("WARNING", ", CPU#", rf"WARNING: .{{0,160}}?at {_FUNCTION}.{{0,80}}?, CPU#\d+: {_PROCESS}/(?P<pid>\d+)"),
    ("kernel BUG", "kernel BUG at ", rf"kernel BUG at {_CONDITION}{_PLACE}!"),
    ("KASAN", "BUG: KASAN: ", rf"BUG: KASAN: [a-z -]{{1,64}}? in (?:{_FUNCTION}|(?P<where>[\w.]{{1,128}}))"),
    ("KASAN", "BUG: KASAN: ", r"BUG: KASAN: "),
    ("KFENCE", "BUG: KFENCE: ", rf"BUG: KFENCE: [a-z -]{{1,64}}? in {_FUNCTION}"),
    ("KFENCE", "BUG: KFENCE: ", r"BUG: KFENCE: "),
    ("KMSAN", "BUG: KMSAN: ", rf"BUG: KMSAN: [a-z -]{{1,64}}? in {_FUNCTION}"),
    ("KCSAN", "BUG: KCSAN: ", r"BUG: KCSAN: [a-z -]{1,64}? in (?P<function>[\w.]{1,128})"),
    ("UBSAN", "UBSAN: ", rf"UBSAN: [\w ()/-]{{1,64}}? in {_PLACE}"),
    ("sleeping function", "BUG: sleeping", rf"BUG: sleeping function called from invalid context at {_PLACE}"),
    ("wrong context", "BUG: assuming ", rf"BUG: assuming [a-z ]{{1,32}} context at {_PLACE}"),
    ("scheduling while atomic", "BUG: scheduling ", rf"BUG: scheduling [a-z -]{{1,32}}: {_PROCESS}/(?P<pid>\d+)/"),
    ("soft lockup", "soft lockup", _SOFT_LOCKUP),
    ("hard lockup", "hard LOCKUP", r"Watchdog detected hard LOCKUP on cpu \d+"),
    ("workqueue lockup", "BUG: workqueue", r"BUG: workqueue (?:lockup - pool|leaked )"),
    ("bad page", "BUG: Bad page", rf"BUG: Bad page [a-z]{{1,8}} in process {_PROCESS}"),
    ("bad counter", "BUG: ", r"BUG: (?:Bad rss-counter state |non-zero pgtables_bytes on freeing mm)"),
    ("spinlock", "lock ", r"BUG: (?:spinlock|rwlock) [a-z ]{1,32} on CPU#\d+, (?P<process>[^/]{1,24})/(?P<pid>\d+)"),
    ("slab", "BUG ", r"BUG [\w:./-]{1,48} \((?:Not tainted|Tainted: ).{0,48}\): "),
    ("slab", "BUG ", r"BUG [\w./-]{1,48}: (?:Poison|Redzone|Right Redzone|Left Redzone|Padding|Object) "),
    ("lockdep", "WARNING: ", _LOCKDEP),
    ("lockdep", "[ BUG: ", r"\[ BUG: (?:Invalid wait context|bad unlock balance|held lock freed|lock held)"),
    ("lockdep", "INFO: ", _OLD_LOCKDEP),
    ("lockdep", "BUG: key ", r"BUG: key \S{1,20} has not been registered!"),
    (
        "RCU stall",
        " stall",
        r"INFO: rcu_\w{1,32} (?:self-)?detected (?:expedited )?stalls?(?: on CPU|, but suppressed)",
    ),
    ("hung task", "blocked", _HUNG),
    ("OOM kill", "oom-killer: ", rf"{_PROCESS} invoked oom-killer: "),
    ("OOM kill", "ut of memory", _KILLED),
    ("page allocation failure", "page allocation ", rf"{_PROCESS}: page allocation (?:failure|stalls for)"),
    ("page allocation failure", "vmalloc error", rf"{_PROCESS}: vmalloc error: size "),
    ("interrupt", "nobody cared", r"irq \d+: nobody cared"),
    ("CFI", "CFI failure ", rf"CFI failure at {_FUNCTION}"),
    ("swiotlb full", "swiotlb buffer is full", r"swiotlb buffer is full \(sz: \d+ bytes\)"),
    ("memory leak", "kmemleak: ", r"kmemleak: \d+ new suspected memory leaks"),
    ("duplicate name", "cannot create dup", r"cannot create duplicate filename"),
    ("Oops", "Unable to handle kernel", r"Unable to handle kernel [\w -]{1,64}"),
    ("Oops", "Bad mode in ", r"Bad mode in [\w ]{1,48} handler detected"),
    ("Oops", "Unhandled fault", r"Unhandled fault: .{1,64}\(0x[0-9a-f]+\)"),
    ("Oops", "SError", r"SError Interrupt on CPU\d+"),
    ("Oops", "BUG: ", _OOPS_OF_X86),
    ("BUG", "BUG: using ", rf"BUG: using .{{1,32}} in preemptible \[[0-9a-f]+\] code: {_PROCESS}/(?P<pid>\d+)"),
)

#: What is printed below another complaint, or alone where that one's first line is lost.
_FOLLOWS: tuple[tuple[str, str, str], ...] = (
    ("Oops", "Internal error: ", r"Internal error: "),
    ("Oops", "Oops", r"^Oops(?: - |: | \[)"),
    (
        "Oops",
        " [#",
        r"(?:general protection fault|divide error|invalid opcode|stack segment|double fault|int3)\b.*\[#\d",
    ),
    ("Oops", "Kernel BUG [#", r"^Kernel BUG \[#\d+\]"),
    ("panic", "Kernel panic", r"Kernel panic - not syncing: "),
)


@cache
def _compiled() -> tuple[tuple[str, str, re.Pattern[str], bool], ...]:
    rows = ((row, False) for row in _HEADS), ((row, True) for row in _FOLLOWS)
    return tuple((kind, word, re.compile(line), follows) for part in rows for (kind, word, line), follows in part)


#: Every head has one of these: most lines of a log are done with after this look.
_WORDS = tuple({word for _, word, _ in (*_HEADS, *_FOLLOWS)})
_LIMIT = 400  # of a line: no head says anything that matters after it


def find_head(text: str) -> SplatHead | None:
    """What a line says if it begins a complaint."""
    line = text[:_LIMIT]
    if not any(word in line for word in _WORDS):
        return None
    for kind, word, pattern, follows in _compiled():
        match = pattern.search(line) if word in line else None
        if match is not None:
            named = match.groupdict()
            pid = named.get("pid")
            return SplatHead(
                kind,
                named.get("place") or "",
                named.get("function") or named.get("where") or "",
                named.get("process") or "",
                int(pid[:9]) if pid else None,
                follows,
            )
    return None

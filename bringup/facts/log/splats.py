"""What the kernel complains about in its log: whole splats, from the first line to the last frame.

One pass over the lines. A splat begins with a line of :mod:`.splat_kinds`, or with a call trace that no
line above it explains, and takes the lines below it until it ends, another begins, or a limit is reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bringup.facts.log.kernel_line import LogLine
from bringup.facts.log.splat_kinds import SplatHead, find_head

__all__ = ["Splat", "find_splats", "is_heap_function"]

#: A splat ends after so many lines of its own: registers, modules and a trace take about 100.
_MOST_LINES = 160
#: What belongs to a splat is printed at once; a slow serial console may take a few seconds.
_MOST_SECONDS = 20.0
_MOST_FRAMES = 24
_SHOWN_FRAMES = 6
_MOST_ANNOUNCED = 4
_LIMIT = 400

#: Old kernels of Samsung write the CPU before each line: ``c1 PC is at …``. It may be a word, so the log keeps it.
_CPU = re.compile(r"^c\d{1,2} (?=\S)")
_OFFSET = r"\+0x[0-9a-f]{1,8}/0x[0-9a-f]{1,8}"
#: What does not return is followed by the function behind it, at its first byte.
_CALL = r"\+0x(?!0/)[0-9a-f]{1,8}/0x[0-9a-f]{1,8}"
_MODULE = r"(?: \[(?P<module>[\w-]{1,64})[^\]]{0,64}\])?"
#: ``func+0x1c/0x30 [mod]``, with its address before it, or as what called the function before it (arch/arm).
_FRAME = re.compile(
    r"^ {0,12}(?:\[<[0-9a-f]{8,16}>\] ?)?(?P<unsure>\? )?"
    rf"(?:\(?(?P<below>[\w.$]{{1,128}})(?:{_OFFSET})?(?: \[[^\]]{{1,64}}\])?\)? from (?:\[<[0-9a-f]{{8,16}}>\] \()?)?"
    rf"(?P<function>[\w.$]{{1,128}}){_CALL}{_MODULE}"
)
_PC = re.compile(
    rf"^(?:RIP: [0-9a-f]{{4}}:|pc : |PC is at |epc ?: |EIP: )(?:\[<[0-9a-f]{{8,16}}>\] )?(?P<function>[\w.$]{{1,128}})"
    rf"{_OFFSET}{_MODULE}"
)
_WHO = re.compile(
    r"\bPID: (?P<pid>\d{1,9}) Comm: (?P<process>.{1,24}?) {1,4}(?:Kdump: loaded )?(?:Not tainted|Tainted: )"
)
#: Linux 4.9 and older, arch/arm/kernel/traps.c: __die.
_OLD_WHO = re.compile(r"^Process (?P<process>.{1,24}?) \(pid: (?P<pid>\d{1,9}), stack limit = ")
_TASK = re.compile(
    r"^(?:Read|Write|Free) (?:of size \d+ )?at addr \S+ by task (?P<process>.{1,24})/(?P<pid>\d+)"
    r"|^(?P<locker>.{1,24})/(?P<locker_pid>\d+) is trying to "
)
#: Where lockdep says that a lock is taken.
_LOCKED = re.compile(r"\{[^{}]{1,32}\}, at: (?:\[<[0-9a-f]{8,16}>\] )?(?P<function>[\w.$]{1,128})\+0x")
_TRACE = re.compile(r"^(?:Call [Tt]race|Backtrace):")
_END = re.compile(r"---\[ end (?:trace|Kernel panic)|^</TASK>")
_CUT = " cut here "
#: Up to 4.16 a WARNING follows the line that says it; later a trace does (fs/sysfs/dir.c: sysfs_warn_dup).
_WARNED = "duplicate name"
#: Why a BUG or a WARNING was met, on the line before or after it: what it is rather called.
_CALLED = (
    ("refcount", "refcount_t: "),
    ("list corruption", "list_add corruption"),
    ("list corruption", "list_del corruption"),
    ("DMA-API", "DMA-API: "),
    ("debug object", "ODEBUG: "),
    ("CFI", "CFI failure (target: "),
)
#: What prints the trace, above what went wrong.
_PRINTING = re.compile(
    r"^(?:dump_(?:stack|backtrace|header)|show_(?:stack|regs|trace)|unwind_backtrace|__?warn|warn_|__report_bug|report_bug|"
    r"print_|kasan_|__kasan|__asan|kfence_report|kmsan_|__msan|ubsan_|__ubsan|check_memory_region|__might_(?:sleep|resched)|"
    r"___?might_sleep|oom_kill_process|out_of_memory|__alloc_pages|bug_handler|exc_|asm_exc|handle_bug|die|__die|brk_handler|"
    r"do_debug_exception|el1h?_|el1_|__el1|call_break_hook|lockdep_rcu_suspicious|__lock_acquire|lock_acquire|bad_page|"
    r"sched_show_task|__schedule|schedule|__switch_to|__cond_resched|preempt_schedule|rcu_|nmi_|object_err|slab_err|refcount_warn_saturated|__list_(?:add|del)|"
    r"v?panic|nmi_panic|add_taint|arm64_serror_panic|arm64_is_fatal|do_serror|__cfi_|do_exit|oops_|page_fault|do_page_fault|do_bad_area|do_tag_check_fault|do_translation_fault|do_mem_abort|end_report|handle_oops|__do_kernel_fault)"
)
_HEAP = re.compile(
    r"_dmabuf_|^_{0,2}(?:dma_heap|dma_?buf|dmabuf|system_heap|cma_heap|secure_heap|tee_heap|tee_dma_heap|carveout_heap|udmabuf|ion)_"
    r"|^_{0,2}(?:cma_(?:alloc|release|init|declare|heap|debug)|alloc_contig|dma_(?:alloc|release)_(?:from_)?contiguous"
    r"|rmem_cma)|_heap_(?:allocate|do_allocate|buffer|dma_buf|mmap|vmap|free|release|map|unmap|attach|detach|create|probe)"
)
_HEAP_MODULE = re.compile(r"heap|dma_?buf|^ion")


@dataclass(slots=True)
class Splat:
    """One complaint of the kernel.

    :param number: which line of the log it begins with; ``last``: its last one.
    :param frames: the functions of its traces, innermost first, without what prints the trace.
    :param has_died: the process or the kernel ended of it: an Oops of its own.
    :param place: ``FILE:LINE``, else the function where it happened; empty: not known.
    """

    kind: str
    line: LogLine
    number: int
    place: str = ""
    function: str = ""
    process: str = ""
    pid: int | None = None
    detail: str = ""
    last: int = 0
    frames: list[str] = field(default_factory=list)
    heap_frame: str = ""
    has_died: bool = False

    @property
    def where(self) -> str:
        """Function and source line, as far as known."""
        function = self.function or (self.frames[0] if self.frames else "")
        return " at ".join(filter(None, (function, self.place)))

    @property
    def trace(self) -> str:
        """The innermost functions of its trace, in one line; empty where it has none."""
        more = (" ← …",) if len(self.frames) > _SHOWN_FRAMES else ()
        return "".join((" ← ".join(self.frames[:_SHOWN_FRAMES]), *more))

    @property
    def name(self) -> str:
        """Its kind, and where it happened."""
        return f"{self.kind} in {self.where}" if self.where else self.kind

    @property
    def is_about_heaps(self) -> bool:
        """Whether a heap, DMA-BUF or CMA takes part."""
        return bool(self.heap_frame) or "dma-buf" in self.place or "mm/cma" in self.place


def is_heap_function(function: str, module: str = "") -> bool:
    """Whether a function, by its own name or its module's, belongs to a heap, DMA-BUF or CMA."""
    return _HEAP.search(function) is not None or (bool(module) and _HEAP_MODULE.search(module) is not None)


def find_splats(lines: Iterable[LogLine]) -> tuple[Splat, ...]:
    """The complaints in a log, in order."""
    reading = _Reading()
    for number, line in enumerate(lines):
        reading.take(number, line, _CPU.sub("", line.text[:_LIMIT], count=1))
    return tuple(reading.found)


class _Reading:
    """One pass over a log: the splats found, whether the last of them goes on, and what announces the next."""

    def __init__(self) -> None:
        self.found: list[Splat] = []
        self._is_open = False
        self._announced: list[str] | None = None  # lines since "cut here"

    def take(self, number: int, line: LogLine, text: str) -> None:
        last = self.found[-1] if self.found else None
        if last is not None and not self._belongs(last, line, number):
            last, self._is_open = None, False
        self._is_open = self._is_open and _CUT not in text
        head = find_head(text)
        if _CUT in text or (not self._is_open and head is None and _is_called(text)):
            self._announced = [*(self._announced or ()), text]
        elif last is not None and head is not None and self._continues(last, head):
            self._is_open = self._is_open or last.kind == _WARNED
            self._add(last, text, head, number)
        elif last is not None and number == last.last + 1 and _TRACE.match(text):
            last.last, self._is_open = number, True  # arm64 up to 4.9 prints the trace below the end
        elif head is not None or (not self._is_open and _TRACE.match(text)):
            self.found.append(self._begin(head or SplatHead("stack trace"), line, number))
            self._is_open = True
        elif last is not None and self._is_open:
            self._add(last, text, head, number)
            self._is_open = _END.search(text) is None
        elif self._announced is not None:
            self._announced.append(text)
            self._announced = self._announced if len(self._announced) < _MOST_ANNOUNCED else None

    @staticmethod
    def _belongs(splat: Splat, line: LogLine, number: int) -> bool:
        """Whether a line can be of the open splat: near to its first line, in number and in time."""
        if number - splat.number > _MOST_LINES:
            return False
        if line.time is None or splat.line.time is None:
            return True
        return 0 <= line.time - splat.line.time <= _MOST_SECONDS

    def _continues(self, splat: Splat, head: SplatHead) -> bool:
        """Whether a first line is of the last splat all the same: an OOM kill names its victim last."""
        if head.follows:
            return head.kind == "panic" or not splat.has_died
        if splat.kind == head.kind == "OOM kill":
            return not splat.detail
        if splat.kind == _WARNED and head.kind == "WARNING":
            return not splat.frames
        return self._is_open and head.kind == splat.kind == "Oops" and not splat.frames

    def _begin(self, head: SplatHead, line: LogLine, number: int) -> Splat:
        splat = Splat(head.kind, line, number, head.place, head.function, head.process, head.pid, last=number)
        splat.has_died = head.follows
        for text in self._announced or ():
            _call(splat, text)
        self._announced = None
        _call(splat, line.text)
        return splat

    @staticmethod
    def _add(splat: Splat, text: str, head: SplatHead | None, number: int) -> None:
        splat.last = number
        splat.place = splat.place or (head.place if head is not None and splat.kind == _WARNED else "")
        splat.has_died = splat.has_died or (head is not None and head.follows)
        _call(splat, text)
        if head is not None and head.kind == "OOM kill" and "Kill" in text:
            splat.detail = text.strip()
        if who := _WHO.search(text) or _TASK.match(text) or _OLD_WHO.match(text):
            named = who.groupdict()
            splat.process = splat.process or named.get("locker") or named["process"]
            splat.pid = splat.pid if splat.pid is not None else int(named.get("locker_pid") or named["pid"])
        elif match := _LOCKED.search(text):
            _frame(splat, match["function"], "")
        elif match := _PC.match(text):
            if not splat.function:
                splat.function = match["function"]
            _frame(splat, match["function"], match["module"] or "")
        elif (match := _FRAME.match(text)) and not match["unsure"]:
            for function in filter(None, (match["below"] if not splat.frames else None, match["function"])):
                _frame(splat, function, match["module"] or "")


def _is_called(text: str) -> bool:
    return any(words in text for _, words in _CALLED)


def _call(splat: Splat, text: str) -> None:
    """Take the better name and the detail from a line beside the first one."""
    for kind, words in _CALLED:
        if words in text and splat.kind in ("WARNING", "kernel BUG"):
            splat.kind, splat.detail = kind, text.strip()


def _frame(splat: Splat, function: str, module: str) -> None:
    if not splat.heap_frame and is_heap_function(function, module):
        splat.heap_frame = function
    is_new = not splat.frames or splat.frames[-1] != function
    if is_new and len(splat.frames) < _MOST_FRAMES and not _PRINTING.match(function):
        splat.frames.append(function)

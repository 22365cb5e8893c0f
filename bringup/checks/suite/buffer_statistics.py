"""Does the kernel list its buffers and who holds them?"""

from __future__ import annotations

from collections.abc import Iterator

from bringup.allocator.answer import State
from bringup.causes.known.surroundings import DMABUF_NO_STATISTICS
from bringup.checks.registry import Question, check
from bringup.facts.board import Facts
from bringup.results.verdict import Verdict

#: Where Android pins the iterator: AOSP libmeminfo, libdmabufinfo/dmabuf_bpf_stats.cpp, BPF_DMABUF_ITER_PATH.
_ITERATOR = "/sys/fs/bpf/dmabuf/prog_dmabufIter_iter_dmabuf"
_PLACES = {
    "/sys/kernel/dmabuf/buffers": "sysfs (CONFIG_DMABUF_SYSFS_STATS, until 6.19)",
    _ITERATOR: "BPF iterator, as Android pins it",
    "/sys/fs/bpf/dmabufs": "BPF iterator",
}
_BUFINFO = "/sys/kernel/debug/dma_buf/bufinfo"


@check(
    "dmabuf.statistics",
    "The kernel lists its buffers",
    asks="Whether /sys/kernel/dmabuf/buffers, an iterator of BPF (Android pins it at "
    "/sys/fs/bpf/dmabuf/prog_dmabufIter_iter_dmabuf) or debugfs dma_buf/bufinfo is there.",
    why="Without such a list a leak of buffers cannot be found; dmabuf_dump and dumpsys read it.",
    source="AOSP system/memory/libmeminfo; commit ab4c3dcf9a71 removed the sysfs directory (6.19 has it, 7.0 does not)",
    since="any; sysfs 5.15 to 6.19, the BPF iterator from 6.16 on, debugfs always",
)
def statistics(question: Question, facts: Facts) -> Iterator[Verdict]:
    sources = [f"{path}: {what}" for path, what in _PLACES.items() if _is_there(facts, path)]
    bufinfo = facts.record.file(_BUFINFO)
    if bufinfo is not None and bufinfo.state is State.OK:
        sources.append(f"{_BUFINFO}: debugfs, not on user builds")
    if sources:
        yield question.passed(*sources)
    elif bufinfo is None:
        yield question.unknown(facts.why_unknown(_BUFINFO))
    elif facts.is_android and _ITERATOR not in facts.record.globs:
        yield question.unknown(f"this record is older than the question for {_ITERATOR}")
    elif not facts.as_root:
        yield question.skipped("only root can see them, and the test allocator did not run as root")
    else:
        yield question.warned(
            *(f"{path} is not there" for path in (*_PLACES, _BUFINFO)),
            cause=DMABUF_NO_STATISTICS.here(),
            remedy=[
                "until 6.19: CONFIG_DMABUF_SYSFS_STATS=y",
                "later: the BPF dmabuf iterator (CONFIG_BPF_SYSCALL=y, CONFIG_DEBUG_INFO_BTF=y)",
            ],
        )


def _is_there(facts: Facts, path: str) -> bool:
    node = facts.record.node(path)
    return node is not None and node.state is State.OK

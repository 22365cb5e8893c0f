"""The notes on one heap test: what the test allocator's own table does not say."""

from __future__ import annotations

from dataclasses import dataclass

from bringup.allocator.manifest import HeapTest, Source, heap_tests
from bringup.config.units import show_size
from bringup.kernel.history.defects import defect_shown_by

__all__ = ["BUFFER", "CMA_HEAP", "HEAP", "HEAP_UAPI", "INTERFACE_NOTES", "ION", "SYSTEM_HEAP", "HeapTestNotes"]

# The files that define most of what is tested, and the releases in which they were read.
HEAP = "drivers/dma-buf/dma-heap.c of Linux 5.10, 6.12 and 7.3"
HEAP_UAPI = "include/uapi/linux/dma-heap.h"
BUFFER = "drivers/dma-buf/dma-buf.c of Linux 5.10, 6.12 and 7.3"
SYSTEM_HEAP = "drivers/dma-buf/heaps/system_heap.c of Linux 5.10, 6.12 and 7.3"
CMA_HEAP = "drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3"
ION = "drivers/staging/android/ion/ion.c of Linux 5.10"
INTERFACE_NOTES = "https://docs.kernel.org/driver-api/dma-buf.html, “Userspace Interface Notes”"

_BUFFERS_OF = {
    (): "heaps in /dev/dma_heap, and heaps of ION where the kernel has it",
    (Source.NODE,): "heaps in /dev/dma_heap",
    (Source.ION,): "heaps of ION from 4.12 on",
    (Source.LEGACY_ION,): "heaps of ION before 4.12",
    (Source.ION, Source.LEGACY_ION): "heaps of ION",
}


@dataclass(frozen=True, slots=True)
class HeapTestNotes:
    """One heap test, as ``bringup explain`` shows it. What it asserts and needs is in the test allocator's table.

    :param id: as in that table, ``zero.reuse``; its verdicts have the id ``allocator.zero.reuse``.
    :param does: what it does on the heap.
    :param why: what breaks, and for whom, where it fails.
    :param source: the file or document that defines what is tested.
    :param since: the kernel releases and options that have the tested feature.
    :param skips: reasons to skip it, beyond those that the table implies.
    :param notes: what some kernels do that the test lets pass.
    :param look: where to look first when it fails.
    """

    id: str
    does: str
    why: str
    source: str
    since: str = "5.6"
    skips: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    look: str = ""

    @property
    def entry(self) -> HeapTest:
        """The test in the test allocator's table."""
        return heap_tests()[self.id]

    @property
    def tested_buffers(self) -> str:
        """The buffers that are tested."""
        return _BUFFERS_OF[self.entry.only]

    @property
    def defects(self) -> tuple[str, ...]:
        """Known kernel defects that this test shows, then the notes on kernels."""
        defect = defect_shown_by(self.id)
        known = () if defect is None else (f"{defect.title}, since {defect.since}: {defect.where_fixed}",)
        return (*known, *self.notes)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Every reason to skip the test; those in ``skips`` come last."""
        entry, general = self.entry, []
        if not entry.opens:
            general.append("the heap does not open: allocator.open shows why")
        if entry.since:
            general.append(f"ION on a kernel before {'.'.join(map(str, entry.since))}")
        if entry.maps:
            general.append(
                "a heap without CPU mappings: its name begins with “protected,” or “restricted,”, or mmap gives EINVAL "
                "and its name is not one that every CPU may map (system, system-uncached, CMA)"
            )
        if memory := _memory(entry):
            general.append(
                f"less than {memory} may be held: half of what is free for the heap and the board can spare, or the "
                "plan's memory limit"
            )
        return (*general, *self.skips)


def _memory(entry: HeapTest) -> str:
    if entry.bytes:
        return show_size(entry.bytes)
    return "" if not entry.pages else "a page" if entry.pages == 1 else f"{entry.pages} pages"

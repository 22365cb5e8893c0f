"""What is known of one test of the test allocator."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bringup.kernel.history.defects import defect_shown_by

__all__ = ["BUFFER", "CMA_HEAP", "HEAP", "HEAP_UAPI", "INTERFACE_NOTES", "ION", "SYSTEM_HEAP", "Asked", "KnownTest"]

# The files that most promises come from, and the releases of them that were read.
HEAP = "drivers/dma-buf/dma-heap.c of Linux 5.10, 6.12 and 7.3"
HEAP_UAPI = "include/uapi/linux/dma-heap.h"
BUFFER = "drivers/dma-buf/dma-buf.c of Linux 5.10, 6.12 and 7.3"
SYSTEM_HEAP = "drivers/dma-buf/heaps/system_heap.c of Linux 5.10, 6.12 and 7.3"
CMA_HEAP = "drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3"
ION = "drivers/staging/android/ion/ion.c of Linux 5.10"
INTERFACE_NOTES = "https://docs.kernel.org/driver-api/dma-buf.html, “Userspace Interface Notes”"


class Asked(enum.StrEnum):
    """Of which buffers a test is asked."""

    EVERYWHERE = "heaps in /dev/dma_heap, and heaps of ION where it still is"
    HEAPS = "heaps in /dev/dma_heap"
    ION = "heaps of ION from 4.12 on"
    LEGACY_ION = "heaps of ION before 4.12"
    ANY_ION = "heaps of ION"


@dataclass(frozen=True, slots=True)
class KnownTest:
    """One test, as ``bringup explain`` tells it.

    :param id: as the test allocator lists it: ``zero.reuse``; its verdicts are ``allocator.zero.reuse``.
    :param asserts: as the test allocator lists it.
    :param does: what it does on the heap.
    :param why: what breaks, and for whom, where the promise is broken.
    :param source: the file or document that makes the promise.
    :param since: kernel releases, and options, that have what it asks for.
    :param asked: of which buffers it is asked.
    :param holds: memory without which it is skipped; empty: it holds none.
    :param maps: whether it needs a CPU mapping.
    :param ion_since: kernels before this one lack what is asked for; heaps came later, so that is told of ION alone.
    :param skips: reasons of its own for not being asked.
    :param notes: what some kernels do that the test lets pass.
    :param look: where to look first when it fails.
    """

    id: str
    asserts: str
    does: str
    why: str
    source: str
    since: str = "5.6"
    asked: Asked = Asked.EVERYWHERE
    holds: str = ""
    maps: bool = False
    ion_since: str = ""
    skips: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    look: str = ""

    @property
    def defects(self) -> tuple[str, ...]:
        """Known defects of kernels that this test shows, then what else is known of kernels."""
        defect = defect_shown_by(self.id)
        known = () if defect is None else (f"{defect.title}, since {defect.since}: {defect.where_fixed}",)
        return (*known, *self.notes)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Every reason for which it is skipped, its own ones last."""
        general = []
        if self.id != "open":
            general.append("the heap does not open: allocator.open tells why")
        if self.ion_since:
            general.append(f"ION on a kernel before {self.ion_since}")
        if self.maps:
            general.append(
                "a heap without CPU mappings: its name begins with “protected,”, or mmap gives EINVAL and its "
                "name is none that every CPU may map (system, system-uncached, CMA)"
            )
        if self.holds:
            general.append(
                f"less than {self.holds} may be held: half of what is free for the heap, or the plan's budget"
            )
        return (*general, *self.skips)

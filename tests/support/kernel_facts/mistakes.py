"""Facts that are made wrong on purpose, one at a time: a checker that misses one proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from msgspec.structs import replace as changed

from bringup.kernel.history.symbols import SymbolType
from bringup.kernel.history.version import KernelVersion, VersionRange
from tests.support.kernel_facts.checking import Data

__all__ = ["MISTAKES", "Mistake"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong fact. :param fact: what the checker has to name. :param series: the first kernel whose tree shows it."""

    id: str
    fact: str
    series: tuple[int, int]
    make: Callable[[Data], Data]


def _era(symbol: str, series: tuple[int, int], **values: Any) -> Callable[[Data], Data]:
    """The era of an option in that series has other values."""

    def make(data: Data) -> Data:
        history = data.symbols[symbol]
        wrong = history.era(KernelVersion(*series))
        eras = tuple(changed(era, **values) if era is wrong else era for era in history.eras)
        return replace(data, symbols={**data.symbols, symbol: changed(history, eras=eras)})

    return make


def _option(symbol: str, **values: Any) -> Callable[[Data], Data]:
    def make(data: Data) -> Data:
        return replace(data, symbols={**data.symbols, symbol: changed(data.symbols[symbol], **values)})

    return make


def _row(id: str, number: int = 0, **values: Any) -> Callable[[Data], Data]:  # noqa: A002 - its name everywhere
    """One of a row's texts has other values."""

    def make(data: Data) -> Data:
        (row,) = (row for row in data.rows if row.id == id)
        seen = tuple(changed(one, **values) if index == number else one for index, one in enumerate(row.seen))
        rows = tuple(changed(row, seen=seen) if other is row else other for other in data.rows)
        return replace(data, rows=rows)

    return make


def _heap(name: str, kernel: str) -> Callable[[Data], Data]:
    def make(data: Data) -> Data:
        span = VersionRange.parse(kernel)
        heaps = tuple(changed(heap, kernel=span) if name in heap.names else heap for heap in data.heaps)
        return replace(data, heaps=heaps)

    return make


def _unfixed(id: str, release: str) -> Callable[[Data], Data]:  # noqa: A002
    def make(data: Data) -> Data:
        def without(defect: Any) -> Any:
            fixed = tuple(sighting for sighting in defect.fixed if str(sighting.version) != release)
            return replace(defect, fixed=fixed)

        return replace(data, defects=tuple(without(one) if one.id == id else one for one in data.defects))

    return make


MISTAKES = (
    Mistake(
        "type", "CONFIG_DMABUF_HEAPS_SYSTEM", (6, 12), _era("DMABUF_HEAPS_SYSTEM", (6, 12), type=SymbolType.TRISTATE)
    ),
    Mistake(
        "depends on", "CONFIG_DMABUF_HEAPS_CMA", (7, 2), _era("DMABUF_HEAPS_CMA", (7, 2), depends="DMABUF_HEAPS && CMA")
    ),
    Mistake("default", "CONFIG_CMA_AREAS", (6, 1), _era("CMA_AREAS", (6, 1), defaults=(("7", ""),))),
    Mistake("prompt", "CONFIG_TEE_DMABUF_HEAPS", (7, 3), _era("TEE_DMABUF_HEAPS", (7, 3), prompt=True)),
    Mistake("selects", "CONFIG_CMA", (6, 12), _era("CMA", (6, 12), selects=("MIGRATION", "COMPACTION"))),
    Mistake("selected by", "CONFIG_SW_SYNC", (5, 10), _era("SW_SYNC", (5, 10), selected_by=())),
    Mistake(
        "selected by what does not",
        "CONFIG_SW_SYNC",
        (6, 1),
        _era("SW_SYNC", (6, 1), selected_by=(("DRM_I915_DEBUG", ""), ("DRM_XE", ""))),
    ),
    Mistake("first kernel", "CONFIG_CMA_SYSFS", (6, 1), _era("CMA_SYSFS", (6, 1), kernel=VersionRange.parse("6.6.."))),
    Mistake(
        "last kernel",
        "CONFIG_DMABUF_SYSFS_STATS",
        (7, 2),
        _era("DMABUF_SYSFS_STATS", (6, 12), kernel=VersionRange.parse("5.15..")),
    ),
    Mistake("module", "CONFIG_DMABUF_HEAPS_SYSTEM", (7, 3), _option("DMABUF_HEAPS_SYSTEM", module="system-heap")),
    Mistake(
        "wording", "log.region-misaligned", (7, 3), _row("log.region-misaligned", text="wrong alignment of CMA region")
    ),
    Mistake("wording's last kernel", "log.pool-dma", (7, 3), _row("log.pool-dma", 0, kernel="5.10..")),
    Mistake(
        "wording's first kernel", "log.region-alloc-ranges", (6, 1), _row("log.region-alloc-ranges", kernel="6.12")
    ),
    Mistake("wording's prefix", "log.area-plain", (6, 12), _row("log.area-plain", 1, prefix="CMA: ")),
    Mistake("path", "sys.cma-available", (6, 12), _row("sys.cma-available", 0, kernel="6.12..")),
    Mistake(
        "field of an event",
        "event.page-free",
        (6, 12),
        _row("event.page-free", text="TRACE_EVENT(mm_page_free, TP_PROTO(struct folio *folio)"),
    ),
    Mistake("name of a heap", "heap default_cma_region", (6, 12), _heap("default_cma_region", "6.12..")),
    Mistake("defect", "defect dma-heap.descriptor-leak", (6, 12), _unfixed("dma-heap.descriptor-leak", "6.12.112")),
)

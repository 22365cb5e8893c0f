"""Made-up facts of the made-up board: its memory, pages, speeds, ION and configuration."""

from __future__ import annotations

from msgspec.structs import replace

from bringup.kernel.history.gap import Dependency, UpstreamGap
from bringup.kernel.history.upstream import ArtifactKind, Origin
from bringup.results.holders import BufferSource, HeldShare, HoldersFacts, HoldingProcess, MemoryUse, UnheldBuffer
from bringup.results.ion import IonComparison, IonFacts, IonHeap, IonPoint, PointResult
from bringup.results.memory import MemoryFacts, MemoryRegion, RegionKind, Unplaced
from bringup.results.pages import ExhaustionFacts, PageFacts, RegionFacts
from bringup.results.requirements import RequirementFacts
from bringup.results.timing import TimingFacts, UntimedFacts
from bringup.results.verdict import Outcome

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SIZES = (4 * KIB, 64 * KIB, MIB, 4 * MIB, 16 * MIB)
_TREE = "/sys/firmware/devicetree/base/reserved-memory"

MEMORY = MemoryFacts(
    ram=((0x4000_0000, 0x1_0000_0000), (0x8_8000_0000, 0x8_C000_0000)),
    regions=(
        MemoryRegion("kernel", RegionKind.KERNEL, 0x4020_0000, 0x4304_0000, "/proc/iomem"),
        MemoryRegion("reserved", RegionKind.BOOT, 0x4800_0000, 0x4980_0000, "/proc/iomem"),
        MemoryRegion("tz@54600000", RegionKind.NO_MAP, 0x5460_0000, 0x5860_0000, f"{_TREE}/tz@54600000/reg"),
        MemoryRegion(
            "video@70000000", RegionKind.CMA, 0x7000_0000, 0x7800_0000, f"{_TREE}/video@70000000/reg", 9 * MIB
        ),
        MemoryRegion("dsp@7a000000", RegionKind.POOL, 0x7A00_0000, 0x7A40_0000, f"{_TREE}/dsp@7a000000/reg"),
        MemoryRegion("reserved", RegionKind.CMA, 0xFF00_0000, 0x1_0000_0000, "dmesg", 128 * KIB),
    ),
    unplaced=(Unplaced("camera", 32 * MIB, f"{_TREE}/camera"),),
)

HOLDERS = HoldersFacts(
    buffers=21,
    bytes=180 * MIB,
    held=156 * MIB,
    unheld=(UnheldBuffer(91, 16 * MIB, "reserved", "venus", ("aa00000.video-codec",)), UnheldBuffer(92, 8 * MIB, "system")),
    processes=(
        HoldingProcess(
            812, 900, "camera-provider", 12, 120 * MIB, 96 * MIB, 64 * MIB,
            (HeldShare("system", "preview", 8, 96 * MIB, 72 * MIB, 64 * MIB), HeldShare("reserved", None, 4, 24 * MIB, 24 * MIB, 0)),
            1047, "/vendor/bin/hw/camera.provider", "u:r:hal_camera_default:s0", "vendor.camera-provider", None, 1,
            ("/vendor/lib64/libion.so",),
        ),
        HoldingProcess(
            1440, 2000, "surfaceflinger", 11, 84 * MIB, 60 * MIB, 0, (HeldShare("system", "preview", 11, 84 * MIB, 60 * MIB, 0),),
            1000, "/system/bin/surfaceflinger", None, "surfaceflinger",
        ),
    ),
    sources=(BufferSource("/sys/kernel/debug/dma_buf/bufinfo", "ok", "nothing until it is read", 21, 180 * MIB, True),),
    memory=(MemoryUse("MemTotal", 4 * GIB, 2 * GIB, 180 * MIB), MemoryUse("reserved", 16 * MIB, 128 * KIB, 40 * MIB)),
    looked_at=214,
    milliseconds=38.2,
    notes=("2 processes ended while they were looked at; what they held then is shown",),
)  # fmt: skip

_AREA = RegionFacts("reserved", 0xFF00_0000, 0x1_0000_0000, "dmesg")
SYSTEM_PAGES = (
    PageFacts(MIB, 4096, ((16, 2), (224, 1)), ((0, 32), (4, 14)), 0x5A00_0000, 0x6210_0000, ((0x5A00_0000, 65536),)),
    PageFacts(
        16 * MIB,
        4096,
        ((1, 96), (16, 110), (64, 10), (256, 5)),
        ((0, 96), (4, 110), (8, 9)),
        0x4A00_0000,
        0x8_9000_0000,
        ((0x4A00_0000, 4 * MIB), (0x6000_0000, 4 * MIB), (0x8_8800_0000, 8 * MIB)),
    ),
)
CMA_PAGES = (PageFacts(4 * MIB, 4096, ((1024, 1),), (), 0xFF40_0000, 0xFF80_0000, ((0xFF40_0000, 4 * MIB),), _AREA),)
SYSTEM_EXHAUSTION = ExhaustionFacts(3 * GIB, GIB, GIB, "budget", 512 * MIB, 256 * MIB, 512 * MIB, 512 * MIB)
CMA_EXHAUSTION = ExhaustionFacts(16 * MIB - 128 * KIB, 16 * MIB, 14 * MIB, "ENOMEM", 8 * MIB, MIB, 7 * MIB, 8 * MIB)

# ns of a call and a byte; the limit that bounds it.
_OPS = {
    "alloc": (4_200.0, 0.21, "memfd"),
    "free": (1_600.0, 0.05, "close"),
    "fill": (120.0, 0.19, "fill"),
    "read": (110.0, 0.14, "read"),
    "copy": (150.0, 0.33, "copy"),
}
_FACTORS = {("heap", "system"): 1.0, ("heap", "reserved"): 1.9, ("ion", "ion_system_heap"): 1.35}


def timings() -> tuple[TimingFacts, ...]:
    """Every operation of two heaps, an ION heap and the limit, at five sizes."""
    out = []
    for op, (base, slope, limit) in _OPS.items():
        for size in SIZES:
            bound = (base + size * slope) * 0.8
            out.append(_timing("limit", "", limit if op in ("alloc", "free") else op, size, bound, None))
            for (source, name), factor in _FACTORS.items():
                slower = factor if op in ("alloc", "free") else 1 + (factor - 1) / 6
                out.append(_timing(source, name, op, size, (base + size * slope) * slower, (limit, bound)))
    return tuple(out)


def _timing(source: str, name: str, op: str, size: int, ns: float, limit: tuple[str, float] | None) -> TimingFacts:
    passes = tuple(ns * factor for factor in (0.97, 0.99, 1.0, 1.0, 1.02, 1.05))
    over_all = op in ("fill", "read", "copy")
    timing = TimingFacts(
        source, name, 1 if source == "ion" else 0, op, size, 1, 240, ns, ns * 1.3, ns * 1.8, ns * 4.0, passes,
        passes[0], passes[-1], 0.969, 12.0, size * 1000 / ns if over_all else None,
    )  # fmt: skip
    if limit is None:
        return timing
    ratio = ns / limit[1]
    return replace(
        timing, limit=limit[0], limit_p50=limit[1], ratio=ratio, ratio_low=ratio * 0.95, ratio_high=ratio * 1.06,
        ratios=tuple(median / limit[1] for median in passes),
    )  # fmt: skip


UNTIMED = (UntimedFacts("heap", "reserved", 0, 64 * MIB, 1, "64 MiB is more than half of what the heap has"),)

ION = IonFacts(
    "4.12",
    (IonHeap("ion_system_heap", "system", 0), IonHeap("reserved", "dma", 4)),
    (
        IonComparison(
            "system",
            "ion_system_heap",
            1,
            "ion/ion_system_heap/1",
            (
                IonPoint("size", PointResult.SAME, "4 KiB to 64 MiB", "4 KiB to 64 MiB", "every size that was tried"),
                IonPoint(
                    "zeroing", PointResult.SAME, "zero-filled", "zero-filled", "256 buffers read after dirty ones"
                ),
                IonPoint("cacheability", PointResult.SAME, "cached", "cached", "reads at 6.9 and 7.1 GB/s"),
                IonPoint("contiguity", PointResult.BETTER, "812 runs", "223 runs", "16 MiB, by the tracepoints"),
                IonPoint("alignment", PointResult.UNKNOWN, "", "4 KiB", "ION's buffers could not be traced"),
                IonPoint(
                    "latency", PointResult.BETTER, "304 µs for 1 MiB", "224 µs for 1 MiB", "the bands do not meet"
                ),
            ),
        ),
        IonComparison(
            "reserved",
            "reserved",
            0,
            "ion/reserved",
            (
                IonPoint("size", PointResult.WORSE, "up to 16 MiB", "up to 8 MiB", "largest single buffer"),
                IonPoint("contiguity", PointResult.SAME, "contiguous", "contiguous", "by the tracepoints"),
            ),
        ),
    ),
)

REQUIREMENTS = (
    RequirementFacts("dmabuf-heaps", "DMA-BUF heaps are built", "required", Outcome.PASS, "holds", "CONFIG_DMABUF_HEAPS=y", ("DMABUF_HEAPS",)),
    RequirementFacts("heap-cma", "The CMA heap is built in or a module", "required", Outcome.FAIL, "set wrong", "# CONFIG_DMABUF_HEAPS_CMA is not set", ("DMABUF_HEAPS_CMA",)),
    RequirementFacts("sysfs-stats", "Statistics of each buffer", "recommended", Outcome.SKIP, "does not exist in this kernel version", "gone since 7.2", ("DMABUF_SYSFS_STATS",)),
    RequirementFacts("ion", "No ION", "forbidden", Outcome.WARN, "set wrong", "CONFIG_ION=y", ("ION",)),
)  # fmt: skip

GAP = UpstreamGap(
    "6.12",
    (
        Dependency(ArtifactKind.OPTION, "CONFIG_ION", Origin.REMOVED, "mainline has it in 3.14..5.10", "kernel configuration", "DMABUF_HEAPS", ("https://git.kernel.org/torvalds/c/e722a295cf49",)),
        Dependency(ArtifactKind.HEAP, "system-uncached", Origin.ANDROID, "Android Common Kernels add it", "board config", None, ("drivers/dma-buf/heaps/system_heap.c of android14-6.1",)),
    ),
    ("modules: /proc/modules could not be read",),
)  # fmt: skip

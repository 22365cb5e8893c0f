"""Contiguous memory: why a CMA area is not there, and why an allocation from it fails."""

from __future__ import annotations

from bringup.causes.known.known_cause import Cost, KnownCause, link

_RESERVED = "drivers/of/of_reserved_mem.c, kernel/dma/contiguous.c, mm/cma.c of Linux 5.10, 6.12 and 7.3"
_ALIGNMENT = (
    "A fixed region has to begin and end on a multiple of CMA_MIN_ALIGNMENT_BYTES: one page block, 2 MiB or 4 MiB "
    "with 4 KiB pages, 32 MiB with 16 KiB pages, 512 MiB with 64 KiB pages. The kernel drops any other region and "
    "logs one line about it."
)
#: The kernel logs this when no kind of region matches a node. About a node that cma= replaces it is not a rejection.
NO_MATCH = "compatible matching fail"
_MOVE = ("move and enlarge the region to multiples of CMA's alignment; make sure that nothing else lies there",)
_NOT_TAKEN = link("ikwzm/udmabuf#60", "of_reserved_mem_device_init failed, return=-22")

CMA_REGION_MISALIGNED = KnownCause(
    id="cma.region-misaligned",
    text="A reserved-memory region does not begin and end on the alignment that CMA needs.",
    why=_ALIGNMENT,
    logged=("incorrect alignment of CMA region",),
    fix=_MOVE,
    since="any",
    source="kernel/dma/contiguous.c of Linux 5.10, 6.12 and 7.3: rmem_cma_setup",
    cost=Cost.NO_HEAP,
    seen_before=(
        link("ikwzm/udmabuf#126", "A region of 0x4c0000 bytes is not created"),
        link("ikwzm/udmabuf#29", "incorrect alignment of CMA region, on a Zynq MPSoC"),
        _NOT_TAKEN,
    ),
)
CMA_REGION_PAGE_SIZE = KnownCause(
    id="cma.region-page-size",
    text="The alignment of a reserved-memory region is too small for this kernel's page size.",
    why=f"{_ALIGNMENT} A region made for 4 KiB pages seldom fits a kernel with larger ones.",
    shows='kernel log: "incorrect alignment of CMA region", on a kernel with 16 KiB or 64 KiB pages',
    fix=_MOVE,
    since="any with CONFIG_ARM64_16K_PAGES or CONFIG_ARM64_64K_PAGES",
    source="kernel/dma/contiguous.c: rmem_cma_setup; include/linux/cma.h: CMA_MIN_ALIGNMENT_BYTES, of "
    "Linux 6.12 and 7.3",
    cost=Cost.NO_HEAP,
    seen_before=(link("raspberrypi/linux#6053", "64 KiB pages: the 64 MiB pool of the Raspberry Pi is rejected"),),
)
CMA_REGION_MAX_ORDER = KnownCause(
    id="cma.region-max-order",
    text="The kernel's largest page order makes CMA's alignment larger than the region allows.",
    why=(
        "Without huge pages a page block is as large as the largest order the page allocator knows; "
        "ARCH_FORCE_MAX_ORDER (FORCE_MAX_ZONEORDER in older kernels) raises both."
    ),
    shows="a rejected or failed CMA region, and ARCH_FORCE_MAX_ORDER or FORCE_MAX_ZONEORDER in the configuration",
    fix=("remove ARCH_FORCE_MAX_ORDER from the configuration: the default suits CMA",),
    since="any",
    source="include/linux/pageblock-flags.h, mm/cma.c of Linux 5.10, 6.12 and 7.3",
    cost=Cost.NO_HEAP,
    seen_before=(link("linux4sam/linux-at91#50", "FORCE_MAX_ZONEORDER=15: cma: Failed to reserve 64 MiB"),),
)
CMA_REGION_CELLS = KnownCause(
    id="cma.region-cells",
    text="A size or an alignment in a reserved-memory node has the wrong number of cells.",
    why="The kernel reads them with the root node's #address-cells and #size-cells, and rejects any other length.",
    logged=(
        "invalid size property in",
        "invalid alignment property in",
        "invalid alloc-ranges property in",
        "invalid reg property in",
    ),
    fix=("write sizes and alignments with as many cells as the root node's #*-cells say",),
    since="any",
    source="drivers/of/of_reserved_mem.c of Linux 5.10, 6.12 and 7.3",
    cost=Cost.NO_HEAP,
)
CMA_RESERVED_IGNORED = KnownCause(
    id="cma.reserved-ignored",
    text="The kernel ignores all of /reserved-memory: its cells are not the root's, or it has no ranges.",
    why=(
        "Addresses there are the root's, so #address-cells and #size-cells have to be those of the root, with an empty "
        "ranges. Otherwise the kernel reserves none of the nodes, and firmware's memory is not protected either."
    ),
    logged=("unsupported node format, ignoring",),
    fix=("give /reserved-memory the root's #address-cells and #size-cells and an empty ranges; rewrite its numbers",),
    since="any",
    source="drivers/of/fdt.c and of_reserved_mem.c of Linux 5.10, 6.12 and 7.3: __reserved_mem_check_root",
    cost=Cost.NO_HEAP,
    seen_before=(link("ikwzm/udmabuf#104", "#size-cells = <1> where the root has 2: unsupported node format"),),
)
CMA_REGION_DOES_NOT_FIT = KnownCause(
    id="cma.region-does-not-fit",
    text="There is no room for a reserved-memory region in the range where it may lie.",
    why="Firmware, another region or alloc-ranges leave no gap of that size below the limit.",
    logged=(
        "failed to allocate memory for node",
        "failed to reserve memory for node",
        "cma: Failed to reserve",
    ),
    fix=("make the region smaller, widen alloc-ranges, or give firmware less memory",),
    since="any",
    source=_RESERVED,
    cost=Cost.NO_HEAP,
    seen_before=(
        link("android-rpi/device_arpi_rpi4#82", "gpu_mem=512 leaves no room for linux,cma"),
        link("linux4sam/linux-at91#50", "cma: Failed to reserve 64 MiB"),
    ),
)
CMA_REGION_OVERLAP = KnownCause(
    id="cma.region-overlap",
    text="Two reserved-memory regions overlap.",
    why="The kernel hands out both, so two devices write to the same memory.",
    logged=("OVERLAP DETECTED!",),
    fix=("move one of the two regions that the kernel's line names",),
    since="any",
    source="drivers/of/of_reserved_mem.c of Linux 5.10, 6.12 and 7.3",
)
CMA_REGION_NO_MAP = KnownCause(
    id="cma.region-no-map",
    text="A shared-dma-pool node says no-map, or both no-map and reusable.",
    why=(
        "A CMA area is ordinary memory that the kernel lends out. So its node must say reusable and must not say "
        "no-map. From a node with no-map the kernel makes no CMA area and no heap."
    ),
    shows="the node's properties in /sys/firmware/devicetree",
    # 7.3 logs only this about a node that says both, and makes no area from it.
    logged=(") nomap reusable ",),
    fix=("remove no-map from the node: a CMA area is memory that the kernel lends out",),
    since="any",
    source="kernel/dma/contiguous.c of Linux 5.10, 6.12 and 7.3: rmem_cma_setup; dt-schema "
    "reserved-memory/shared-dma-pool.yaml",
    cost=Cost.NO_HEAP,
    seen_before=(link("ikwzm/udmabuf#47", "no-map makes sync crash, reusable gives init -22"), _NOT_TAKEN),
)
CMA_REGION_NOT_REUSABLE = KnownCause(
    id="cma.region-not-reusable",
    text="A shared-dma-pool node lacks reusable: it is a coherent pool for its devices, not a heap.",
    why="The kernel makes a CMA area only from a node with reusable, and only CMA areas have heaps.",
    shows='the node\'s properties in /sys/firmware/devicetree; kernel log: "created DMA memory pool at"',
    logged=("regions without no-map are not yet supported",),
    fix=("add reusable to the node",),
    since="any",
    source="kernel/dma/coherent.c of Linux 5.10, 6.12 and 7.3: rmem_dma_setup",
    cost=Cost.NO_HEAP,
    seen_before=(link("ikwzm/udmabuf#47", "no-map makes sync crash, reusable gives init -22"),),
)
CMA_REGION_COUNT = KnownCause(
    id="cma.region-count",
    text="There are more reserved-memory regions, or more CMA areas, than the kernel has room for.",
    why="At boot the kernel has room for a fixed number of regions (64 in 5.10 and 6.12) and for CMA_AREAS areas.",
    logged=(
        "not enough space for all defined regions",
        "not enough space all defined regions",  # before 5.8
        "too many defined dynamic regions",
        "Not enough slots for CMA reserved regions",
    ),
    fix=("merge regions, or raise CONFIG_CMA_AREAS",),
    since="any",
    source="drivers/of/of_reserved_mem.c, mm/cma.c; mm/Kconfig: CMA_AREAS, of Linux 5.10, 6.12 and 7.3",
    cost=Cost.NO_HEAP,
)
CMA_NOT_ACTIVATED = KnownCause(
    id="cma.not-activated",
    text="The kernel did not activate a CMA area: its heap is there and has no memory.",
    why="All pages of an area have to lie in one zone of memory. The kernel gives up an area across the border of two "
    "(ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE), and makes its heap all the same. Linux 5.10 still counts it in CmaTotal.",
    logged=("cma: CMA area ",),
    fix=("move the region, or narrow its alloc-ranges, so that it lies on one side of the border",),
    since="any",
    source="mm/cma.c of Linux 5.10, 6.12 and 7.3: cma_activate_area",
)
CMA_REGION_REJECTED = KnownCause(
    id="cma.region-rejected",
    text="The kernel rejected a reserved-memory region.",
    why="A region that is rejected at boot leaves one line in the log and no other sign.",
    logged=("unable to setup CMA region", NO_MATCH),
    fix=("correct the reserved-memory node that the kernel's line names",),
    since="any",
    source=_RESERVED,
    cost=Cost.NO_HEAP,
    seen_before=(_NOT_TAKEN,),
)
CMA_NO_REGION = KnownCause(
    id="cma.no-region",
    text="The device tree that the board booted with has no node for the region.",
    why="The boot loader passed another device tree, or the overlay with the node was not applied.",
    shows="/sys/firmware/devicetree/base/reserved-memory has no such node; the board config expects one",
    since="any",
    source="dt-schema reserved-memory/reserved-memory.yaml; drivers/of/of_reserved_mem.c of Linux 5.10, 6.12 and 7.3",
    cost=Cost.NO_HEAP,
)
CMA_DEFAULT_ONLY = KnownCause(
    id="cma.default-only",
    text="The heap's CMA area is there, and this kernel makes a heap from the default area only.",
    why="Up to 6.18 the CMA heap driver registers one heap; in 7.2 it registers one per area.",
    shows="the board config expects a heap on an area that is not the default, on a kernel up to 6.18",
    since="5.6..6.18",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 6.12 and 7.2",
    cost=Cost.NO_HEAP,
)
CMA_HEAP_NOT_ADDED = KnownCause(
    id="cma.heap-not-added",
    text="The kernel has the heap's CMA area, and made no heap of it.",
    why=(
        "From 6.19 on the driver makes a heap of each area. It goes on without one that it cannot add: another heap "
        "has that name already, or there was no memory. A backport may make a heap of some areas only."
    ),
    shows="the area is in /sys/kernel/mm/cma or debugfs, its heap is not in /dev/dma_heap; kernel log: "
    '"Failed to add CMA heap", "Already registered heap named"',
    fix=("look in dmesg for lines of cma_heap and dma_heap; in a vendor's tree, for the call that registers the area",),
    since="6.19 and later, or a backport",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 7.2 and 7.3: add_cma_heaps; dma-heap.c: dma_heap_add",
    cost=Cost.NO_HEAP,
    seen_before=(link("qualcomm-linux/kernel#839", "One heap per area, as a backport to 6.12"),),
)
CMA_SIZE_ZERO = KnownCause(
    id="cma.size-zero",
    text="There is no CMA area, so there is no CMA heap.",
    why="The size is 0 in the configuration or on the command line, and no device tree node makes an area.",
    shows="CmaTotal: 0 kB in /proc/meminfo; cma=0; CONFIG_CMA_SIZE_MBYTES=0",
    since="any",
    source="kernel/dma/Kconfig of Linux 5.10, 6.12 and 7.3: CMA_SIZE_MBYTES; "
    "Documentation/admin-guide/kernel-parameters.txt: cma=",
    cost=Cost.NO_HEAP,
    seen_before=(link("NVIDIA/NV-Kernels#403", "CONFIG_CMA_SIZE_MBYTES=0 on purpose: no default area any more"),),
)
CMA_TOO_SMALL = KnownCause(
    id="cma.too-small",
    text="There is less CMA than the board config expects.",
    why="A pool that is too small fails under load only: a black preview or a stuttering codec.",
    shows="CmaTotal in /proc/meminfo against the regions of the board config",
    since="any",
    source="kernel/dma/contiguous.c of Linux 5.10, 6.12 and 7.3: dma_contiguous_reserve",
)
CMA_LOW_MEMORY = KnownCause(
    id="cma.low-memory",
    text="CMA takes most of the low memory of a 32-bit kernel.",
    why=(
        "A 32-bit kernel keeps its own data in low memory, often 768 MiB at most, and never in CMA. With a few "
        "MiB more of CMA, or with more RAM to keep account of, it panics at boot."
    ),
    shows="the areas that lie in low memory against LowTotal in /proc/meminfo, on a kernel with HighTotal",
    fix=("make the area smaller (cma=, the node's size, the overlay's cma-…), or use a 64-bit kernel",),
    since="any, 32-bit with CONFIG_HIGHMEM",
    source="fs/proc/meminfo.c and mm/page_alloc.c of Linux 5.10, 6.12 and 7.3: only movable pages come from CMA",
    cost=Cost.LATER,
    seen_before=(
        link("raspberrypi/linux#5297", "Raspberry Pi 4, 32-bit, 8 GiB: cma-448 boots, cma-512 panics"),
        link("dev-0x7C6/meta-retro#13", "Raspberry Pi: 512 MiB of CMA crash at boot"),
    ),
)
CMA_EXHAUSTED = KnownCause(
    id="cma.exhausted",
    text="CMA is used up.",
    why="There are fewer free pages than were asked for.",
    shows='kernel log: "cma_alloc: … alloc failed, … ret: -12"; ENOMEM from a CMA heap; CmaFree',
    fix=("enlarge the pool, or give the heavy user (camera, display) a region of its own",),
    since="any",
    source="mm/cma.c of Linux 5.10, 6.12 and 7.3: cma_alloc",
    seen_before=(
        link("raspberrypi/linux#4600", "cma_alloc: alloc failed, req-size: 19200 pages, ret: -12"),
        link("raspberrypi/rpicam-apps#912", "Camera: dmaHeap allocation failure after some captures"),
        link("home-assistant/operating-system#3214", "an NVMe drive's host memory buffer takes CMA at boot"),
    ),
)
CMA_FRAGMENTED = KnownCause(
    id="cma.fragmented",
    text="CMA is fragmented: enough pages are free, but no gap is large enough.",
    why="A CMA buffer is one run of pages. Long-lived small buffers in the middle of the pool split the free space.",
    shows=(
        'kernel log: "number of available pages:" with no run as long as req-size (5.10 and 6.1: with '
        "CONFIG_CMA_DEBUG only); CmaFree above the request"
    ),
    fix=(
        "enlarge the pool, or give the heavy user (camera, display) a region of its own",
        "give long-lived small buffers another heap; allocate large ones early",
    ),
    since="any",
    source="mm/cma.c of Linux 5.10, 6.1, 6.12 and 7.3: cma_alloc, cma_debug_show_areas",
    seen_before=(
        link("raspberrypi/rpicam-apps#912", "Camera: dmaHeap allocation failure after some captures"),
        link("raspberrypi/linux#4600", "cma_alloc: alloc failed, req-size: 19200 pages, ret: -12"),
    ),
)
CMA_BUSY = KnownCause(
    id="cma.busy",
    text="CMA cannot move pages that lie in the pool.",
    why=(
        "The kernel lends a pool's pages to others and moves them when the pool is needed; a pinned page "
        "cannot be moved. The larger the part of a pool that a buffer needs, the likelier a pinned page lies in it."
    ),
    shows='kernel log: "cma_alloc: … alloc failed, … ret: -16"',
    fix=(
        "ask for smaller buffers, or place the region where nothing is pinned (no movable users at boot)",
        "the trace event cma:cma_alloc_busy_retry names the pages in the way, page_owner shows who allocated them",
    ),
    since="any",
    source="mm/page_alloc.c: alloc_contig_range, mm/cma.c: cma_alloc, of Linux 5.10, 6.12 and 7.3",
    seen_before=(
        link("ikwzm/udmabuf#98", "2 GiB of a 2 GiB pool above 32 GiB: alloc failed, ret: -16, all pages free"),
        link("ikwzm/udmabuf#96", "A 2 GiB default pool above 32 GiB, and allocations fail"),
    ),
)
HEAP_NO_MEMORY = KnownCause(
    id="heap.no-memory",
    text="A heap without CMA had no memory left.",
    why="The system heap takes pages from the whole of memory; it fails when that is used up.",
    shows="ENOMEM from the heap; MemAvailable",
    fix=("find out what holds it: dmabuf_dump, or /sys/kernel/debug/dma_buf/bufinfo",),
    since="5.6",
    source="drivers/dma-buf/heaps/system_heap.c of Linux 5.10, 6.12 and 7.3",
)
HEAP_ABOVE_LIMIT = KnownCause(
    id="heap.above-limit",
    text="A device got memory that it cannot address.",
    why="With a buffer above 4 GiB, a device with 32 address bits and no IOMMU fails or works on a copy.",
    shows=(
        'kernel log: "unsupported memory larger than 4G", "swiotlb buffer is full", "DMA addr … overflow (mask"; '
        "a buffer that was traced beyond memory.dma_limit of the board config"
    ),
    since="any",
    source="kernel/dma/direct.c, kernel/dma/swiotlb.c of Linux 5.10, 6.12 and 7.3; vendors' drivers (seen before)",
    seen_before=(
        link("airockchip/librga#133", "RK3568 with 8 GiB: RGA_MMU unsupported memory larger than 4G!"),
        link("Joshua-Riek/ubuntu-rockchip#1133", "Orange Pi 5 Plus: RGA stops above 4 GiB"),
        link("radxa/kernel#588", "Radxa's kernel: RGA and memory above 4 GiB"),
    ),
)
HEAP_BEYOND_REACH = KnownCause(
    id="heap.beyond-reach",
    text="Buffers may lie where a device of this board cannot reach them.",
    why=(
        "The system heap takes pages of any zone. On a board's variant with less memory a device "
        "reaches all of them, so only the variant with more memory fails."
    ),
    shows="the end of System RAM in /proc/iomem against memory.dma_limit of the board config",
    since="5.6",
    source="drivers/dma-buf/heaps/system_heap.c of Linux 5.10, 6.12 and 7.3",
    cost=Cost.LATER,
    seen_before=(
        link("airockchip/librga#133", "RK3568 with 8 GiB: RGA_MMU unsupported memory larger than 4G!"),
        link("Joshua-Riek/ubuntu-rockchip#1133", "Orange Pi 5 Plus: RGA stops above 4 GiB"),
    ),
)
HEAP_SLOW = KnownCause(
    id="heap.slow",
    text="Allocating is much slower than clearing the same memory.",
    why="A heap clears each buffer, so it cannot beat memset. If it is much slower, something else costs time.",
    shows="the test allocator's latency samples",
    since="5.6",
    source="drivers/dma-buf/heaps/system_heap.c (__GFP_ZERO) and cma_heap.c (memset, clear_pages) of Linux "
    "6.12 and 7.3",
    cost=Cost.UNSEEN,
)
HEAP_OVER_BUDGET = KnownCause(
    id="heap.over-budget",
    text="A heap gives less memory than the streams of a board config need at the same time.",
    why=(
        "Cameras and codecs allocate when they start. What fits alone may not fit together, and of a CMA area pages "
        "that cannot be moved are lost. It fails in the scenario that nobody tried."
    ),
    shows="'bringup heap budget': what each scenario needs, beside what the heap gave when it was used up",
    fix=("give the heap's region the size that 'bringup heap budget' shows, or the streams fewer or smaller buffers",),
    since="any",
    source="drivers/dma-buf/heaps/cma_heap.c and mm/cma.c of Linux 5.10, 6.12 and 7.3",
    seen_before=(
        link("raspberrypi/rpicam-apps#912", "CMA is free, and no buffer of that size can be had"),
        link("raspberrypi/linux#6706", "CMA is too small for the camera's full resolution"),
    ),
)

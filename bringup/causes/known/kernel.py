"""What the kernel lacks: options, modules, drivers."""

from __future__ import annotations

from bringup.causes.known.known_cause import Cost, KnownCause, link
from bringup.outcome import Link

_ANDROID = Link(
    "https://source.android.com/docs/core/architecture/kernel/dma-buf-heaps",
    "Android: transition from ION to DMA-BUF heaps (GKI leaves the system heap to a vendor's module)",
)
_MPP_NODES = link("rockchip-linux/mpp#556", "mpp asserts: /dev/dma_heap/system-uncached is gone")

KERNEL_TOO_OLD = KnownCause(
    id="kernel.too-old",
    text="The kernel is older than DMA-BUF heaps.",
    why=(
        "The framework and /dev/dma_heap came with Linux 5.6. Older kernels have ION; some of Android's and vendors' "
        "kernels from 4.19 on have the framework as a backport."
    ),
    shows="uname -r, and neither /dev/dma_heap nor a line CONFIG_DMABUF_HEAPS in the configuration",
    fix=("move to 5.10 or newer; until then only ION can be used",),
    since="before 5.6, where it is not a backport",
    source="drivers/dma-buf/dma-heap.c, commit c02a81fba74f",
    cost=Cost.NO_HEAP,
)
KCONFIG_HEAPS_OFF = KnownCause(
    id="kconfig.heaps-off",
    text="DMABUF_HEAPS is off, so there is no /dev/dma_heap at all.",
    why="Every heap in /dev/dma_heap needs the framework that this option builds.",
    shows="/proc/config.gz: # CONFIG_DMABUF_HEAPS is not set, and no /dev/dma_heap",
    since="5.6",
    source="drivers/dma-buf/Kconfig of Linux 5.10 to 7.3",
    cost=Cost.NO_HEAP,
    seen_before=(link("raspberrypi/rpicam-apps#218", "Raspberry Pi camera: could not open any dmaHeap device"),),
)
KCONFIG_NOT_BUILT = KnownCause(
    id="kconfig.not-built",
    text="An option is on, and the kernel that runs does not have what it builds.",
    why=(
        "The configuration belongs to another kernel, or a patch of this kernel's tree takes the folder out of its "
        "Makefile: the option stays, and builds nothing."
    ),
    shows="CONFIG_DMABUF_HEAPS=y without /sys/class/dma_heap, or CONFIG_DMABUF_HEAPS_SYSTEM=y without the heap there",
    fix=(
        "compare the release of the configuration with that of the running kernel (uname -r)",
        "if it is the same: look whether drivers/dma-buf/Makefile of this tree still has the lines for heaps",
    ),
    since="5.6",
    source="drivers/dma-buf/dma-heap.c of Linux 5.10, 6.12 and 7.3: dma_heap_init; drivers/dma-buf/Makefile",
    cost=Cost.NO_HEAP,
    seen_before=(link("openwrt/openwrt#13887", "OpenWrt: the option is set, heaps/ is not built"),),
)
KCONFIG_SYSTEM_HEAP_OFF = KnownCause(
    id="kconfig.system-heap-off",
    text="DMABUF_HEAPS_SYSTEM is off, and nothing else provides /dev/dma_heap/system.",
    why="Android requires the heap system. Without it, libdmabufheap of Android 12 to 16 tries ION; later ones fail.",
    shows="/proc/config.gz: # CONFIG_DMABUF_HEAPS_SYSTEM is not set, and no such node",
    since="5.6",
    source="drivers/dma-buf/heaps/Kconfig of Linux 5.10 to 7.3; AOSP libdmabufheap: TestDmabufSystemHeapCompliance",
    cost=Cost.NO_HEAP,
    seen_before=(link("waydroid/waydroid#1813", "Waydroid: Codec2 cannot allocate without /dev/dma_heap/system"),),
)
KCONFIG_CMA_HEAP_OFF = KnownCause(
    id="kconfig.cma-heap-off",
    text="DMABUF_HEAPS_CMA is off, so no CMA area has a node.",
    why="Devices without an IOMMU need contiguous buffers, and this driver hands them out.",
    shows="/proc/config.gz: # CONFIG_DMABUF_HEAPS_CMA is not set, and no node of a CMA area",
    since="5.6",
    source="drivers/dma-buf/heaps/Kconfig of Linux 5.10 to 7.3",
    cost=Cost.NO_HEAP,
    seen_before=(link("raspberrypi/rpicam-apps#218", "Raspberry Pi camera: could not open any dmaHeap device"),),
)
KCONFIG_CMA_OFF = KnownCause(
    id="kconfig.cma-off",
    text="Without CMA and DMA_CMA there is no CMA heap, and large coherent buffers fail once memory is fragmented.",
    why=(
        "DMA_CMA makes CMA areas from the device tree's nodes and from cma=. Without it the kernel matches a reusable "
        "shared-dma-pool with nothing, logs one line, and the region stays ordinary memory."
    ),
    shows=(
        '/proc/config.gz; no CmaTotal in /proc/meminfo; kernel log: only "compatible matching fail" about a reusable '
        "node, without the line by which DMA_CMA says why it rejects one"
    ),
    since="any",
    source="kernel/dma/contiguous.c of Linux 5.10, 6.12 and 7.3: rmem_cma_setup; gki_defconfig sets both",
    cost=Cost.NO_HEAP,
)
KCONFIG_MODULE_NOT_LOADED = KnownCause(
    id="kconfig.module-not-loaded",
    text="An option is built as a module, and the module is not loaded.",
    why="Until the module is loaded, its node does not exist: a program that starts before that gets ENOENT.",
    shows="/proc/config.gz has =m, and neither /proc/modules nor /dev/dma_heap shows it",
    since="7.2 and later; earlier in Android's common kernel",
    source="drivers/dma-buf/heaps/Kconfig of Linux 7.2 and 7.3 (tristate)",
    cost=Cost.NO_HEAP,
    seen_before=(_ANDROID,),
)
KCONFIG_SET_WRONG = KnownCause(
    id="kconfig.set-wrong",
    text="An option is not set as a requirement asks.",
    why="The requirement says what the option is for. The verdict's id, kconfig.ID, names the requirement.",
    shows="the option in /proc/config.gz, which the verdict quotes, and the value that is expected",
    since="the requirement's own",
    source="the requirement's own, in bringup/kernel/data",
    cost=Cost.LATER,
)
MODULE_NOT_LOADED = KnownCause(
    id="module.not-loaded",
    text="A heap driver is a module and is not loaded.",
    why=(
        "From 7.2 on, and in Android's common kernel, heaps may be modules. Without a line in modules.load "
        "nothing loads them before the first allocator starts."
    ),
    shows=(
        "the option is m, or unset in a GKI kernel; the module is not in /proc/modules, its node is not there; the "
        "kernel's log may say why it did not load"
    ),
    since="7.2 and later; earlier in Android's common kernel",
    source=(
        "drivers/dma-buf/heaps/Kconfig of Linux 7.2 (tristate); "
        "https://source.android.com/docs/core/architecture/kernel/dma-buf-heaps"
    ),
    cost=Cost.NO_HEAP,
    seen_before=(_ANDROID,),
)
HEAP_VENDOR_DRIVER_MISSING = KnownCause(
    id="heap.vendor-driver-missing",
    text="A vendor's heap is not there: this kernel does not have the vendor's driver.",
    why="A new BSP kernel starts from a new mainline, and the heap drivers have to be ported again.",
    shows="the board config names a heap of kind vendor or carveout, and no option of a vendor's heap is on",
    fix=("port the driver to this kernel, or map its users to system or to a CMA heap",),
    since="5.6",
    source="drivers/dma-buf/heaps/Kconfig up to 7.3: system and CMA only",
    cost=Cost.NO_HEAP,
    seen_before=(
        _MPP_NODES,
        link("JeffyCN/mirrors#18", "Rockchip 6.1: rk_system_heap.c not ported, only system and cma are left"),
        link("Joshua-Riek/ubuntu-rockchip#759", "Orange Pi 5 Plus: system-dma32 gone with the 6.1 kernel"),
    ),
)
HEAP_NO_UNCACHED = KnownCause(
    id="heap.no-uncached",
    text="An uncached heap is expected, and mainline has none.",
    why=(
        "A program that expects uncached memory and gets the cached system heap sees stale cache lines, unless it "
        "calls DMA_BUF_IOCTL_SYNC before and after each CPU access."
    ),
    shows="the board config names a heap of kind system-uncached, or NAME-uncached beside a CMA heap NAME, and it is "
    "not there",
    fix=("use system and DMA_BUF_IOCTL_SYNC around CPU access, or port the uncached heap",),
    since="5.6 and later; only Android's and vendors' kernels had one",
    source="drivers/dma-buf/heaps up to 7.3",
    cost=Cost.NO_HEAP,
    seen_before=(
        link("rockchip-linux/mpp#943", "mpp: stripes in encoded video where only the cached heap exists"),
        link("Freescale/meta-freescale#898", "i.MX 8M Mini: the VPU wants linux,cma-uncached, there is linux,cma"),
        _MPP_NODES,
    ),
)
HEAP_NO_PROTECTED = KnownCause(
    id="heap.no-protected",
    text="A protected heap is not there: it needs a TEE with protected memory, or a vendor's driver.",
    why="From 6.18 on the TEE driver registers such heaps, if the TEE has the memory for it.",
    shows="the board config names a heap of kind protected, and there is no such node",
    fix=("look for the TEE driver in dmesg; without one, protected playback is not possible",),
    since="6.18 and later in mainline",
    source="drivers/tee/tee_heap.c, drivers/tee/optee of Linux 7.2",
    cost=Cost.NO_HEAP,
)
KERNEL_KNOWN_DEFECT = KnownCause(
    id="kernel.known-defect",
    text="This kernel has a known defect, or may have it.",
    why=(
        "A heap test shows it; programs seldom meet it. bringup explain "
        "allocator.fd.after_efault and, for ION, bringup explain allocator.ion.after_efault list the releases."
    ),
    shows="a heap test shows a defect that bringup/kernel/data/defects.yaml lists, and the kernel's release is not "
    "known to have the fix",
    since="depends on the defect",
    source="bringup/kernel/data/defects.yaml",
    cost=Cost.UNSEEN,
)
KERNEL_DEFECT_RETURNED = KnownCause(
    id="kernel.defect-returned",
    text="This kernel shows a defect although its release has the fix.",
    why="The release has the fix, so a vendor's change undid it, or the release number is wrong.",
    shows="a heap test shows a defect that bringup/kernel/data/defects.yaml lists, and the fix was seen in this "
    "release or an earlier one of its stable line",
    since="depends on the defect",
    source="bringup/kernel/data/defects.yaml",
    cost=Cost.FAILS,
)

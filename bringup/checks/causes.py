"""Why a heap is not there: the chain walked down to its first broken link, with the evidence of each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bringup.checks.facts import Facts
from bringup.config.schema import Heap, HeapKind
from bringup.kernel.config import KernelConfig
from bringup.kernel.version import Flavour
from bringup.outcome import Cause, Outcome

__all__ = ["CMA_NAMES", "HEAP_DRIVERS", "Diagnosis", "HeapDriver", "cma_rejections", "why_absent"]

#: Names under which mainline has exposed the default CMA area: ``reserved`` (size by Kconfig or cma=), the device
#: tree node's name, and ``default_cma_region`` from 6.17 on (drivers/dma-buf/heaps/cma_heap.c of 6.12 and 7.2).
CMA_NAMES = ("reserved", "linux,cma", "default-pool", "default_cma_region")

_NO_MATCH = "compatible matching fail"
#: … and when a node gives way to cma= (6.1 to 6.12; 7.2).
_REPLACED = ("using cmdline CMA params instead", 'in favor for "cma=" kernel param')
#: What the kernel prints when it does not take a region (of_reserved_mem.c, contiguous.c, cma.c of 5.10 to 7.3).
_REJECTIONS = (
    "incorrect alignment of CMA region",
    ") nomap reusable ",  # all that 7.3 says of a region that is both, and then makes no pool of
    "invalid size property in",
    "invalid alignment property in",
    "failed to allocate memory for node",
    _NO_MATCH,
    "OVERLAP DETECTED!",
    ") overlaps with ",  # the line after it, with the names
    "cma: Failed to reserve",
    "not enough space for all defined regions",
    "unable to reserve memory",
)


@dataclass(frozen=True, slots=True)
class HeapDriver:
    """A heap driver: the symbol that builds it, the requirement on that, and its name where it is a module."""

    symbol: str
    requirement: str
    module: str
    kinds: tuple[HeapKind, ...]


HEAP_DRIVERS = (
    HeapDriver("DMABUF_HEAPS_SYSTEM", "heaps.system", "system_heap", (HeapKind.SYSTEM,)),
    HeapDriver("DMABUF_HEAPS_CMA", "heaps.cma", "cma_heap", (HeapKind.CMA,)),
)


_MAINLINE_SYMBOLS = ("DMABUF_HEAPS", "DMABUF_HEAPS_SYSTEM", "DMABUF_HEAPS_CMA", "DMABUF_HEAPS_CMA_LEGACY")

_VENDOR = (
    "{name} comes from a vendor's driver, which this kernel does not have",
    ("port the driver to this kernel, or map its users to system or to a CMA heap",),
)
#: What no mainline kernel up to 7.3 provides (drivers/dma-buf/heaps/Kconfig), and what to do without.
_OUT_OF_TREE: dict[HeapKind, tuple[str, tuple[str, ...]]] = {
    HeapKind.SYSTEM_UNCACHED: (
        "{name} is in no mainline kernel: only Android's and vendors' kernels had an uncached system heap",
        ("use system and DMA_BUF_IOCTL_SYNC around CPU access, or port the uncached heap",),
    ),
    HeapKind.VENDOR: _VENDOR,
    HeapKind.CARVEOUT: _VENDOR,
    HeapKind.PROTECTED: (
        "{name} needs a TEE with protected memory (mainline from 6.18: CONFIG_TEE_DMABUF_HEAPS) or a vendor's driver",
        ("see dmesg for the TEE driver; without one, protected playback cannot be had",),
    ),
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The first broken link: its evidence, the cause, and the lines that mend it."""

    cause: Cause
    evidence: tuple[str, ...] = ()
    remedy: tuple[str, ...] = ()


def why_absent(facts: Facts, kind: HeapKind, heap: Heap | None = None) -> Diagnosis | None:
    """Why there is no node for a heap of this kind; ``None`` where nothing observed tells.

    :param heap: what the board config says of it.
    """
    links: list[Callable[[], Diagnosis | None]] = [
        lambda: _too_old(facts),
        lambda: _framework_unset(facts, kind),
        lambda: _driver_unset(facts, kind),
    ]
    if kind is HeapKind.CMA:
        links += [lambda: _renamed(facts, heap), lambda: _rejected(facts), lambda: _no_cma(facts)]
    links.append(lambda: _not_in_mainline(facts, kind, heap))
    for link in links:
        found = link()
        if found is not None:
            return found
    return None


def _not_in_mainline(facts: Facts, kind: HeapKind, heap: Heap | None) -> Diagnosis | None:
    """The heap's driver is in no mainline kernel: a new BSP kernel that left it behind looks like this."""
    known = _OUT_OF_TREE.get(kind)
    config = facts.kernel_config
    if known is None or heap is None or config is None:
        return None
    text, remedy = known
    symbols = [name for name in config if name.startswith("DMABUF_HEAPS") or "_HEAP" in name]
    vendor = [config.line(name) for name in symbols if name not in _MAINLINE_SYMBOLS and config.enabled(name)]
    evidence = vendor or ["no option of a vendor's heap driver is on"]
    return Diagnosis(Cause("heap.driver-not-in-kernel", text.format(name=heap.name)), tuple(evidence), remedy)


def cma_rejections(facts: Facts) -> list[str]:
    """Lines of the kernel's log that say a reserved region was not taken.

    A node that cma= on the command line replaces is passed over on purpose; the kernel then says that it matched
    nothing, and that is no rejection (kernel/dma/contiguous.c: rmem_cma_setup).
    """
    lines = facts.dmesg or ()
    replaced = any(words in line for line in lines for words in _REPLACED)
    return [
        line for line in lines if any(words in line for words in _REJECTIONS) and not (replaced and _NO_MATCH in line)
    ]


def _too_old(facts: Facts) -> Diagnosis | None:
    if facts.version is None or (facts.version.major, facts.version.minor) >= (5, 6):
        return None
    cause = Cause("kernel.too-old", "this kernel is older than DMA-BUF heaps (5.6)")
    return Diagnosis(cause, (facts.version.release,), ("move to 5.10 or newer",))


def _framework_unset(facts: Facts, kind: HeapKind) -> Diagnosis | None:
    found = _unset(facts, "heaps.framework")
    if found is None:
        return None
    # The driver is needed as well, and is to be had only once the framework is on.
    also = [_unset(facts, driver.requirement) for driver in HEAP_DRIVERS if kind in driver.kinds]
    lines = [line for driver in also if driver is not None for line in driver.remedy]
    return Diagnosis(found.cause, found.evidence, (*found.remedy, *lines))


def _unset(facts: Facts, requirement: str) -> Diagnosis | None:
    """What the kernel's configuration lacks, in the words of the requirement that it does not meet."""
    answer = facts.kconfig.get(requirement)
    if facts.kernel_config is None or answer is None or answer.cause is None:
        return None
    if answer.outcome not in (Outcome.FAIL, Outcome.WARN):
        return None
    lines = tuple(facts.kernel_config.line(symbol) for symbol in answer.symbols)
    return Diagnosis(answer.cause, lines, answer.remedy)


def _driver_unset(facts: Facts, kind: HeapKind) -> Diagnosis | None:
    config = facts.kernel_config
    driver = next((one for one in HEAP_DRIVERS if kind in one.kinds), None)
    if config is None or driver is None:
        return None
    value = config.get(driver.symbol)
    if value == "y":
        return None
    if value == "m" or config.flavour is Flavour.GKI:
        return _not_loaded(facts, config, driver)
    return _unset(facts, driver.requirement)


def _not_loaded(facts: Facts, config: KernelConfig, driver: HeapDriver) -> Diagnosis | None:
    if facts.modules is None or driver.module in facts.modules:
        return None
    cause = Cause("module.not-loaded", f"the heap driver {driver.module} is a module and is not loaded")
    named = facts.modules_load is not None and driver.module in facts.modules_load
    remedy = (
        f"modules.load names {driver.module} already: look in dmesg for why it did not load"
        if named
        else f"add {driver.module}.ko to modules.load of vendor_boot or vendor_dlkm"
    )
    return Diagnosis(cause, (config.line(driver.symbol), f"{driver.module} is not in /proc/modules"), (remedy,))


def _renamed(facts: Facts, heap: Heap | None) -> Diagnosis | None:
    """The default CMA area is there under another of its names."""
    if heap is not None and heap.region is not None and not heap.region.default:
        return None
    there = [name for name in facts.heap_nodes or () if name in CMA_NAMES]
    if not there or heap is None:
        return None
    by_cmdline = [word for word in facts.cmdline or () if word.startswith("cma=")]
    why = f"{by_cmdline[0]} replaces the device tree's pool" if by_cmdline else "this kernel names it so"
    cause = Cause("heap.renamed", f"the default CMA heap is called {', '.join(there)} here: {why}")
    remedy = (
        [f"drop {by_cmdline[0]} from the kernel command line to get the device tree's pool and name back"]
        if by_cmdline
        else []
    )
    remedy.append(f"or name {there[0]} in the heap map and in ueventd.rc instead of {heap.name}")
    return Diagnosis(cause, tuple(f"/dev/dma_heap/{name} is there" for name in there), tuple(remedy))


def _rejected(facts: Facts) -> Diagnosis | None:
    lines = cma_rejections(facts)
    if not lines:
        return None
    cause = Cause("cma.region-rejected", "the kernel did not take a reserved-memory region")
    return Diagnosis(cause, tuple(lines[:8]), ("mend the reserved-memory node that the kernel's line names",))


def _no_cma(facts: Facts) -> Diagnosis | None:
    total = facts.meminfo.get("CmaTotal")
    if total is None or total > 0:
        return None
    evidence = ["CmaTotal: 0 kB"]
    by_cmdline = [word for word in facts.cmdline or () if word.startswith("cma=")]
    config = facts.kernel_config
    if by_cmdline:
        evidence.append(by_cmdline[0])
    elif config is not None and config.get("CMA_SIZE_MBYTES") is not None:
        evidence.append(config.line("CMA_SIZE_MBYTES"))
    cause = Cause("cma.size-zero", "there is no CMA area: a CMA heap has nothing to stand on")
    remedy = ("reserve one: a linux,cma-default node under /reserved-memory, cma=SIZE, or CONFIG_CMA_SIZE_MBYTES",)
    return Diagnosis(cause, tuple(evidence), remedy)

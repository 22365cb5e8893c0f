"""Why a heap is not there: the first broken link in a chain of needs, with the evidence of the links before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from bringup.allocator.answer import State
from bringup.causes import fix_lines
from bringup.causes.known.kernel import (
    HEAP_NO_PROTECTED,
    HEAP_NO_UNCACHED,
    HEAP_VENDOR_DRIVER_MISSING,
    KCONFIG_CMA_HEAP_OFF,
    KCONFIG_HEAPS_OFF,
    KCONFIG_SYSTEM_HEAP_OFF,
    KERNEL_TOO_OLD,
    MODULE_NOT_LOADED,
)
from bringup.causes.known.known_cause import KnownCause
from bringup.causes.known.memory import (
    CMA_DEFAULT_ONLY,
    CMA_NO_REGION,
    CMA_REGION_NO_MAP,
    CMA_REGION_NOT_REUSABLE,
    CMA_SIZE_ZERO,
)
from bringup.causes.known.nodes import HEAP_RENAMED
from bringup.causes.region_rejected import log_is_whole, region_rejected, rejections
from bringup.config.schema import DeclaredIn, Heap, HeapKind
from bringup.facts.board import Facts
from bringup.facts.memory.reserved_memory import reserved_nodes
from bringup.kernel.history.heap_names import default_cma_names
from bringup.kernel.history.version import Flavour
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.outcome import Outcome
from bringup.results.verdict import Alternative, Change, Diagnosis

__all__ = ["HEAP_DRIVERS", "HeapDriver", "module_not_loaded", "why_absent", "why_not_reserved"]

_CLASS = "/sys/class/dma_heap"
_DEFAULT = "linux,cma-default"
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HeapDriver:
    """A heap driver: the symbol that builds it, the requirement on that symbol, its name as a module.

    :param off: the cause if it is not built.
    """

    symbol: str
    requirement: str
    module: str
    off: KnownCause
    kinds: tuple[HeapKind, ...]


HEAP_DRIVERS = (
    HeapDriver("DMABUF_HEAPS_SYSTEM", "heaps.system", "system_heap", KCONFIG_SYSTEM_HEAP_OFF, (HeapKind.SYSTEM,)),
    HeapDriver("DMABUF_HEAPS_CMA", "heaps.cma", "cma_heap", KCONFIG_CMA_HEAP_OFF, (HeapKind.CMA,)),
)


_MAINLINE_SYMBOLS = ("DMABUF_HEAPS", "DMABUF_HEAPS_SYSTEM", "DMABUF_HEAPS_CMA", "DMABUF_HEAPS_CMA_LEGACY")

_FROM_A_VENDOR = "{name} comes from a vendor's driver, which this kernel does not have"
#: Heaps that no mainline kernel up to 7.3 provides (drivers/dma-buf/heaps/Kconfig): the cause, and its text.
_OUT_OF_TREE: dict[HeapKind, tuple[KnownCause, str]] = {
    HeapKind.SYSTEM_UNCACHED: (
        HEAP_NO_UNCACHED,
        "{name} is in no mainline kernel: only Android's and vendors' kernels had an uncached system heap",
    ),
    HeapKind.VENDOR: (HEAP_VENDOR_DRIVER_MISSING, _FROM_A_VENDOR),
    HeapKind.CARVEOUT: (HEAP_VENDOR_DRIVER_MISSING, _FROM_A_VENDOR),
    HeapKind.PROTECTED: (
        HEAP_NO_PROTECTED,
        "{name} needs a TEE with protected memory (mainline from 6.18: CONFIG_TEE_DMABUF_HEAPS) or a vendor's driver",
    ),
}


#: A link of the chain: broken (a diagnosis), intact (the evidence), or not known (``None``).
Link = Diagnosis | str | None


def why_absent(facts: Facts, kind: HeapKind, heap: Heap | None = None) -> Diagnosis:
    """Why there is no node for a heap of this kind.

    :param heap: what the board config says about it.
    """
    links: list[Callable[[], Link]] = [
        lambda: _version(facts),
        lambda: _framework(facts, kind, heap),
        lambda: _driver(facts, kind, heap),
    ]
    if kind is HeapKind.CMA:
        links += [
            lambda: _name(facts, heap),
            lambda: _tree(facts, heap),
            lambda: _not_rejected(facts),
            lambda: _area(facts, heap),
        ]
    links.append(lambda: _in_mainline(facts, kind, heap))
    intact: list[str] = []
    for link in links:
        result = link()
        if isinstance(result, Diagnosis):
            return replace(result, evidence=(*intact, *result.evidence))
        if result is not None:
            intact.append(result)
    return Diagnosis(evidence=tuple(intact))


def why_not_reserved(facts: Facts, heap: Heap) -> Diagnosis | None:
    """Why a heap's region is not in CMA; ``None`` if, as far as known, it is in the tree and was not rejected."""
    links = (_tree(facts, heap), _not_rejected(facts))
    return next((link for link in links if isinstance(link, Diagnosis)), None)


def _version(facts: Facts) -> Link:
    if facts.version is None:
        return None
    if (facts.version.major, facts.version.minor) >= (5, 6):
        return f"Linux {facts.version.release} has DMA-BUF heaps (since 5.6)"
    cause = KERNEL_TOO_OLD.here("this kernel is older than DMA-BUF heaps (5.6)")
    return Diagnosis(cause, (facts.version.release,), KERNEL_TOO_OLD.fix)


# -- the kernel's options and modules --------------------------------------------------------------------------------


def _framework(facts: Facts, kind: HeapKind, heap: Heap | None) -> Link:
    config = facts.kernel_config
    if config is not None and config.enabled("DMABUF_HEAPS"):
        return config.line("DMABUF_HEAPS")
    if config is None:
        return _framework_by_class(facts)
    # The fix sets the driver's option as well, which exists only when the framework is on.
    also = [driver.requirement for driver in HEAP_DRIVERS if kind in driver.kinds]
    return _unset(facts, ("heaps.framework", *also), heap)


def _framework_by_class(facts: Facts) -> Link:
    """Without a configuration: the framework creates its class when it starts, even without heaps."""
    glob = facts.record.globs.get(f"{_CLASS}/*")
    if glob is not None and glob.state is State.OK:
        return f"{_CLASS} is there: the framework is built in"
    if glob is None or glob.state is not State.MISSING:
        return None
    text = "DMABUF_HEAPS is off: the kernel does not have the class that the framework creates"
    return Diagnosis(
        KCONFIG_HEAPS_OFF.here(text),
        (facts.why_no_kernel_config, f"{_CLASS} is not there"),
        changes=fix_lines.kconfig(("CONFIG_DMABUF_HEAPS=y", "CONFIG_DMABUF_HEAPS_SYSTEM=y")),
    )


def _unset(facts: Facts, requirements: tuple[str, ...], heap: Heap | None) -> Diagnosis | None:
    """What the configuration lacks: the cause of the first requirement, and the lines of all of them."""
    answers = [facts.kconfig[id_] for id_ in requirements if id_ in facts.kconfig]
    unmet = [answer for answer in answers if answer.cause and answer.outcome in (Outcome.FAIL, Outcome.WARN)]
    if facts.kernel_config is None or not unmet or unmet[0].id != requirements[0]:
        return None
    lines = tuple(facts.kernel_config.line(symbol) for symbol in unmet[0].symbols)
    words, options = fix_lines.split_kconfig(line for answer in unmet for line in answer.remedy)
    required = (line for change in options for line in change.lines)
    return Diagnosis(unmet[0].cause, lines, words, fix_lines.kconfig((*required, *fix_lines.options_for(facts, heap))))


def _driver(facts: Facts, kind: HeapKind, heap: Heap | None) -> Link:
    config = facts.kernel_config
    driver = next((driver for driver in HEAP_DRIVERS if kind in driver.kinds), None)
    if driver is None:
        return None
    if config is None:
        return _driver_unread(facts, driver)
    value = config.get(driver.symbol)
    if value == "y":
        return config.line(driver.symbol)
    if value == "m" or config.flavour is Flavour.GKI:
        return _loaded(facts, config, driver)
    return _unset(facts, (driver.requirement,), heap)


def _loaded(facts: Facts, config: KernelConfig, driver: HeapDriver) -> Link:
    seen = config.line(driver.symbol)
    if facts.modules is None:
        return seen
    if driver.module in facts.modules:
        return f"{seen}, and {driver.module} is loaded"
    return module_not_loaded(facts, driver, seen)


def module_not_loaded(facts: Facts, driver: HeapDriver, *seen: str) -> Diagnosis:
    """The diagnosis for a heap driver that is a module and is not loaded."""
    cause = MODULE_NOT_LOADED.here(f"the heap driver {driver.module} is a module and is not loaded")
    evidence = (*seen, f"{driver.module} is not in /proc/modules")
    if facts.modules_load is not None and driver.module in facts.modules_load:
        words = f"modules.load names {driver.module} already: look in dmesg for why it did not load"
        return Diagnosis(cause, evidence, (words,))
    words = (
        f"add {driver.module}.ko to modules.load of vendor_boot or vendor_dlkm; to try it now: modprobe {driver.module}"
    )
    return Diagnosis(cause, evidence, (words,), fix_lines.modules_load(facts, (driver.module,)))


def _driver_unread(facts: Facts, driver: HeapDriver) -> Link:
    """Without a configuration: an option that is off and a module that is not loaded look the same."""
    if facts.modules is not None and driver.module in facts.modules:
        return f"{driver.module} is loaded"
    off = driver.off.here(f"{driver.symbol} may be off: nothing provides the node")
    option = f"CONFIG_{driver.symbol}=y"
    apart = (
        "the kernel's configuration shows which: zcat /proc/config.gz, or bringup kconfig check on the build's .config"
    )
    module = module_not_loaded(facts, driver, facts.why_no_kernel_config)
    assert module.cause is not None
    if facts.version is not None and (facts.is_android or facts.version.flavour is Flavour.GKI):
        # Android's common kernel leaves the option unset: a module provides the heap.
        return replace(module, alternatives=(Alternative(off, apart, (f"kconfig.fragment: {option}",)),))
    other = Alternative(module.cause, apart, module.remedy)
    return Diagnosis(off, module.evidence, changes=fix_lines.kconfig((option,)), alternatives=(other,))


def _in_mainline(facts: Facts, kind: HeapKind, heap: Heap | None) -> Link:
    """The heap's driver is in no mainline kernel: a new BSP kernel to which it was not ported looks like this."""
    known = _OUT_OF_TREE.get(kind)
    config = facts.kernel_config
    if known is None or heap is None or config is None:
        return None
    cause, text = known
    symbols = [name for name in config if name.startswith("DMABUF_HEAPS") or "_HEAP" in name]
    vendor = [config.line(name) for name in symbols if name not in _MAINLINE_SYMBOLS and config.enabled(name)]
    evidence = vendor or ["no option of a vendor's heap driver is on"]
    return Diagnosis(cause.here(text.format(name=heap.name)), tuple(evidence), cause.fix)


# -- contiguous memory -----------------------------------------------------------------------------------------------


def _is_default(heap: Heap | None) -> bool:
    return heap is None or heap.region is None or heap.region.default


def _cma_parameter(facts: Facts) -> str | None:
    return next((word for word in facts.cmdline or () if word.startswith("cma=")), None)


def _name(facts: Facts, heap: Heap | None) -> Link:
    """The default CMA area's heap may be there under another of its names."""
    if heap is None or not _is_default(heap):
        return None
    there = [name for name in facts.heap_nodes or () if name in default_cma_names()]
    if not there or any(name in there for name in heap.names_on(facts.version.release if facts.version else None)):
        return None
    parameter = _cma_parameter(facts)
    why = f"{parameter} replaces the device tree's pool" if parameter else "this kernel uses that name"
    cause = HEAP_RENAMED.here(f"the default CMA heap is called {', '.join(there)} here: {why}")
    remedy = [f"name {there[0]} in the heap map and in ueventd.rc instead of {heap.name}"]
    if parameter:
        remedy.insert(0, f"drop {parameter} from the kernel command line to use the device tree's pool and name again")
        remedy[1] = f"or {remedy[1]}"
    evidence = [f"/dev/dma_heap/{name} is there" for name in there]
    return Diagnosis(cause, (*evidence, *filter(None, [parameter])), tuple(remedy), _keeps_the_name(facts))


def _keeps_the_name(facts: Facts) -> tuple[Change, ...]:
    """6.17 and 6.18 can keep the old name beside the new one (drivers/dma-buf/heaps/Kconfig there)."""
    answer = facts.kconfig.get("heaps.cma-legacy-name")
    unmet = answer is not None and answer.outcome in (Outcome.FAIL, Outcome.WARN)
    return fix_lines.split_kconfig(answer.remedy)[1] if answer is not None and unmet else ()


def _tree(facts: Facts, heap: Heap | None) -> Link:
    """The device tree that the board booted with may lack the node, or have one that makes no CMA area."""
    if heap is None or heap.region is None or heap.region.declared_in is not DeclaredIn.DEVICE_TREE:
        return None
    nodes = reserved_nodes(facts)
    if nodes is None:
        return None
    name = heap.region.node_name or heap.name
    default = (node for node in nodes.values() if heap.region.default and _DEFAULT in node.flags)
    node = nodes.get(name) or next(default, None)
    lines = fix_lines.device_tree(facts, name, heap.region)
    if node is None or not node.is_enabled:
        seen = ", ".join(sorted(nodes)) or "no node"
        evidence = (f"{node}, disabled",) if node is not None else (f"/reserved-memory has no {name}: {seen}",)
        cause = CMA_NO_REGION.here(f"the device tree that the board booted with has no node {name}")
        remedy = ("check that the overlay or .dts with this node is in the image that the boot loader uses",)
        return Diagnosis(cause, evidence, remedy, lines)
    if node.is_pool and not node.is_cma:
        known = CMA_REGION_NO_MAP if "no-map" in node.flags else CMA_REGION_NOT_REUSABLE
        why = "says no-map" if "no-map" in node.flags else "does not say reusable"
        cause = known.here(f"{node.name} {why}, so the kernel makes no CMA area and no heap from it")
        lines = lines or fix_lines.device_tree(facts, node.name, fix_lines.aligned_region(facts, node))
        return Diagnosis(cause, (str(node),), ("add reusable to the node, and remove no-map",), lines)
    return str(node)


def _not_rejected(facts: Facts) -> Link:
    """The kernel may have rejected the region."""
    if rejected := rejections(facts):
        return region_rejected(facts, rejected)
    if facts.dmesg is None or not log_is_whole(facts):
        return None
    return f"none of {len(facts.dmesg)} lines of the kernel's log rejects a region"


def _area(facts: Facts, heap: Heap | None) -> Link:
    """There may be no CMA area at all, or only the default area may have a heap."""
    total = facts.meminfo.get("CmaTotal")
    if total is None:
        return None
    if total > 0:
        return _default_only(facts, heap) or f"CmaTotal: {total // 1024} kB"
    evidence = ["CmaTotal: 0 kB"]
    parameter, config = _cma_parameter(facts), facts.kernel_config
    if parameter:
        evidence.append(parameter)
    elif config is not None and config.get("CMA_SIZE_MBYTES") is not None:
        evidence.append(config.line("CMA_SIZE_MBYTES"))
    cause = CMA_SIZE_ZERO.here()
    if parameter:
        return Diagnosis(cause, tuple(evidence), (f"drop {parameter} from the kernel command line, or give it a size",))
    region = heap.region if heap is not None else None
    if region is not None and region.declared_in is DeclaredIn.DEVICE_TREE:
        lines = fix_lines.device_tree(facts, region.node_name or heap.name if heap else "", region)
    else:
        size = (region.size if region is not None else None) or 64 * MIB
        lines = fix_lines.parameter(facts, size)
    words = ("reserve one: a linux,cma-default node under /reserved-memory, cma=SIZE, or CONFIG_CMA_SIZE_MBYTES",)
    return Diagnosis(cause, tuple(evidence), words, lines)


def _default_only(facts: Facts, heap: Heap | None) -> Diagnosis | None:
    """Up to 6.18 the CMA heap driver makes a heap from the default area only; 7.2 makes one per area."""
    if heap is None or _is_default(heap) or facts.version is None or facts.version.series > (6, 18):
        return None
    text = f"up to Linux 6.18 only the default CMA area has a heap, and {heap.name} is another area"
    remedy = (f"make {heap.name} the default area (linux,cma-default), or write in the board config: first: '7.2'",)
    return Diagnosis(CMA_DEFAULT_ONLY.here(text), (facts.version.release,), remedy)

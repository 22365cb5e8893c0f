"""What of the kernel a missing heap needs: the framework, the heap's driver as an option or as a module."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from msgspec.structs import replace

from bringup.allocator.answer import State
from bringup.causes import fix_lines
from bringup.causes.heap_registered import CLASS, class_listing, names_of, why_not_built
from bringup.causes.known.kernel import (
    HEAP_NO_PROTECTED,
    HEAP_NO_UNCACHED,
    HEAP_VENDOR_DRIVER_MISSING,
    KCONFIG_CMA_HEAP_OFF,
    KCONFIG_CMA_OFF,
    KCONFIG_HEAPS_OFF,
    KCONFIG_SYSTEM_HEAP_OFF,
    KERNEL_TOO_OLD,
    MODULE_NOT_LOADED,
)
from bringup.causes.known.known_cause import KnownCause
from bringup.causes.module_log import refusals_to_load
from bringup.config.schema import Heap, HeapKind
from bringup.facts.board import HEAP_FOLDER, Facts
from bringup.kernel.history.symbols import builders_of
from bringup.kernel.history.version import Flavour
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.outcome import Outcome
from bringup.results.verdict import Alternative, Diagnosis

__all__ = [
    "HEAP_DRIVERS",
    "HeapDriver",
    "Link",
    "driver_built",
    "framework_built",
    "has_cma",
    "in_mainline",
    "is_new_enough",
    "module_not_loaded",
    "of_this_board",
    "without_cma",
]

_OLDEST = (5, 6)
#: A link of the chain: broken (a diagnosis), intact (the evidence), or not known (``None``).
Link = Diagnosis | str | None


@dataclass(frozen=True, slots=True)
class HeapDriver:
    """A heap driver: the symbol that builds it, the requirement on that symbol, its name as a module.

    :param off: the cause if it is not built.
    :param also_needs: requirements on what it depends on.
    """

    symbol: str
    requirement: str
    module: str
    off: KnownCause
    kinds: tuple[HeapKind, ...]
    also_needs: tuple[str, ...] = ()


HEAP_DRIVERS = (
    HeapDriver("DMABUF_HEAPS_SYSTEM", "heaps.system", "system_heap", KCONFIG_SYSTEM_HEAP_OFF, (HeapKind.SYSTEM,)),
    HeapDriver("DMABUF_HEAPS_CMA", "heaps.cma", "cma_heap", KCONFIG_CMA_HEAP_OFF, (HeapKind.CMA,), ("cma.dma",)),
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


def is_new_enough(facts: Facts) -> Link:
    """Whether the kernel can have DMA-BUF heaps. Its release says no only if nothing on the board says yes.

    Android's and vendors' kernels from 4.19 on carry the framework as a backport.
    """
    if facts.version is None:
        return None
    release = facts.version.release
    if (facts.version.major, facts.version.minor) >= _OLDEST:
        return f"Linux {release} has DMA-BUF heaps (since 5.6)"
    if (shown := _backport(facts)) is not None:
        return f"Linux {release} has DMA-BUF heaps as a backport: {shown}"
    config, framework = facts.kernel_config, facts.kconfig.get("heaps.framework")
    seen = () if config is None else (config.line("DMABUF_HEAPS"),)
    if framework is not None and framework.cause is not None and framework.cause.id == KERNEL_TOO_OLD.id:
        return Diagnosis(framework.cause, (release, *seen), framework.remedy)
    cause = KERNEL_TOO_OLD.here("this kernel is older than DMA-BUF heaps (5.6)")
    return Diagnosis(cause, (release, *seen), KERNEL_TOO_OLD.fix)


def _backport(facts: Facts) -> str | None:
    """What shows that this kernel's tree has the framework: its nodes, its class, or a line of the configuration."""
    folder, of_class = facts.record.node(HEAP_FOLDER), facts.record.globs.get(f"{CLASS}/*")
    if facts.heap_nodes or (folder is not None and folder.state is State.OK):
        return f"{HEAP_FOLDER} is there"
    if of_class is not None and of_class.state is State.OK and of_class.count:
        return f"{CLASS} is there"
    config = facts.kernel_config
    # The kernel writes a line, set or not, for each option that its tree has and whose dependencies hold.
    return config.line("DMABUF_HEAPS") if config is not None and "DMABUF_HEAPS" in config else None


# -- the kernel's options and modules --------------------------------------------------------------------------------


def framework_built(facts: Facts, kind: HeapKind, heap: Heap | None) -> Link:
    """Whether the framework is built."""
    config = facts.kernel_config
    if config is not None and config.enabled("DMABUF_HEAPS"):
        return why_not_built(facts, config.line("DMABUF_HEAPS")) or config.line("DMABUF_HEAPS")
    if config is None:
        return _framework_by_class(facts)
    # The fix sets the driver's option as well, which exists only when the framework is on.
    also = [driver.requirement for driver in HEAP_DRIVERS if kind in driver.kinds]
    return _unset(facts, ("heaps.framework", *also), heap)


def _framework_by_class(facts: Facts) -> Link:
    """Without a configuration: the framework creates its class when it starts, even without heaps."""
    glob = class_listing(facts)
    if glob is not None and glob.state is State.OK:
        return f"{CLASS} is there: the framework is built in"
    if glob is None or glob.state is not State.MISSING:
        return None
    text = "DMABUF_HEAPS is off: the kernel does not have the class that the framework creates"
    return Diagnosis(
        KCONFIG_HEAPS_OFF.here(text),
        (facts.why_no_kernel_config, f"{CLASS} is not there"),
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


def has_cma(facts: Facts) -> Link:
    """Whether the kernel makes CMA areas that devices and heaps allocate from (DMA_CMA)."""
    config, total = facts.kernel_config, facts.meminfo.get("CmaTotal")
    if config is None:
        # fs/proc/meminfo.c of Linux 5.10, 6.12 and 7.3 prints CmaTotal where CONFIG_CMA is set.
        return without_cma(facts) if facts.meminfo and total is None else None
    if config.enabled("DMA_CMA") or total:
        return config.line("DMA_CMA") if config.enabled("DMA_CMA") else None
    return without_cma(facts)


def without_cma(facts: Facts) -> Diagnosis:
    """The diagnosis for a kernel that makes no CMA area from a device tree node or from ``cma=``."""
    if (why := _unset(facts, ("cma.dma", "heaps.cma"), None)) is not None:
        return why
    config = facts.kernel_config
    seen = () if "CmaTotal" in facts.meminfo else ("/proc/meminfo has no CmaTotal: this kernel is built without CMA",)
    lines = (facts.why_no_kernel_config,) if config is None else tuple(map(config.line, ("CMA", "DMA_CMA")))
    changes = fix_lines.kconfig(("CONFIG_CMA=y", "CONFIG_DMA_CMA=y"))
    return Diagnosis(KCONFIG_CMA_OFF.here(), (*seen, *lines), changes=changes)


def driver_built(facts: Facts, kind: HeapKind, heap: Heap | None) -> Link:
    """Whether the heap's driver is built and, as a module, loaded."""
    config = facts.kernel_config
    driver = next((driver for driver in HEAP_DRIVERS if kind in driver.kinds), None)
    if driver is None:
        return None
    if config is None:
        return _driver_unread(facts, driver)
    value = config.get(driver.symbol)
    if value == "y":
        # A CMA heap that is not there may lack its area; of the system heap nothing else can be missing.
        own = names_of(facts, kind, heap) if kind is HeapKind.SYSTEM else ()
        return (own and why_not_built(facts, config.line(driver.symbol), own)) or config.line(driver.symbol)
    if value == "m" or config.flavour is Flavour.GKI:
        return _loaded(facts, config, driver)
    return _unset(facts, (driver.requirement,), heap)


def _loaded(facts: Facts, config: KernelConfig, driver: HeapDriver) -> Link:
    seen = config.line(driver.symbol)
    driver = of_this_board(facts, driver)
    if facts.modules is None:
        return seen
    if driver.module in facts.modules:
        return f"{seen}, and {driver.module} is loaded"
    return module_not_loaded(facts, driver, seen)


def of_this_board(facts: Facts, driver: HeapDriver) -> HeapDriver:
    """The driver with the name that its module has on this board.

    Vendors' modules provide the system heap as well: the one that is loaded or listed counts, then the one that the
    configuration builds. Of the CMA heap only those that are mainline's under another name (``rk_cma_heap``).
    """
    names = next(requirement.modules for requirement in shipped_requirements() if requirement.id == driver.requirement)
    if HeapKind.SYSTEM not in driver.kinds:
        names = tuple(name for name in names if name.endswith(driver.module))
    config = facts.kernel_config
    for known in (facts.modules or (), facts.modules_load or ()):
        if found := next((name for name in names if name in known), None):
            return dataclasses.replace(driver, module=found)
    built = (name for name in names if config and any(map(config.enabled, builders_of(name))))
    return dataclasses.replace(driver, module=next(built, driver.module))


def module_not_loaded(facts: Facts, driver: HeapDriver, *seen: str) -> Diagnosis:
    """The diagnosis for a heap driver that is a module and is not loaded, with what the kernel's log says of it."""
    module = of_this_board(facts, driver).module
    evidence = (*seen, f"{module} is not in /proc/modules")
    refusals, words = refusals_to_load(facts, module)
    if refusals:
        cause = MODULE_NOT_LOADED.here(f"the heap driver {module} is a module, and the kernel refused to load it")
        return Diagnosis(cause, (*evidence, *refusals), words)
    cause = MODULE_NOT_LOADED.here(f"the heap driver {module} is a module and is not loaded")
    if facts.modules_load is not None and module in facts.modules_load:
        words = (f"modules.load names {module} already: look in dmesg for why it did not load",)
        return Diagnosis(cause, evidence, words)
    words = (f"add {module}.ko to modules.load of vendor_boot or vendor_dlkm; to try it now: modprobe {module}",)
    return Diagnosis(cause, evidence, words, fix_lines.modules_load(facts, (module,)))


def _driver_unread(facts: Facts, driver: HeapDriver) -> Link:
    """Without a configuration: an option that is off and a module that is not loaded look the same."""
    driver = of_this_board(facts, driver)
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


def in_mainline(facts: Facts, kind: HeapKind, heap: Heap | None) -> Link:
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

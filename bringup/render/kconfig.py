"""The kernel options that a board's heaps need, as its kernel series spells them."""

from __future__ import annotations

from dataclasses import dataclass

from bringup.config.schema import BoardConfig, DeclaredIn, Heap, HeapKind
from bringup.kernel.history.heap_names import PROTECTED
from bringup.kernel.history.symbols import symbol_table, symbol_type
from bringup.kernel.history.version import Flavour, KernelVersion

__all__ = ["Option", "kernel_options"]


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a kernel configuration fragment.

    :param value: ``y``, ``m``, ``n``, a number or text.
    :param why: what it is for, one line.
    """

    symbol: str
    value: str
    why: str


def kernel_options(config: BoardConfig, heaps: tuple[Heap, ...], kernel: KernelVersion) -> tuple[Option, ...]:
    """Options for ``heaps`` on ``kernel``, in dependency order; symbols that this kernel lacks are left out.

    The framework is built in, and so are heap drivers, with two exceptions: in Android Common Kernels they are tristate
    and stay out of gki_defconfig, so that vendor modules provide the nodes; and the config may name the module.
    """
    flavour = config.kernel.flavour if config.kernel else None
    options = [Option("DMABUF_HEAPS", "y", "the framework: /dev/dma_heap")]
    kinds = {heap.kind for heap in heaps}
    if HeapKind.SYSTEM in kinds:
        options.append(
            Option(
                "DMABUF_HEAPS_SYSTEM", _driver(config, "DMABUF_HEAPS_SYSTEM", "system_heap", kernel), "heap 'system'"
            )
        )
    if HeapKind.CMA in kinds:
        options += _cma(config, heaps, kernel)
    if any(heap.kind is HeapKind.PROTECTED and heap.name.startswith(PROTECTED) for heap in heaps):
        options += [
            Option("TEE", "y", "protected heaps come from the TEE"),
            Option("OPTEE", "y", "OP-TEE registers them; TEE_DMABUF_HEAPS follows by itself"),
        ]
    options += _ion(config, kernel)
    options += [
        Option("SYNC_FILE", "y", "sync_file export and import of DMA-BUFs; Android requires it"),
        Option("IKCONFIG", "y", "Android requires it"),
        Option("IKCONFIG_PROC", "y", "/proc/config.gz; Android requires it"),
    ]
    if config.kernel is not None:
        options += [Option(name, value, "from the board config") for name, value in config.kernel.options.items()]
    last = {option.symbol: option for option in options}
    return tuple(option for option in last.values() if _may_exist(option.symbol, kernel, flavour))


def _may_exist(symbol: str, kernel: KernelVersion, flavour: Flavour | None) -> bool:
    """Whether the kernel has the symbol, as far as its history is known."""
    history = symbol_table().get(symbol)
    return history is None or history.era(kernel, flavour) is not None


def _driver(config: BoardConfig, symbol: str, module: str, kernel: KernelVersion) -> str:
    if config.kernel is None:
        return "y"
    if config.kernel.flavour is not Flavour.GKI and module not in config.kernel.modules:
        return "y"
    mainline = config.kernel.flavour is Flavour.MAINLINE
    kind = symbol_type(symbol, kernel, Flavour.MAINLINE if mainline else Flavour.GKI)
    return "m" if kind == "tristate" else "y"


def _cma(config: BoardConfig, heaps: tuple[Heap, ...], kernel: KernelVersion) -> list[Option]:
    options = [
        Option("CMA", "y", "contiguous memory"),
        Option("DMA_CMA", "y", "contiguous memory for DMA; the areas behind CMA heaps"),
        Option("DMABUF_HEAPS_CMA", _driver(config, "DMABUF_HEAPS_CMA", "cma_heap", kernel), "heaps on CMA areas"),
    ]
    regions = [heap.region for heap in heaps if heap.kind is HeapKind.CMA and heap.region is not None]
    for region in regions:
        if region.declared_in is DeclaredIn.KCONFIG and region.size is not None and region.size % (1 << 20) == 0:
            options += [
                Option("CMA_SIZE_SEL_MBYTES", "y", "the size of the default area is given in MiB"),
                Option("CMA_SIZE_MBYTES", str(region.size >> 20), "size of the default area in MiB"),
            ]
    if symbol_type("DMABUF_HEAPS_CMA_LEGACY", kernel) is not None:
        options.append(Option("DMABUF_HEAPS_CMA_LEGACY", "y", "keeps the default area's old name as a second node"))
    return options


def _ion(config: BoardConfig, kernel: KernelVersion) -> list[Option]:
    if config.kernel is None or config.kernel.ion is None or kernel.series >= (5, 11):
        return []
    if not config.kernel.ion:
        return [Option("ION", "n", "nothing on this board uses ION any more")]
    cma = [Option("ION_CMA_HEAP", "y", "ION's CMA heap")] if any(h.kind is HeapKind.CMA for h in config.heaps) else []
    return [
        Option("STAGING", "y", "ION lives in staging"),
        Option("ANDROID", "y", "ION depends on it"),
        Option("ION", "y", "ION beside DMA-BUF heaps, for the transition"),
        Option("ION_SYSTEM_HEAP", "y", "ION's system heap"),
        *cma,
    ]

"""Kernel command line parameters that concern heaps, and the consequences of each."""

from __future__ import annotations

from dataclasses import dataclass

from bringup.config.schema import BoardConfig, DeclaredIn, Heap, HeapKind, Region
from bringup.config.units import show_size
from bringup.errors import UsageError
from bringup.kernel.history.version import KernelVersion

__all__ = ["Parameter", "parameters"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter and its consequences, one sentence per consequence."""

    text: str
    consequences: tuple[str, ...]


def parameters(config: BoardConfig, heaps: tuple[Heap, ...], kernel: KernelVersion) -> tuple[Parameter, ...]:
    """The config's own parameters. Where it has no ``cma=``, one is made from the pool that it declares in the cmdline.

    :raises UsageError: one ``cma=`` parameter cannot describe the pool.
    """
    texts = list(config.kernel.cmdline) if config.kernel is not None else []
    declared = [heap for heap in heaps if heap.region is not None and heap.region.declared_in is DeclaredIn.CMDLINE]
    if not any(text.startswith("cma=") for text in texts):
        regions = [heap.region for heap in declared if heap.region is not None and heap.region.size is not None]
        if len(regions) > 1:
            raise UsageError(
                f"write the command line of {config.name}",
                f"{len(regions)} pools are declared in the command line, but cma= makes one",
                hint="declare the others in the device tree",
            )
        texts += [_cma(config, region) for region in regions]
    return tuple(Parameter(text, _consequences(text, heaps, kernel)) for text in texts)


def _cma(config: BoardConfig, region: Region) -> str:
    """cma=SIZE, cma=SIZE@BASE (there and nowhere else) or cma=SIZE@FROM-TO (kernel-parameters.txt)."""
    size = _amount(region.size or 0)
    if region.base is not None:
        return f"cma={size}@0x{region.base:x}"
    if len(region.alloc_ranges) > 1:
        raise UsageError(
            f"write the command line of {config.name}",
            f"the pool has {len(region.alloc_ranges)} alloc_ranges, but cma= takes one",
            hint="give one range, or declare the pool in the device tree",
        )
    for span in region.alloc_ranges:
        return f"cma={size}@0x{span.base:x}-0x{span.base + span.size:x}"
    return f"cma={size}"


def _amount(number: int) -> str:
    return f"{number >> 20}M" if number % (1 << 20) == 0 else f"0x{number:x}"


def _consequences(text: str, heaps: tuple[Heap, ...], kernel: KernelVersion) -> tuple[str, ...]:
    if not text.startswith("cma="):
        return ()
    skipped = [
        heap
        for heap in heaps
        if heap.region is not None and heap.region.declared_in is DeclaredIn.DEVICE_TREE and heap.region.default
    ]
    sentences = [
        f"The kernel leaves out the device tree's default pool {heap.name}"
        f"{f' of {show_size(heap.region.size)}' if heap.region and heap.region.size else ''}: cma= takes its place."
        for heap in skipped
    ]
    if text == "cma=0":
        return ("There is no default CMA area, and no heap on it.", *sentences)
    names = "reserved" if kernel.series < (6, 17) else "default_cma_region, and as reserved"
    if any(heap.kind is HeapKind.CMA for heap in heaps):
        sentences.append(f"The area's heap is called {names}, not after a device tree node.")
    return (f"It makes the default CMA area: {text}.", *sentences)

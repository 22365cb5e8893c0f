"""CMA that is too small for those who use it: what sets the size of the area, and which drives may have taken it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.memory.default_cma import cma_parameters, default_names
from bringup.facts.memory.reserved_memory import observed_nodes
from bringup.results.verdict import Diagnosis
from bringup.text import parse_number

__all__ = ["with_size"]

#: drivers/nvme/host/pci.c: nvme_setup_host_mem.
_HOST_BUFFER = re.compile(r"\bnvme (?P<drive>nvme\d{1,4}): allocated (?P<mib>\d{1,7}) MiB host memory buffer")
_WITHOUT_BUFFER = (
    "try nvme.max_host_mem_size_mb=0, or a small number, on the kernel's command line: an NVMe drive has to work "
    "without a host memory buffer (NVM Express 1.4, 8.9)"
)
_MIB = 1 << 20


def with_size(facts: Facts, diagnosis: Diagnosis, area: str | None) -> Diagnosis:
    """The diagnosis of an area without room, with what sets the area's size, and the drives that may have taken it.

    Without an IOMMU a drive's host memory buffer comes from the default area (kernel/dma/direct.c).

    :param area: its name; ``None``: the log does not name it.
    """
    cause, is_default = diagnosis.cause, _is_default(facts, area)
    if cause is None:
        return diagnosis
    found = (match for line in facts.dmesg or () if (match := _HOST_BUFFER.search(line)) is not None)
    buffers = list({match["drive"]: match for match in found}.values())  # one that is bound anew had given its own back
    fix = (*_sized_by(facts, area, is_default), *diagnosis.remedy)
    if not buffers or not is_default:
        return replace(diagnosis, remedy=fix)
    size = show_size(sum(parse_number(match["mib"]) or 0 for match in buffers) * _MIB)
    text = f"{cause.text}; NVMe drives have host memory buffers of {size}, which may lie in it"
    evidence = (*diagnosis.evidence, *(match.string for match in buffers[-3:]))
    return replace(diagnosis, cause=replace(cause, text=text), evidence=evidence, remedy=(_WITHOUT_BUFFER, *fix))


def _is_default(facts: Facts, area: str | None) -> bool:
    """Whether it is the default area: by its name, else where there is no other."""
    if area is not None:
        return area in default_names(facts)
    return all(node.is_default for node in observed_nodes(facts) if node.is_cma)


def _sized_by(facts: Facts, area: str | None, is_default: bool) -> Iterator[str]:
    """The command line counts before the device tree, and that before the configuration (kernel/dma/contiguous.c)."""
    parameters, config = cma_parameters(facts), facts.kernel_config
    nodes = (node for node in observed_nodes(facts) if node.is_cma)
    node = next((node for node in nodes if (node.is_default if is_default else node.name == area)), None)
    size = show_size(node.extent[1]) if node is not None and node.extent[1] else None
    if is_default and parameters:
        without = f", or drop it: the device tree's {node.name} has {size}" if node is not None and size else ""
        yield f"{parameters[-1]} sets the size of this area: raise it{without}"
    elif node is not None and size:
        yield f"the device tree's {node.name} sets the size of this area: {size}"
    elif is_default and config is not None and _has_size(facts, config.get("CMA_SIZE_MBYTES")):
        line = config.line("CMA_SIZE_MBYTES")
        yield f"{line} sets the size of this area; cma=SIZE on the kernel's command line counts before it"


def _has_size(facts: Facts, mebibytes: str | None) -> bool:
    """Whether the area is as large as the configuration says: an architecture, or firmware, may set it otherwise."""
    size = parse_number(mebibytes or "") or 0
    return size > 0 and (
        facts.meminfo.get("CmaTotal") == size * _MIB
        or any(f"cma: Reserved {size} MiB at" in line for line in facts.dmesg or ())
    )

"""Why a reserved-memory region found no room: what lies in the range where it may lie, with its address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bringup.causes.known.memory import CMA_REGION_DOES_NOT_FIT
from bringup.config.units import show_size
from bringup.facts.board import Facts
from bringup.facts.memory.cma_areas import cma_granule
from bringup.facts.memory.default_cma import cma_parameters
from bringup.facts.memory.memory_map import memory_facts
from bringup.facts.memory.reserved_memory import ReservedNode, reserved_nodes
from bringup.results.memory import MemoryRegion, RegionKind
from bringup.results.verdict import Diagnosis

__all__ = ["outside_ram", "pools_among", "why_firmware_kept_out", "why_no_room"]

#: arch/mips/kernel/setup.c; arch/x86/kernel/setup.c, of Linux 5.10 to 7.3. arm64 and riscv log no such line.
_INITRD = re.compile(r"Initial ramdisk at: 0x(?P<begin>[0-9a-f]{1,16}) \((?P<bytes>\d{1,20}) bytes\)")
_RAMDISK = re.compile(r"RAMDISK: \[mem 0x(?P<begin>[0-9a-f]{1,16})-0x(?P<end>[0-9a-f]{1,16})\]")
#: Why the kernel makes no area where cma=SIZE@ADDRESS, or an architecture, wants it (mm/cma.c of Linux 5.10 to 7.3).
_AT = "0x0*([0-9a-f]{1,16})"
_NOT_ALIGNED = re.compile(rf"cma: Region at {_AT} must be aligned to {_AT} bytes")
_ACROSS_HIGH = re.compile(rf"cma: Region at {_AT} defined on low/high memory boundary \({_AT}\)")
_BEYOND_LIMIT = re.compile(rf"cma: Size \({_AT}\) of region at {_AT} exceeds limit \({_AT}\)")
_REFUSED_PLACE = (
    (
        _NOT_ALIGNED,
        "0x{0} is not a multiple of 0x{1}",
        "give it an address that is a multiple of 0x{1}, or none: cma=SIZE",
    ),
    (_ACROSS_HIGH, "at 0x{0} it lies across the begin of high memory, 0x{1}", "let it lie below 0x{1}, or above it"),
    (_BEYOND_LIMIT, "0x{0} bytes at 0x{1} end beyond the limit, 0x{2}", "let it end below 0x{2}"),
)
_Span = tuple[int, int]


def why_no_room(facts: Facts, node: ReservedNode | None, evidence: tuple[str, ...]) -> Diagnosis:
    """The diagnosis for a region that the kernel could not place.

    :param node: the region's node; ``None``: the area of ``cma=`` or of the configuration, or not known.
    :param evidence: the kernel's lines.
    """
    known = CMA_REGION_DOES_NOT_FIT
    base, size = node.extent if node is not None else (None, None)
    if node is None or size is None:
        return _default_area(facts, evidence)
    if (why := outside_ram(facts, node, evidence)) is not None:
        return why
    regions = _occupied(facts, node.name)
    asked = _asked(node, size)
    spans = _in_ram(facts, asked, regions)
    where = _shown_spans(asked or spans)
    there = [region for region in regions if any(region.begin < end and begin < region.end for begin, end in spans)]
    seen = (*evidence, str(node), *(_shown(region) for region in there[:6]))
    step = cma_granule(facts) or 1 if base is None else 1
    text = f"there is no room for {node.name}"
    if (culprit := _culprit(spans, there, size, step)) is not None:
        text = f"{text}: {_named(culprit)} lies in {where}"
        return Diagnosis(known.here(text), seen, (_move(facts, culprit, where), *known.fix))
    got, wanted = _length(spans), _length(asked)
    if spans and got < wanted:
        text = f"{text}: of {where} Linux got only {show_size(got)}, firmware keeps the rest"
        return Diagnosis(known.here(text), seen, (_LESS_FOR_FIRMWARE, *known.fix))
    if spans and len(there) > 1 and _longest(spans, there, step) < size:
        text = f"{text}: {', '.join(region.name for region in there[:4])} lie in {where}"
        return Diagnosis(known.here(text), seen, known.fix)
    return Diagnosis(known.here(f"{known.clause}: {node.name}"), seen, known.fix)


_LESS_FOR_FIRMWARE = "give firmware less memory (Raspberry Pi: gpu_mem in config.txt), or the region another range"


def outside_ram(facts: Facts, node: ReservedNode, evidence: tuple[str, ...]) -> Diagnosis | None:
    """The diagnosis for a region whose own address is not RAM; ``None`` if it is, or if that is not known."""
    base, size = node.extent
    if base is None or size is None:
        return None
    if _length(_in_ram(facts, [(base, base + size)], _occupied(facts, node.name))) >= size:
        return None
    known = CMA_REGION_DOES_NOT_FIT
    text = f"there is no room for {node.name}: not all of {base:#x} to {base + size:#x} is memory of this board"
    fix = f"give {node.name} an address that is RAM on this board"
    return Diagnosis(known.here(text), (*evidence, str(node)), (fix,))


def pools_among(facts: Facts, nodes: tuple[str, ...]) -> str:
    """What is known of nodes of which none is known to be a pool. Boot loaders take nodes away, too."""
    known = reserved_nodes(facts) or {}
    missing = [name for name in nodes if name not in known]
    if not missing:
        return "no pool for buffers is among them"
    are = "is" if len(missing) == 1 else "are"
    return f"{', '.join(missing)} {are} not in the live device tree, so whether it was a pool is not known"


def why_firmware_kept_out(facts: Facts, nodes: tuple[str, ...], evidence: tuple[str, ...]) -> Diagnosis:
    """The diagnosis for regions of firmware that the kernel did not set aside.

    The kernel does not unmap memory that something else has reserved already, and logs that; the memory stays reserved
    (drivers/of/fdt.c of Linux 6.12: early_init_dt_reserve_memory; khadas/fenix#197).
    """
    known = CMA_REGION_DOES_NOT_FIT
    among = pools_among(facts, nodes)
    text = f"the kernel did not set aside {', '.join(nodes)}: something else has that memory; {among}"
    fix = "nothing, if /proc/iomem has that memory as reserved all the same; else firmware's memory is not protected"
    return Diagnosis(known.here(text), evidence, (fix,))


def _default_area(facts: Facts, evidence: tuple[str, ...]) -> Diagnosis:
    """For the area of ``cma=`` or, without that, of the configuration."""
    known, given, config = CMA_REGION_DOES_NOT_FIT, cma_parameters(facts), facts.kernel_config
    size = config.get("CMA_SIZE_MBYTES") if config is not None else None
    if not given and config is not None and any(f"cma: Failed to reserve {size} MiB" in line for line in evidence):
        given = (config.line("CMA_SIZE_MBYTES"),)
    if not given or not any("cma: Failed to reserve" in line for line in evidence):
        return Diagnosis(known.here(), evidence, known.fix)
    text = f"there is no room for the CMA area that {given[-1]} asks for"
    for line in facts.dmesg or ():
        for pattern, reason, fix in _REFUSED_PLACE:
            if (match := pattern.search(line)) is not None:
                why = known.here(f"the kernel made no CMA area of {given[-1]}: {reason.format(*match.groups())}")
                return Diagnosis(why, (line, *evidence, *given), (fix.format(*match.groups()),))
    last = f"; {' '.join(given[:-1])} before it has no effect, the last one counts" if len(given) > 1 else ""
    dropped = ", or drop it" if given[-1].startswith("cma=") else ""
    return Diagnosis(known.here(text), (*evidence, *given), (f"make {given[-1]} smaller{dropped}{last}", *known.fix))


def _occupied(facts: Facts, own: str) -> list[MemoryRegion]:
    """Everything whose place is known, except the region itself, by address."""
    memory = memory_facts(facts)
    regions = [region for region in (memory.regions if memory else ()) if region.name != own]
    return sorted((*regions, *_initrd(facts)), key=lambda region: region.begin)


def _initrd(facts: Facts) -> Iterator[MemoryRegion]:
    for line in facts.dmesg or ():
        if match := _INITRD.search(line):
            begin = int(match["begin"], 16)
            yield MemoryRegion("the initial ramdisk", RegionKind.BOOT, begin, begin + int(match["bytes"]), "dmesg")
        elif match := _RAMDISK.search(line):
            end = int(match["end"], 16) + 1
            yield MemoryRegion("the initial ramdisk", RegionKind.BOOT, int(match["begin"], 16), end, "dmesg")


def _asked(node: ReservedNode, size: int) -> list[_Span]:
    """Where the region is to lie; empty: anywhere."""
    base = node.extent[0]
    return [(base, base + size)] if base is not None else [(begin, begin + length) for begin, length in node.ranges]


def _in_ram(facts: Facts, asked: list[_Span], regions: Iterable[MemoryRegion]) -> list[_Span]:
    """What of it is RAM. /proc/iomem leaves out memory that is not mapped; here it counts."""
    memory = memory_facts(facts)
    if memory is None or not memory.ram:
        return asked
    ram = _joined((*memory.ram, *((region.begin, region.end) for region in regions)))
    cut = ((max(low, begin), min(high, end)) for begin, end in asked for low, high in ram)
    return [(low, high) for low, high in cut if low < high] if asked else ram


def _length(spans: Iterable[_Span]) -> int:
    return sum(end - begin for begin, end in spans)


def _shown_spans(spans: Sequence[_Span]) -> str:
    return " or ".join(f"{begin:#x} to {end:#x}" for begin, end in spans[:2])


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    joined: list[_Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def _longest(spans: Iterable[_Span], regions: Sequence[MemoryRegion], step: int) -> int:
    """The longest free run that begins on a multiple of ``step``."""
    longest = 0
    for low, high in spans:
        at = low
        for begin, end in (*((region.begin, region.end) for region in regions), (high, high)):
            longest = max(longest, min(begin, high) - -(-at // step) * step)
            at = max(at, end)
    return longest


def _culprit(spans: Sequence[_Span], there: Sequence[MemoryRegion], size: int, step: int) -> MemoryRegion | None:
    """The one region without which there would be room: one with a name before boot memory, the smallest first."""
    if not spans or _longest(spans, there, step) >= size:
        return None
    movable = [region for region in there if region.kind is not RegionKind.KERNEL]
    freeing = [
        region for region in movable if _longest(spans, [other for other in there if other is not region], step) >= size
    ]
    return min(freeing, key=lambda region: (region.kind is RegionKind.BOOT, region.end - region.begin), default=None)


def _named(region: MemoryRegion) -> str:
    name = "memory that was reserved at boot" if region.name == "reserved" else region.name
    return f"{name} at {region.begin:#x} ({show_size(region.end - region.begin)})"


def _shown(region: MemoryRegion) -> str:
    return (
        f"{region.name}: {region.begin:#x} to {region.end:#x}, {show_size(region.end - region.begin)} ({region.source})"
    )


def _move(facts: Facts, region: MemoryRegion, where: str) -> str:
    node = (reserved_nodes(facts) or {}).get(region.name)
    if node is None:
        return (
            f"the boot loader or firmware reserved it (initrd, device tree, framebuffer): let it lie outside of {where}"
        )
    if node.regions:
        return f"move {node.name} to an address outside of {where}"
    return f"give {node.name} a fixed address (reg) outside of {where}"

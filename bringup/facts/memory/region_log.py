"""What the kernel's log says of reserved-memory nodes: which nodes a line names, which pools were made."""

from __future__ import annotations

import re

from bringup.facts.board import Facts
from bringup.facts.memory.cma_usage import area_uses
from bringup.facts.memory.reserved_memory import observed_nodes, reserved_nodes

__all__ = ["is_empty", "line_of_area", "names_in", "pools_not_made"]

#: Lines that name a node, or two that overlap: of drivers/of/of_reserved_mem.c and fdt.c, and of mm/cma.c, of Linux
#: 5.10, 6.12 and 7.3.
_NAMED = re.compile(
    r"(?:for node|property in|defined regions, skip) '(?P<name>[^']+)'"
    r"|node (?P<unmatched>\S+) compatible matching fail"
    r"|(?P<first>\S{1,99}) \(0x[0-9a-f]+--0x[0-9a-f]+\) overlaps with (?P<second>\S+) \("
    r"| nomap reusable (?P<flagged>\S+)"
    r"|CMA area (?P<area>\S+) could not be activated"
)
_INITIALIZED = re.compile(r"initialized node (?P<name>\S+), compatible id")
_NO_SIZE = ("size 0 MiB", "size 0 KiB", "size 0 bytes")


def names_in(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The nodes that these lines name."""
    groups = (match.groups() for line in lines if (match := _NAMED.search(line)) is not None)
    return tuple(dict.fromkeys(name for group in groups for name in group if name))


def is_empty(facts: Facts, name: str, line: str = "") -> bool:
    """Whether a node reserves nothing: boot loaders fill in such a node, or leave it as it is.

    :param line: what the kernel logs about it, where the device tree does not have the node.
    """
    node = (reserved_nodes(facts) or {}).get(name)
    if node is not None and (node.regions or node.size is not None):
        return not node.size and not any(size for _, size in node.regions)
    return any(words in line for words in _NO_SIZE)


def line_of_area(facts: Facts, name: str) -> str | None:
    """The line of the log that names a node of which the kernel made a CMA area; ``None``: there is none."""
    is_area = False
    for line in facts.dmesg or ():
        if "memory pool at" in line:
            is_area = "created CMA memory pool" in line
        elif (match := _INITIALIZED.search(line)) is not None:
            if is_area and match["name"] == name:
                return line
            is_area = False
    return None


def pools_not_made(facts: Facts) -> tuple[str, ...]:
    """The device tree's CMA pools that nothing on the board shows: no line of the log, no heap, no area."""
    lines = facts.dmesg or ()
    made = {match["name"] for line in lines if (match := _INITIALIZED.search(line)) is not None}
    made |= {*area_uses(facts), *(facts.heap_nodes or ())}
    return tuple(node.name for node in observed_nodes(facts) if node.is_cma and node.name not in made)

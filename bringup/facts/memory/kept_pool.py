"""Does a pool keep what a board config says of it, though it differs: is it larger, or placed more narrowly?"""

from __future__ import annotations

from collections.abc import Mapping

from bringup.facts.memory.reserved_memory import ReservedNode

__all__ = ["keeps"]


def keeps(expected: Mapping[str, str], name: str, node: ReservedNode) -> bool:
    """Whether what differs in this property leaves the pool with all that is expected of it.

    :param expected: the rendered properties: name → value.
    :param name: a property that differs, or that only the board has.
    """
    base, size = node.extent
    if name == "reg":
        others = (other for other in ("alignment", "alloc-ranges") if other in expected)
        return "reg" not in expected and all(keeps(expected, other, node) for other in others)
    if name == "size":
        return name in expected and size is not None and size >= int(expected[name], 0)
    if name == "alignment":
        if name not in expected:
            return True
        step = int(expected[name], 0)
        return base % step == 0 if base is not None else (node.alignment or 1) % step == 0
    if name == "alloc-ranges":
        places = ((base, size or 0),) if base is not None else node.ranges
        spans = [tuple(int(number, 0) for number in span.split()) for span in expected.get(name, "").split(",") if span]
        return not spans or bool(places and all(_lies_in(place, spans) for place in places))
    return False


def _lies_in(place: tuple[int, int], spans: list[tuple[int, ...]]) -> bool:
    begin, length = place
    return any(low <= begin and begin + length <= low + size for low, size in spans)

"""The shape of a JSON document: every path to a field, with the types that are found there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["Shape", "lost", "shape_of"]

#: path → its types, such as ``null|string``; ``[]`` is any item of a list, ``{}`` any entry of a map of data.
Shape = dict[str, str]

_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_TYPES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}
#: Maps whose keys are data, although they look like names of fields.
_MAPS = ("running", "requirements", "symbols", "properties", "options", "$defs", "sources", "source")


def shape_of(documents: Iterable[Any]) -> Shape:
    """The shape of all these documents together."""
    shape: dict[str, set[str]] = {}
    for document in documents:
        for path, kind in _paths("", document):
            shape.setdefault(path, set()).add(kind)
    return {path: "|".join(sorted(kinds)) for path, kinds in sorted(shape.items())}


def _paths(path: str, value: Any) -> Iterator[tuple[str, str]]:
    yield path, _TYPES[type(value)]
    if isinstance(value, list):
        for item in value:
            yield from _paths(f"{path}[]", item)
    elif isinstance(value, dict):
        is_map = path.rpartition(".")[2] in _MAPS or not all(map(_FIELD.fullmatch, value))
        for key, item in value.items():
            yield from _paths(f"{path}{{}}" if is_map else f"{path}.{key}", item)


def lost(before: Shape, now: Shape) -> list[str]:
    """What of the shape of before is missing now: a field, or the type that it had."""
    return [
        f"{path or 'the document'}: {kind}"
        for path, kinds in before.items()
        for kind in kinds.split("|")
        if kind not in now.get(path, "").split("|")
    ]

"""One config on top of another, before validation, with every value's place kept.

Mappings are merged key by key, heaps, streams and scenarios by name; notes are added, and so are expectations, of which
one replaces the parent's of the same id; every other list is replaced.
The parent's source keys get its name in front, so both files may use the same short keys.
"""

from __future__ import annotations

from bringup.yaml_file import Node

__all__ = ["merge"]

_NOT_INHERITED = ("name", "title", "extends")
_BY_NAME = ("heaps", "streams", "scenarios")


def merge(parent: Node, child: Node, parent_name: str) -> Node:
    """The child's facts on top of the parent's. Both are changed; use the result only."""
    _spread_sources(parent)
    _spread_sources(child)
    _qualify(parent, parent_name)
    for key in _NOT_INHERITED:
        parent.value.pop(key, None)
    return _over(parent, child)


def _spread_sources(node: Node) -> None:
    """Write a block's ``source`` out per field, so that a merged block knows where each of its fields is from."""
    if isinstance(node.value, list):
        for child in node.value:
            _spread_sources(child)
    elif isinstance(node.value, dict):
        if "source" in node.value:
            _spread(node.value["source"], [key for key in node.value if key != "source"])
        for key, child in node.value.items():
            if key != "source":
                _spread_sources(child)


def _spread(source: Node, keys: list[str]) -> None:
    whole: Node | None = source
    fields: dict[str, Node] = {}
    if isinstance(source.value, dict):
        fields = source.value
        whole = fields.pop("*", None)
    if whole is not None:
        fields = {key: Node(whole.value, whole.place, whole.key_place) for key in keys} | fields
    source.value = fields


def _qualify(root: Node, name: str) -> None:
    sources = root.value.get("sources")
    if sources is not None and isinstance(sources.value, dict):
        sources.value = {_qualified(key, name): child for key, child in sources.value.items()}
    for key, child in root.value.items():
        if key != "sources":
            _qualify_refs(child, name)


def _qualify_refs(node: Node, name: str) -> None:
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            if key == "source" and isinstance(child.value, dict):
                for ref in child.value.values():
                    _qualify_ref(ref, name)
            else:
                _qualify_refs(child, name)
    elif isinstance(node.value, list):
        for child in node.value:
            _qualify_refs(child, name)


def _qualify_ref(ref: Node, name: str) -> None:
    if isinstance(ref.value, str):
        ref.value = _qualified(ref.value, name)
    elif isinstance(ref.value, list):
        ref.value = [
            Node(_qualified(item.value, name), item.place) if isinstance(item.value, str) else item
            for item in ref.value
        ]


def _qualified(key: str, name: str) -> str:
    return key if ":" in key else f"{name}:{key}"


def _over(parent: Node, child: Node, key: str = "") -> Node:
    if isinstance(parent.value, dict) and isinstance(child.value, dict):
        merged = dict(parent.value)
        for name, value in child.value.items():
            merged[name] = _over(merged[name], value, name) if name in merged else value
        return Node(merged, child.place, child.key_place)
    if isinstance(parent.value, list) and isinstance(child.value, list):
        if key in _BY_NAME:
            return Node(_by_name(parent.value, child.value), child.place, child.key_place)
        if key == "notes":
            return Node([*parent.value, *child.value], child.place, child.key_place)
        if key == "expect":
            own = {_name_of(expectation, "id") for expectation in child.value} - {None}
            kept = [expectation for expectation in parent.value if _name_of(expectation, "id") not in own]
            return Node([*kept, *child.value], child.place, child.key_place)
    return child


def _by_name(parents: list[Node], children: list[Node]) -> list[Node]:
    merged = list(parents)
    index = {_name_of(heap): position for position, heap in enumerate(merged)}
    for heap in children:
        name = _name_of(heap)
        if name is not None and name in index:
            merged[index[name]] = _over(merged[index[name]], heap)
        else:
            merged.append(heap)
    return merged


def _name_of(entry: Node, key: str = "name") -> str | None:
    name = entry.value.get(key) if isinstance(entry.value, dict) else None
    return name.value if name is not None and isinstance(name.value, str) else None

"""The published JSON Schemas, made from the classes that define the documents (:mod:`bringup.document`)."""

from __future__ import annotations

import enum
import inspect
import re
from typing import Any, get_args

import msgspec

__all__ = ["json_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_RULES = "Fields may be added in later versions and are never renamed or given another meaning. Ignore unknown fields."
_PARAM = re.compile(r"^:param (\w+): (.+?)(?=^:|\Z)", re.MULTILINE | re.DOTALL)


def json_schema(kind: Any, schema: str, title: str) -> dict[str, Any]:
    """The schema of a class of documents, or of a union of such classes.

    :param schema: its name, such as ``bringup.run/1``.
    :param title: what it is, in a few words.
    """
    name, _, version = schema.removeprefix("bringup.").partition("/")
    (root,), components = msgspec.json.schema_components([kind])
    classes = {cls.__name__: cls for cls in _classes(msgspec.inspect.type_info(kind))}
    definitions = {_snake(cls): _definition(classes[cls], part) for cls, part in components.items()}
    own = definitions.pop(_snake(kind.__name__)) if isinstance(kind, type) else _tidy(root)
    return {
        "$schema": _DIALECT,
        "$id": f"urn:bringup:{name}:{version}",
        "title": f"{schema}: {title}",
        **own,
        "description": " ".join(filter(None, (own.get("description"), _RULES))),
        "$defs": definitions,
    }


def _classes(info: msgspec.inspect.Type) -> set[type]:
    """The classes of a document, at whatever depth."""
    if isinstance(info, msgspec.inspect.StructType):
        return {info.cls}.union(*(_classes(field.type) for field in info.fields))
    if isinstance(info, msgspec.inspect.EnumType):
        return {info.cls}
    parts: tuple[msgspec.inspect.Type, ...] = ()
    for name in ("type", "item_type", "value_type"):
        parts += (getattr(info, name),) if hasattr(info, name) else ()
    parts += (*getattr(info, "types", ()), *getattr(info, "item_types", ()))
    return set().union(*map(_classes, parts))


def _definition(cls: Any, part: dict[str, Any]) -> dict[str, Any]:
    """A class as its definition: what msgspec makes, with the texts of the docstring."""
    text, fields = _docstring(cls)
    head = {"description": text} if text else {}
    if issubclass(cls, enum.Enum):
        return {**head, "enum": [member.value for member in cls]}
    properties = {name: _tidy(rule) for name, rule in part["properties"].items()}
    written = {field.name: field.encode_name for field in msgspec.structs.fields(cls)}
    for name, described in fields.items():
        properties[written[name]]["description"] = described
    computed = {field.encode_name for field in msgspec.structs.fields(cls) if _is_computed(field)}
    required = [name for name in properties if name in part.get("required", ()) or name in computed]
    return {**head, "type": "object", "required": required, "properties": properties}


def _is_computed(field: msgspec.structs.FieldInfo) -> bool:
    """A field that is always written; one whose type says that it may be unset is not."""
    return field.default is msgspec.UNSET and msgspec.UnsetType not in get_args(field.type)


def _docstring(cls: Any) -> tuple[str, dict[str, str]]:
    """A class's sentences, and those of each field, its bases' included."""
    fields: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        doc = inspect.cleandoc(base.__doc__) if msgspec.Struct in base.__mro__ and base.__doc__ else ""
        fields |= {name: _one_line(text) for name, text in _PARAM.findall(doc)}
    doc = inspect.cleandoc(cls.__doc__ or "")
    return _one_line(doc.partition("\n:param ")[0]), fields


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "").split())


def _tidy(rule: Any) -> Any:
    """Without defaults, which are about reading; ``string or null`` in one word; definitions by their own names."""
    if isinstance(rule, list):
        return [_tidy(item) for item in rule]
    if not isinstance(rule, dict):
        return rule
    out = {key: _tidy(value) for key, value in rule.items() if key not in ("default", "discriminator")}
    if "$ref" in out:
        out["$ref"] = "#/$defs/" + _snake(out["$ref"].rpartition("/")[2])
    options = out.get("anyOf", ())
    if options and all(option.keys() == {"type"} for option in options):
        del out["anyOf"]
        out["type"] = [option["type"] for option in options]
    return out


def _snake(name: str) -> str:
    """``HeapFacts`` → ``heap_facts``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()

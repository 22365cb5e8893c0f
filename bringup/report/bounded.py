"""Documents as they may be shown: every text visible and of bounded length. Formats for people start from these.

The record and the run document keep everything; a page, a CI server's XML or a comment has to stay readable when a
board sends a line of a megabyte.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from bringup.text import visible

__all__ = ["excerpt", "shown"]

# Characters of a name, a sentence, a fact; items of a list of texts.
_NAME, _SENTENCE, _FACT = 200, 1_000, 2_000
_ITEMS = 400

_NAMES = frozenset(
    {
        *("serial", "config", "kernel", "id", "name", "kind", "owner", "label", "type", "abi", "op", "file"),
        *("symbols", "severity", "answer", "tool", "started", "limit", "stopped"),
    }
)
_FACTS = frozenset(("evidence", "remedy", "lines", "found", "sources", "not_known"))

_Shown = TypeVar("_Shown", bound=msgspec.Struct)
_NUMBERS = (inspect.IntType, inspect.FloatType, inspect.BoolType, inspect.NoneType, inspect.EnumType)


def shown(document: _Shown) -> _Shown:
    """The document with each text passed through :func:`bringup.text.visible`, and long texts and lists cut.

    Whatever needs no change is the same object: on a page of a thousand boards that is almost all.
    """
    changed = {}
    for name, show in _fields(type(document)):
        value = getattr(document, name)
        new = show(value)
        if new is not value:
            changed[name] = new
    return msgspec.structs.replace(document, **changed) if changed else document


def excerpt(text: str, limit: int) -> str:
    """At most about ``limit`` characters of a text: its head and its tail, and how much was left out between them."""
    if len(text) <= limit:
        return text
    tail = limit // 4
    left_out = len(text) - limit
    return f"{text[: limit - tail]} [… {left_out:,} characters left out …] {text[-tail:]}"


@functools.cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """The fields of a class that can hold text, each with what makes it fit to be shown."""
    info = inspect.type_info(kind)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return tuple(
        (name, functools.partial(_any, limit=_limit(name)))
        for name, field in zip(kind.__struct_fields__, fields, strict=True)
        if not _is_number(field.type)
    )


def _is_number(info: inspect.Type) -> bool:
    """Whether values of a type hold no text of a board: numbers, enums, and collections of these."""
    if isinstance(info, inspect.Metadata):
        return _is_number(info.type)
    if isinstance(info, inspect.UnionType):
        return all(map(_is_number, info.types))
    if isinstance(info, inspect.TupleType):
        return all(map(_is_number, info.item_types))
    if isinstance(info, inspect.VarTupleType):
        return _is_number(info.item_type)
    return isinstance(info, _NUMBERS)


def _limit(name: str) -> int:
    return _NAME if name in _NAMES else _FACT if name in _FACTS else _SENTENCE


def _any(value: Any, limit: int) -> Any:
    if value is None:
        return None
    kind = type(value)
    if kind is str:
        return _text(value, limit)
    if kind is tuple:
        return _tuple(value, limit) if value else value
    if isinstance(value, msgspec.Struct):
        return shown(value)
    if kind is dict:
        return {_text(str(key), _NAME): _any(item, limit) for key, item in value.items()}
    return value


def _tuple(items: tuple[Any, ...], limit: int) -> tuple[Any, ...]:
    if len(items) > _ITEMS and isinstance(items[0], str):
        left_out = f"[… {len(items) - _ITEMS:,} more left out …]"
        return (*(_text(item, limit) for item in items[:_ITEMS]), left_out)
    new = tuple([_any(item, limit) for item in items])
    return items if all(map(operator.is_, new, items)) else new


def _text(text: str, limit: int) -> str:
    return visible(excerpt(text, limit))

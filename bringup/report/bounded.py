"""A run as it may be shown: every text visible and of bounded length. What a format writes for people starts here.

The record and the run document keep everything; a page, a CI server's XML or a comment has to stay readable when a
board sends a line of a megabyte.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar

import msgspec

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


_Shown = TypeVar("_Shown")


def shown(value: _Shown) -> _Shown:
    """The same run, or whatever dataclass of a report it is, with each text passed through
    :func:`bringup.text.visible`; long texts and lists are cut.
    """
    safe: _Shown = _shown(value)
    return safe


def excerpt(text: str, limit: int) -> str:
    """At most about ``limit`` characters of a text: its head and its tail, and how much was left out between them."""
    if len(text) <= limit:
        return text
    tail = limit // 4
    left_out = len(text) - limit
    return f"{text[: limit - tail]} [… {left_out:,} characters left out …] {text[-tail:]}"


def _shown(data: Any) -> Any:
    """The same dataclass, whatever its fields are: so no field of a later day gets by."""
    kind: Any = type(data)
    return kind(**{name: _any(getattr(data, name), limit) for name, limit in _limits(kind)})


@functools.cache
def _limits(kind: Any) -> tuple[tuple[str, int], ...]:
    """The fields of a class, and how long a text in each may be."""
    names = (
        kind.__struct_fields__
        if issubclass(kind, msgspec.Struct)
        else [field.name for field in fields(kind) if field.init]
    )
    return tuple((name, _limit(name)) for name in names)


def _limit(name: str) -> int:
    return _NAME if name in _NAMES else _FACT if name in _FACTS else _SENTENCE


def _any(value: Any, limit: int) -> Any:
    if value is None or isinstance(value, int | float | Enum):
        return value
    if isinstance(value, str):
        return _text(value, limit)
    if isinstance(value, tuple):
        return _tuple(value, limit)
    if isinstance(value, msgspec.Struct) or (is_dataclass(value) and not isinstance(value, type)):
        return _shown(value)
    if isinstance(value, Mapping):
        return {_text(str(key), _NAME): _any(one, limit) for key, one in value.items()}
    raise TypeError(f"a report does not know how to show a {type(value).__name__}")


def _tuple(items: tuple[Any, ...], limit: int) -> tuple[Any, ...]:
    if len(items) > _ITEMS and isinstance(items[0], str):
        left_out = f"[… {len(items) - _ITEMS:,} more left out …]"
        return (*(_text(one, limit) for one in items[:_ITEMS]), left_out)
    return tuple(_any(one, limit) for one in items)


def _text(text: str, limit: int) -> str:
    # Printable text holds nothing that visible() replaces, and almost all text is.
    if len(text) <= limit and text.isprintable():
        return text
    return visible(excerpt(text, limit))

"""JSON documents: each shape is defined once, as frozen classes; writing, reading, checking and the schema use these.

A document is a tree of ``msgspec.Struct`` classes. How to define one::

    class Change(msgspec.Struct, frozen=True):
        '''Whole lines for one file.

        :param file: Its path below the folder of fixes.
        :param lines: Without their ends.
        '''

        file: str
        lines: tuple[str, ...]

- Fields are written in the order of their definition. A field with a default may be missing when the document is read:
  every field that a later version adds needs a default. Unknown fields are skipped on reading.
- The JSON schema takes its descriptions from the docstring, one ``:param`` per field.
- ``omit_defaults=True``: a field that has its default is not written. A tuple that is to be written even when it is
  empty has the default :func:`always_written`.
- ``tag_field="schema", tag="bringup.run/1"`` on the outermost class: the schema's name is written first, and checked on
  reading. It is not an argument of the constructor.
- Use tuples, ``Mapping``, enums, ``int``, ``float``, ``str`` and other such classes. For a copy with other values call
  ``msgspec.structs.replace(document, name=value)``.
- A field that follows from others (an outcome from verdicts) has the default :func:`computed`, and ``__post_init__``
  sets it (:func:`set_computed`): so it is right after reading, too, whatever the file said.
- A closed set is a ``StrEnum``. A rule for a value is ``Annotated[int, msgspec.Meta(ge=0)]``: it is checked on reading
  and is in the schema.

:func:`write_document` writes any of these, or lists and dicts of them; :func:`read_document` reads and checks one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

import msgspec

from bringup.text import visible

__all__ = [
    "Count",
    "DocumentError",
    "always_written",
    "computed",
    "read_document",
    "require_finite",
    "schema_name",
    "set_computed",
    "unknown_fields",
    "write_document",
    "write_in_rows",
]

_Document = TypeVar("_Document")

#: How many: never below 0.
Count = Annotated[int, msgspec.Meta(ge=0)]

# What bringup.text.visible names and JSON lets stand. It is written as a JSON escape, which reads back as it was.
_CONTROL = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]+")
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}
_SCHEMA = re.compile(r'"schema"\s*:\s*"([^"]*)"')
_BYTE = re.compile(r" \(byte (\d+)\)$")


class DocumentError(ValueError):
    """A document does not have the shape that it should have. The text says where, and never quotes the whole of it."""


class _Head(msgspec.Struct):
    schema: str


def schema_name(raw: bytes | str) -> str | None:
    """The schema that a document names, or its first lines where the rest is damaged; ``None``: it names none."""
    try:
        return str(_decoder(_Head).decode(raw).schema)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        head = raw[:512] if isinstance(raw, str) else raw[:512].decode(errors="replace")
        match = _SCHEMA.search(head)
        return match[1] if match else None


def read_document(raw: bytes | str, kind: type[_Document]) -> _Document:
    """Read a document and check it. Fields that this version does not know are skipped.

    :raises DocumentError: it is not JSON, or not of that shape; such as
        ``boards[3].verdicts[2].outcome: Invalid enum value 'maybe'``.
    """
    try:
        config = getattr(kind, "__struct_config__", None)
        if config is not None and config.tag_field == "schema":
            _require_schema(_decoder(_Head).decode(raw).schema, str(config.tag))
        document: _Document = _decoder(kind).decode(raw)
    except msgspec.ValidationError as error:
        raise DocumentError(_what_is_wrong(error)) from error
    except msgspec.DecodeError as error:
        raise DocumentError(_why_not_json(error, raw)) from error
    except UnicodeError as error:
        raise DocumentError("it is not UTF-8") from error
    except RecursionError as error:
        raise DocumentError("it is nested too deeply") from error
    return document


def unknown_fields(raw: bytes | str, kind: type[Any]) -> tuple[str, ...]:
    """The fields of a document that its class does not have, such as ``boards[].colour``; each once, sorted.

    :raises DocumentError: it is not JSON.
    """
    known = msgspec.to_builtins(read_document(raw, kind))
    return tuple(sorted(set(_more(msgspec.json.decode(raw), known, ""))))


def _more(data: Any, known: Any, place: str) -> Iterator[str]:
    """The fields of ``data`` that ``known`` lacks, in whatever depth."""
    if isinstance(data, dict) and isinstance(known, dict):
        for name, value in data.items():
            inner = f"{place}.{name}" if place else name
            if name in known:
                yield from _more(value, known[name], inner)
            elif value is not None and value != []:
                yield visible(inner[:80])
    elif isinstance(data, list) and isinstance(known, list | tuple):
        for item, known_item in zip(data, known, strict=False):
            yield from _more(item, known_item, f"{place}[]")


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    if kind not in _DECODERS:
        _DECODERS[kind] = msgspec.json.Decoder(kind)
    return _DECODERS[kind]


def _require_schema(schema: str, expected: str) -> None:
    if schema != expected:
        raise DocumentError(f"its schema is {visible(schema[:80])!r}, not {expected!r}")


def _what_is_wrong(error: msgspec.ValidationError) -> str:
    """``boards[3].serial: Expected 'str', got 'int'``."""
    what, _, place = str(error).replace("`", "'").rpartition(" - at ")
    if not what:
        return visible(place[:300])
    where = place.replace("'", "").removeprefix("$").removeprefix(".") or "the document"
    return visible(f"{where}: {what}"[:300])


def _why_not_json(error: msgspec.DecodeError, raw: bytes | str) -> str:
    what = str(error)
    if "UTF-8" in what:
        return "it is not UTF-8"
    match = _BYTE.search(what)
    if match is None:
        return f"it is not JSON: {what}"
    read = (raw.encode() if isinstance(raw, str) else raw)[: int(match[1])]
    line, column = read.count(b"\n") + 1, len(read) - (read.rfind(b"\n") + 1) + 1
    return f"it is not JSON: line {line}, column {column}: {what[: match.start()].removeprefix('JSON is malformed: ')}"


def write_document(value: object, *, indent: int = 0) -> str:
    """A document, or anything made of documents, lists and dicts, as JSON text without a control character.

    A lone surrogate, for which JSON has no escape that every reader takes, becomes visible text.

    :param indent: spaces; 0: all on one line.
    """
    try:
        raw = msgspec.json.encode(value)
    except UnicodeEncodeError:
        raw = msgspec.json.encode(_spelled(msgspec.to_builtins(value)))
    return _without_controls(msgspec.json.format(raw, indent=indent) if indent else raw)


def write_in_rows(document: msgspec.Struct, rows: str) -> str:
    """A document as :func:`write_document` writes it, with one line for each item of a field: a script can read one.

    :param rows: the field, a tuple; it is written last.
    """
    config = document.__struct_config__
    head = {config.tag_field: config.tag} if config.tag_field else {}
    head |= {name: getattr(document, name) for name in document.__struct_fields__ if name != rows}
    lines = ",\n".join(write_document(item) for item in getattr(document, rows))
    return f'{write_document(head)[:-1]},"{rows}":[\n{lines}\n]}}'


def _without_controls(raw: bytes) -> str:
    text = raw.decode()
    if text.isascii() and "\x7f" not in text:
        return text
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _spelled(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub(lambda match: match.group().encode("ascii", "backslashreplace").decode(), value)
    if isinstance(value, dict):
        return {_spelled(key): _spelled(item) for key, item in value.items()}
    return [_spelled(item) for item in value] if isinstance(value, list | tuple) else value


def always_written() -> Any:
    """The default of a tuple that is written even when it is empty, in a class that leaves out what has its default."""
    return msgspec.field(default_factory=lambda: ())


def computed() -> Any:
    """The default of a field whose value follows from others. ``__post_init__`` sets it: :func:`set_computed`."""
    return msgspec.UNSET


def set_computed(document: msgspec.Struct, **values: object) -> None:
    """Set the computed fields of a document; for its ``__post_init__``."""
    for name, value in values.items():
        msgspec.structs.force_setattr(document, name, value)


def require_finite(document: msgspec.Struct) -> None:
    """Refuse NaN and infinity, which JSON cannot hold; for a ``__post_init__``.

    :raises ValueError: a field, or an item of a field that is a tuple, is such a number.
    """
    for name in document.__struct_fields__:
        value = getattr(document, name)
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, float) and not math.isfinite(number):
                raise ValueError(f"{name} is {number}, which is not a finite number")

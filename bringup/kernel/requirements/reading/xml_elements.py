"""A small reader for XML that others wrote: elements, attributes, text; no DOCTYPE, so no entity of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from bringup.errors import ConfigError
from bringup.text import visible

__all__ = ["Element", "read_xml"]

_MAX_BYTES = 16 << 20
_DEPTH = 64
_WRAP = b"<fragment>"
_MAX_ELEMENTS = 500_000


@dataclass(slots=True)
class Element:
    """One element. :param line: where it begins, from 1."""

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text directly in it."""
        return "".join(self.pieces)

    def all(self, name: str) -> Iterator[Element]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> Element | None:
        """The first child of that name."""
        return next(self.all(name), None)


def read_xml(raw: bytes, source: str) -> Element:
    """Read a document, or several elements in a row as kernel/configs has them: they come as one ``fragment``.

    :raises ConfigError: not XML, nested deeper than 64, larger than 16 MiB, or with a DOCTYPE; with the line.
    """
    if len(raw) > _MAX_BYTES:
        raise ConfigError(source, f"larger than {_MAX_BYTES >> 20} MiB")
    builder = _Builder(source)
    builder.parse(raw)
    root = builder.root
    return root.children[0] if len(root.children) == 1 else root


class _Builder:
    def __init__(self, source: str) -> None:
        self.root = Element("fragment", 1)
        self._source = source
        self._open = [self.root]
        self._count = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def parse(self, raw: bytes) -> None:
        body = raw.removeprefix(b"\xef\xbb\xbf")
        declaration = body.find(b"?>") + 2 if body.lstrip().startswith(b"<?xml") else 0
        # Several elements in a row are no document, so they get one around them.
        head, rest = body[:declaration], body[declaration:]
        if b"<!DOCTYPE" in rest or b"<!ENTITY" in rest:
            raise ConfigError(self._source, "has a DOCTYPE or entities: a VINTF file needs neither")
        try:
            self._parser.Parse(head + _WRAP, False)
            self._parser.Parse(rest, False)
            self._parser.Parse(b"</fragment>", True)
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            raise ConfigError(self._source, f"not XML: {text}", line=error.lineno, column=error.offset + 1) from error
        except (LookupError, ValueError) as error:  # raised by Python's part of expat
            raise ConfigError(self._source, f"of an encoding that is not read: {visible(str(error))}") from error
        self.root = self.root.children[0]

    def _refuse(self, seen: str) -> ConfigError:
        return ConfigError(self._source, seen, line=self._parser.CurrentLineNumber)

    def _doctype(self, *_: object) -> None:
        raise self._refuse("has a DOCTYPE or entities: a VINTF file needs neither")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > _DEPTH or self._count > _MAX_ELEMENTS:
            raise self._refuse("nested too deeply or too many elements")
        element = Element(name, self._parser.CurrentLineNumber, attributes)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].pieces.append(text)

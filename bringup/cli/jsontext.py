"""JSON as the command line prints it: what ``json.dumps(…, indent=2, ensure_ascii=False)`` gives, sooner.

Only that what UTF-8 cannot hold (a file's name may be any bytes) is written as an escape.

With an indent the standard library's encoder is the one in Python; importing it alone takes as long as this takes for a
whole document. A test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Iterator

try:
    from _json import encode_basestring as _quoted  # the part of it that is C
except ImportError:
    from json.encoder import py_encode_basestring as _quoted

__all__ = ["json_text"]


def json_text(document: object) -> str:
    """The document, indented by two, without a newline at its end.

    :raises TypeError, ValueError: as :func:`json.dumps`.
    """
    text = "".join(_pieces(document, "\n"))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # a lone surrogate becomes \udcXX


def _pieces(value: object, margin: str) -> Iterator[str]:
    if isinstance(value, str):
        yield _quoted(value)
    elif isinstance(value, dict):
        yield from _object(value, margin) if value else ("{}",)
    elif isinstance(value, list | tuple):
        yield from _array(value, margin) if value else ("[]",)
    else:
        yield _scalar(value)


def _object(value: dict[object, object], margin: str) -> Iterator[str]:
    inner = margin + "  "
    before = "{"
    for key, item in value.items():
        yield f"{before}{inner}{_quoted(key if isinstance(key, str) else _key(key))}: "
        yield from (_quoted(item),) if isinstance(item, str) else _pieces(item, inner)
        before = ","
    yield f"{margin}}}"


def _array(value: list[object] | tuple[object, ...], margin: str) -> Iterator[str]:
    inner = margin + "  "
    before = "["
    for item in value:
        yield f"{before}{inner}"
        yield from (_quoted(item),) if isinstance(item, str) else _pieces(item, inner)
        before = ","
    yield f"{margin}]"


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    import json  # floats, enums of numbers, and what is no JSON

    return json.dumps(value)


def _key(key: object) -> str:
    if key is None or isinstance(key, bool | int | float):
        return _scalar(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")

"""A report read back: whatever carries the document of a run or of a comparison gives it again."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from pathlib import Path

from bringup.compare.runs import SCHEMA, Comparison
from bringup.errors import RecordError, os_reason
from bringup.results.run import Run, load_run, said

__all__ = ["load_document", "load_report"]

# Written by the page's template; a browser that saved the page may have put the attributes in another order.
_CARRIER = re.compile(
    r'<script\b(?P<attributes>[^>]*\bid="?bringup-(?:run|comparison)\b[^>]*)>(?P<text>.*?)</script', re.DOTALL
)
# The schema is the first thing in a document, and an element the first in a page.
_HEAD = 512
_ACTION = "read the report {}"


def load_report(path: Path) -> Run:
    """Read a run from its folder, its ``run.json``, a JSON report or an HTML report.

    :raises RecordError: it is none of them, or it carries no run.
    """
    found = load_document(path)
    if isinstance(found, Comparison):
        hint = "give one of the two runs that were compared"
        raise RecordError(_ACTION.format(path), "it is a comparison of two runs, and no run", hint=hint)
    return found


def load_document(path: Path) -> Run | Comparison:
    """Read a run as :func:`load_report` does, or a comparison from its JSON or its page.

    :raises RecordError: it is none of them, or it carries neither.
    """
    try:
        html = not path.is_dir() and _is_html(path)
        text = path.read_text(encoding="utf-8") if html else ""
        if not html:
            return _comparison(path) or load_run(path)
    except UnicodeDecodeError as error:
        raise RecordError(_ACTION.format(path), "the page is not UTF-8") from error
    except OSError as error:
        hint = "give the folder that 'bringup run -o DIR' wrote, or a report of it"
        raise RecordError(_ACTION.format(path), os_reason(error), hint=hint) from error
    found = _CARRIER.search(text)
    if found is None:
        hint = "give a report that 'bringup report --format html' or 'bringup run' wrote"
        raise RecordError(_ACTION.format(path), "the page carries no run document", hint=hint)
    try:
        data = json.loads(_unpack(found["text"]) if "gzip" in found["attributes"] else found["text"])
        return Comparison.from_json(data) if data["schema"] == SCHEMA else Run.from_json(data)
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, binascii.Error, EOFError, OSError) as error:
        raise RecordError(_ACTION.format(path), f"the document in it is damaged: {said(error)}") from error


def _comparison(path: Path) -> Comparison | None:
    """A JSON file's comparison; ``None``: it is none, as far as its head tells."""
    if path.is_dir():
        return None
    with path.open("rb") as file:
        if SCHEMA.encode() not in file.read(_HEAD):
            return None
    try:
        return Comparison.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordError(_ACTION.format(path), f"it is no {SCHEMA} document: {said(error)}") from error


def _is_html(path: Path) -> bool:
    """Whether the first thing in a file opens an element; a run document opens a brace."""
    with path.open("rb") as file:
        return file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text), wbits=31)

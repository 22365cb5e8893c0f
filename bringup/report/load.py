"""A report read back: the run or the comparison that a folder, a JSON file or a page holds."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bringup import __version__
from bringup.compare.runs import SCHEMA as COMPARE_SCHEMA
from bringup.compare.runs import Comparison
from bringup.document import DocumentError, read_document, schema_name, unknown_fields
from bringup.errors import RecordError, os_reason
from bringup.files import read_input
from bringup.results.run import SCHEMA, Run
from bringup.text import shell_word, visible

__all__ = ["load_document", "load_report", "load_run"]

# The page's template writes it so; a browser that saved the page may have put the attributes in another order.
_ID = re.compile(rb'\bid="?bringup-(?:run|comparison)\b')
#: Of the attributes of a script; bringup's have less than 100 bytes.
_ATTRIBUTES = 1024
#: Of a report or a run's document: one of 1,000 boards has about 150 MB.
_MOST = 512 << 20
_ACTION = "read the report {}"

Note = Callable[[str], object]
_Document = TypeVar("_Document", Run, Comparison)


def load_report(path: Path, note: Note | None = None) -> Run:
    """Read a run from its folder, its ``run.json``, a JSON report or an HTML report.

    :param note: is called with a sentence where a later version of bringup wrote fields that this one does not know.
    :raises RecordError: it is none of them, or it holds no run.
    """
    document = load_document(path, note)
    if isinstance(document, Comparison):
        hint = "give one of the two runs that were compared"
        raise RecordError(_ACTION.format(path), "it is a comparison of two runs, not a run", hint=hint)
    return document


def load_document(path: Path, note: Note | None = None) -> Run | Comparison:
    """Read a run as :func:`load_report` does, or a comparison from its JSON or its page.

    :raises RecordError: it is none of them, or it holds neither.
    """
    if path.is_dir():
        return load_run(path, note)
    try:
        raw = read_input(path, _MOST)
    except OSError as error:
        hint = "give the folder that 'bringup run -o DIR' wrote, or a report of it"
        raise RecordError(_ACTION.format(path), os_reason(error), hint=hint) from error
    if _is_html(raw):
        return _from_page(path, raw, note)
    if schema_name(raw) != COMPARE_SCHEMA:
        return load_run(path, note)
    try:
        return _read(path, raw, Comparison, note)
    except DocumentError as error:
        seen = f"it is not a {COMPARE_SCHEMA} document: {error}"
        raise RecordError(_ACTION.format(path), seen) from error


def load_run(path: Path, note: Note | None = None) -> Run:
    """Read a run from its folder or from its ``run.json``.

    :raises RecordError: there is none, or it cannot be read.
    """
    file = path / "run.json" if path.is_dir() else path
    action = f"read the run in {path}"
    try:
        return _read(path, read_input(file, _MOST), Run, note)
    except FileNotFoundError as error:
        raise RecordError(action, f"there is no {file.name}", hint=_instead(path)) from error
    except OSError as error:
        raise RecordError(action, os_reason(error)) from error
    except DocumentError as error:
        seen = f"{file.name} is not a {SCHEMA} document: {error}"
        raise RecordError(action, seen, hint=_instead(path)) from error


def _instead(path: Path) -> str:
    """What to do about a path that holds no run."""
    if path.name.endswith(".tar.zst") or (path / "record.jsonl").is_file():
        return f"this is a record: bringup check {shell_word(path)} -o DIR judges it, and writes a run"
    if any(path.glob("*/record.jsonl")):
        return f"a run that was interrupted left records there: bringup check {shell_word(path)}/*/"
    return "give the folder that 'bringup run -o DIR' wrote"


def _is_html(raw: bytes) -> bool:
    """Whether a file begins with an element; a JSON document begins with a brace."""
    return raw[:512].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _from_page(path: Path, page: bytes, note: Note | None) -> Run | Comparison:
    carrier = _carrier(page)
    if carrier is None:
        hint = "give a report that 'bringup report --format html' or 'bringup run' wrote"
        raise RecordError(_ACTION.format(path), "the page holds no run", hint=hint)
    try:
        attributes, raw = carrier
        if b"gzip" in attributes:
            raw = _unpacked(base64.b64decode(raw))
        if schema_name(raw) == COMPARE_SCHEMA:
            return _read(path, raw, Comparison, note)
        return _read(path, raw, Run, note)
    except (DocumentError, zlib.error, binascii.Error) as error:
        why = visible(str(error)[:200])
        raise RecordError(_ACTION.format(path), f"the document in it is damaged: {why}") from error


def _carrier(page: bytes) -> tuple[bytes, bytes] | None:
    """The attributes and the text of the script that holds the document."""
    at = page.find(b"<script")
    while at >= 0:
        end = page.find(b">", at, at + _ATTRIBUTES)
        if end >= 0 and _ID.search(page, at, end):
            close = page.find(b"</script", end)
            return None if close < 0 else (page[at:end], page[end + 1 : close])
        at = page.find(b"<script", at + 7)
    return None


def _unpacked(packed: bytes) -> bytes:
    """:raises zlib.error: it is damaged, or larger than any report."""
    decoder = zlib.decompressobj(wbits=31)
    raw = decoder.decompress(packed, _MOST)
    if not decoder.eof:
        raise zlib.error(f"it is cut short, or unpacks to more than {_MOST >> 20} MiB")
    return raw


def _read(path: Path, raw: bytes, kind: type[_Document], note: Note | None) -> _Document:
    document = read_document(raw, kind)
    tools = {document.tool} if isinstance(document, Run) else {s.tool for s in (document.before, document.after) if s}
    if note is not None and tools != {__version__}:
        unknown = ", ".join(unknown_fields(raw, kind))
        if unknown:
            writer = visible(", ".join(sorted(tools)))
            note(f"{path}: bringup {writer} wrote fields that bringup {__version__} leaves out: {unknown}")
    return document

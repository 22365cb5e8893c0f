"""A report read back: whatever carries the run document gives the run again."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from pathlib import Path

from bringup.checks.run import Run, load_run, said
from bringup.errors import RecordError

__all__ = ["load_report"]

# Written by the page's template; a browser that saved the page may have put the attributes in another order.
_CARRIER = re.compile(r'<script\b(?P<attributes>[^>]*\bid="?bringup-run\b[^>]*)>(?P<text>.*?)</script', re.DOTALL)
_ACTION = "read the report {}"


def load_report(path: Path) -> Run:
    """Read a run from its folder, its ``run.json``, a JSON report or an HTML report.

    :raises RecordError: it is none of them, or it carries no run.
    """
    try:
        if path.is_dir() or not _is_html(path):
            return load_run(path)
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(_ACTION.format(path), "the page is not UTF-8") from error
    except OSError as error:
        hint = "give the folder that 'bringup run -o DIR' wrote, or a report of it"
        raise RecordError(_ACTION.format(path), error.strerror or str(error), hint=hint) from error
    found = _CARRIER.search(text)
    if found is None:
        hint = "give a report that 'bringup report --format html' or 'bringup run' wrote"
        raise RecordError(_ACTION.format(path), "the page carries no run document", hint=hint)
    try:
        return Run.from_json(json.loads(_unpack(found["text"]) if "gzip" in found["attributes"] else found["text"]))
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, binascii.Error, EOFError, OSError) as error:
        raise RecordError(_ACTION.format(path), f"the run document in it is damaged: {said(error)}") from error


def _is_html(path: Path) -> bool:
    """Whether the first thing in a file opens an element; a run document opens a brace."""
    with path.open("rb") as file:
        return file.read(512).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text), wbits=31)

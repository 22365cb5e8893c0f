"""Documents written and read back, for comparing them."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

from bringup.document import read_document, write_document

_Document = TypeVar("_Document", bound=msgspec.Struct)


def read_back(document: _Document) -> _Document:
    """The document as it is after it was written and read."""
    return read_document(write_document(document), type(document))


def plain(document: object) -> Any:
    """The document as a JSON reader gives it."""
    return json.loads(write_document(document))


def without_surrogates(document: _Document) -> _Document:
    """The document as JSON can hold it: a lone surrogate is visible text."""
    text = json.dumps(msgspec.to_builtins(document), ensure_ascii=False)
    spelled = re.sub("[\ud800-\udfff]", lambda match: f"\\\\u{ord(match.group()):04x}", text)
    return msgspec.convert(json.loads(spelled), type(document))

"""What a parsed file says of a call: which constants reach it through a variable, certainly or by a condition."""

from __future__ import annotations

import itertools
import sys

import pytest

from bringup.scan.document import Hit
from bringup.scan.language import Language
from bringup.scan.readers import c
from bringup.scan.readers.c_syntax import parse
from bringup.scan.readers.read import read
from bringup.scan.readers.source import Source

pytest.importorskip("tree_sitter_cpp", reason="the extra scan is not installed")

FUNCTION = """
int allocate(int fd, unsigned length, int secret) {{
    int out = -1;
    {before}
    ion_alloc_fd(fd, length, 0, {heap}, {flags}, &out);
    return out;
}}
"""


def uses(before: str, heap: str = "ION_HEAP_SYSTEM_MASK", flags: str = "flags", name: str = "a.cpp") -> dict[str, Hit]:
    text = FUNCTION.format(before=before, heap=heap, flags=flags)
    return {use.word: use for use in read(Source(name, Language.C, text.encode())).uses}


@pytest.mark.parametrize("name", ["a.c", "a.cpp"])
@pytest.mark.parametrize(
    ("before", "heap"),
    [
        ("unsigned flags = 0;", "system-uncached"),
        ("unsigned flags = ION_FLAG_CACHED;", "system"),
        ("unsigned flags; flags = ION_FLAG_CACHED | ION_FLAG_CACHED_NEEDS_SYNC;", "system"),
        ("unsigned flags = ION_FLAG_PROTECTED;", "protected"),
        ("unsigned flags = 0; flags |= ION_FLAG_CACHED;", "system"),
        ("unsigned flags = 0; if (secret) flags |= ION_FLAG_CACHED;", None),
        ("unsigned flags = 0; if (secret) flags |= ION_FLAG_PROTECTED;", None),
        ("unsigned flags = secret ? ION_FLAG_CACHED : 0;", None),
        ("unsigned flags = read_flags();", None),
        ("", None),
    ],
)
def test_flags_in_a_variable(before: str, heap: str | None, name: str) -> None:
    assert uses(before, name=name)["ION_HEAP_SYSTEM_MASK"].heap == heap


def test_memory_that_may_be_protected_is_told_so() -> None:
    mask = uses("unsigned flags = 0; if (secret) flags |= ION_FLAG_PROTECTED;")["ION_HEAP_SYSTEM_MASK"]
    assert "where the flags ask for protected memory: a protected heap, never system" in mask.replacement


def test_a_mask_in_a_variable_knows_the_flags_of_its_call() -> None:
    found = uses("unsigned mask = ION_HEAP_SYSTEM_MASK;", "mask", "ION_FLAG_PROTECTED")
    assert found["ION_HEAP_SYSTEM_MASK"].heap == found["ION_FLAG_PROTECTED"].heap == "protected"
    assert uses("unsigned mask = ION_HEAP_SYSTEM_MASK;", "mask", "ION_FLAG_CACHED")["ion_alloc_fd"].heap == "system"


def test_without_tree_sitter_a_variable_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c, "parse", lambda *_: None)
    assert uses("unsigned flags = ION_FLAG_CACHED;")["ION_HEAP_SYSTEM_MASK"].heap is None
    assert uses("", flags="ION_FLAG_CACHED")["ION_HEAP_SYSTEM_MASK"].heap == "system"


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"int f( {{{ ion_alloc_fd(", b"}" * 5000, b"(" * 5000, b"\xff\xfe ion_alloc(", b"a(b(" * 3000]
)
def test_files_that_do_not_parse(data: bytes) -> None:
    syntax = parse("a.cpp", data)
    assert syntax is not None
    read(Source("a.cpp", Language.C, data + b" ion_alloc_fd(a, b, 0, ION_HEAP_SYSTEM_MASK, x, &y);"))


def test_a_large_file_is_not_parsed() -> None:
    assert parse("a.c", b" " * ((4 << 20) + 1)) is None


def _calls_to_read(text: str) -> int:
    """How many functions are called to read a file: no time, so that a busy machine changes nothing."""
    counted = itertools.count()
    sys.setprofile(lambda _frame, event, _argument: next(counted) if event in ("call", "c_call") else None)
    try:
        read(Source("a.c", Language.C, text.encode()))
    finally:
        sys.setprofile(None)
    return next(counted)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("piece", ["ion_free(", "ion_free(a.ion_free(", "ion_alloc_fd(f, ION_HEAP_SYSTEM_MASK, "])
def test_calls_within_calls_are_read_in_linear_time(piece: str) -> None:
    nested, deeper = (f"void f(void) {{ {piece * n}x{')' * piece.count('(') * n}; }}\n" for n in (300, 600))
    assert _calls_to_read(deeper) < 2.5 * _calls_to_read(nested)


@pytest.mark.usefixtures("parser")
def test_many_words_of_one_function_are_read_in_linear_time() -> None:
    line = "mask = ION_HEAP_SYSTEM_MASK; a = ion_alloc_fd(f, 1, 0, mask, flags, &b);\n"
    few, more = (f"void f(void) {{ {line * n} }}\n" for n in (100, 200))
    assert _calls_to_read(more) < 2.5 * _calls_to_read(few)

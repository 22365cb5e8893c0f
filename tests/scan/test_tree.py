"""Trees as they are found: links, other encodings, what cannot be read; and bytes of any kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bringup.errors import UsageError
from bringup.scan.comments import code, without_comments
from bringup.scan.document import Scan
from bringup.scan.files import LARGEST, Source
from bringup.scan.rule import Kind
from bringup.scan.rules import RULES
from bringup.scan.tree import hits_of, scan_tree

USE = b"ion_open();\n"


def told(found: Scan) -> list[tuple[str, int]]:
    return [(hit.path, hit.line) for hit in found.hits]


def write(path: Path, data: bytes = USE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_the_order_is_the_names(tmp_path: Path) -> None:
    for name in ("z.c", "a/b.c", "B.c", "a.c", "a/é.c", "b/a.c"):
        write(tmp_path / name)
    assert [path for path, _ in told(scan_tree(tmp_path))] == ["B.c", "a.c", "z.c", "a/b.c", "a/é.c", "b/a.c"]


def test_latin_1_and_crlf(tmp_path: Path) -> None:
    write(tmp_path / "a.c", b"// caf\xe9\r\nx = '\xe9';\r\n\r\n  ion_open(); // \xe9 \x1b[31m\r\n")
    (hit,) = scan_tree(tmp_path).hits
    assert (hit.line, hit.text) == (4, "ion_open(); // \\xe9 \\x1b[31m")


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n\x1b.c")))
    assert told(scan_tree(tmp_path)) == [("\\xff\\x0a\\x1b.c", 1)]


def test_links_are_not_followed(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    write(tree / "a.c")
    write(outside / "b.c")
    write(tree / "text.txt")
    (tree / "loop").symlink_to(tree)
    (tree / "self.c").symlink_to("self.c")
    (tree / "again.c").symlink_to("a.c")
    (tree / "gone.c").symlink_to("nothing")
    (tree / "other.c").symlink_to("text.txt")
    (tree / "out").symlink_to(outside)
    (tree / "out.c").symlink_to(outside / "b.c")
    (tree / "out.png").symlink_to(outside / "b.c")
    found = scan_tree(tree)
    assert told(found) == [("a.c", 1)]
    assert {one.path: one.outside for one in found.skipped} == {"other.c": False, "out": True, "out.c": True}


def test_what_was_not_looked_at_is_told(tmp_path: Path) -> None:
    write(tmp_path / ".git" / "a.c")
    write(tmp_path / "picture.png")
    write(tmp_path / "binary.c", b"\0" + USE)
    write(tmp_path / "utf16.h", "ion_open".encode("utf-16"))
    os.mkfifo(tmp_path / "pipe.c")
    with (tmp_path / "large.c").open("wb") as file:
        file.truncate(LARGEST + 1)
    found = scan_tree(tmp_path)
    assert (found.files, found.hits, found.complete) == (0, (), False)
    assert [(one.path, one.reason) for one in found.skipped] == [
        ("binary.c", "binary: a NUL byte near its start"),
        ("large.c", "larger than 16 MiB"),
        ("pipe.c", "not a regular file"),
        ("utf16.h", "binary: a NUL byte near its start"),
    ]


@pytest.mark.parametrize("function", ["open", "scandir"])
def test_what_may_not_be_read_is_told(function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "shut" / "a.c")
    write(tmp_path / "z.c")
    real = getattr(os, function)

    def refused(path: object, *more: object) -> object:  # root may read anything
        if "shut" in os.fspath(path):  # type: ignore[call-overload]
            raise PermissionError(13, "Permission denied", path)
        return real(path, *more)

    monkeypatch.setattr(os, function, refused)
    found = scan_tree(tmp_path)
    assert told(found) == [("z.c", 1)]
    assert [one.reason for one in found.skipped] == ["Permission denied"]
    assert found.skipped[0].path.startswith("shut")
    assert not found.complete


@pytest.mark.parametrize("name", ["nothing", "file.c"])
def test_a_bad_tree(name: str, tmp_path: Path) -> None:
    write(tmp_path / "file.c")
    with pytest.raises(UsageError, match="scan"):
        scan_tree(tmp_path / name)


def test_a_tree_without_a_bottom_is_read_as_deep_as_trees_are(tmp_path: Path) -> None:
    write(tmp_path / "a.c")
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    found = scan_tree(tmp_path)
    assert told(found) == [("a.c", 1)]
    assert [unread.reason for unread in found.skipped] == ["deeper than 200 folders"]


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    write(tmp_path / "a.c", b"ion_open();" * 100_000)
    (hit,) = scan_tree(tmp_path).hits
    assert len(hit.text) == 160


_PIECES = [
    b"ion_open",
    b"ION_HEAP(",
    b"/*",
    b"*/",
    b"//",
    b"\\",
    b"\n",
    b"\r\n",
    b'"',
    b"'",
    b'R"x(',
    b')x"',
    b"#",
    b" ",
    b"\xe9",
]
_BYTES = st.lists(st.sampled_from(_PIECES) | st.binary(max_size=3), max_size=40).map(b"".join)


@given(st.sampled_from(list(Kind)), _BYTES)
@example(Kind.C, b"\xff\xfe//\\\n\\")
def test_any_bytes(kind: Kind, data: bytes) -> None:
    lines = data.split(b"\n")
    regexes = {rule.id: rule.regex for rule in RULES}
    for hit in hits_of(Source("a", kind, data)):
        assert regexes[hit.rule].search(lines[hit.line - 1].decode("utf-8", "backslashreplace"))


@given(st.sampled_from(list(Kind)), _BYTES)
def test_blanks_leave_everything_where_it_was(kind: Kind, data: bytes) -> None:
    text = data.decode("latin-1")
    for blank in (without_comments(text, kind), code(text)):
        assert len(blank) == len(text)
        assert all(new in (old, " ") and (old != "\n" or new == old) for new, old in zip(blank, text, strict=True))


@given(st.integers(0, 30), st.sampled_from([b"\n", b"\r\n"]), st.sampled_from([b"/* x", b"x", b"// \xe9"]))
def test_line_numbers(before: int, end: bytes, words: bytes) -> None:
    close = b" */" if words.startswith(b"/*") else b""
    data = (words + close + end) * before + b"ion_open();" + end
    assert [hit.line for hit in hits_of(Source("a.c", Kind.C, data))] == [before + 1]

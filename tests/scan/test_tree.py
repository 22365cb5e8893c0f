"""Trees as they are found: links, other encodings, what cannot be read; and bytes of any kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bringup.errors import UsageError
from bringup.scan.document import Scan
from bringup.scan.language import Language
from bringup.scan.load import LARGEST
from bringup.scan.readers.grammar import regions
from bringup.scan.readers.read import read
from bringup.scan.readers.source import Source
from bringup.scan.tree import ScanRequest, scan_tree, scan_trees

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
    (tree / "elsewhere").symlink_to(outside)
    (tree / "out.c").symlink_to(outside / "b.c")
    (tree / "out.png").symlink_to(outside / "b.c")
    found = scan_tree(tree)
    assert told(found) == [("a.c", 1)]
    assert {one.path: one.outside for one in found.skipped} == {"elsewhere": True, "out.c": True, "out.png": True}


def test_what_was_not_looked_at_is_told(tmp_path: Path) -> None:
    write(tmp_path / ".git" / "a.c")
    write(tmp_path / "picture.png", b"\0 ion ")
    write(tmp_path / "binary.c", b"\0 ion_alloc_fd")
    write(tmp_path / "notes.md", b"ion_alloc_fd()")
    write(tmp_path / "calls.lua", b"ion_alloc_fd()")
    write(tmp_path / "other.lua", b"lithium-ion")
    os.mkfifo(tmp_path / "pipe.c")
    with (tmp_path / "large.c").open("wb") as file:
        file.write(USE)
        file.truncate(LARGEST + 1)
    with (tmp_path / "plain.c").open("wb") as file:
        file.truncate(LARGEST + 1)
    found = scan_tree(tmp_path)
    assert (found.files, found.hits, found.complete) == (7, (), False)
    assert [(one.path, one.reason) for one in found.skipped] == [
        ("binary.c", "binary: a NUL byte near its start"),
        ("calls.lua", "of a kind that nothing here reads; it names ION"),
        ("large.c", "larger than 16 MiB"),
        ("pipe.c", "not a regular file"),
    ]


def test_other_encodings(tmp_path: Path) -> None:
    write(tmp_path / "bom.c", b"\xef\xbb\xbfion_open();\n")
    write(tmp_path / "wide.c", "\nion_open();\n".encode("utf-16"))
    assert told(scan_tree(tmp_path)) == [("bom.c", 1), ("wide.c", 2)]


def test_an_empty_tree_is_not_complete(tmp_path: Path) -> None:
    found = scan_tree(tmp_path)
    assert (found.files, found.complete) == (0, False)


@pytest.mark.parametrize("function", ["open", "scandir"])
def test_what_may_not_be_read_is_told(function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "shut" / "a.c")
    write(tmp_path / "z.c")
    real = getattr(os, function)

    def refused(path: object, *more: object) -> object:  # root may read anything
        if "shut" in str(path):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *more)

    monkeypatch.setattr(os, function, refused)
    found = scan_tree(tmp_path)
    assert told(found) == [("z.c", 1)]
    assert [one.reason for one in found.skipped] == ["Permission denied"]
    assert found.skipped[0].path.startswith("shut")
    assert not found.complete


def test_a_bad_tree(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="scan"):
        scan_tree(tmp_path / "nothing")


def test_a_file_is_a_tree(tmp_path: Path) -> None:
    write(tmp_path / "file.c")
    assert told(scan_tree(tmp_path / "file.c")) == [(str(tmp_path / "file.c"), 1)]


def test_several_trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one/a.c", "two/b.c", "three/c.c"):
        write(tmp_path / name)
    found = scan_trees(ScanRequest((Path("one"), Path("two/"), Path("three/c.c"))))
    assert told(found) == [("one/a.c", 1), ("two/b.c", 1), ("three/c.c", 1)]
    assert [component.name for component in found.components] == ["one", "three", "two"]


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


def test_what_only_looks_like_a_word_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bringup.scan.readers.c.regions", None)
    write(tmp_path / "a.c", b"int my_ion_count; /* region */\n")
    assert scan_tree(tmp_path).hits == ()
    write(tmp_path / "b.c")
    with pytest.raises(TypeError):
        scan_tree(tmp_path)


def test_a_large_header_without_a_word_is_searched_and_not_loaded(tmp_path: Path) -> None:
    write(tmp_path / "mask.h", b"#define BLOCK_REG_VERSION__MASK 0xFFL\n" * (LARGEST // 30))
    found = scan_tree(tmp_path)
    assert ((tmp_path / "mask.h").stat().st_size > LARGEST, found.files, found.skipped) == (True, 1, ())


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    write(tmp_path / "a.c", b"ion_open();" * 100_000)
    (hit,) = scan_tree(tmp_path).hits
    assert len(hit.text) == 160


def test_many_uses_in_one_line_are_read_once_each(tmp_path: Path) -> None:
    """Each looks at a bounded part of the line: 20,000 in a line of 0.2 MB."""
    write(tmp_path / "a.c", b"int f(void) { " + b"ion_open();" * 20_000 + b" }\n")
    assert told(scan_tree(tmp_path)) == [("a.c", 1)]


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


@given(st.sampled_from(list(Language)), _BYTES)
@example(Language.C, b"\xff\xfe//\\\n\\")
def test_any_bytes(language: Language, data: bytes) -> None:
    lines = data.split(b"\n")
    for use in read(Source("a", language, data)).uses:
        assert use.word.partition("(")[0].encode() in lines[use.line - 1]


@given(st.sampled_from(list(Language)), _BYTES)
def test_comments_and_literals_stand_in_order_and_apart(language: Language, data: bytes) -> None:
    reached = 0
    for region in regions(data, language):
        assert reached <= region.start < region.end <= len(data)
        reached = region.end


@given(st.integers(0, 30), st.sampled_from([b"\n", b"\r\n"]), st.sampled_from([b"/* x", b"x", b"// \xe9"]))
def test_line_numbers(before: int, end: bytes, words: bytes) -> None:
    close = b" */" if words.startswith(b"/*") else b""
    data = (words + close + end) * before + b"ion_open();" + end
    assert [hit.line for hit in read(Source("a.c", Language.C, data)).uses] == [before + 1]

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.virtual.boot import cpio

_NAMES = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)


def read_newc(archive: bytes) -> dict[str, tuple[int, int, int, bytes]]:
    """An independent reader: mode, uid, gid and data by path."""
    found: dict[str, tuple[int, int, int, bytes]] = {}
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, uid, gid, size, name_size = fields[1], fields[2], fields[3], fields[6], fields[11]
        name = archive[at + 110 : at + 110 + name_size - 1].decode()
        start = (at + 110 + name_size + 3) & ~3
        if name == "TRAILER!!!":
            assert start == len(archive)
            return found
        found[name] = (mode, uid, gid, archive[start : start + size])
        at = (start + size + 3) & ~3


@given(st.dictionaries(_PATHS, st.tuples(st.binary(max_size=50), st.integers(0, 0o7777), st.integers(0, 9999))))
def test_what_is_written_can_be_read(files: dict[str, tuple[bytes, int, int]]) -> None:
    entries = {path: cpio.file(data, mode, uid=uid) for path, (data, mode, uid) in files.items()}
    read = read_newc(cpio.newc(entries))
    assert read == {path: (stat.S_IFREG | mode, uid, 0, data) for path, (data, mode, uid) in files.items()}


def test_order_of_entries_does_not_matter() -> None:
    one = {"a": cpio.file(b"1"), "b": cpio.symlink("a")}
    assert cpio.newc(one) == cpio.newc(dict(reversed(one.items())))


def test_parents_are_added_and_given_ones_kept() -> None:
    entries = cpio.with_parents({"a/b/c": cpio.file(b""), "a": cpio.directory(0o700)})
    assert entries["a"] == cpio.directory(0o700)
    assert entries["a/b"] == cpio.directory()
    assert "." not in entries


@pytest.mark.parametrize("path", ["/etc", "../x", "a/../../x", "", "a\0b"])
def test_paths_outside_the_archive_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        cpio.newc({path: cpio.file(b"")})


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
def test_gnu_cpio_unpacks_it(tmp_path: Path) -> None:
    entries = {"d/f": cpio.file(b"content\n", 0o640), "d/l": cpio.symlink("f"), "e": cpio.directory(0o711)}
    archive = cpio.newc(cpio.with_parents(entries))
    done = subprocess.run(["cpio", "-idm", "--quiet"], input=archive, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "d/l").read_bytes() == b"content\n"
    assert stat.S_IMODE((tmp_path / "d/f").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "e").stat().st_mode) == 0o711

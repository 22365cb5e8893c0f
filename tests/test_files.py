"""A file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bringup.errors import HostError, UsageError
from bringup.files import open_whole, write_file


def test_the_folder_is_made_and_nothing_is_left_beside_the_file(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "b" / "c.txt", "text\r\nü\n")
    assert (tmp_path / "a/b/c.txt").read_bytes() == "text\r\nü\n".encode()
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["c.txt"]


def test_an_error_in_the_block_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")

    def fail_halfway() -> None:
        with open_whole(file) as out:
            out.write(b"ne")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_file(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(tmp_path / "pipe", "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_what_was_read_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")
    (tmp_path / "same").symlink_to(file)
    with pytest.raises(UsageError, match="it is what was read"):
        write_file(file, "new", read=[tmp_path / "absent", tmp_path / "same"])
    assert file.read_text() == "old"


def test_a_folder_and_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="it is a folder"):
        write_file(tmp_path, "text")
    with pytest.raises(UsageError, match="file is not a folder"):
        write_file(tmp_path / "file" / "below", "text")


def test_a_full_disk_is_reported_with_what_was_being_done() -> None:
    with pytest.raises(HostError, match="No space left on device") as raised:
        write_file(Path("/dev/full"), "text", action="write the list", hint="make room")
    assert (raised.value.action, raised.value.hint) == ("write the list", "make room")

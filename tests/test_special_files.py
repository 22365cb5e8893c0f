"""What is no regular file is refused by every reader: a FIFO would wait for ever, a device may have no end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.config.load import load_config
from bringup.errors import BringupError
from bringup.files import open_input, read_input
from bringup.kernel.requirements.reading.vintf import load_vintf
from bringup.kernel.sources.source import open_source
from bringup.lab.reading import read_run
from bringup.record.archive import unpack
from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from tests.support.scripted_record import ScriptedBoard


def record_with(path: Path) -> Path:
    """A record whose journal is this file."""
    folder = path.parent / "record"
    folder.mkdir()
    (folder / JOURNAL).symlink_to(path)
    return folder


READERS: dict[str, Callable[[Path], object]] = {
    "a run": read_run,
    "a record": lambda path: load_record(record_with(path)),
    "an archive": unpack,
    "a board config": load_config,
    "VINTF": load_vintf,
    "a kernel configuration": open_source,
}


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["fifo", "device"])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_special_file_is_refused(
    tmp_path: Path, read: Callable[[Path], object], make: Callable[[Path], object]
) -> None:
    make(tmp_path / "special")
    with pytest.raises(BringupError, match=r"regular file|neither a folder"):
        read(tmp_path / "special")


def test_a_stored_copy_that_is_special_is_refused(tmp_path: Path) -> None:
    record = ScriptedBoard().record(tmp_path / "record")
    entry = record.file("/proc/cmdline")
    assert entry is not None
    assert entry.stored is not None
    entry.stored.unlink()
    os.mkfifo(entry.stored)
    with pytest.raises(BringupError, match="regular file"):
        entry.data()


def test_a_file_is_read_up_to_a_size(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 2048)
    assert read_input(tmp_path / "file", 2048) == b"x" * 2048
    with pytest.raises(OSError, match="more than 1 KiB"):
        read_input(tmp_path / "file", 2047)
    with pytest.raises(OSError, match=r"[Dd]irectory|regular file"):
        open_input(tmp_path)


def test_what_is_written_about_a_board_is_its_owners_alone(tmp_path: Path) -> None:
    """Serial numbers, the kernel's log and its command line are in it."""
    from bringup.record.archive import pack
    from bringup.report import write_report
    from bringup.results.run import Run

    ScriptedBoard().record(tmp_path / "record")
    pack(tmp_path / "record", tmp_path / "x.tar.zst")
    write_report(Run(boards=(), tool="0", started=""), "html", tmp_path / "report.html")
    written = [tmp_path / "record", *(path for path in tmp_path.rglob("*") if path.is_file())]
    assert [path for path in written if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_refused_file_leaves_no_descriptor_open(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "special")
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(OSError, match=r"regular file|Is a directory"):
        open_input(tmp_path / "special")
    assert set(Path("/proc/self/fd").iterdir()) <= before

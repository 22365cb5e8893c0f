"""A record as one file: what goes in comes out, and an archive from a stranger does no harm."""

from __future__ import annotations

import contextlib
import io
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bringup.checks.judge import judge
from bringup.errors import HostError, RecordError, UsageError
from bringup.facts.board import Facts
from bringup.record import archive as room
from bringup.record.archive import is_archive, pack, unpack
from bringup.record.load import load_record
from bringup.zstd import zstd
from tests.support.command import bringup
from tests.support.scripted_record import ScriptedBoard

Entry = tuple[str, bytes | str]
"""A name and its content, or the kind of entry that it is."""


def packed(entries: Iterable[Entry], folder: Path) -> Path:
    """An archive of anything."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            else:
                kind, _, entry.linkname = content.partition(" ")
                entry.type = getattr(tarfile, kind)
                tar.addfile(entry)
    path = folder / "x.tar.zst"
    path.write_bytes(zstd.compress(out.getvalue()))
    return path


@pytest.fixture
def unpacked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where archives are taken apart: a folder of the test's own, to look at what is left."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_what_goes_in_comes_out(tmp_path: Path, unpacked_into: Path) -> None:
    folder = tmp_path / "record"
    before = judge(Facts(ScriptedBoard().record(folder)))
    pack(folder, tmp_path / "r.tar.zst")
    record = load_record(tmp_path / "r.tar.zst")
    assert judge(Facts(record)) == before
    assert len(list(unpacked_into.iterdir())) == 1
    del record
    assert list(unpacked_into.iterdir()) == []


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    for name in ("a", "b"):
        pack(tmp_path / "record", tmp_path / f"{name}.tar.zst")
    assert (tmp_path / "a.tar.zst").read_bytes() == (tmp_path / "b.tar.zst").read_bytes()


def test_an_archive_that_tar_made_is_read(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(tmp_path / "record", arcname=".")
    (tmp_path / "by-hand.tar.zst").write_bytes(zstd.compress(out.getvalue()))
    assert load_record(tmp_path / "by-hand.tar.zst").incomplete is None


def test_the_command_line_takes_it(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    pack(tmp_path / "record", tmp_path / "r.tar.zst")
    plain, whole = (bringup("check", str(tmp_path / name), "--json") for name in ("record", "r.tar.zst"))
    assert plain.returncode == whole.returncode
    assert plain.stdout.count("\n") == whole.stdout.count("\n")
    compared = bringup("compare", str(tmp_path / "record"), str(tmp_path / "r.tar.zst"))
    assert compared.returncode == 0, compared.stderr


HOSTILE: dict[str, list[Entry]] = {
    "up and out": [("../outside", b"x")],
    "up and out, later": [("files/../../outside", b"x")],
    "absolute": [("/tmp/outside", b"x")],
    "beside the journal": [("outside", b"x")],
    "a link": [("files/link", "SYMTYPE /etc/passwd")],
    "through a link": [("files/link", "SYMTYPE /tmp"), ("files/link/outside", b"x")],
    "a hard link": [("files/link", "LNKTYPE /etc/passwd")],
    "a device": [("files/null", "CHRTYPE")],
    "a pipe": [("files/pipe", "FIFOTYPE")],
    "twice": [("files/a", b"x"), ("files/a", b"y")],
    "a file and a folder": [("files/a", b"x"), ("files/a/b", b"y")],
    "a folder and a file": [("files/a/b", b"x"), ("files/a", b"y")],
    "a long name": [("files/" + "a" * 300, b"x")],
    "a deep name": [("files/" + "a/" * 1500 + "b", b"x")],
    "many long parts": [("files/" + ("a" * 200 + "/") * 15 + "b", b"x")],
    "a line end": [("files/a\nb", b"x")],
    "a path of Windows": [("files/..\\..\\b", b"x")],
    "nothing": [],
}


@pytest.mark.parametrize("entries", HOSTILE.values(), ids=HOSTILE)
def test_what_no_record_holds_is_refused_and_nothing_is_left(
    tmp_path: Path, unpacked_into: Path, entries: list[Entry]
) -> None:
    with pytest.raises(RecordError):
        load_record(packed(entries, tmp_path))
    assert list(unpacked_into.iterdir()) == []
    assert not (tmp_path / "outside").exists()


def test_too_many_files(tmp_path: Path, unpacked_into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_FILES", 10)
    with pytest.raises(RecordError, match="more than 10 files"):
        unpack(packed([(f"files/{number}", b"") for number in range(11)], tmp_path))
    assert list(unpacked_into.iterdir()) == []


def test_a_record_that_could_not_be_read_back_is_not_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ScriptedBoard().record(tmp_path / "record")
    monkeypatch.setattr(room, "_FILES", 3)
    with pytest.raises(HostError, match="an archive holds 3 and"):
        pack(tmp_path / "record", tmp_path / "x.tar.zst")
    assert not (tmp_path / "x.tar.zst").exists()
    assert (tmp_path / "record").is_dir()


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_an_extended_header_is_small(tmp_path: Path, unpacked_into: Path, kind: bytes) -> None:
    """Python's reader takes quadratic time for its digits (CVE-2024-6232)."""
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, 1 << 20
    raw = header.tobuf(tarfile.GNU_FORMAT) + b"9" * (1 << 20)
    (tmp_path / "x.tar.zst").write_bytes(zstd.compress(raw + bytes(1024)))
    with pytest.raises(RecordError, match="a header of 1048576 bytes"):
        unpack(tmp_path / "x.tar.zst")
    assert list(unpacked_into.iterdir()) == []


def test_a_journal_has_a_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ScriptedBoard().record(tmp_path / "record")
    monkeypatch.setattr("bringup.record.load._LINES_LIMIT", 5)
    with pytest.raises(RecordError, match="more than 5 lines"):
        load_record(tmp_path / "record")


def test_what_unpacks_to_too_much_stops_in_time(
    tmp_path: Path, unpacked_into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_BYTES", 1 << 20)
    bomb = packed([("files/a", bytes(64 << 20))], tmp_path)
    assert bomb.stat().st_size < 64 << 10
    with pytest.raises(RecordError, match="more than 1 MiB"):
        unpack(bomb)
    assert list(unpacked_into.iterdir()) == []


def test_a_head_that_announces_more_than_there_is(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("files/a")
    entry.size = 1 << 33
    path = tmp_path / "x.tar.zst"
    path.write_bytes(zstd.compress(entry.tobuf(tarfile.GNU_FORMAT) + b"few"))
    with pytest.raises(RecordError):
        unpack(path)


@pytest.mark.parametrize("content", [b"", b"no", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd" + bytes(40)])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.tar.zst"
    path.write_bytes(content)
    with pytest.raises(RecordError):
        load_record(path)


def _mutations(whole: bytes) -> st.SearchStrategy[bytes]:
    def flip(place: int, value: int) -> bytes:
        return whole[:place] + bytes([value]) + whole[place + 1 :]

    flips = st.builds(flip, st.integers(0, len(whole) - 1), st.integers(0, 255))
    return flips | st.integers(0, len(whole)).map(lambda end: whole[:end])


@pytest.fixture(scope="module")
def whole_tar(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An unpacked archive, so that what is changed in it meets tar and not zstd's checksum."""
    folder = tmp_path_factory.mktemp("whole")
    ScriptedBoard().record(folder / "record")
    pack(folder / "record", folder / "r.tar.zst")
    with (folder / "r.tar.zst").open("rb") as file:
        return zstd.decompress(file.read())


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_a_damaged_archive_is_an_error_of_ours_or_a_record(
    tmp_path_factory: pytest.TempPathFactory, whole_tar: bytes, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "x.tar.zst"
    path.write_bytes(zstd.compress(data.draw(_mutations(whole_tar))))
    with contextlib.suppress(RecordError):  # and nothing else
        load_record(path)


def test_a_record_is_never_half_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ScriptedBoard().record(tmp_path / "record")

    def broken(*_: object) -> Callable[[], None]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", broken)
    with pytest.raises(HostError, match="No space left"):
        pack(tmp_path / "record", tmp_path / "r.tar.zst")
    assert [path.name for path in tmp_path.iterdir()] == ["record"]


def test_what_is_taken_for_an_archive(tmp_path: Path) -> None:
    assert is_archive(tmp_path / "new.tar.zst")
    assert not is_archive(tmp_path / "new")
    (tmp_path / "folder.tar.zst").mkdir()
    assert not is_archive(tmp_path / "folder.tar.zst")


@pytest.mark.parametrize(
    ("entries", "seen"),
    [
        ([("files/a", b"x"), ("files/a", b"y")], "the archive holds 'files/a' twice, or as a file and as a folder"),
        ([("files/link", "SYMTYPE /tmp")], "the archive holds 'files/link', which no record holds"),
        ([("files", b"x")], "the archive holds 'files', which no record holds"),
        ([("../outside", b"x")], "the archive holds '../outside', which no record holds"),
    ],
)
def test_an_archive_that_is_refused_is_named_with_what_is_in_it(
    tmp_path: Path, unpacked_into: Path, entries: list[Entry], seen: str
) -> None:
    archive = packed(entries, tmp_path)
    with pytest.raises(RecordError) as error:
        unpack(archive)
    assert (error.value.action, error.value.seen) == (f"read the record {archive}", seen)
    assert list(unpacked_into.iterdir()) == []


def test_what_is_no_archive_says_what_to_give(tmp_path: Path, unpacked_into: Path) -> None:
    (tmp_path / "x").write_text("text")
    with pytest.raises(RecordError, match="it is neither a folder nor a") as error:
        load_record(tmp_path / "x")
    assert error.value.action == f"read the record {tmp_path / 'x'}"
    assert error.value.hint == "give the folder or the .tar.zst that 'bringup collect -o' wrote"
    with pytest.raises(HostError, match="No such file") as missing:
        unpack(tmp_path / "nothing")
    assert missing.value.action == f"read the record {tmp_path / 'nothing'}"
    assert list(unpacked_into.iterdir()) == []


def test_where_an_archive_cannot_be_written_another_place_is_asked_for(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file is not a folder") as error:
        pack(tmp_path / "record", tmp_path / "file" / "x.tar.zst")
    assert error.value.action == f"write the record {tmp_path}/file/x.tar.zst"
    assert error.value.hint == "choose another file with -o"


def test_an_archive_is_checked_and_its_owners_alone(tmp_path: Path) -> None:
    """A checksum, so that zstd notices what a bad copy changed; the journal comes first."""
    ScriptedBoard().record(tmp_path / "record")
    pack(tmp_path / "record", tmp_path / "x.tar.zst")
    data = (tmp_path / "x.tar.zst").read_bytes()
    assert data[4] & 4, "the frame's header says that a checksum ends it (RFC 8878, 3.1.1.1.1)"
    assert (tmp_path / "x.tar.zst").stat().st_mode & 0o777 == 0o600
    with tarfile.open(fileobj=io.BytesIO(zstd.decompress(data))) as tar:
        names = tar.getnames()
    assert names[0] == "record.jsonl"
    assert names[1:] == sorted(names[1:])
    assert all(name.startswith("files/") for name in names[1:])

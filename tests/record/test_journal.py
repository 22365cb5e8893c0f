"""The record on disk: what is written is read back, whatever a board sends and whenever the writer dies."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bringup.allocator.answer import State
from bringup.errors import Blame, HostError, RecordError, UsageError
from bringup.record.journal import JOURNAL, SCHEMA, Journal
from bringup.record.load import load_record
from tests.support.scripted_record import ScriptedBoard

HEAD = {"t": "record", "schema": SCHEMA, "tool": "0", "started": ""}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60, deadline=None
)
@given(reads=st.lists(st.tuples(st.text(min_size=1, max_size=80), st.binary(min_size=1, max_size=200)), max_size=6))
def test_whatever_the_path_the_bytes_come_back(
    tmp_path_factory: pytest.TempPathFactory, reads: list[tuple[str, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("record")
    expected: dict[str, bytes] = {}
    with Journal(folder) as journal:
        journal.line(HEAD)
        for path, data in reads:
            wire = path.encode("utf-8", "surrogatepass").decode("latin-1")
            line = {"t": "file", "path": wire, "state": "ok", "errno": 0, "truncated": False}
            journal.line(line | journal.store(path, data))
            expected[path.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")] = data
        journal.line({"t": "end", "complete": True})
    record = load_record(folder)
    for path, data in expected.items():
        entry = record.file(path)
        assert entry is not None
        assert entry.data() == data
    everything = {one.resolve() for one in folder.rglob("*")}
    assert all(one.is_relative_to(folder.resolve()) for one in everything)


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "..", "/a/../../b", "/", "", ".hidden", "a\0b", "x" * 5000, "/d/" * 400]
)
def test_a_hostile_path_stays_inside(tmp_path: Path, path: str) -> None:
    with Journal(tmp_path / "r") as journal:
        stored = str(journal.store(path, b"data")["stored"])
    assert (tmp_path / "r" / stored).resolve().is_relative_to((tmp_path / "r" / "files").resolve())
    assert ".." not in Path(stored).parts


def test_a_file_where_a_folder_was(tmp_path: Path) -> None:
    with Journal(tmp_path / "r") as journal:
        places = [journal.store(path, path.encode())["stored"] for path in ("/a", "/a/b", "/c/d", "/c")]
    assert len(set(places)) == 4
    assert [(tmp_path / "r" / str(place)).read_bytes() for place in places] == [b"/a", b"/a/b", b"/c/d", b"/c"]


def test_a_second_record_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "r").close()
    with pytest.raises(UsageError, match="there already"):
        Journal(tmp_path / "r")


def test_cut_at_any_byte_it_loads_and_is_incomplete(tmp_path: Path) -> None:
    """A process killed at any moment leaves a record that loads, says so, and passes nothing it did not see."""
    ScriptedBoard().record(tmp_path / "whole")
    text = (tmp_path / "whole" / JOURNAL).read_bytes()
    head = text.index(b"\n") + 1
    for cut in range(head, len(text), 37):
        (tmp_path / "whole" / JOURNAL).write_bytes(text[:cut])
        record = load_record(tmp_path / "whole")
        assert record.incomplete is not None
    (tmp_path / "whole" / JOURNAL).write_bytes(text)
    assert load_record(tmp_path / "whole").incomplete is None


def test_damage_in_the_middle_is_reported_with_its_line(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "r")
    lines = (tmp_path / "r" / JOURNAL).read_bytes().splitlines(keepends=True)
    lines[3] = b'{"t": "node", "path"\n'
    (tmp_path / "r" / JOURNAL).write_bytes(b"".join(lines))
    with pytest.raises(RecordError, match=r"record\.jsonl:4"):
        load_record(tmp_path / "r")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"{}\n", b"[1]\n", b'{"t":"record","schema":"bringup.record/9"}\n', b"\xff\xfe\n"]
)
def test_not_a_record(tmp_path: Path, content: bytes) -> None:
    (tmp_path / JOURNAL).write_bytes(content)
    with pytest.raises(RecordError, match=SCHEMA):
        load_record(tmp_path)


def test_no_record_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        load_record(tmp_path)
    assert "bringup collect" in caught.value.hint


def test_a_changed_copy_is_noticed(tmp_path: Path) -> None:
    record = ScriptedBoard().record(tmp_path / "r")
    entry = record.file("/proc/meminfo")
    assert entry is not None
    assert entry.stored is not None
    entry.stored.write_text("CmaTotal: 999999 kB\n")
    with pytest.raises(RecordError, match="SHA-256"):
        entry.data()


def _with_stored(folder: Path, stored: str) -> None:
    with Journal(folder) as journal:
        journal.line(HEAD)
        line = {"t": "file", "path": "/x", "state": "ok", "errno": 0, "truncated": False, "sha256": "0", "size": 1}
        journal.line(line | {"stored": stored})


def test_a_record_cannot_make_us_read_elsewhere(tmp_path: Path) -> None:
    _with_stored(tmp_path / "dots", "files/../../../etc/passwd")
    _with_stored(tmp_path / "absolute", "/etc/passwd")
    _with_stored(tmp_path / "link", "files/link")
    (tmp_path / "link" / "files" / "link").symlink_to("/etc/passwd")
    for name in ("dots", "absolute", "link"):
        with pytest.raises(RecordError, match="not inside the record"):
            load_record(tmp_path / name)


def test_missing_denied_and_empty_are_three_things(tmp_path: Path) -> None:
    board = ScriptedBoard()
    board.files = {
        "/missing": {"state": "missing", "errno": 2, "size": 0, "truncated": False},
        "/denied": {"state": "denied", "errno": 13, "size": 0, "truncated": False},
        "/empty": "",
    }
    record = board.record(tmp_path / "r")
    states = {
        path: entry.state if (entry := record.file(path)) else None
        for path in ("/missing", "/denied", "/empty", "/other")
    }
    assert states == {"/missing": State.MISSING, "/denied": State.DENIED, "/empty": State.OK, "/other": None}


def test_lines_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    with Journal(tmp_path / "r") as journal:
        journal.line(HEAD)
        journal.line({"t": "hologram", "of": "the board"})
        journal.line({"t": "end", "complete": False, "why": "test"})
    assert load_record(tmp_path / "r").incomplete == "test"


@pytest.mark.parametrize(
    ("end", "blame"),
    [
        ({"complete": False, "why": "lost", "blame": "board"}, Blame.BOARD),
        ({"complete": False, "why": "refused", "blame": "test"}, Blame.TEST),
        ({"complete": False, "why": "written by 0.1.0"}, None),
        ({"complete": True}, None),
    ],
)
def test_a_record_says_who_has_to_act(tmp_path: Path, end: dict[str, object], blame: Blame | None) -> None:
    board = ScriptedBoard()
    board.end = {"t": "end"} | end
    assert board.record(tmp_path / "a").blame == blame
    board.bye_boot_id = "another boot"
    assert board.record(tmp_path / "b").blame is Blame.BOARD
    journal = tmp_path / "a" / JOURNAL
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))
    assert load_record(tmp_path / "a").blame is Blame.HOST


def test_every_line_is_on_disk_before_the_next(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "r")
    for number in range(3):
        journal.line({"t": "step", "name": str(number), "at": 0.0, "seconds": 0.0})
        lines = (tmp_path / "r" / JOURNAL).read_text().splitlines()
        assert [json.loads(line)["name"] for line in lines] == [str(one) for one in range(number + 1)]
    journal.close()


@pytest.mark.parametrize(
    ("path", "stored"),
    [
        ("/proc/meminfo", "files/proc/meminfo"),
        ("dmesg", "files/dmesg"),
        ("//sys///kernel/", "files/sys/kernel"),
        ("/a b/c", None),
        ("/".join("abcdefghijkl"), "files/" + "/".join("abcdefghijkl")),
    ],
)
def test_a_copy_is_named_after_its_path(tmp_path: Path, path: str, stored: str | None) -> None:
    with Journal(tmp_path / "r") as journal:
        place = str(journal.store(path, b"data")["stored"])
    assert stored is None or place == stored
    assert (tmp_path / "r" / place).read_bytes() == b"data"


def test_a_path_with_too_many_parts_keeps_the_first_ones(tmp_path: Path) -> None:
    deep = "/".join("abcdefghijklm")
    with Journal(tmp_path / "r") as journal:
        first, second = (str(journal.store(path, b"data")["stored"]) for path in (deep, f"{deep}n"))
    assert first.startswith("files/a/b/c/d/e/f/g/h/i/j/k/l/")
    assert first != second
    assert len(Path(first).parts) == 14


def test_a_disk_that_refuses_at_the_end_is_an_error_and_the_journal_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_descriptor: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr("bringup.record.journal.os.fsync", refused)
    journal = Journal(tmp_path / "r")
    with pytest.raises(HostError, match=r"write the record .*/r: Disk quota exceeded"):
        journal.close()
    journal.close()  # nothing is left to be done


def test_where_no_record_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "files").write_text("")
    with pytest.raises(UsageError) as there:
        Journal(tmp_path / "file")
    with pytest.raises(UsageError) as below:
        Journal(tmp_path / "file" / "a")
    with pytest.raises(UsageError) as deep:
        Journal(tmp_path / "file" / "a" / "b" / "c")
    with pytest.raises(UsageError) as odd:
        Journal(tmp_path / "odd")
    for blocked, name in ((there, "file"), (below, "file"), (deep, "file"), (odd, "odd/files")):
        assert blocked.value.seen == f"{tmp_path / name} is not a folder"
    Journal(tmp_path / "r").close()
    with pytest.raises(UsageError, match="a record is there already") as twice:
        Journal(tmp_path / "r")
    for error, name in ((there, "file"), (below, "file/a"), (deep, "file/a/b/c"), (odd, "odd"), (twice, "r")):
        assert str(error.value).startswith(f"write the record {tmp_path / name}")
        assert error.value.hint == "choose another folder with -o"


def test_a_record_is_its_owners_alone(tmp_path: Path) -> None:
    with Journal(tmp_path / "new" / "r") as journal:
        place = str(journal.store("/proc/cmdline", b"serial")["stored"])
    modes = {path: (tmp_path / "new" / "r" / path).stat().st_mode & 0o777 for path in (".", "files", JOURNAL, place)}
    assert modes == {".": 0o700, "files": 0o700, JOURNAL: 0o600, place: 0o600}


def test_folders_on_the_way_to_a_record_are_made(tmp_path: Path) -> None:
    with Journal(tmp_path / "a" / "b" / "c") as journal:
        journal.line({"t": "record", "schema": SCHEMA})
    assert (tmp_path / "a" / "b" / "c" / "record.jsonl").is_file()


def test_where_the_disk_refuses_its_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bringup.record.journal._new", full)
    with pytest.raises(HostError) as error:
        Journal(tmp_path / "r")
    assert (error.value.action, error.value.seen) == (f"write the record {tmp_path / 'r'}", "No space left on device")
    assert error.value.hint == "choose another folder with -o"

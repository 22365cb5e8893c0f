"""What a record says of itself once it is read, and what is said where it cannot be read. Journals: test_journal.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bringup import __version__
from bringup.allocator.answer import State
from bringup.errors import Blame, RecordError
from bringup.record import load
from bringup.record.journal import JOURNAL, SCHEMA, Journal
from bringup.record.load import Record, load_record
from bringup.record.questions import BUFFER_LISTS
from tests.support.scripted_record import ScriptedBoard, ScriptedReturn, broken, node
from tests.support.walks import process, walk

HEAD = {"t": "record", "schema": SCHEMA, "tool": "0.9", "started": "then"}
GIVE = "give the folder that 'bringup collect -o DIR' wrote"


def written(folder: Path, *lines: dict[str, Any], head: dict[str, Any] = HEAD) -> Record:
    with Journal(folder) as journal:
        for line in (head, *lines):
            journal.line(line)
    return load_record(folder)


def test_the_head_says_what_was_asked(tmp_path: Path) -> None:
    asked = {"heaps": "sys*", "tests": ["open"], "exhausts": True, "programs": ["codec-test"]}
    record = written(tmp_path / "r", head=HEAD | asked)
    assert (record.tool, record.started) == ("0.9", "then")
    assert (record.asked_heaps, record.asked_tests, record.asked_exhaustion) == ("sys*", ("open",), True)
    assert record.programs == ("codec-test",)
    plain = written(tmp_path / "plain")
    assert (plain.asked_heaps, plain.asked_tests, plain.asked_exhaustion, plain.programs) == (None, (), False, ())
    assert (plain.incomplete, plain.blame) == ("the record ends before the observation did", Blame.HOST)
    lists = (plain.steps, plain.results, plain.latencies, plain.reads, plain.timings, plain.untimed, plain.traced, plain.exhaustions, plain.walks)  # fmt: skip
    assert lists == ([],) * len(lists)
    assert (plain.hello, plain.bye, plain.return_, plain.newest, plain.round_trips) == (None, None, None, None, None)


@pytest.mark.parametrize(
    ("board", "why", "blame"),
    [
        (broken(), None, None),
        (broken(bye_boot_id="another"), "the board rebooted while it was observed: its boot_id changed", Blame.BOARD),
        (broken(first_boot_id="another"), "the board rebooted while it was observed: its boot_id changed", Blame.BOARD),
        (broken(bye_boot_id=None, first_boot_id=""), None, None),  # unknown is no other one
        (broken(hello=None), "the test allocator did not finish", Blame.TEST),
        (broken(stopped_at="test a\x1bb system"), "the time that was given ended before 'test a\\x1bb system': what comes after it was left out", Blame.BOARD),
        (broken(stopped_at=""), "the time that was given ended before 'the last item': what comes after it was left out", Blame.BOARD),
        (broken(stopped_at="x", end={"t": "end", "complete": False, "why": "cable", "blame": "host"}), "cable", Blame.HOST),
        (broken(returned=ScriptedReturn()), "the board rebooted while it was observed: its boot_id changed", Blame.BOARD),
    ],
)  # fmt: skip
def test_why_a_record_is_not_complete(
    tmp_path: Path, board: ScriptedBoard, why: str | None, blame: Blame | None
) -> None:
    record = board.record(tmp_path / "r")
    assert (record.incomplete, record.blame) == (why, blame)
    assert record.out_of_time == (board.stopped_at is not None)


def test_what_a_board_said_after_it_was_back_is_apart(tmp_path: Path) -> None:
    returned = ScriptedReturn(files={"/proc/meminfo": "after\n"}, why="the link was cut again")
    record = broken(returned=returned).record(tmp_path / "r")
    assert record.return_ is not None
    assert (record.return_.board.boot_id, record.return_.incomplete) == (returned.boot_id, returned.why)
    after, before = record.return_.file("/proc/meminfo"), record.file("/proc/meminfo")
    assert after is not None
    assert before is not None
    assert after.text() == "after\n"
    assert before.text() != "after\n"


def test_files_and_nodes_are_found_by_where_they_are(tmp_path: Path) -> None:
    board = broken(
        files={"/sys/a/one": "1", "/sys/a/two": "2", "/sys/b/one": "3"},
        files_after={"/sys/a/one": "4"},
        nodes=[node("/dev/x/a"), node("/dev/x/a/b"), node("/dev/xx")],
    )
    record = board.record(tmp_path / "r")
    assert [file.text() for file in record.files("/sys/a/")] == ["4", "2"]
    assert [file.path for file in record.files("/sys/", "/one")] == ["/sys/a/one", "/sys/b/one"]
    assert [file.text() for file in record.readings("/sys/a/one")] == ["1", "4"]
    assert record.readings("/sys/c") == ()
    assert [found.path for found in record.nodes("/dev/x")] == ["/dev/x/a"]
    assert [found.path for found in record.nodes("/dev/x/")] == ["/dev/x/a"]
    assert (record.node("/dev/y"), record.file("/sys/c"), record.ran("/bin/x")) == (None, None, None)


def test_a_program_has_its_two_outputs(tmp_path: Path) -> None:
    with Journal(tmp_path / "r") as journal:
        journal.line(HEAD)
        out = journal.store("out", b"printed\n")
        ran = {"t": "ran", "argv": ["/bin/x", "-v"], "state": "ok", "exit": 3, "truncated": True}
        journal.line(ran | {"stdout": out, "stderr": {"size": 0}})
    entry = load_record(tmp_path / "r").ran("/bin/x")
    assert entry is not None
    assert (entry.argv, entry.state, entry.exit) == (("/bin/x", "-v"), State.OK, 3)
    assert (entry.stdout.path, entry.stdout.text(), entry.stdout.truncated) == ("/bin/x -v (stdout)", "printed\n", True)
    assert (entry.stderr.path, entry.stderr.text(), entry.stderr.size) == ("/bin/x -v (stderr)", "", 0)


def test_a_copy_that_is_gone_or_not_the_one_that_was_read(tmp_path: Path) -> None:
    entry = ScriptedBoard().record(tmp_path / "r").file("/proc/meminfo")
    assert entry is not None
    assert entry.stored is not None
    entry.stored.write_text("other")
    with pytest.raises(RecordError, match="is not what was recorded: its SHA-256 differs") as error:
        entry.data()
    assert str(error.value).startswith("read /proc/meminfo from the record")
    entry.stored.unlink()
    with pytest.raises(RecordError, match="No such file"):
        entry.data()


def test_what_to_give_instead(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no such file or folder") as missing:
        load_record(tmp_path / "nothing")
    assert missing.value.hint == GIVE
    assert str(missing.value).startswith(f"read the record {tmp_path / 'nothing'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordError, match=f"{JOURNAL}: No such file") as empty:
        load_record(tmp_path / "empty")
    assert empty.value.hint == GIVE
    ScriptedBoard().record(tmp_path / "a run" / "board")
    with pytest.raises(RecordError) as one:
        load_record(tmp_path / "a run")
    assert one.value.hint == f"name the record: '{tmp_path}/a run/board'"
    ScriptedBoard().record(tmp_path / "a run" / "other")
    with pytest.raises(RecordError, match=f"it is a folder of records, and has no {JOURNAL} itself") as several:
        load_record(tmp_path / "a run")
    assert several.value.hint == f"name them: bringup check '{tmp_path}/a run'/*/"


@pytest.mark.parametrize(
    ("first", "seen", "hint"),
    [
        ({"t": "record", "schema": "bringup.record/7\x1b"}, f"it is a bringup.record/7\\x1b, and this bringup ({__version__}) reads {SCHEMA}", "judge it with the bringup that wrote it, or a newer one"),
        ({"t": "record", "schema": "other/1"}, f"{JOURNAL} does not begin with a {SCHEMA} line", GIVE),
        ({"t": "board"}, f"{JOURNAL} does not begin with a {SCHEMA} line", GIVE),
    ],
)  # fmt: skip
def test_a_journal_of_another_kind(tmp_path: Path, first: dict[str, Any], seen: str, hint: str) -> None:
    (tmp_path / JOURNAL).write_text(json.dumps(first) + "\n")
    with pytest.raises(RecordError) as error:
        load_record(tmp_path)
    assert seen in str(error.value)
    assert error.value.hint == hint


def test_the_last_line_may_be_cut_and_no_other_one(tmp_path: Path) -> None:
    written(tmp_path / "r", node("/dev/a"))
    journal = tmp_path / "r" / JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"t":"node","pa')
    cut = load_record(tmp_path / "r")
    assert cut.incomplete == f"line 3 of {JOURNAL} is cut off: the observation was killed"
    assert cut.node("/dev/a") is not None
    for damaged in (b'{"t":"node","pa\n', b'{"t":"node","path":3}', b'{"t":"node","path":3}\n'):
        journal.write_bytes(whole + damaged)
        with pytest.raises(RecordError, match=f"{JOURNAL}:3: ") as error:
            load_record(tmp_path / "r")
        assert error.value.action == f"read the record {tmp_path / 'r'}"


def test_a_journal_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_LINES_LIMIT", 3)
    assert written(tmp_path / "r", node("/dev/a"), node("/dev/b")).node("/dev/b") is not None
    with pytest.raises(RecordError, match="has more than 3 lines: no record has so many") as error:
        written(tmp_path / "more", node("/dev/a"), node("/dev/b"), node("/dev/c"))
    assert error.value.action == f"read the record {tmp_path / 'more'}"


def test_each_walk_has_what_it_saw_and_what_was_read_before_it_ended(tmp_path: Path) -> None:
    one, two = (1, 4096, "system", ""), (2, 8192, "system", "")
    first, second = walk([one], process(7, (1, 1, 0, 0))), walk([one, two], process(8, (2, 1, 0, 0)))
    record = broken(walks=["a list", first, "another", second]).record(tmp_path / "r")
    assert [[buffer.inode for buffer in seen.buffers] for seen in record.walks] == [[1], [1, 2]]
    assert [[holder.pid for holder in seen.holders] for seen in record.walks] == [[7], [8]]
    assert [seen.readings[BUFFER_LISTS[0]] for seen in record.walks] == [2, 3]
    assert [(seen.end.state, seen.unchanged) for seen in record.walks] == [(State.OK, False)] * 2


def test_a_walk_that_found_nothing_new_is_the_one_before(tmp_path: Path) -> None:
    first = walk([(1, 4096, "system", "")], process(7, (1, 1, 0, 0)))
    same = [first[-1] | {"unchanged": True}]
    seen, again = broken(walks=[first, "a list", same]).record(tmp_path / "r").walks
    assert (again.buffers, again.holders, again.end, again.unchanged) == (seen.buffers, seen.holders, seen.end, True)
    assert again.readings[BUFFER_LISTS[0]] == seen.readings[BUFFER_LISTS[0]] + 1
    assert not broken(walks=[same]).record(tmp_path / "none").walks

"""``bringup heap watch`` without a board: a series that was kept, and what cannot be asked."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from bringup.compare.watching import SeriesJudge
from bringup.document import write_document
from bringup.results.watch import Look, WatchLine
from tests.support.command import bringup
from tests.support.native_adbd import free_port
from tests.support.schemas import closed, published
from tests.support.simulated_watch import begin, share

SCHEMA = jsonschema.Draft202012Validator(closed(published("report/schemas/watch-1.json")))


def kept(folder: Path, leaked: int, rounds: int = 30) -> Path:
    """A leak test's series in a folder."""
    judge, lines = SeriesJudge(begin(30)), list[WatchLine]([begin(30)])
    for number in range(rounds + 1):
        look = Look(at=float(number), round=number, shares=(share("camera", 4 + leaked * number, pid=412),))
        lines += [look, *judge.add(look)]
    leaks, end = judge.end("all 30 rounds are done", is_whole=rounds == 30)
    folder.mkdir()
    text = "".join(write_document(line) + "\n" for line in (*lines, *leaks, end))
    (folder / "series.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("leaked", "rounds", "outcome", "status"), [(1, 30, "fail", 1), (0, 30, "pass", 0), (0, 9, "error", 3)]
)
def test_a_series_that_was_kept_is_judged_again(
    tmp_path: Path, leaked: int, rounds: int, outcome: str, status: int
) -> None:
    folder = kept(tmp_path / "series", leaked, rounds)
    page = tmp_path / "page.html"
    ended = bringup("heap", "watch", str(folder), "--fail-on", "leak", "-o", str(page))
    assert ended.returncode == status
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    for line in lines:
        SCHEMA.validate(line)
    assert (lines[0]["schema"], lines[-1]["outcome"]) == ("bringup.watch/1", outcome)
    assert any(line["event"] == "leak" for line in lines) == (leaked > 0)
    assert "<polyline" in page.read_text(encoding="utf-8")
    assert bringup("heap", "watch", str(folder)).returncode == 0


def test_every_line_of_a_series_is_valid(tmp_path: Path) -> None:
    for line in (kept(tmp_path / "series", 1) / "series.jsonl").read_text("utf-8").splitlines():
        SCHEMA.validate(json.loads(line))


@pytest.mark.parametrize(
    ("arguments", "seen", "status"),
    [
        (("--until", "soon"), "neither leak nor a time", 2),
        (("--until", "0s"), "neither leak nor a time", 2),
        (("--fail-on", "growth"), "is not leak", 2),
        (("--while", "true", "--until", "3m"), "rounds end the watch", 2),
        (("--steps", "/nowhere/steps"), "read /nowhere/steps", 2),
        (("/nowhere/series",), "read /nowhere/series", 2),
        (("SERIES", "--while", "true"), "judged without a board", 2),
    ],
)
def test_what_cannot_be_asked(arguments: tuple[str, ...], seen: str, status: int) -> None:
    ended = bringup("heap", "watch", *arguments)
    assert (ended.returncode, seen in ended.stderr) == (status, True), ended.stderr


def test_a_damaged_series_is_refused(tmp_path: Path) -> None:
    (tmp_path / "series.jsonl").write_bytes(b'{"event": "look"}\n')
    ended = bringup("heap", "watch", str(tmp_path))
    assert "it is no series: line 1" in ended.stderr
    assert ended.returncode != 0


def test_a_file_in_the_way_is_no_series(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", "file/series"):
        ended = bringup("heap", "watch", "-s", "none", "-o", str(tmp_path / folder))
        assert f"{tmp_path / 'file'} is not a folder" in ended.stderr
        assert ended.returncode == 2


def test_a_watch_that_does_not_begin_leaves_no_series(tmp_path: Path) -> None:
    environ = {"ADB_SERVER_SOCKET": f"tcp:127.0.0.2:{free_port()}"}
    folder = tmp_path / "series"
    for _ in range(2):
        ended = bringup("heap", "watch", "-s", "none", "-o", str(folder), environ=environ)
        assert ended.returncode == 3, ended.stderr
        assert "a series is there already" not in ended.stderr
        assert not list(folder.iterdir())

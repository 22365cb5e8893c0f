"""``bringup scan``."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import bringup.scan
from bringup.cli.actions.scan import _Progress
from bringup.cli.entry import main
from bringup.scan.rules import RULES
from tests.support.command import bringup as start
from tests.support.scan.sample import vendor_tree
from tests.support.schemas import closed

ROOT = Path(__file__).parent.parent.parent
SCHEMAS = Path(bringup.scan.__file__).parent / "schemas"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return vendor_tree(tmp_path / "vendor")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["bringup", "scan", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert isinstance(stop.value.code, int)
    return stop.value.code


def validate(name: str, document: Any) -> None:
    schema = json.loads((SCHEMAS / f"{name}-1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(closed(schema)).validate(document)


def test_what_is_printed_is_what_the_docs_show(tree: Path) -> None:
    done = start("scan", tree.name, "--board", "vim3", cwd=tree.parent)
    assert (done.returncode, done.stderr) == (1, "")
    shown = re.search(
        r"    \$ bringup scan vendor --board vim3\n((?:    .*\n|\n)*)", (ROOT / "docs/scan.md").read_text()
    )
    assert shown is not None
    assert re.sub(r"^    ", "", shown[1], flags=re.MULTILINE).strip() == done.stdout.strip()


def test_json(tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, str(tree), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    validate("scan", told)
    assert (told["schema"], told["files"], told["board"]) == ("bringup.scan/1", 5, None)
    assert told["rules"] == [rule.id for rule in RULES]
    assert {"gralloc/alloc.cpp:1 ion.header", "ueventd.rc:2 heap.cma-name"} <= {
        f"{hit['path']}:{hit['line']} {hit['rule']}" for hit in told["hits"]
    }
    assert [hit["rule"] for hit in told["hits"] if not hit["ion"]] == ["heap.cma-name"]
    assert [one["path"] for one in told["skipped"]] == ["camera/tables.h"]
    told["hits"][0]["line"] = 0
    with pytest.raises(jsonschema.ValidationError):
        validate("scan", told)


def test_one_rule(tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, str(tree), "--rule", "ion.library", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert [(hit["path"], hit["line"]) for hit in told["hits"]] == [("BoardConfig.mk", 2), ("gralloc/Android.bp", 6)]


def test_a_tree_without_ion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.c").write_text("int region_alloc(void); // ion_open()\n")
    assert run(monkeypatch, str(tmp_path)) == 0
    assert capsys.readouterr().out == "no use of ION; 1 file read\n"
    (tmp_path / "a.c").write_text('open("/dev/dma_heap/linux,cma");\n')
    assert run(monkeypatch, str(tmp_path)) == 0
    assert capsys.readouterr().out.endswith("no use of ION, 1 name that only some kernels have; 1 file read\n")


def test_what_was_not_looked_at_is_no_clean_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.c").write_bytes(b"\0")
    assert run(monkeypatch, str(tmp_path)) == 3
    assert "a.c: binary" in capsys.readouterr().out
    (tmp_path / "a.c").unlink()
    (tmp_path / "out").symlink_to("/")
    assert run(monkeypatch, str(tmp_path)) == 0
    assert "out: a symbolic link out of the tree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["/nonexistent"], "No such file"),
        ([], "bringup scan TREE"),
        ([".", "--rule", "ion.aloc"], "did you mean ion.alloc"),
        ([".", "--board", "vim"], "vim3"),
    ],
)
def test_wrong_usage(
    wrong: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *wrong) == 2
    assert words in capsys.readouterr().err


def test_the_rules_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--list", "--rule", "ion.sync") == 0
    told = capsys.readouterr().out
    assert told.startswith("ion.sync: ")
    assert all(f"  {word}: " in told for word in ("Files", "Why", "Since", "Source"))
    assert run(monkeypatch, "--list", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    validate("scan-rules", document)
    assert [one["id"] for one in document["rules"]] == [rule.id for rule in RULES]


def test_rules_are_completed() -> None:
    words = {"_BRINGUP_COMPLETE": "complete_bash", "COMP_WORDS": "bringup scan --rule ion.he", "COMP_CWORD": "3"}
    assert start(environ=words).stdout.split() == ["ion.header", "ion.heap", "ion.heap-name"]


@pytest.mark.parametrize(("terminal", "shown"), [(True, "\r  2 files read\r\x1b[K"), (False, "")])
def test_progress_is_shown_on_a_terminal_after_a_second(
    terminal: bool, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(stderr, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stderr", stderr)
    now = 0.0
    monkeypatch.setattr("bringup.cli.actions.scan.time", type("Clock", (), {"monotonic": staticmethod(lambda: now)}))
    progress = _Progress()
    for now, files in ((0.9, 1), (1.1, 2), (1.2, 3)):  # noqa: B007 - the clock reads it
        progress(files)
    progress.close()
    assert stderr.getvalue() == shown

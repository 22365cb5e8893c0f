"""``bringup scan``."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
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


@pytest.mark.parametrize("options", ["", " --plan", " --board vim3 --all"])
def test_what_is_printed_is_what_the_docs_show(options: str, tree: Path) -> None:
    done = start("scan", tree.name, *options.split(), cwd=tree.parent)
    assert (done.returncode, done.stderr) == (1, "")
    shown = re.search(rf"    \$ bringup scan vendor{options}\n((?:    .*\n|\n)*)", (ROOT / "docs/scan.md").read_text())
    assert shown is not None
    assert re.sub(r"^    ", "", shown[1], flags=re.MULTILINE).strip() == done.stdout.strip()


def test_json(tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, str(tree), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    validate("scan", told)
    assert (told["schema"], told["files"], told["board"]) == ("bringup.scan/1", 6, None)
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
    assert capsys.readouterr().out == "no use of ION; 1 file searched\n"
    (tmp_path / "a.c").write_text('open("/dev/dma_heap/linux,cma");\n')
    assert run(monkeypatch, str(tmp_path)) == 0
    assert capsys.readouterr().out.startswith("no use of ION, 1 name that only some kernels have; 1 file searched\n")


def test_what_was_not_looked_at_is_no_clean_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.c").write_bytes(b"\0 ion_alloc_fd")
    assert run(monkeypatch, str(tmp_path)) == 3
    assert "not read, and may use ION: a.c (binary" in capsys.readouterr().out
    (tmp_path / "a.c").write_bytes(b"\0")
    (tmp_path / "elsewhere").symlink_to("/")
    assert run(monkeypatch, str(tmp_path)) == 0
    assert "not part of the tree: elsewhere (a symbolic link out of the tree)" in capsys.readouterr().out
    (tmp_path / "a.c").unlink()
    assert run(monkeypatch, str(tmp_path)) == 3
    assert "no file was searched" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["/nonexistent"], "No such file"),
        ([".", "/nonexistent"], "No such file"),
        ([], "bringup scan TREE"),
        ([".", "--rule", "ion.aloc"], "did you mean ion.alloc"),
        ([".", "--board", "vim"], "vim3"),
        ([".", "--format", "pdf"], "formats are: csv, github, html, json, md, sarif, text"),
        ([".", "--fail-on", "new"], "add --baseline OLD.json"),
        ([".", "--baseline", "/nonexistent"], "No such file"),
        ([".", "--plan", "--all"], "print different things"),
        ([".", "--plan", "--format", "html"], "--plan is text"),
        ([".", "--json", "--format", "html"], "print different things"),
        ([".", "--patch", "out", "--plan"], "--plan has no meaning"),
        ([".", "--patch", "out", "--json"], "--json has no meaning"),
        ([".", "--patch", "out", "-o", "report"], "-o has no meaning"),
        ([".", "..", "--patch", "out"], "patches are for one tree"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_scanned(
    wrong: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bringup.scan.tree.find_in_tree", None)
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


@pytest.mark.parametrize(("terminal", "shown"), [(True, "\r  2 files searched\r\x1b[K"), (False, "")])
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


def scan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str, expect: int = 1
) -> dict[str, Any]:
    assert run(monkeypatch, *arguments, "--json") == expect
    document = json.loads(capsys.readouterr().out)
    validate("scan", document)
    assert isinstance(document, dict)
    return document


def test_what_is_new_and_what_is_gone(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.json"
    assert run(monkeypatch, str(tree), "--format", "json", "-o", str(old)) == 1
    assert run(monkeypatch, str(tree), "--baseline", str(old), "--fail-on", "new") == 0
    assert "0 new, 0 gone" in capsys.readouterr().out
    source = tree / "gralloc" / "alloc.cpp"
    source.write_text("// further down\n" + source.read_text() + "int more = ion_open();\n")
    (tree / "BoardConfig.mk").unlink()
    document = scan(monkeypatch, capsys, str(tree), "--baseline", str(old), "--fail-on", "new")
    assert [hit["word"] for hit in document["hits"] if hit["baseline"] == "new"] == ["ion_open"]
    assert {hit["path"] for hit in document["gone"]} == {"BoardConfig.mk"}
    for name in ("nowhere.json", str(source)):
        assert run(monkeypatch, str(tree), "--baseline", name) == 2
    assert run(monkeypatch, str(tree), "--fail-on", "new") == 2
    assert "add --baseline OLD.json" in capsys.readouterr().err


def test_a_baseline_of_version_0_1_0(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = scan(monkeypatch, capsys, str(tree))
    fields = ("path", "line", "rule", "text", "replacement", "ion")
    hits = [{field: hit[field] for field in fields} for hit in document["hits"]]
    before = {
        **{field: document[field] for field in ("schema", "tree", "board", "rules", "files", "skipped")},
        "hits": hits,
    }
    (tmp_path / "old.json").write_text(json.dumps(before))
    assert run(monkeypatch, str(tree), "--baseline", str(tmp_path / "old.json"), "--fail-on", "new") == 0


def test_uses_that_somebody_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.c").write_text(
        "ion_open(); // bringup: ok the factory kernel\n/* bringup: ok a 4.19 kernel */\nion_open();\n"
        "ion_open(); // bringup: ok\n"
    )
    (tmp_path / "b.c").write_text("ion_close();\n")
    document = scan(monkeypatch, capsys, str(tmp_path))
    assert [hit["suppressed"] for hit in document["hits"]] == ["the factory kernel", "a 4.19 kernel", "", ""]
    assert document["components"][0]["to_do"] == 2
    listed = tmp_path / "left.yaml"
    listed.write_text("suppressions:\n- {path: '*.c', word: ion_close, reason: blobs}\n- {path: a.c, reason: soon}\n")
    document = scan(monkeypatch, capsys, str(tmp_path), "--suppressions", str(listed), expect=0)
    assert [hit["suppressed"] for hit in document["hits"]][2:] == ["soon", "blobs"]
    listed.write_text("suppressions:\n- {path: '*.c'}\n")
    assert run(monkeypatch, str(tmp_path), "--suppressions", str(listed)) == 2
    assert "left.yaml:2" in capsys.readouterr().err


def test_files_of_a_list_on_stdin(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for names in (b"ueventd.rc\0gone.c\0", b"ueventd.rc\ngone.c\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(names)))
        document = scan(monkeypatch, capsys, str(tree), "--files-from", "-", expect=0)
        assert {hit["path"] for hit in document["hits"]} == {"ueventd.rc"}
        assert document["left_out"] == [{"reason": "no longer there", "count": 1}]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert run(monkeypatch, "--files-from", "-") == 0
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert run(monkeypatch, "--files-from", "-", "--format", "sarif") == 0
    (log,) = json.loads(capsys.readouterr().out)["runs"]
    assert log["invocations"][0]["executionSuccessful"] is True
    assert run(monkeypatch, ".", ".", "--files-from", "-") == 2


def test_the_reader_of_the_output_may_leave(tree: Path) -> None:
    for number in range(200):
        (tree / f"{number}.c").write_text("ion_open();\n" * 50)
    command = f"{sys.executable} -m bringup scan {tree} --all | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "1"
    assert done.stderr == ""


def test_the_summary_has_24_lines_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(60):
        folder = tmp_path / f"part{number:02}"
        folder.mkdir()
        (folder / "a.c").write_text("ion_open();\n" * (number + 1))
    (tmp_path / "x.lua").write_text("ion_alloc_fd")
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "out").mkdir()
    assert run(monkeypatch, str(tmp_path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert lines[0].startswith("1,830 uses of ION to do in 60 files")
    assert lines[3].split()[:2] == ["part59", "60"]
    assert any(line.startswith("… 46 more components with") for line in lines)


def test_patches_beside_a_baseline(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.json"
    assert run(monkeypatch, str(tree), "--json", "-o", str(old)) == 1
    arguments = (str(tree), "--patch", str(tmp_path / "patches"), "--baseline", str(old), "--fail-on")
    assert run(monkeypatch, *arguments, "use") == 1
    assert run(monkeypatch, *arguments, "new") == 0
    assert "build.patch" in capsys.readouterr().out


def test_a_scan_without_options_is_one_with_all_defaults(tree: Path) -> None:
    """The first does not go through Typer."""
    for options in ([], ["--json"]):
        short, long = (
            start("scan", tree.name, *options, *more, cwd=tree.parent) for more in ([], ["--fail-on", "use"])
        )
        assert (short.stdout, short.returncode) == (long.stdout, 1)
    assert start("scan", "--json", "nowhere", cwd=tree.parent).returncode == 2


def test_rules_are_explained() -> None:
    done = start("explain", "ion.flag")
    assert done.stdout.startswith("ion.flag (use)\n  ION's flags\n")

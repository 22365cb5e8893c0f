"""Every format: found by its file, written whole or not at all, and read back where it can be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bringup.document import write_document
from bringup.errors import RecordError, UsageError
from bringup.report import Format, all_formats, find_format, write_report
from bringup.report.load import load_report, load_run
from tests.support.report import sample

FORMATS = sorted(all_formats())


def test_each_file_is_a_format_under_its_own_name() -> None:
    known = all_formats()
    assert {"html", "json", "junit"} <= set(known)
    assert all(name == one.name and one.suffix.startswith(".") and one.summary for name, one in known.items())


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        find_format("docx")
    assert "docx" in caught.value.seen
    assert "html, json" in caught.value.hint


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_writes_into_a_folder_under_the_usual_name(name: str, tmp_path: Path) -> None:
    file = write_report(sample.run(), name, tmp_path)
    assert file == tmp_path / f"report{find_format(name).suffix}"
    assert file.read_text(encoding="utf-8") == find_format(name).render(sample.run())
    assert list(tmp_path.iterdir()) == [file], "a part file was left"
    assert file.stat().st_mode & 0o077 == 0, "it has a serial number: others may not read it"


def test_a_report_that_cannot_be_rendered_leaves_the_old_one(tmp_path: Path) -> None:
    def broken(_: object) -> str:
        raise ZeroDivisionError

    file = tmp_path / "report.txt"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_report(sample.run(), Format("broken", ".txt", broken, "always fails"), file)
    assert [one.name for one in tmp_path.iterdir()] == ["report.txt"]
    assert file.read_text() == "old"


def test_a_folder_that_cannot_be_written_is_a_wrong_command_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as caught:
        write_report(sample.run(), "json", tmp_path / "file" / "report.json")
    assert str(tmp_path) in caught.value.action
    assert caught.value.hint


@pytest.mark.parametrize("name", ["json", "html"])
def test_the_run_is_read_back(name: str, tmp_path: Path) -> None:
    assert load_report(write_report(sample.run(), name, tmp_path)) == sample.run()


def test_a_run_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(write_document(sample.run()))
    assert load_report(tmp_path) == sample.run() == load_run(tmp_path)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("<html></html>", "holds no run"),
        ('<script type="application/json" id="bringup-run">{"schema": "bringup.run/1"</script>', "damaged"),
        ('<script type="application/gzip" id="bringup-run">bm90IGd6aXA=</script>', "damaged"),
        ("", "not a bringup.run/1"),
    ],
)
def test_what_is_no_report_is_said_to_be_none(text: str, seen: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(text)
    with pytest.raises(RecordError, match=seen):
        load_report(file)
    with pytest.raises(RecordError):
        load_report(tmp_path / "absent.html")


def test_only_the_page_needs_jinja() -> None:
    program = (
        "import sys; from bringup.report import all_formats; all_formats()\n"
        "heavy = {'jinja2', 'rich', 'pydantic', 'adbutils', 'xmlschema'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", '"1"', "null", "true1"])
def test_a_run_with_a_time_that_is_no_number_is_refused(value: str, tmp_path: Path) -> None:
    text = write_document(sample.run())
    assert '"seconds":0.012' in text
    text = text.replace('"seconds":0.012', f'"seconds":{value}')
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RecordError):
        load_report(tmp_path)


def test_the_documentation_names_every_format_and_its_example_works() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | `report{one.suffix}` |" in text for name, one in all_formats().items())
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/reports.md", "exec"), names)
    assert names["FORMAT"].render(sample.run()) == "made-up-board-7 fail\n"

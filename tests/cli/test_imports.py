"""Start-up stays light: what is asked often imports nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("adbutils", "msgspec", "pydantic", "jinja2", "PIL", "ruamel", "requests", "qemu")

_PROGRAM = """
import os, sys
sys.argv = ["bringup", *{arguments!r}]
os._exit = sys.exit
from bringup.cli.entry import main
try:
    main()
except SystemExit as stop:
    code = stop.code
heavy = sorted({{name.split(".")[0] for name in sys.modules}} & set({heavy!r}))
print("HEAVY", code, *heavy, file=sys.stderr)
"""


def run(arguments: list[str], **environ: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(arguments=arguments, heavy=HEAVY)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environ,
    )
    return done.stdout, done.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], []], ids=" ".join)
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    out, last = run(arguments)
    assert last.split()[2:] == []
    if arguments:
        assert "bringup" in out


def test_a_plain_scan_starts_without_what_it_does_not_need(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int region;")
    out, last = run(["scan", str(tmp_path)])
    assert (out, last.split()[1:]) == ("no use of ION; 1 file searched\n", ["0", "msgspec"])


def test_ripgrep_searches_before_the_rest_of_a_scan_is_imported(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int fd = ion_open();")
    program = f"""
import sys
import bringup.scan.begin as module
begin = module.begin
def spy(trees):
    print([name for name in ("bringup.scan.tree", "bringup.scan.readers.c", "bringup.report") if name in sys.modules])
    return begin(trees)
module.begin = spy
sys.argv = ["bringup", "scan", {str(tmp_path)!r}]
from bringup.cli.entry import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    first, *rest = done.stdout.splitlines()
    assert (first, done.returncode) == ("[]", 1)
    assert rest[0] == "1 use of ION to do in 1 file; 1 file searched"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bringup ch", "check"),
        ("bringup run --vir", "--virtual"),
        ("bringup virtual sto", "stop"),
        ("bringup run --board db8", "db845c"),
        ("bringup heap test --test zero.r", "zero.reuse"),
    ],
)
def test_completion_imports_nothing_heavy(words: str, expected: str) -> None:
    environ = {"_BRINGUP_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    out, last = run([], **environ)
    assert expected in out.split()
    reads_documents = {"msgspec"} if "--test" in words else set()  # the ids of heap tests are in a document
    assert set(last.split()[2:]) <= reads_documents


def test_the_probe_sees_a_heavy_import() -> None:
    """The test above can fail: a command that needs pydantic shows it."""
    _, last = run(["config", "list"])
    assert "pydantic" in last.split()


@pytest.mark.parametrize("options", ["", "--json", "--format md", "--format junit", "--format html"])
def test_a_comparison_imports_jinja_only_for_its_page(options: str, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text('{"schema": "bringup.run/1", "tool": "0", "started": "", "boards": []}')
    said, heavy = run(["compare", str(file), str(file), *options.split()])
    assert said
    assert ("jinja2" in heavy.split()) == ("html" in options)

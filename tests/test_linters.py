"""The linters are tests: one command checks everything."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
#: What a person can still find his way in.
MODULES_IN_A_FOLDER = 17
LINES_OF_A_MODULE = 400
#: Folders whose modules are entries of one kind: one more is what they are for.
ENTRIES = ("checks/suite", "report/formats", "virtual/boards", "causes/known", "cli/commands")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([BIN / "ruff", "check", "."], id="ruff-check"),
        pytest.param([BIN / "ruff", "format", "--check", "."], id="ruff-format"),
        pytest.param([BIN / "mypy"], id="mypy-strict"),
        pytest.param([BIN / "lint-imports"], id="import-linter"),
    ],
)
def test_linter(command: list[Path | str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("folder", ["bringup", "tests", "benchmarks"])
def test_no_module_is_too_long(folder: str) -> None:
    lines = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in modules(folder)}
    long = {str(path): count for path, count in lines.items() if count > LINES_OF_A_MODULE}
    assert long == {}, f"more than {LINES_OF_A_MODULE} lines: cut it along its subjects"


def test_no_folder_holds_more_modules_than_can_be_taken_in() -> None:
    siblings: dict[str, int] = {}
    for path in modules("bringup"):
        folder = path.parent.relative_to("bringup").as_posix()
        siblings[folder] = siblings.get(folder, 0) + (path.name != "__init__.py")
    crowded = {name: count for name, count in siblings.items() if count > MODULES_IN_A_FOLDER and name not in ENTRIES}
    assert crowded == {}, f"more than {MODULES_IN_A_FOLDER} modules beside each other"


def test_no_test_module_imports_another() -> None:
    """What several of them need is in tests/support, or a fixture in a conftest.py."""
    imported = {
        f"{path}: {name}"
        for path in modules("tests")
        for name in imports_of(path)
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    }
    assert imported == set()


def modules(folder: str) -> list[Path]:
    """Python files of a folder, as paths below the project's root."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """The dotted names of everything that a module imports."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module or ''}.{alias.name}" for alias in node.names}
    return names

"""The linters are tests: one command checks everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


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


def test_no_module_is_two_rooms() -> None:
    limit = 400
    data = ROOT / "bringup/kernel/data/compiled.py"  # made from YAML, and loaded as a module because that is quickest
    written = [path for path in (ROOT / "bringup").rglob("*.py") if path != data]
    long = {path: count for path in written if (count := _lines(path)) > limit}
    assert not long, f"over {limit} lines: {long}"


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())

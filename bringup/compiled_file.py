"""The program that compiles YAML files which people write to the one file that bringup loads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bringup.errors import BringupError

__all__ = ["keep_compiled"]


def keep_compiled(file: Path, compiled: Callable[[], str], program: str, arguments: Sequence[str]) -> int:
    """Write what was compiled, or with ``--check`` compare it.

    :param compiled: gives the whole text; raises BringupError where a YAML file is wrong.
    :param program: the module to run, as ``python -m`` takes it.
    :returns: 0, or 1 when ``--check`` finds a difference, or the error's exit code when a YAML file is wrong.
    """
    try:
        text = compiled()
    except BringupError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    if file.is_file() and file.read_text("utf-8") == text:
        return 0
    if "--check" in arguments:
        sys.stderr.write(f"{file} differs from the YAML files: run python -m {program}\n")
        return 1
    file.write_text(text, "utf-8")
    return 0

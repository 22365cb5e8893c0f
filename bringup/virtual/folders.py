"""Folders in the cache that are complete or not there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["fill_folder", "write_folder"]


def fill_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Have a new folder filled under another name, then let it take the place of ``folder``, if all went well.

    :param fill: gets the path to fill; what it raises goes through, and nothing of it is left.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        fill(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        scratch.chmod(0o755)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_folder(folder: Path, content: Mapping[str, bytes]) -> None:
    """A folder with these files in it, by name."""

    def fill(scratch: Path) -> None:
        for name, data in content.items():
            (scratch / name).write_bytes(data)

    fill_folder(folder, fill)

"""Writing a record: an append-only journal and raw copies of what was read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec

from bringup.document import write_document
from bringup.errors import HostError, UsageError, os_reason
from bringup.files import PRIVATE, why_no_folder
from bringup.text import safe_name

__all__ = ["JOURNAL", "SCHEMA", "Journal"]

SCHEMA = "bringup.record/1"
JOURNAL = "record.jsonl"
_COMPONENTS = 12
_PRIVATE_FOLDER = 0o700


class Journal:
    """A record being written: ``record.jsonl`` and ``files/`` in one folder.

    Each line is valid alone and on its way to the disk before the next one begins, so a killed process leaves a
    record that loads and says that it is incomplete.

    :raises HostError: the folder cannot be written.
    :raises UsageError: it holds a record already, or a part of its path is a file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        action = f"write the record {folder}"
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            (folder / "files").mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            self._out = _new(folder / JOURNAL, buffering=0)
        except (FileExistsError, NotADirectoryError) as error:
            is_there = (folder / JOURNAL).exists()
            seen = "a record is there already" if is_there else why_no_folder(folder / "files", error)
            raise UsageError(action, seen, hint="choose another folder with -o") from error
        except OSError as error:
            raise HostError(action, os_reason(error), hint="choose another folder with -o") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Bring everything to the disk and close.

        :raises HostError: it does not get there: a full share is noticed only now.
        """
        if self._out.closed:
            return
        try:
            with self._out:
                os.fsync(self._out.fileno())
        except OSError as error:
            raise HostError(f"write the record {self.folder}", os_reason(error)) from error

    def line(self, entry: msgspec.Struct | Mapping[str, Any]) -> None:
        """Append one line.

        :raises HostError: it could not be written (a full disk).
        """
        self.copy(write_document(entry).encode())

    def copy(self, raw: bytes) -> None:
        """Append one line that is JSON text already.

        :raises HostError: it could not be written (a full disk).
        """
        data = raw + b"\n"
        try:
            while data:
                data = data[self._out.write(data) :]
        except OSError as error:
            raise HostError(f"write the record {self.folder}", os_reason(error)) from error

    def store(self, board_path: str, data: bytes) -> dict[str, str | int]:
        """Keep a raw copy of ``data`` under ``files/``.

        :returns: ``stored`` (relative to the record), ``sha256`` and ``size``, for the journal.
        :raises HostError: it could not be written.
        """
        digest = hashlib.sha256(data).hexdigest()
        relative = _place(board_path)
        try:
            try:
                _write_new(self.folder / relative, data)
            except (FileExistsError, NotADirectoryError):
                # A second reading, or a path that is both a file and a folder: the hash makes the name unique.
                relative = Path("files", "_", hashlib.sha256(board_path.encode()).hexdigest()[:16] + "-" + digest[:16])
                _write_new(self.folder / relative, data)
        except FileExistsError:
            pass  # the same bytes under the same name
        except OSError as error:
            raise HostError(f"write the record {self.folder}", os_reason(error)) from error
        return {"stored": relative.as_posix(), "sha256": digest, "size": len(data)}


def _write_new(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _new(path) as out:
        out.write(data)


def _new(path: Path, buffering: int = -1) -> BinaryIO:
    """A new file that only its owner may read: a record has serial numbers, the kernel's log and its command line."""
    return open(path, "xb", buffering, opener=lambda name, flags: os.open(name, flags, PRIVATE))


def _place(board_path: str) -> Path:
    """``files/`` and the path on the board, made of harmless names: no ``..``, nothing absolute, nothing hidden."""
    parts = [part for part in board_path.split("/") if part]
    names = [_harmless(part) for part in parts[:_COMPONENTS]]
    if len(parts) > _COMPONENTS or not names:
        names.append(hashlib.sha256(board_path.encode()).hexdigest()[:16])
    return Path("files", *names)


def _harmless(part: str) -> str:
    name = safe_name(part)
    if name == part:
        return name
    return f"{name[:80]}-{hashlib.sha256(part.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"

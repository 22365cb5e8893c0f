"""Writes rendered files: whole or not at all, never outside the folder, never over a file that a person wrote."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bringup.errors import HostError, UsageError, os_reason
from bringup.files import write_file
from bringup.render.engine import MARK, Rendered
from bringup.text import from_board, visible

__all__ = ["Change", "Written", "diff", "write"]

_MARK_WITHIN = 1024


class Change(enum.StrEnum):
    """What writing did to a file."""

    CREATED = "created"
    UPDATED = "updated"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Written:
    """One file and what was done to it."""

    path: Path
    change: Change


def write(rendered: Iterable[Rendered], out_dir: Path, *, force: bool = False) -> tuple[Written, ...]:
    """Write the files below ``out_dir``. All are checked before the first is written.

    :param force: overwrite files that bringup did not write.
    :raises UsageError: a path is outside ``out_dir``, or bringup did not write the file that is there.
    :raises HostError: a file cannot be read or written.
    """
    files = tuple(rendered)
    plans = [(_target(file, out_dir), file) for file in files]
    changes = [_change(target, file, force=force) for target, file in plans]
    for (target, file), change in zip(plans, changes, strict=True):
        if change is not Change.SAME:
            write_file(target, file.text, hint="is the disk full, or read-only?")
    return tuple(Written(target, change) for (target, _), change in zip(plans, changes, strict=True))


def _target(file: Rendered, out_dir: Path) -> Path:
    root = out_dir.resolve()
    target = root / file.path
    # A link inside the folder may point out of it, so the parent is resolved, too.
    if not target.parent.resolve().is_relative_to(root) or target.name in {"", ".", ".."}:
        raise UsageError(f"write {visible(file.path)}", f"it is outside {out_dir}")
    return target


def _change(target: Path, file: Rendered, *, force: bool) -> Change:
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise UsageError(f"write {target}", "a link or folder of that name is there", hint="choose another -o DIR")
    if not target.exists():
        return Change.CREATED
    try:
        there = target.read_bytes()
    except OSError as error:
        raise HostError(f"read {target}", os_reason(error)) from error
    if there == file.text.encode():
        return Change.SAME
    if not force and MARK.encode() not in there[:_MARK_WITHIN]:
        raise UsageError(
            f"write {target}",
            "a file of that name is there, and bringup did not write it",
            hint="choose another -o DIR, or overwrite it with --force",
        )
    return Change.UPDATED


def diff(rendered: Iterable[Rendered], tree: Path) -> Iterator[str]:
    """Unified diff lines from the files in ``tree`` to what is rendered now; empty when they agree.

    A file is read at its rendered path; a missing file counts as empty.

    :raises UsageError: a path is outside ``tree``.
    :raises HostError: a file cannot be read.
    """
    for file in rendered:
        target = _target(file, tree)
        try:
            there = from_board(target.read_bytes()) if target.is_file() else ""
        except OSError as error:
            raise HostError(f"read {target}", os_reason(error)) from error
        yield from difflib.unified_diff(
            visible(there).splitlines(),
            visible(file.text).splitlines(),
            str(target) if there else "/dev/null",
            f"rendered/{file.path}",
            lineterm="",
        )

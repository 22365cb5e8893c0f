"""Writing the one file that ``-o FILE`` names: whole or not at all, and never over what was just read."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bringup.errors import HostError, UsageError

__all__ = ["write_file"]


def write_file(file: Path, text: str, *, read: Iterable[Path] = ()) -> None:
    """Write a file, its folder too where that is missing.

    :param read: what the text was made from; it would be lost.
    :raises UsageError: the file is one of those, or a folder, or below a file.
    :raises HostError: it cannot be written.
    """
    action, elsewhere = f"write {file}", "name another file with -o"
    if any(_same(file, one) for one in read):
        raise UsageError(action, "it is what was read, and would be lost", hint=elsewhere)
    if file.is_dir():
        raise UsageError(action, "it is a folder", hint=elsewhere)
    target = file.resolve()  # a link stays one
    part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not file.is_file():  # /dev/stdout, a pipe
            file.write_text(text, encoding="utf-8")
            return
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(action, "there is a file where a folder would have to be", hint=elsewhere) from error
    except OSError as error:
        raise HostError(action, error.strerror or str(error), hint=elsewhere) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False

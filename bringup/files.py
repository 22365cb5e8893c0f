"""Writing a file whole or not at all: a reader sees the file of before or the new one, and never a part."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bringup.errors import HostError, UsageError, os_reason

__all__ = ["open_whole", "write_file"]

_ELSEWHERE = "name another file with -o"


def write_file(file: Path, text: str, *, action: str = "", hint: str = _ELSEWHERE, read: Iterable[Path] = ()) -> None:
    """Write a text file, in UTF-8 and with the newlines of ``text``.

    :param action: what an error says was being done; empty: that the file was being written.
    :param read: files that the text was made from, which must not be overwritten.
    :raises UsageError: the file is one of ``read``, or a folder, or below a file.
    :raises HostError: it cannot be written.
    """
    if any(_same(file, source) for source in read):
        raise UsageError(action or f"write {file}", "it is what was read, and would be lost", hint=hint)
    with open_whole(file, action=action, hint=hint) as out:
        out.write(text.encode("utf-8"))


@contextmanager
def open_whole(file: Path, *, action: str = "", hint: str = _ELSEWHERE) -> Iterator[BinaryIO]:
    """A file to write to, which gets its name when the block ends without an error.

    Its folder is made where it is missing. A link stays a link, and what is not a regular file (``/dev/stdout``, a
    pipe) is written to directly.

    :raises UsageError: the file is a folder, or below a file.
    :raises HostError: it cannot be written.
    """
    action = action or f"write {file}"
    if file.is_dir():
        raise UsageError(action, "it is a folder", hint=hint)
    target = file.resolve()
    part = target.with_name(f".{target.name[:200]}.{os.urandom(4).hex()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not file.is_file():
            with file.open("wb") as out:
                yield out
            return
        with part.open("xb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(action, "there is a file where a folder would have to be", hint=hint) from error
    except OSError as error:
        raise HostError(action, os_reason(error), hint=hint) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _same(file: Path, other: Path) -> bool:
    try:
        return file.samefile(other)
    except OSError:
        return False

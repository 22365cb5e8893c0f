"""Writing a file whole or not at all: a reader sees the file of before or the new one, and never a part."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bringup.errors import HostError, UsageError, os_reason

__all__ = ["PRIVATE", "open_input", "open_whole", "read_input", "why_no_folder", "write_file"]

#: The mode of files that may hold a board's serial, its log or its command line: for their owner alone.
PRIVATE = 0o600
_PUBLIC = 0o666

_ELSEWHERE = "name another file with -o"


def open_input(file: Path) -> BinaryIO:
    """A regular file that is read. A FIFO, which would wait for a writer, and a device, which may have no end, are not.

    :raises OSError: it cannot be opened, or is not a regular file.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    raise OSError(errno.EINVAL, "it is not a regular file", str(file))


def read_input(file: Path, most: int) -> bytes:
    """The bytes of a regular file.

    :raises OSError: it cannot be read, is not a regular file, or has more than ``most`` bytes.
    """
    with open_input(file) as opened:
        data = opened.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EINVAL, f"it has more than {most >> 10} KiB", str(file))
    return data


def write_file(
    file: Path,
    text: str,
    *,
    action: str = "",
    hint: str = _ELSEWHERE,
    read: Iterable[Path] = (),
    mode: int = _PUBLIC,
    encoding: str = "utf-8",
) -> None:
    """Write a text file, with the newlines of ``text``.

    :param action: what an error says was being done; empty: that the file was being written.
    :param read: files that the text was made from, which must not be overwritten.
    :param mode: of a new file, before the umask; a file that is there keeps its own.
    :raises UsageError: the file is one of ``read``, or a folder, or below a file.
    :raises HostError: it cannot be written.
    """
    if any(_same(file, source) for source in read):
        raise UsageError(action or f"write {file}", "it is what was read, and would be lost", hint=hint)
    with open_whole(file, action=action, hint=hint, mode=mode) as out:
        out.write(text.encode(encoding))


@contextmanager
def open_whole(file: Path, *, action: str = "", hint: str = _ELSEWHERE, mode: int = _PUBLIC) -> Iterator[BinaryIO]:
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
        known = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as out:  # noqa: PTH123
            if known is not None:
                os.fchmod(out.fileno(), known)
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(action, why_no_folder(target.parent, error), hint=hint) from error
    except OSError as error:
        raise HostError(action, os_reason(error), hint=hint) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def why_no_folder(folder: Path, error: OSError) -> str:
    """Which part of a folder's path is there and is not a folder, for an error; else what the operating system says."""
    parts = (*reversed(folder.parents), folder)
    blocking = next((part for part in parts if os.path.lexists(part) and not part.is_dir()), None)
    return os_reason(error) if blocking is None else f"{blocking} is not a folder"


def _same(file: Path, other: Path) -> bool:
    try:
        return file.samefile(other)
    except OSError:
        return False

"""A record as one file, ``.tar.zst``: to mail, to attach to a bug, to keep.

An archive may come from anywhere, so it is read as a stranger's: only regular files with harmless names, nothing
twice, nothing outside the folder, and bounds on their number and size, whatever the archive announces.
"""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from bringup.errors import HostError, RecordError, os_reason
from bringup.files import PRIVATE, open_input, open_whole
from bringup.record.journal import JOURNAL
from bringup.zstd import MAX_WINDOW_LOG, zstd

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SUFFIX", "is_archive", "pack", "unpack"]

SUFFIX = ".tar.zst"
_MAGIC = b"\x28\xb5\x2f\xfd"
#: Of one record; one of a large board has about 600 files and 3 MB.
_FILES, _BYTES = 20_000, 256 << 20
#: Of a path in a record, which has at most 12 parts below files/, each of at most 100 characters.
_DEPTH, _NAME = 20, 2048
#: Of a file's header in an archive, and of an extended header, which only long names need.
_OVERHEAD, _HEADER = 2048, 8192
_LEVEL = 10
_DAMAGED = (tarfile.TarError, zstd.ZstdError, EOFError, ValueError, OverflowError, RecursionError)
_READ_ACTION = "read the record {}"


def is_archive(path: Path) -> bool:
    """Whether a path is to be read or written as an archive: by its name, or by how a file that is there begins."""
    if path.is_dir():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == _MAGIC
    except OSError:
        return path.name.endswith(SUFFIX)


def pack(folder: Path, archive: Path) -> None:
    """Write a record's folder into an archive: the whole file or none. The same record gives the same bytes.

    :raises HostError: it cannot be written.
    :raises UsageError: it is a folder, or below a file.
    """
    _require_small(folder, archive)
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: _LEVEL,
        zstd.CompressionParameter.checksum_flag: True,
    }
    with (
        open_whole(
            archive, action=f"write the record {archive}", hint="choose another file with -o", mode=PRIVATE
        ) as out,
        zstd.ZstdFile(out, "wb", options=options) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in _content(folder):
            with path.open("rb") as file:
                entry = tarfile.TarInfo(name)
                entry.size = path.stat().st_size
                tar.addfile(entry, file)


def _require_small(folder: Path, archive: Path) -> None:
    """:raises HostError: it has more than :func:`unpack` takes."""
    sizes = [path.stat().st_size for _, path in _content(folder)]
    if len(sizes) > _FILES or sum(sizes) + len(sizes) * _OVERHEAD > _BYTES:
        seen = (
            f"{len(sizes):,} files of {sum(sizes):,} bytes: an archive holds {_FILES:,} and {_BYTES >> 20} MiB at most"
        )
        raise HostError(f"write the record {archive}", seen)


def _content(folder: Path) -> Iterator[tuple[str, Path]]:
    """The journal first, so that the beginning shows what the record is; then the files by name."""
    yield JOURNAL, folder / JOURNAL
    for path in sorted((folder / "files").rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix(), path


def unpack(archive: Path) -> Path:
    """Take an archive apart into a new temporary folder, which is the caller's to remove.

    :raises RecordError: it is no archive, is damaged, or holds what no record holds.
    :raises HostError: the disk refuses.
    """
    action = _READ_ACTION.format(archive)
    folder = Path(tempfile.mkdtemp(prefix="bringup-record-"))
    try:
        with open_input(archive) as file:
            _see_magic(file, action)
            reader = zstd.ZstdFile(file, options={zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG})
            with tarfile.open(fileobj=_Bounded(reader), mode="r|", tarinfo=_SmallHeaders) as tar:
                _extract(tar, folder, action)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, _DAMAGED):
            raise RecordError(action, f"the archive is damaged: {error}") from error
        if isinstance(error, OSError):
            raise HostError(action, os_reason(error)) from error
        raise
    return folder


def _see_magic(file: BinaryIO, action: str) -> None:
    if file.read(4) != _MAGIC:
        hint = "give the folder or the .tar.zst that 'bringup collect -o' wrote"
        raise RecordError(action, "it is neither a folder nor a .tar.zst", hint=hint)
    file.seek(0)


def _extract(tar: tarfile.TarFile, folder: Path, action: str) -> None:
    for count, entry in enumerate(tar, start=1):
        if count > _FILES:
            raise RecordError(action, f"the archive holds more than {_FILES:,} files")
        if entry.isdir():
            continue  # made where a file needs it
        where = _place(entry.name)
        file = tar.extractfile(entry) if entry.isreg() and not entry.issparse() else None
        if where is None or file is None:
            raise RecordError(action, f"the archive holds {entry.name[:200]!r}, which no record holds")
        target = folder / where
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out:
                shutil.copyfileobj(file, out)
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            seen = f"the archive holds {entry.name[:200]!r} twice, or as a file and as a folder"
            raise RecordError(action, seen) from error


def _place(name: str) -> PurePosixPath | None:
    """Where an entry belongs in the record's folder; ``None``: nowhere."""
    path = PurePosixPath(name)
    parts = path.parts
    if path.is_absolute() or ".." in parts or any(map(_is_odd, parts)) or len(parts) > _DEPTH or len(name) > _NAME:
        return None
    return path if parts == (JOURNAL,) or (len(parts) > 1 and parts[0] == "files") else None


def _is_odd(part: str) -> bool:
    return not part.isprintable() or "\\" in part or len(part.encode()) > 255


class _SmallHeaders(tarfile.TarInfo):
    """Refuses extended headers of a size that no record needs, before their contents are parsed.

    Python's parser takes quadratic time for them (CVE-2024-6232, fixed in 3.11.10 and 3.12.6).
    """

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if self.size > _HEADER and self.type not in (*tarfile.REGULAR_TYPES, tarfile.DIRTYPE):
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return super()._proc_member(tar)  # type: ignore[misc]


class _Bounded(io.RawIOBase):
    """A stream that ends in an error where it grows beyond what a record can be."""

    def __init__(self, inner: zstd.ZstdFile) -> None:
        self._inner = inner
        self._left = _BYTES

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size if 0 <= size <= _BYTES else 1 << 20)
        self._left -= len(data)
        if self._left < 0:
            raise tarfile.ReadError(f"it unpacks to more than {_BYTES >> 20} MiB")
        return data

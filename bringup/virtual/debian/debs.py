"""Files out of Debian packages, held in memory: what a guest is put together from.

Paths have no leading slash. The old top folders (``lib``, ``bin``, ``sbin``, ``lib64``) are read as ``usr/…``, as on
every Debian since the merge, so that one layout fits packages from before and after it.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from bringup.deadline import Deadline
from bringup.errors import VirtualBoardError

__all__ = ["Files", "unpack"]

_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_MAX_LINKS = 16


@dataclass(slots=True)
class Files:
    """Contents and symbolic links by path."""

    contents: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def resolve(self, path: str) -> str | None:
        """The path of the file behind ``path``, links followed; None when there is none."""
        for _ in range(_MAX_LINKS):
            if path in self.contents:
                return path
            target = self.links.get(path)
            if target is None:
                return None
            joined = PurePosixPath("/", path).parent / target
            path = merged(os.path.normpath(joined).lstrip("/"))
        return None

    def read(self, path: str) -> bytes:
        """Content of the file at ``path``, links followed.

        :raises VirtualBoardError: no package has it.
        """
        found = self.resolve(path)
        if found is None:
            raise VirtualBoardError("put the guest together", f"no package has /{path}")
        return self.contents[found]

    def matching(self, prefix: str, suffix: str = "") -> list[str]:
        """Paths of files that begin and end so, sorted."""
        return sorted(path for path in self.contents if path.startswith(prefix) and path.endswith(suffix))


def merged(path: str) -> str:
    """The path with ``usr/`` put before an old top folder."""
    return f"usr/{path}" if path.split("/", 1)[0] in _MERGED else path


def unpack(packages: Iterable[Path], wanted: Callable[[str], bool], deadline: Deadline) -> Files:
    """Read the wanted files of all packages.

    :param wanted: asked with each path; symbolic links are always kept.
    :raises VirtualBoardError: a package cannot be read.
    """
    files = Files()
    for package in packages:
        deadline.require(f"unpack {package.name}")
        for member, stream in _members(package):
            path = merged(os.path.normpath(member.name.lstrip("/")))
            if path.startswith(".."):
                raise VirtualBoardError(f"unpack {package.name}", f"it holds a path outside itself: {member.name!r}")
            if member.issym():
                files.links[path] = member.linkname
            elif member.isreg() and wanted(path):
                content = stream.extractfile(member)
                files.contents[path] = content.read() if content else b""
    return files


def _members(package: Path) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    argv = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = _pipes(process)
        try:
            with tarfile.open(fileobj=out, mode="r|") as tar:
                for member in tar:
                    yield member, tar
            out.read()
        except tarfile.TarError as error:
            process.kill()
            raise VirtualBoardError(f"unpack {package.name}", str(error)) from error
        said = err.read().decode(errors="replace").strip()
    if process.returncode != 0:
        raise VirtualBoardError(f"unpack {package.name}", said or f"dpkg-deb ended with {process.returncode}")


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdout is None or process.stderr is None:
        raise AssertionError("both pipes were asked for")
    return process.stdout, process.stderr

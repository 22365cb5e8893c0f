"""A whole tree searched by ripgrep, which walks it itself: one process, on all processors."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

from bringup.scan.finding.forms import Forms

__all__ = ["BUILD_OUTPUT", "NOT_SOURCES", "TreeSearch", "find_ripgrep"]

NOT_SOURCES = frozenset({".git", ".repo", ".svn", ".hg"})
BUILD_OUTPUT = "out"

_OPTIONS = (
    *("--files-with-matches", "--null", "--text", "--no-mmap", "--no-config", "--no-ignore", "--hidden"),
    *(f"--glob=!/{BUILD_OUTPUT}/", *(f"--glob=!{name}/" for name in sorted(NOT_SOURCES))),
)
#: A match, and none. 2: a file or a folder could not be read; other numbers: it ended early.
_DONE = (0, 1)
#: Bytes of address space. ripgrep holds a whole line in memory, and a hole of a sparse file is one.
_MEMORY, _MEMORY_PER_THREAD = 256 << 20, 4 << 20
#: Bytes of names that wait while nobody reads them; more, and ripgrep waits, too.
_PIPE = 1 << 20


def find_ripgrep() -> str | None:
    """ripgrep: the one of the extra ``scan``, else the system's; ``None``: there is none."""
    beside = os.path.join(sys.prefix, "bin", "rg")  # noqa: PTH118
    if os.access(beside, os.X_OK):
        return beside
    found = shutil.which("rg")
    return found and os.path.abspath(found)  # noqa: PTH100 - it is started in the tree, which may have an rg of its own


class TreeSearch:
    """Begins to search a folder at once; ends with :meth:`close`.

    Searched is what :class:`~bringup.scan.finding.walk.Walk` lists without globs and without git.

    :ivar root: the folder.
    """

    def __init__(self, program: str, root: str, forms: Forms) -> None:
        self.root = root
        self._process: subprocess.Popen[bytes] | None = None
        with suppress(OSError):  # it is no program of this machine
            self._process = subprocess.Popen(
                [program, *_OPTIONS, f"--regexp={forms.ripgrep}", "./"],
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            _limit(self._process.pid)
            assert self._process.stdout is not None
            fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE)

    def names(self) -> Iterator[str]:
        """Files that hold a form, from the folder, as they are found: in no order, and maybe not all."""
        if self._process is None or self._process.stdout is None:
            return
        kept = b""
        while data := os.read(self._process.stdout.fileno(), 1 << 16):
            *names, kept = (kept + data).split(b"\0")
            yield from (os.fsdecode(name.removeprefix(b"./")) for name in names)

    def is_whole(self) -> bool:
        """Wait for the end, after all names were read. Whether they are those of all files that hold a form."""
        return self._process is not None and self._process.wait() in _DONE

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()


def _limit(process: int) -> None:
    """Let it end before it fills the memory of this machine, and leave no core file."""
    memory = _MEMORY + _MEMORY_PER_THREAD * len(os.sched_getaffinity(0))
    with suppress(OSError, ValueError):  # it has ended, or has a smaller limit
        resource.prlimit(process, resource.RLIMIT_CORE, (0, 0))
        resource.prlimit(process, resource.RLIMIT_AS, (memory, memory))

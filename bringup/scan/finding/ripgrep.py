"""A whole tree searched by ripgrep, which walks it itself: one process, on all processors."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sysconfig
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from bringup.scan.finding.forms import Forms
from bringup.scan.finding.walk import BUILD_OUTPUT, NOT_SOURCES

__all__ = ["TreeSearch", "find_ripgrep"]

_OPTIONS = (
    *("--files-with-matches", "--null", "--text", "--no-mmap", "--no-config", "--no-ignore", "--hidden"),
    *(f"--glob=!/{BUILD_OUTPUT}/", *(f"--glob=!{name}/" for name in sorted(NOT_SOURCES))),
)
#: A match, and none. 2: a file or a folder could not be read; other numbers: it ended early.
_DONE = (0, 1)
#: Bytes of address space. ripgrep holds a whole line in memory, and a hole of a sparse file is one.
_MEMORY, _MEMORY_PER_THREAD = 256 << 20, 4 << 20


def find_ripgrep() -> str | None:
    """ripgrep: the one of the extra ``scan``, else the system's; ``None``: there is none."""
    beside = Path(sysconfig.get_path("scripts")) / "rg"
    if os.access(beside, os.X_OK):
        return str(beside)
    found = shutil.which("rg")
    return found and str(Path(found).absolute())  # it is started in the tree, which may have an rg of its own


class TreeSearch:
    """Begins to search a folder at once; ends with :meth:`close`.

    Searched is what :class:`~bringup.scan.finding.walk.Walk` lists without globs and without git.
    """

    def __init__(self, program: str, root: str, forms: Forms) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        try:
            self._output = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe would fill while nobody reads
            self._process = subprocess.Popen(
                [program, *_OPTIONS, f"--regexp={forms.ripgrep}", "./"],
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.DEVNULL,
            )
        except OSError:  # it is no program of this machine, or there is no folder for temporary files
            return
        _limit(self._process.pid)

    def result(self) -> frozenset[str] | None:
        """Wait for the end. The paths of files that hold a form; ``None``: it could not search all."""
        if self._process is None or self._output is None or self._process.wait() not in _DONE:
            return None
        self._output.seek(0)
        names = self._output.read().split(b"\0")[:-1]
        return frozenset(os.path.join(self._root, os.fsdecode(name.removeprefix(b"./"))) for name in names)  # noqa: PTH118

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._output is not None:
            self._output.close()


def _limit(process: int) -> None:
    """Let it end before it fills the memory of this machine, and leave no core file."""
    memory = _MEMORY + _MEMORY_PER_THREAD * len(os.sched_getaffinity(0))
    with suppress(OSError, ValueError):  # it has ended, or has a smaller limit
        resource.prlimit(process, resource.RLIMIT_CORE, (0, 0))
        resource.prlimit(process, resource.RLIMIT_AS, (memory, memory))

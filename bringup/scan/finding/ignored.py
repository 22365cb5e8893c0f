"""What git ignores, asked of git itself: a file that is tracked is never ignored, whatever .gitignore says."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

__all__ = ["ignored_by_git"]

_SECONDS = 300
# A repository's own configuration names programs that git would run; a tree that is scanned is not trusted.
_COMMAND = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false")
_LIST = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")


@cache
def _git() -> str | None:
    return shutil.which("git")


def ignored_by_git(folder: str) -> frozenset[str]:
    """Paths of ignored files and folders, relative to ``folder``, without a slash at their end.

    Empty where git is not installed, refuses (a repository of another owner), or knows nothing of the folder.
    """
    program = _git()
    if program is None:
        return frozenset()
    try:
        done = subprocess.run(
            [program, *_COMMAND, *_LIST],
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    if done.returncode:
        return frozenset()
    names = (os.fsdecode(name).rstrip("/") for name in done.stdout.split(b"\0"))
    return frozenset(name for name in names if name not in ("", "."))


def in_repository(folder: str) -> bool:
    """Whether a folder is in a git work tree."""
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):  # noqa: PTH118
            return True
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return False
        folder = above

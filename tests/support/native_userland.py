"""What a native board is made of: Debian's adbd, shell and tools, unpacked once into the user's cache."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bringup.deadline import Deadline
from bringup.errors import BringupError

PACKAGES = ("adbd", "mksh", "toybox", "chiark-really")
SUITE = "trixie"


class NoBoardHere(Exception):
    """Why this machine cannot run one."""


def run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise NoBoardHere(f"{' '.join(argv[:3])} …: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


@functools.cache
def userland() -> Path:
    """The board's ``/usr``: unpacked packages, kept in the user's cache.

    :raises NoBoardHere: they cannot be had.
    """
    from bringup.virtual.debian.apt import PrivateApt
    from bringup.virtual.debian.sources import host_archive
    from bringup.virtual.image import cache_folder
    from bringup.virtual.locks import locked
    from bringup.virtual.progress import Silent

    recipe = hashlib.sha256(repr((PACKAGES, SUITE, "2")).encode()).hexdigest()[:12]
    tree = cache_folder() / "native" / recipe
    deadline = Deadline.after(120)
    with locked(cache_folder() / "native.lock", deadline, "prepare the native board"):
        if tree.is_dir():
            return tree
        arch = run("dpkg", "--print-architecture")
        try:
            apt = PrivateApt(cache_folder() / "apt" / f"native-{SUITE}-{arch}", host_archive(), SUITE, arch)
            apt.prepare(deadline)
            paths = apt.download(apt.resolve(PACKAGES, deadline), deadline, Silent())
        except BringupError as error:
            raise NoBoardHere(f"Debian's adbd cannot be fetched: {error}") from error
        tree.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=tree.parent))
        for path in paths:
            run("dpkg-deb", "-x", str(path), str(scratch))
        for name in ("bin", "sbin", "lib", "lib64"):
            with contextlib.suppress(FileExistsError):
                (scratch / name).symlink_to(f"usr/{name}")
        (scratch / "usr/sbin/really").chmod(0o755)  # set-uid only where a board's own file system holds it
        (scratch / "usr/bin/sh").symlink_to("mksh")
        for applet in run("chroot", str(scratch), "/usr/bin/toybox").split():
            with contextlib.suppress(FileExistsError):
                (scratch / "usr/bin" / applet).symlink_to("toybox")
        scratch.chmod(0o755)
        scratch.rename(tree)
    return tree


@functools.cache
def obstacle() -> str:
    """Why no native board can run here; empty when one can."""
    if os.geteuid() != 0:
        return "a native board needs root (namespaces, chroot)"
    missing = [tool for tool in ("unshare", "ip", "setpriv", "chroot", "dpkg-deb", "apt-get") if not shutil.which(tool)]
    if missing:
        return f"a native board needs {', '.join(missing)}"
    try:
        run("unshare", "--net", "--mount", "--pid", "--fork", "true")
        userland()
    except NoBoardHere as error:
        return f"no native board here: {error}"
    return ""

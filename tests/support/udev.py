"""Debian 13's udev (systemd 257), unpacked into the user's cache: its programs run with its own loader and libraries."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import BringupError

SUITE = "trixie"


@functools.cache
def udev_tree() -> Path:
    """Where it is unpacked; skips where it cannot be had."""
    from bringup.virtual.debian.apt import PrivateApt
    from bringup.virtual.debian.sources import host_archive
    from bringup.virtual.image import cache_folder
    from bringup.virtual.locks import locked
    from bringup.virtual.progress import Silent

    tree, deadline = cache_folder() / "native" / "udev-1", Deadline.after(300)
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    tree.parent.mkdir(parents=True, exist_ok=True)
    with locked(cache_folder() / "native.lock", deadline, "fetch udev"):
        if tree.is_dir():
            return tree
        try:
            apt = PrivateApt(cache_folder() / "apt" / f"native-{SUITE}-amd64", host_archive(), SUITE, "amd64")
            apt.prepare(deadline)
            paths = apt.download(apt.resolve(["udev"], deadline), deadline, Silent())
        except BringupError as error:
            pytest.skip(f"Debian's udev cannot be fetched: {error}")
        scratch = Path(tempfile.mkdtemp(dir=tree.parent))
        for path in paths:
            subprocess.run(["dpkg-deb", "-x", str(path), str(scratch)], check=True, capture_output=True, timeout=120)
        scratch.rename(tree)
    return tree


def host_command(program: str, *arguments: str) -> list[str]:
    """The command that runs one of its programs here, whatever libraries the host has."""
    libraries = udev_tree() / "usr/lib/x86_64-linux-gnu"
    loader = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", f"{libraries}:{libraries}/systemd"]
    return [*loader, str(udev_tree() / "usr/bin" / program), *arguments]


def run_here(program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run one of its programs."""
    return subprocess.run(
        host_command(program, *arguments), cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def libraries_of_udevd() -> list[Path]:
    """The loader, udevadm (which is udevd, too) and the libraries that it needs."""
    loader, *rest = host_command("udevadm")
    listed = subprocess.run([loader, "--list", *rest], capture_output=True, text=True, timeout=120, check=True).stdout
    own = {word for line in listed.splitlines() for word in line.split() if word.startswith(str(udev_tree()))}
    return [Path(path) for path in sorted(own | {loader, rest[-1]})]

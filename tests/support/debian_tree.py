"""Packages of Debian 13, unpacked once into the user's cache."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import BringupError

__all__ = ["debian_tree"]

_SUITE = "trixie"


@functools.cache
def debian_tree(name: str, *packages: str) -> Path:
    """Where they and what they need are unpacked; skips where they cannot be had.

    :param name: of the folder in the cache.
    """
    from bringup.virtual.debian.apt import PrivateApt
    from bringup.virtual.debian.sources import host_archive
    from bringup.virtual.image import cache_folder
    from bringup.virtual.locks import locked
    from bringup.virtual.progress import Silent

    tree, deadline = cache_folder() / "native" / name, Deadline.after(300)
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    tree.parent.mkdir(parents=True, exist_ok=True)
    with locked(cache_folder() / "native.lock", deadline, f"fetch {packages[0]}"):
        if tree.is_dir():
            return tree
        try:
            apt = PrivateApt(cache_folder() / "apt" / f"native-{_SUITE}-amd64", host_archive(), _SUITE, "amd64")
            apt.prepare(deadline)
            paths = apt.download(apt.resolve(packages, deadline), deadline, Silent())
        except BringupError as error:
            pytest.skip(f"Debian's {packages[0]} cannot be fetched: {error}")
        scratch = Path(tempfile.mkdtemp(dir=tree.parent))
        for path in paths:
            subprocess.run(["dpkg-deb", "-x", str(path), str(scratch)], check=True, capture_output=True, timeout=120)
        scratch.rename(tree)
    return tree

"""Is this host ready? Each thing bringup may need, whether it is here, and how to get it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bringup.allocator.abi import Abi, binary
from bringup.errors import BringupError
from bringup.virtual import cache_folder, profiles

__all__ = ["HostFact", "examine_host"]


@dataclass(frozen=True, slots=True)
class HostFact:
    """One thing.

    :param needed_for: what does not work without it; empty: nothing does.
    :param ok: it is here.
    """

    name: str
    ok: bool
    seen: str
    needed_for: str = ""
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


def examine_host() -> Iterator[HostFact]:
    """Look at this host; nothing is started or changed."""
    yield HostFact("python", sys.version_info >= (3, 11), sys.version.split()[0])
    yield _allocator()
    yield _program("adb", "", "adbutils brings one; another adb on PATH must be of the same version")
    for qemu in sorted({profile.qemu for profile in profiles()}):
        yield _program(qemu, "virtual boards", "apt-get install --no-install-recommends qemu-system-x86")
    yield _module("qemu.qmp", "virtual boards", "pip install 'bringup[virtual]'")
    yield _program("apt-get", "setting up virtual boards", "a Debian host, or BRINGUP_CACHE from one")
    yield _program("dpkg-deb", "setting up virtual boards", "a Debian host, or BRINGUP_CACHE from one")
    yield _cache()


def _allocator() -> HostFact:
    try:
        names = [f"{abi} {binary(abi).size // 1024} KiB" for abi in Abi]
    except BringupError as error:
        return HostFact("test allocator", False, error.seen, "everything on a board", error.hint)
    return HostFact("test allocator", True, ", ".join(names))


def _program(name: str, needed_for: str, hint: str) -> HostFact:
    path = shutil.which(name)
    return HostFact(name, path is not None, path or "not on PATH", needed_for, "" if path else hint)


def _module(name: str, needed_for: str, hint: str) -> HostFact:
    try:
        there = importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        there = False
    return HostFact(name, there, "installed" if there else "not installed", needed_for, "" if there else hint)


def _cache() -> HostFact:
    folder = cache_folder()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    ok = os.access(nearest, os.W_OK) and free > 500 * 10**6
    seen = f"{folder}, {free / 1e9:.1f} GB free"
    return HostFact("cache folder", ok, seen, "virtual boards", "" if ok else "set BRINGUP_CACHE to a folder with room")

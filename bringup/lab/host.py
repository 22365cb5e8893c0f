"""Is this host ready? Each thing bringup may need, whether it is here, and how to get it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator

from msgspec import Struct

from bringup.allocator.abi import Abi
from bringup.allocator.manifest import binary
from bringup.board.server import adb_program
from bringup.errors import BringupError, VirtualBoardError
from bringup.virtual import BuiltKernel, cache_folder, profiles
from bringup.virtual.kernel.kbuild import require_tools

__all__ = ["Host", "HostFact", "examine_host"]


_ANY_BOARD = "every board"


class HostFact(Struct, frozen=True):
    """One thing that bringup may need.

    :param ok: Whether it is here.
    :param seen: Its version, where it is, or what is missing.
    :param needed_for: What does not work without it.
    :param hint: How to get it; may be empty.
    :param required: Whether no board at all can be tested without it.
    """

    name: str
    ok: bool
    seen: str
    needed_for: str = ""
    hint: str = ""
    required: bool = False


class Host(Struct, frozen=True, tag_field="schema", tag="bringup.host/1"):
    """What this host has and lacks."""

    facts: tuple[HostFact, ...]


def examine_host() -> Iterator[HostFact]:
    """Look at this host; nothing is started or changed."""
    yield HostFact("python", sys.version_info >= (3, 11), sys.version.split()[0], "everything", required=True)
    yield _allocator()
    yield _adb()
    for module in ("qemu.qmp", "elftools"):
        yield _module(module, "virtual boards", "pip install 'bringup[virtual]'")
    for emulator in sorted({(profile.qemu, profile.qemu_package) for profile in profiles()}):
        names = [profile.name for profile in profiles() if (profile.qemu, profile.qemu_package) == emulator]
        yield _program(emulator[0], f"virtual boards {', '.join(names)}", _install(emulator[1]))
    overlaid = [profile.name for profile in profiles() if profile.overlay]
    yield _program("dtc", f"virtual boards {', '.join(overlaid)}", _install("device-tree-compiler"))
    for tool in ("apt-get", "dpkg-deb"):
        yield _program(tool, "setting up virtual boards", "a Debian host, or BRINGUP_CACHE from one")
    yield _kernel_tools([profile.name for profile in profiles() if isinstance(profile.kernel, BuiltKernel)])
    yield _cache()


def _allocator() -> HostFact:
    try:
        names = [f"{abi} {binary(abi).size // 1024} KiB" for abi in Abi]
    except BringupError as error:
        return HostFact("test allocator", False, error.seen, _ANY_BOARD, error.hint, required=True)
    return HostFact("test allocator", True, ", ".join(names), _ANY_BOARD, required=True)


def _adb() -> HostFact:
    try:
        path = adb_program()
    except BringupError as error:
        return HostFact("adb", False, error.seen, _ANY_BOARD, error.hint, required=True)
    return HostFact("adb", True, path, _ANY_BOARD, required=True)


def _kernel_tools(boards: list[str]) -> HostFact:
    needed_for = f"compiling the kernels of {', '.join(boards)}"
    try:
        require_tools("build kernels")
    except VirtualBoardError as error:
        return HostFact("kernel build", False, error.seen, needed_for, error.hint)
    return HostFact("kernel build", True, "every tool is on PATH", needed_for)


def _install(package: str) -> str:
    return f"apt-get install --no-install-recommends {package}"


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

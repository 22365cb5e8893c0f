"""What a virtual board is: one frozen description per profile, each in a file of ``bringup/virtual/boards/``."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

from bringup.errors import UsageError
from bringup.virtual.kernel.kernels import KernelSource

__all__ = ["Profile", "find_profile", "profiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A virtual board before it is built.

    :param arch: Debian's name of the architecture; its packages are taken.
    :param triplet: the architecture's folder under ``/usr/lib`` in Debian.
    :param suite: Debian suite of the programs, whatever the host runs.
    :param packages: programs on the board; what they depend on follows.
    :param kernel: where the kernel comes from.
    :param modules: kernel modules to load at boot, in any order; what they depend on comes first.
    :param qemu: the emulator's program name.
    :param qemu_package: the host's Debian package with it.
    :param qemu_args: machine, accelerator, CPU, devices; the network's id is ``net0``.
    :param cmdline: kernel command line.
    :param memory: MiB.
    :param ueventd: content of ``/vendor/etc/ueventd.rc``.
    :param overlay: source of a device-tree overlay, applied to the tree that QEMU makes.
    :param properties: what ``getprop`` answers, in the style of ``build.prop``.
    """

    name: str
    summary: str
    arch: str
    triplet: str
    suite: str
    packages: tuple[str, ...]
    kernel: KernelSource
    modules: tuple[str, ...]
    qemu: str
    qemu_package: str
    qemu_args: tuple[str, ...]
    cmdline: str
    memory: int
    cpus: int
    properties: tuple[tuple[str, str], ...]
    ueventd: str = ""
    overlay: str = ""


@cache
def profiles() -> tuple[Profile, ...]:
    """Every profile there is, by name."""
    from bringup.virtual import boards

    found = []
    for module in pkgutil.iter_modules(boards.__path__):
        if module.name.startswith("_"):  # what several profiles share
            continue
        profile = importlib.import_module(f"{boards.__name__}.{module.name}").PROFILE
        if not isinstance(profile, Profile):
            raise TypeError(f"{module.name}.PROFILE is not a Profile")
        found.append(profile)
    return tuple(sorted(found, key=lambda profile: profile.name))


def find_profile(name: str) -> Profile:
    """The profile of that name.

    :raises UsageError: there is none.
    """
    for profile in profiles():
        if profile.name == name:
            return profile
    known = ", ".join(profile.name for profile in profiles())
    raise UsageError(f"choose the virtual board {name!r}", "there is no such profile", hint=f"profiles: {known}")

"""Where a virtual board's kernel comes from."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from bringup.deadline import Deadline
from bringup.errors import VirtualBoardError
from bringup.virtual.debian.apt import Package, PrivateApt
from bringup.virtual.debian.debs import unpack
from bringup.virtual.debian.sources import host_archive
from bringup.virtual.kernel.bzimage import elf_kernel
from bringup.virtual.locks import locked
from bringup.virtual.progress import Progress

__all__ = ["DebianKernel", "Kernel", "KernelSource", "Workshop", "load_order"]


_SPLIT = ("linux-binary-", "linux-modules-", "linux-base-")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel and what belongs to it.

    :param release: its ``uname -r``.
    :param image: what QEMU's ``-kernel`` gets.
    :param config: its ``.config``.
    :param modules: uncompressed modules by name, with ``_`` for ``-``.
    """

    release: str
    image: bytes
    config: bytes
    modules: Mapping[str, bytes]
    packages: tuple[Package, ...]


@dataclass(slots=True)
class Workshop:
    """What is at hand while an image is built.

    :param root: the cache; what takes long to make may be kept below it.
    """

    root: Path
    arch: str
    deadline: Deadline
    progress: Progress
    _suites: dict[str, PrivateApt] = field(default_factory=dict)

    @contextmanager
    def apt(self, suite: str) -> Iterator[PrivateApt]:
        """apt for that suite, with fresh package lists; no other process uses its folder meanwhile."""
        name = f"{suite}-{self.arch}"
        with locked(self.root / "apt" / f"{name}.lock", self.deadline, f"use the packages of Debian {suite}"):
            if suite not in self._suites:
                apt = PrivateApt(self.root / "apt" / name, host_archive(), suite, self.arch)
                self.progress.step(f"fetch the package lists of Debian {suite}")
                apt.prepare(self.deadline)
                self._suites[suite] = apt
            yield self._suites[suite]


class KernelSource(Protocol):
    """Makes a kernel. Its ``repr`` must contain all that the result depends on: it is part of the image's key."""

    def obtain(self, workshop: Workshop) -> Kernel:
        """The kernel, fetched or built.

        :raises VirtualBoardError: it cannot be had.
        """


@dataclass(frozen=True, slots=True)
class DebianKernel:
    """A kernel as Debian ships it.

    :param pattern: regular expression for the package's whole name; of several the highest version is taken. Since
        Linux 7 a kernel is in three packages: ``linux-binary-…`` names them.
    :param direct: take the ELF kernel out of the bzImage and let QEMU start it through its PVH entry (x86 only).
    """

    suite: str
    pattern: str
    direct: bool = False

    def obtain(self, workshop: Workshop) -> Kernel:
        """Download and unpack the package."""
        with workshop.apt(self.suite) as apt:
            name = apt.newest(self.pattern, workshop.deadline)
            release = name.removeprefix(_SPLIT[0])
            names = [name] if release == name else [f"{part}{release}" for part in _SPLIT]
            packages = apt.alone(names, workshop.deadline)
            paths = apt.download(packages, workshop.deadline, workshop.progress)
        workshop.progress.step(f"unpack {name}")
        files = unpack(paths, _wanted, workshop.deadline)
        images = [path for path in files.contents if PurePosixPath(path).name.startswith("vmlinuz")]
        if len(images) != 1:
            raise VirtualBoardError("put the guest together", f"{name} has {len(images)} kernels, not one")
        image, config = files.contents[images[0]], images[0].replace("vmlinuz", "config")
        if release == name:
            release = images[0].removeprefix("boot/vmlinuz-")
        return Kernel(
            release=release,
            image=elf_kernel(image) if self.direct else image,
            config=files.read(config),
            modules=_Modules(files.contents),
            packages=tuple(packages),
        )


def _wanted(path: str) -> bool:
    name = PurePosixPath(path)
    is_kernel = name.name in ("vmlinuz", "config") and name.match("usr/lib/modules/*/*")
    return is_kernel or path.startswith(("boot/vmlinuz-", "boot/config-")) or ".ko" in name.suffixes


class _Modules(Mapping[str, bytes]):
    """Modules by name, unpacked when they are asked for: a kernel has thousands, a board needs three."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = contents
        named = ((PurePosixPath(path).name, path) for path in contents)
        self._paths = {name.split(".ko")[0].replace("-", "_"): path for name, path in named if ".ko" in name}

    def __getitem__(self, name: str) -> bytes:
        path = self._paths[name]
        content = self._contents[path]
        return lzma.decompress(content) if path.endswith(".xz") else content

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def load_order(modules: Mapping[str, bytes], wanted: tuple[str, ...]) -> list[str]:
    """The wanted modules and those that they depend on, each after what it needs.

    :raises VirtualBoardError: there is no such module.
    """
    order: list[str] = []

    def add(name: str) -> None:
        if name in order:
            return
        if name not in modules:
            raise VirtualBoardError("put the guest together", f"the kernel has no module {name}")
        found = re.search(rb"\0depends=([^\0]*)\0", modules[name])
        for needed in found[1].decode().split(",") if found and found[1] else ():
            add(needed.replace("-", "_"))
        order.append(name)

    for name in wanted:
        add(name)
    return order

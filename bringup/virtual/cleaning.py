"""What in the cache nothing needs any more.

A board that runs is not disturbed: QEMU has read its kernel and initramfs by the time it answers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bringup.deadline import Deadline
from bringup.virtual.image import cache_folder, find_image
from bringup.virtual.kernel.building import BuiltKernel, find_kernel
from bringup.virtual.locks import locked
from bringup.virtual.profile import profiles

__all__ = ["Removed", "clean"]


@dataclass(frozen=True, slots=True)
class Removed:
    """A folder that was removed.

    :param size: bytes that its files had.
    """

    path: Path
    size: int


def clean(deadline: Deadline, *, everything: bool = False) -> list[Removed]:
    """Remove images and kernels that no profile uses, or all of the cache.

    :param everything: downloaded packages, kernel sources, what was compiled of them, and every image, too.
    :raises DeadlineExceeded: a profile is being set up by another process all the time.
    """
    root = cache_folder()
    with ExitStack() as held:
        for profile in profiles():
            held.enter_context(locked(root / f"{profile.name}.lock", deadline, "clean the cache of virtual boards"))
        folders = [path for path in root.iterdir() if path.is_dir()] if everything else _unused(root)
        return [_remove(folder) for folder in folders]


def _unused(root: Path) -> list[Path]:
    images = [image.folder for image in map(find_image, profiles()) if image is not None]
    built = [find_kernel(profile) for profile in profiles() if isinstance(profile.kernel, BuiltKernel)]
    used = {*images, *(kernel.folder for kernel in built if kernel is not None)}
    return [folder for room in ("images", "kernels") for folder in _folders(root / room) if folder not in used]


def _folders(room: Path) -> Iterator[Path]:
    if room.is_dir():
        yield from sorted(path for path in room.iterdir() if path.is_dir())


def _remove(folder: Path) -> Removed:
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    shutil.rmtree(folder)
    return Removed(folder, size)

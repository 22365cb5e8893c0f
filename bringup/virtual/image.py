"""From a profile to a kernel and an initramfs on disk, once: later calls find them in the cache.

Cache: ``user_cache_dir("bringup")/virtual`` or ``$BRINGUP_CACHE/virtual``. An image's folder is named by a digest of
everything that it is made by: profile, guest files, the code that puts them together. Which packages went in, with
version and checksum, stands in its ``manifest.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from bringup.deadline import Deadline
from bringup.virtual.boot import cpio
from bringup.virtual.folders import write_folder
from bringup.virtual.locks import locked
from bringup.virtual.profile import Profile
from bringup.virtual.progress import Progress, Silent

__all__ = ["Image", "cache_folder", "find_image", "setup"]

_PARTS = (
    "boot/cpio.py",
    "boot/initramfs.py",
    "debian/debs.py",
    "debian/elf.py",
    "image.py",
    "kernel/bzimage.py",
    "kernel/kernels.py",
)
# What of a profile goes into an image; the rest concerns only how QEMU is started.
_MADE_OF = ("name", "arch", "triplet", "suite", "packages", "kernel", "modules", "properties", "ueventd")


@dataclass(frozen=True, slots=True)
class Image:
    """A built virtual board.

    :param release: the kernel's ``uname -r``.
    """

    profile: Profile
    folder: Path
    release: str

    @property
    def kernel(self) -> Path:
        """What QEMU's ``-kernel`` gets."""
        return self.folder / "kernel"

    @property
    def initramfs(self) -> Path:
        """What QEMU's ``-initrd`` gets."""
        return self.folder / "initramfs"

    @property
    def config(self) -> Path:
        """The kernel's configuration, as its package has it."""
        return self.folder / "config"


def cache_folder() -> Path:
    """Where images and packages are kept."""
    given = os.environ.get("BRINGUP_CACHE", "").strip()
    if given:
        return Path(given).absolute() / "virtual"
    from platformdirs import user_cache_path

    return user_cache_path("bringup") / "virtual"


def find_image(profile: Profile) -> Image | None:
    """The profile's image, if it has been built."""
    folder = cache_folder() / "images" / f"{profile.name}-{_recipe(profile)}"
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        return Image(profile, folder, manifest["release"])
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        return None


def setup(profile: Profile, deadline: Deadline, progress: Progress | None = None) -> Image:
    """Build the profile's image unless it is there already. Minutes, if its kernel has to be compiled.

    :raises VirtualBoardError: the packages cannot be had or do not fit together.
    :raises DeadlineExceeded: it took too long; what was downloaded is kept.
    """
    found = find_image(profile)
    if found is not None:
        return found
    root = cache_folder()
    (root / "images").mkdir(parents=True, exist_ok=True)
    with locked(root / f"{profile.name}.lock", deadline, f"set up the virtual board {profile.name}"):
        return find_image(profile) or _build(profile, root, deadline, progress or Silent())


def _build(profile: Profile, root: Path, deadline: Deadline, progress: Progress) -> Image:
    from bringup.virtual.boot.initramfs import layout
    from bringup.virtual.debian.debs import unpack
    from bringup.virtual.kernel.kernels import Workshop

    workshop = Workshop(root, profile.arch, deadline, progress)
    kernel = profile.kernel.obtain(workshop)
    with workshop.apt(profile.suite) as apt:
        programs = apt.resolve(profile.packages, deadline)
        paths = apt.download(programs, deadline, progress)
    progress.step("write kernel and initramfs")
    files = unpack(paths, lambda path: not path.startswith("usr/share/"), deadline)
    packages = [*kernel.packages, *programs]
    listed = [{"name": p.name, "version": p.version, "sha256": p.sha256} for p in packages]
    manifest = {"profile": profile.name, "release": kernel.release, "suite": profile.suite, "packages": listed}
    content = {
        "kernel": kernel.image,
        "initramfs": cpio.newc(layout(profile, files, kernel)),
        "config": kernel.config,
        "manifest.json": json.dumps(manifest, indent=1).encode(),
    }
    folder = root / "images" / f"{profile.name}-{_recipe(profile)}"
    write_folder(folder, content)
    return Image(profile, folder, kernel.release)


def _recipe(profile: Profile) -> str:
    made_of = {name: getattr(profile, name) for name in _MADE_OF}
    digest = hashlib.sha256(repr(made_of).encode())
    room = resources.files("bringup.virtual")
    for name in _PARTS:
        digest.update((room / name).read_bytes())
    for part in sorted((room / "guest").iterdir(), key=lambda part: part.name):
        digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()[:16]

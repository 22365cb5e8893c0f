"""Kernels built from Debian's source packages, once.

In the cache: ``sources/`` has one unpacked tree a version, ``objects/`` what was compiled of it, shared by all
configurations (kbuild knows which file depends on which option), ``kernels/`` the results. A result's folder is named
by the source package's version, the compiler's, and a digest of architecture and options.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.text import from_board, visible
from bringup.virtual.debian.apt import Package
from bringup.virtual.folders import fill_folder
from bringup.virtual.image import cache_folder
from bringup.virtual.kernel.kbuild import ARCH, Kbuild, compiler_version, require_tools
from bringup.virtual.kernel.kconfig import fragment, parse_options
from bringup.virtual.kernel.kernels import Kernel, Workshop
from bringup.virtual.locks import locked
from bringup.virtual.profile import Profile
from bringup.virtual.progress import Progress, Silent

__all__ = ["BuiltKernel", "KernelBuild", "build_kernel", "find_kernel"]


@dataclass(frozen=True, slots=True)
class KernelBuild:
    """A kernel that has been built.

    :param release: its ``uname -r``.
    :param source: the package that it was built from.
    """

    folder: Path
    release: str
    source: Package

    @property
    def image(self) -> Path:
        """What QEMU's ``-kernel`` gets."""
        return self.folder / "Image"

    @property
    def config(self) -> Path:
        """Its ``.config``."""
        return self.folder / "config"

    def modules(self) -> dict[str, bytes]:
        """Modules by name, with ``_`` for ``-``."""
        files = sorted((self.folder / "modules").glob("*.ko"))
        return {path.stem.replace("-", "_"): path.read_bytes() for path in files}


@dataclass(frozen=True, slots=True)
class BuiltKernel:
    """A kernel built from a source package.

    :param suite: Debian suite of the source package.
    :param pattern: regular expression for the package's whole name; of several the highest version is taken.
    :param options: name (without ``CONFIG_``) and value; all others are off, or what these options need.
    """

    suite: str
    pattern: str
    options: tuple[tuple[str, str], ...]

    def obtain(self, workshop: Workshop) -> Kernel:
        """Build it, unless that has been done."""
        build = _find(dict(self.options), self.pattern, workshop.root) or _build(self, dict(self.options), workshop)
        return Kernel(
            release=build.release,
            image=build.image.read_bytes(),
            config=build.config.read_bytes(),
            modules=build.modules(),
            packages=(build.source,),
        )


def find_kernel(profile: Profile) -> KernelBuild | None:
    """The profile's kernel, if it has been built.

    :raises VirtualBoardError: the profile's kernel is not one that is built.
    """
    kernel = _built(profile)
    return _find(dict(kernel.options), kernel.pattern, cache_folder())


def build_kernel(profile: Profile, extra: str, deadline: Deadline, progress: Progress | None = None) -> KernelBuild:
    """Build the profile's kernel with other options besides its own, unless that has been done.

    To boot it: ``start(profile, deadline, kernel=build.image)``.

    :param extra: a config fragment; it wins over the profile's options.
    :raises VirtualBoardError: the host lacks a tool; the kernel's configuration did not keep an option (it is
        named); or it does not compile.
    :raises DeadlineExceeded: it took too long; what was compiled is kept for the next time.
    """
    kernel = _built(profile)
    options = {**dict(kernel.options), **parse_options(extra)}
    workshop = Workshop(cache_folder(), profile.arch, deadline, progress or Silent())
    return _find(options, kernel.pattern, workshop.root) or _build(kernel, options, workshop)


def _built(profile: Profile) -> BuiltKernel:
    if not isinstance(profile.kernel, BuiltKernel):
        raise VirtualBoardError(f"build the kernel of {profile.name}", "its kernel is Debian's own, it is not built")
    return profile.kernel


def _digest(options: Mapping[str, str], pattern: str) -> str:
    return hashlib.sha256(f"{ARCH}\0{pattern}\0{fragment(options)}".encode()).hexdigest()[:16]


def _find(options: Mapping[str, str], pattern: str, root: Path) -> KernelBuild | None:
    """The newest build with these options, by this host's compiler if it has one."""
    compiler = compiler_version() or "*"
    folders = (root / "kernels").glob(f"*_{compiler}_{_digest(options, pattern)}")
    for folder in sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True):
        known = json.loads((folder / "manifest.json").read_bytes())
        return KernelBuild(folder, known["release"], Package(**known["source"]))
    return None


def _build(kernel: BuiltKernel, options: Mapping[str, str], workshop: Workshop) -> KernelBuild:
    require_tools(f"build a kernel from {kernel.suite}'s sources")
    with workshop.apt(kernel.suite) as apt:
        name = apt.newest(kernel.pattern, workshop.deadline)
        (package,) = apt.alone([name], workshop.deadline)
    stem = f"{package.name}_{package.version}"
    with locked(workshop.root / "sources" / f"{stem}.lock", workshop.deadline, f"build a kernel from {stem}"):
        found = _find(options, kernel.pattern, workshop.root)  # who held the lock may have built the same
        return found or _compile(kernel, options, package, workshop)


def _compile(kernel: BuiltKernel, options: Mapping[str, str], package: Package, workshop: Workshop) -> KernelBuild:
    stem = f"{package.name}_{package.version}"
    tree = workshop.root / "sources" / stem
    if not tree.is_dir():
        with workshop.apt(kernel.suite) as apt:
            (path,) = apt.download([package], workshop.deadline, workshop.progress)
        workshop.progress.step(f"unpack {package.name}")
        fill_folder(tree, lambda scratch: _unpack(path, package.name, scratch, workshop.deadline))
    objects = workshop.root / "objects" / f"{stem}_{compiler_version()}"
    kbuild = Kbuild(f"Linux {package.version}", tree, objects, workshop.deadline, workshop.progress)
    kbuild.configure(options)
    kbuild.build()
    result = workshop.root / "kernels" / f"{stem}_{compiler_version()}_{_digest(options, kernel.pattern)}"
    fill_folder(result, lambda scratch: _keep(kbuild, package, scratch))
    return KernelBuild(result, kbuild.release(), package)


def _unpack(package: Path, name: str, folder: Path, deadline: Deadline) -> None:
    """The source tree out of the package, in which it is ``/usr/src/NAME.tar.xz``."""
    action = f"unpack {package.name}"
    steps = (
        ["dpkg-deb", "--fsys-tarfile", str(package)],
        ["tar", "-xO", f"./usr/src/{name}.tar.xz"],
        ["tar", "-xJ", "--strip-components=1", "--no-same-owner", "-C", str(folder)],
    )
    with ExitStack() as stack:
        said = stack.enter_context(tempfile.TemporaryFile())
        source: IO[bytes] | None = None
        processes = []
        for argv in steps:
            process = stack.enter_context(subprocess.Popen(argv, stdin=source, stdout=subprocess.PIPE, stderr=said))
            if source is not None:
                source.close()  # so that a process whose reader ends does, too
            stack.callback(process.kill)
            processes.append(process)
            source = process.stdout
        try:
            codes = [process.wait(deadline.require(action)) for process in processes]
        except subprocess.TimeoutExpired as error:
            raise DeadlineExceeded(action, f"it has not ended within {deadline.budget:g} s") from error
        said.seek(0)
        words = visible(from_board(said.read(2000))).strip()
    if any(codes) or not (folder / "Kconfig").exists():
        raise VirtualBoardError(action, words or "there is no kernel source in it")


def _keep(kbuild: Kbuild, package: Package, folder: Path) -> None:
    shutil.copyfile(kbuild.objects / "arch/arm64/boot/Image", folder / "Image")
    shutil.copyfile(kbuild.objects / ".config", folder / "config")
    (folder / "modules").mkdir()
    for module in kbuild.modules():
        shutil.copyfile(module, folder / "modules" / module.name)
    manifest = {"release": kbuild.release(), "source": asdict(package), "compiler": compiler_version()}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))

"""Real kernels for tests: ``python -m tests.support.kernel.fetch [configs] [trees] [facts] ...``, nothing named: all.

configs  Debian's complete configurations, every architecture and flavour it has: a few MB, under a minute
trees    two Debian kernel sources: those of the virtual boards where they are there, else Kconfig, defconfigs and scripts
         alone: 320 MB to download, about a minute
facts    the files of six Debian kernel sources that bringup's facts are checked against; of the virtual boards' sources
         where they are there, else up to 900 MB to download
images   kernel images of eight architectures: 150 MB
tools    Android's mkbootimg, and kernel-hardening-checker to compare speed with: 200 KB
kernels  x86 and arm64 kernels with their configuration inside, one for each packing: builds for about 10 minutes

Everything lands below the user's cache folder, never in the checkout. What is there already is not fetched again;
``--fresh`` asks the archive for newer ones, but for no other sources than the boards have. Tests use what is there and
skip with the command that brings the rest.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs

from bringup.deadline import Deadline
from bringup.errors import VirtualBoardError
from bringup.virtual import cache_folder
from bringup.virtual.debian.apt import PrivateApt
from bringup.virtual.debian.sources import host_archive
from bringup.virtual.progress import Silent

__all__ = ["cache", "configs", "fact_trees", "hardening_checker", "images", "kernels", "mkbootimg", "trees"]

# suite → kernel series that it has configurations of
_SERIES = {"bullseye": ("5.10",), "bookworm": ("6.1",), "trixie": ("6.12",), "trixie-backports": ("7.2", "7.3")}
_ARCHITECTURES = ("amd64", "arm64", "armel", "armhf", "i386", "mips64el", "ppc64el", "riscv64", "s390x")
_TREES = (("trixie", r"linux-source-6\.12"), ("trixie-backports", r"linux-source-7\.\d+"))
_IMAGES = {
    "arm64": r"linux-image-{}-cloud-arm64",
    "armhf": r"linux-image-{}-armmp",
    "armel": r"linux-image-{}-(?:rpi|marvell)",
    "amd64": r"linux-image-{}-cloud-amd64",
    "riscv64": r"linux-image-{}-riscv64",
    "s390x": r"linux-image-{}-s390x",
    "ppc64el": r"linux-image-{}-powerpc64le",
    "mips64el": r"linux-image-{}-5kc-malta",
}
# Newest first. A suite may lack an architecture, and may for some days announce a package that the archive lacks.
_IMAGE_SUITES = (("trixie", r"6\.12\.[^-]*"), ("bookworm-backports", r"6\.12\.[^-]*"), ("bookworm", r"6\.1\.0-\d+"))
_KCONFIG_FILES = ("*/Kconfig*", "*/scripts/*", "*/configs/*", "*/Makefile*", "*/Kbuild*", "*/include/linux/license.h")
# Suites and their sources that facts are checked against, the oldest first. A suite may go, or bring a newer series.
_FACT_TREES = (
    ("bullseye", r"linux-source-5\.10"),
    ("bookworm", r"linux-source-6\.1"),
    ("trixie", r"linux-source-6\.12"),
    ("sid", r"linux-source-7\.\d+"),
    ("trixie-backports", r"linux-source-7\.\d+"),
    ("experimental", r"linux-source-7\.\d+"),
)
FACT_FILES = (
    *("*/Kconfig*", "*/Makefile*", "*/Kbuild*", "*/android/*", "*/drivers/dma-buf/*", "*/drivers/of/*"),
    *("*/drivers/tee/*", "*/drivers/char/*.c", "*/drivers/nvme/host/pci.c", "*/fs/filesystems.c", "*/fs/proc/*"),
    *("*/fs/pstore/*", "*/fs/tracefs/*", "*/include/linux/*.h", "*/include/uapi/linux/dma*"),
    *("*/include/trace/events/*", "*/init/*", "*/kernel/*.c", "*/kernel/dma/*", "*/kernel/rcu/*", "*/kernel/trace/*"),
    *("*/lib/*.c", "*/mm/*", "*/security/*.c"),
)
_X86 = ("GZIP", "BZIP2", "LZMA", "XZ", "LZO", "LZ4", "ZSTD")
_ARM64 = ("GZIP", "ZSTD")


def cache() -> Path:
    """Where everything lies."""
    return platformdirs.user_cache_path("bringup") / "kconfig-tests"


def configs() -> list[Path]:
    """Complete configurations that were fetched, e.g. ``configs/6.12.107-1/config.arm64_none_arm64.xz``."""
    return sorted((cache() / "configs").glob("*/config.*.xz"))


def trees() -> list[Path]:
    """Source trees that were fetched: Kconfig, defconfigs and scripts only."""
    return sorted(path for path in (cache() / "trees").glob("linux-source-*") if (path / "Kconfig").is_file())


def fact_trees() -> list[Path]:
    """Source trees, or the files of them that facts are checked against: ``linux-source-6.1_6.1.176-1``.

    None where other files were unpacked than are wanted now.
    """
    unpacked = cache() / "facts/files"
    if not unpacked.is_file() or unpacked.read_text("utf-8") != "\n".join(FACT_FILES):
        return []
    return sorted(path for path in (cache() / "facts").glob("linux-source-*") if (path / "Kconfig").is_file())


def images(arch: str = "*") -> list[Path]:
    """Kernel images that were fetched, ``images/ARCH/vmlinuz…``."""
    return sorted((cache() / "images").glob(f"{arch}/vmlinu*"))


def kernels() -> list[Path]:
    """Folders of kernels that were built, each with an image and the ``.config`` it was built with."""
    return sorted(path.parent for path in (cache() / "kernels").glob("*/.config"))


def mkbootimg() -> list[Path]:
    """Android's tool, a Python program, where it was fetched."""
    return sorted((cache() / "tools").rglob("bin/mkbootimg"))


def hardening_checker() -> list[Path]:
    """The folder to put on PYTHONPATH for ``python -m kernel_hardening_checker``, where it was fetched."""
    return sorted(path.parent for path in (cache() / "tools").rglob("dist-packages/kernel_hardening_checker"))


def _apt(suite: str, arch: str, deadline: Deadline) -> PrivateApt:
    apt = PrivateApt(cache() / "apt" / f"{suite}-{arch}", host_archive(), suite, arch)
    apt.prepare(deadline)
    return apt


def _extract(package: Path, into: Path, *patterns: str) -> None:
    into.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as tar:
        subprocess.run(["tar", "-x", "-C", str(into), "--wildcards", *patterns], stdin=tar.stdout, check=False)


def _fetch_configs(deadline: Deadline) -> None:
    for suite, series in _SERIES.items():
        for arch in _ARCHITECTURES:
            try:
                apt = _apt(suite, arch, deadline)
                packages = apt.download(
                    apt.alone([f"linux-config-{one}" for one in series], deadline), deadline, Silent()
                )
            except VirtualBoardError as error:  # not every suite has every architecture
                _say(f"no configurations of {suite} for {arch}: {error.seen[:100]}")
                continue
            for package in packages:
                version = package.name.split("_")[1]
                scratch = cache() / "scratch"
                _extract(package, scratch, "./usr/src/*")
                for found in scratch.rglob("config.*.xz"):
                    target = cache() / "configs" / version / found.name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    found.replace(target)
                shutil.rmtree(scratch)
    _say(f"{len(configs())} configurations")


def _of_a_board(pattern: str) -> Path | None:
    """The newest such source that was unpacked for a virtual board, ``NAME_VERSION``; nothing may be written there."""
    unpacked = [path for path in (cache_folder() / "sources").glob("linux-source-*") if (path / "Kconfig").is_file()]
    fitting = [path for path in unpacked if re.fullmatch(pattern, path.name.split("_")[0])]
    return max(fitting, key=lambda path: path.stat().st_mtime, default=None)


def _download_source(suite: str, pattern: str, deadline: Deadline) -> tuple[str, Path]:
    apt = _apt(suite, "amd64", deadline)
    name = apt.newest(pattern, deadline)
    (package,) = apt.download(apt.alone([name], deadline), deadline, Silent())
    return name, package


def _fetch_trees(deadline: Deadline) -> None:
    (cache() / "trees").mkdir(parents=True, exist_ok=True)
    for suite, pattern in _TREES:
        if unpacked := _of_a_board(pattern):
            tree = _tree(unpacked.name.split("_")[0])
            if not tree.exists():
                tree.symlink_to(unpacked)
            continue
        name, package = _download_source(suite, pattern, deadline)
        if not (_tree(name) / "Kconfig").is_file():
            _unpack_source(name, package, cache() / "trees", _KCONFIG_FILES)
    _say(f"trees: {', '.join(path.name for path in trees())}")


def _fetch_facts(deadline: Deadline) -> None:
    """What is there stays, unless other files are wanted now. A suite that is gone is said and left out."""
    folder = cache() / "facts"
    if not fact_trees():
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "files").write_text("\n".join(FACT_FILES), "utf-8")
    for suite, pattern in _FACT_TREES:
        try:
            apt = _apt(suite, "amd64", deadline)
            name = apt.newest(pattern, deadline)
            (offered,) = apt.alone([name], deadline)
        except VirtualBoardError as error:
            _say(f"no source of {suite}: {error}")
            continue
        tree = folder / f"{name}_{offered.version}"
        whole = cache_folder() / "sources" / tree.name
        if tree.is_symlink():
            tree.unlink()  # the board's source may be gone
        if tree.exists():
            continue
        if (whole / "Kconfig").is_file():
            tree.symlink_to(whole)
        else:
            (package,) = apt.download([offered], deadline, Silent())
            _unpack_source(name, package, folder / "new", FACT_FILES)
            (folder / "new" / name).rename(tree)
    shutil.rmtree(folder / "new", ignore_errors=True)
    _say(f"facts: {', '.join(path.name for path in fact_trees())}")


def _tree(name: str) -> Path:
    """Where a tree belongs. A link there is removed: the board's source may be gone, or another one."""
    tree = cache() / "trees" / name
    if tree.is_symlink():
        tree.unlink()
    return tree


def _unpack_source(name: str, package: Path, into: Path, patterns: tuple[str, ...]) -> None:
    scratch = cache() / "scratch"
    _extract(package, scratch, "./usr/src/*.tar.xz")
    into.mkdir(parents=True, exist_ok=True)
    wanted = ["--wildcards", *patterns] if patterns else []
    subprocess.run(
        ["tar", "-x", "-J", "-f", str(scratch / "usr/src" / f"{name}.tar.xz"), "-C", str(into), *wanted], check=True
    )
    shutil.rmtree(scratch)


def _fetch_images(deadline: Deadline) -> None:
    for arch, pattern in _IMAGES.items():
        if not images(arch):
            _extract_image(arch, _image_package(arch, pattern, deadline))
    _say(f"{len(images())} kernel images")


def _image_package(arch: str, pattern: str, deadline: Deadline) -> Path:
    """The newest kernel package of an architecture that the archive really has."""
    for suite, version in _IMAGE_SUITES:
        apt = _apt(suite, arch, deadline)
        try:
            name = apt.newest(pattern.format(version), deadline)
            (package,) = apt.download(apt.alone([name], deadline), deadline, Silent())
        except VirtualBoardError as error:
            _say(f"{arch}: {suite}: {error}")
            refused = error
        else:
            return package
    raise refused


def _extract_image(arch: str, package: Path) -> None:
    _extract(package, cache() / "scratch", "*vmlinu*")
    for found in (cache() / "scratch").rglob("vmlinu*"):
        target = cache() / "images" / arch / found.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if found.is_file():
            found.replace(target)
    shutil.rmtree(cache() / "scratch")


def _fetch_tools(deadline: Deadline) -> None:
    for suite, name in (("trixie", "mkbootimg"), ("trixie-backports", "kernel-hardening-checker")):
        apt = _apt(suite, "amd64", deadline)
        (package,) = apt.download(apt.alone([name], deadline), deadline, Silent())
        _extract(package, cache() / "tools", "./usr/*")
    _say(f"tools: {', '.join(path.name for path in (*mkbootimg(), *hardening_checker()))}")


def _build_kernels(deadline: Deadline) -> None:
    suite, pattern = _TREES[0]
    source = _of_a_board(pattern)
    if source is None:
        name, package = _download_source(suite, pattern, deadline)
        source = cache() / "build" / name
        if not (source / "Makefile").is_file():
            _unpack_source(name, package, cache() / "build", ())
    _build(source, "x86", "bzImage", "arch/x86/boot/bzImage", _X86, ())
    if shutil.which("aarch64-linux-gnu-gcc"):
        _build(source, "arm64", "vmlinuz.efi", "arch/arm64/boot/vmlinuz.efi", _ARM64, ("EFI", "EFI_ZBOOT"))
    shutil.rmtree(cache() / "build")
    _say(f"{len(kernels())} kernels")


def _build(
    source: Path, arch: str, target: str, image: str, packings: tuple[str, ...], options: tuple[str, ...]
) -> None:
    out = cache() / "build" / f"out-{arch}"
    out.mkdir(parents=True, exist_ok=True)
    make = ["make", "-s", f"ARCH={arch}", f"O={out}", f"-j{os.cpu_count() or 1}"]
    if arch == "arm64":
        make.append("CROSS_COMPILE=aarch64-linux-gnu-")
    edit = [str(source / "scripts/config"), "--file", str(out / ".config")]
    subprocess.run([*make, "tinyconfig"], cwd=source, check=True)
    wanted = ("IKCONFIG", "PROC_FS", "IKCONFIG_PROC", "PRINTK", "DMABUF_HEAPS", "DMABUF_HEAPS_SYSTEM", *options)
    subprocess.run([*edit, *(part for one in wanted for part in ("-e", one))], check=True)
    for packing in packings:
        folder = cache() / "kernels" / f"{arch}-{packing.lower()}"
        others = [part for one in _X86 if one != packing for part in ("-d", f"KERNEL_{one}")]
        subprocess.run([*edit, *others, "-e", f"KERNEL_{packing}"], check=True)
        subprocess.run([*make, "olddefconfig"], cwd=source, check=True)
        _say(f"building {arch} {target} packed with {packing}")
        subprocess.run([*make, target], cwd=source, check=True)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(out / image, folder / target)
        shutil.copy(out / ".config", folder / ".config")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


_STEPS: dict[str, tuple[Callable[[Deadline], None], Callable[[], list[Path]]]] = {
    "configs": (_fetch_configs, configs),
    "trees": (_fetch_trees, trees),
    "facts": (_fetch_facts, fact_trees),
    "images": (_fetch_images, images),
    "tools": (_fetch_tools, mkbootimg),
    "kernels": (_build_kernels, kernels),
}


def main(arguments: list[str]) -> int:
    """Fetch what is named and not there. What was fetched in part, by a process that ended early, is completed."""
    fresh = "--fresh" in arguments
    names = [argument for argument in arguments if argument != "--fresh"] or list(_STEPS)
    for name in names:
        fetch, there = _STEPS[name]
        complete = cache() / f"{name}.complete"
        if fresh:
            shutil.rmtree(cache() / name, ignore_errors=True)
        if fresh or not complete.exists() or not there():
            fetch(Deadline.after(3600))
            complete.touch()
    shutil.rmtree(cache() / "apt", ignore_errors=True)  # a gigabyte of packages that nobody needs any more
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Linux source trees to prove fragments with: of the two eras, what 'make kernels' unpacked, or BRINGUP_LINUX_SOURCE."""

from __future__ import annotations

import os
import re
import shutil
from functools import cache
from pathlib import Path

import platformdirs
import pytest

ERAS = ("5.10", "newest")
_CACHE = ("virtual/sources", "kconfig-tests/trees")
_KCONFIG = re.compile(r"Kconfig[^/]*|Makefile|Kbuild|[^/]*defconfig|[^/]*\.config")


def series(tree: Path) -> tuple[int, int]:
    """Which kernel it is, by its Makefile."""
    text = (tree / "Makefile").read_text()
    version, patch_level = (re.search(rf"^{name} = (\d+)$", text, re.MULTILINE) for name in ("VERSION", "PATCHLEVEL"))
    assert version is not None
    assert patch_level is not None
    return int(version[1]), int(patch_level[1])


@cache
def _trees() -> dict[tuple[int, int], Path]:
    """By series; whole sources go before those of Kconfig alone."""
    cached = platformdirs.user_cache_path("bringup")
    folders = [path for place in _CACHE for path in sorted((cached / place).glob("linux-source-*"))]
    found: dict[tuple[int, int], Path] = {}
    for tree in folders:
        if (tree / "Makefile").is_file() and (tree / "Kconfig").is_file():
            found.setdefault(series(tree), tree)
    return found


def find_tree(era: str) -> Path:
    """The tree of an era; the test skips where there is none.

    BRINGUP_LINUX_SOURCE names one tree that stands for both.
    """
    if given := os.environ.get("BRINGUP_LINUX_SOURCE"):
        return Path(given)
    known = _trees()
    wanted = max(known, default=(0, 0)) if era == "newest" else tuple(int(part) for part in era.split("."))
    if wanted not in known or (era == "newest" and wanted < (7, 0)):
        pytest.skip(f"no Linux {era} source tree; make kernels unpacks it, or BRINGUP_LINUX_SOURCE=DIR")
    return known[wanted]


def common_kernel(tree: Path, folder: Path) -> Path:
    """The tree's Kconfig with heap drivers that may be modules, as Android's common kernels of its time have them.

    Source: kernel/common android12-5.10 and android13-5.15, drivers/dma-buf/heaps/Kconfig: tristate.
    """
    copy = folder / "common-kernel"
    for name in ("scripts", "include/linux", "include/uapi/linux"):
        shutil.copytree(
            tree / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("*.dtb", "dtc", "genksyms")
        )
    for root, folders, files in os.walk(tree):
        below = Path(root).relative_to(tree)
        if below.parts[:1] in (("scripts",), ("include",)):
            folders.clear()
            continue
        wanted = [name for name in files if _KCONFIG.fullmatch(name)]
        if wanted:
            (copy / below).mkdir(parents=True, exist_ok=True)
        for name in wanted:
            shutil.copy2(Path(root) / name, copy / below / name)
    heaps = copy / "drivers/dma-buf/heaps/Kconfig"
    text, changed = re.subn(r"(config DMABUF_HEAPS_(?:SYSTEM|CMA)\n\t)bool\b", r"\1tristate", heaps.read_text())
    assert changed == 2, "the heaps of this tree are tristate already, or are none"
    heaps.write_text(text)
    return copy

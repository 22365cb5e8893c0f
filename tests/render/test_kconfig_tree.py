"""The kernel configuration fragment, merged by the kernel's own script: every line survives, in both kernel eras."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from bringup.config.schema import Arch, BoardConfig
from bringup.kernel.history.version import Flavour
from bringup.render.engine import Rendered, render
from tests.support.render.linux_trees import ERAS, common_kernel, find_tree, series
from tests.support.render.parsers import read_kconfig
from tests.support.render.shipped import TEMPLATES, config, every_board

DEFCONFIGS = {
    Arch.ARM: "arch/arm/configs/multi_v7_defconfig",
    Arch.ARM64: "arch/arm64/configs/defconfig",
    Arch.X86: "arch/x86/configs/x86_64_defconfig",
}
pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(not (shutil.which("flex") and shutil.which("bison")), reason="flex or bison is not installed"),
]


def merged(tree: Path, arch: Arch, fragment: str, folder: Path) -> tuple[dict[str, str], str]:
    """The final configuration and what merge_config.sh said. The tree itself is left as it is."""
    path = folder / "fragment.config"
    path.write_text(fragment)
    argv = ["scripts/kconfig/merge_config.sh", "-O", str(folder), DEFCONFIGS[arch], str(path)]
    environment = {**os.environ, "ARCH": "x86_64" if arch is Arch.X86 else arch.value}
    done = subprocess.run(argv, cwd=tree, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return read_kconfig((folder / ".config").read_text()), done.stdout + done.stderr


def lost(said: str) -> set[str]:
    """Symbols that merge_config.sh says did not survive; a defconfig has some of its own."""
    return set(re.findall(r"Value requested for CONFIG_(\w+) not in final", said))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build folder a tree and architecture, so that the kernel's host tools are built once."""
    return tmp_path_factory.mktemp("kbuild")


@cache
def survivors(tree: Path, arch: Arch, settings: str, folder: Path) -> tuple[dict[str, str], str]:
    folder.mkdir(exist_ok=True, parents=True)
    return merged(tree, arch, settings, folder)


def has_modular_heaps(board: BoardConfig) -> bool:
    kernel = board.kernel
    return kernel is not None and (kernel.flavour is Flavour.GKI or bool(kernel.modules))


@cache
def modular(tree: Path, folder: Path) -> Path:
    return common_kernel(tree, folder)


@pytest.mark.parametrize("era", ERAS)
@every_board
def test_every_line_survives_olddefconfig(name: str, era: str, out: Path) -> None:
    tree = find_tree(era)
    major, minor = series(tree)
    board = config(name)
    arch = Arch.ARM64 if board.kernel is None or board.kernel.arch is None else board.kernel.arch
    (done,) = render("kconfig", board, kernel=f"{major}.{minor}", dirs=TEMPLATES)
    assert isinstance(done, Rendered)
    wanted = read_kconfig(done.text)
    settings = "".join(f"{line}\n" for line in done.text.splitlines() if line.startswith(("CONFIG_", "# CONFIG_")))
    if (major, minor) < (7, 0) and has_modular_heaps(board):
        tree = modular(tree, out)
    final, said = survivors(tree, arch, settings, out / f"{tree.name}-{arch.value}")
    assert {symbol: final.get(symbol, "n") for symbol in wanted} == wanted
    assert lost(said).isdisjoint(wanted), said


@pytest.mark.parametrize("era", ERAS)
def test_a_line_that_cannot_survive_is_seen(era: str, out: Path) -> None:
    """A symbol whose dependency is off; so the test above can fail."""
    tree = find_tree(era)
    text = "# CONFIG_DMABUF_HEAPS is not set\nCONFIG_DMABUF_HEAPS_SYSTEM=y\n"
    final, said = survivors(tree, Arch.ARM64, text, out / f"{tree.name}-arm64")
    assert final.get("DMABUF_HEAPS_SYSTEM", "n") == "n"
    assert "DMABUF_HEAPS_SYSTEM" in lost(said)


def test_a_module_is_refused_where_the_driver_is_none(out: Path) -> None:
    """Mainline before 7: the heaps are bool, and m is lost; so a tree of Android's kind is needed for those boards."""
    tree = find_tree("5.10")
    text = "CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=m\n"
    final, said = survivors(tree, Arch.ARM64, text, out / f"{tree.name}-arm64")
    assert final.get("DMABUF_HEAPS_SYSTEM", "n") != "m"
    assert "DMABUF_HEAPS_SYSTEM" in lost(said)

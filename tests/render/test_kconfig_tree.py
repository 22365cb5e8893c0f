"""The kernel configuration fragment, merged by the kernel's own script: every line survives.

Needs a Linux source tree: what ``make kernels`` unpacked, or BRINGUP_LINUX_SOURCE=DIR. Which kernel that is, its
Makefile tells.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from bringup.config.schema import Arch, BoardConfig, Flavour
from bringup.config.shipped import find_config, list_configs, shipped_dir
from bringup.render.engine import Rendered, render
from tests.kernel.fetch import linux_source
from tests.render.parsers import read_kconfig

CONFIGS = [shipped_dir("device-configs")]
TEMPLATES = [shipped_dir("templates")]
BOARDS = [entry.name for entry in list_configs(CONFIGS)]
DEFCONFIGS = {
    Arch.ARM: "arch/arm/configs/multi_v7_defconfig",
    Arch.ARM64: "arch/arm64/configs/defconfig",
    Arch.X86: "arch/x86/configs/x86_64_defconfig",
}
SOURCE = linux_source()
pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(SOURCE is None, reason="no Linux source: make kernels, or BRINGUP_LINUX_SOURCE=DIR"),
    pytest.mark.skipif(not (shutil.which("flex") and shutil.which("bison")), reason="flex or bison is not installed"),
]


def tree() -> Path:
    assert SOURCE is not None
    return SOURCE


def series() -> tuple[int, int]:
    text = (tree() / "Makefile").read_text()
    found = [re.search(rf"^{name} = (\d+)$", text, re.MULTILINE) for name in ("VERSION", "PATCHLEVEL")]
    assert all(found)
    return int(found[0][1]), int(found[1][1])  # type: ignore[index]


@cache
def config(name: str) -> BoardConfig:
    return find_config(name, CONFIGS)


def merged(arch: Arch, fragment: str, folder: Path) -> tuple[dict[str, str], str]:
    """The final configuration and what merge_config.sh said."""
    path = folder / "fragment.config"
    path.write_text(fragment)
    argv = ["scripts/kconfig/merge_config.sh", "-O", str(folder), DEFCONFIGS[arch], str(path)]
    environment = {**os.environ, "ARCH": "x86_64" if arch is Arch.X86 else arch.value}
    done = subprocess.run(argv, cwd=tree(), env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return read_kconfig((folder / ".config").read_text()), done.stdout + done.stderr


def lost(said: str) -> set[str]:
    """Symbols that merge_config.sh says did not survive; a defconfig has some of its own."""
    return set(re.findall(r"Value requested for CONFIG_(\w+) not in final", said))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build folder an architecture, so that the kernel's host tools are built once."""
    return tmp_path_factory.mktemp("kbuild")


@cache
def survivors(arch: Arch, settings: str, folder: Path) -> tuple[dict[str, str], str]:
    folder.mkdir(exist_ok=True)
    return merged(arch, settings, folder)


@pytest.mark.parametrize("name", BOARDS)
def test_every_line_survives_olddefconfig(name: str, out: Path) -> None:
    major, minor = series()
    given = config(name).kernel
    arch = Arch.ARM64 if given is None or given.arch is None else given.arch
    if (major, minor) < (7, 0) and given is not None and (given.flavour is Flavour.GKI or given.modules):
        pytest.skip("heap drivers are no modules in this mainline kernel; the board's tree is an Android common kernel")
    (done,) = render("kconfig", config(name), kernel=f"{major}.{minor}", dirs=TEMPLATES)
    assert isinstance(done, Rendered)
    wanted = read_kconfig(done.text)
    settings = "".join(f"{line}\n" for line in done.text.splitlines() if line.startswith(("CONFIG_", "# CONFIG_")))
    final, said = survivors(arch, settings, out / arch.value)
    assert {symbol: final.get(symbol, "n") for symbol in wanted} == wanted
    assert lost(said).isdisjoint(wanted), said


def test_a_line_that_cannot_survive_is_seen(tmp_path: Path) -> None:
    """A symbol whose dependency is off; so the test above can fail."""
    final, said = merged(Arch.ARM64, "# CONFIG_DMABUF_HEAPS is not set\nCONFIG_DMABUF_HEAPS_SYSTEM=y\n", tmp_path)
    assert final.get("DMABUF_HEAPS_SYSTEM", "n") == "n"
    assert "DMABUF_HEAPS_SYSTEM" in lost(said)

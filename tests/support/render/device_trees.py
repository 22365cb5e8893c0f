"""Rendered device trees: the tools that compile them, and the boards that have one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bringup.config.schema import BoardConfig, DeclaredIn, Region
from bringup.config.shipped import list_configs
from bringup.render.engine import Rendered, render
from tests.support.render.shipped import CONFIGS, TEMPLATES, config

KERNEL = "7.3"
needs_dtc = pytest.mark.skipif(
    not (shutil.which("dtc") and shutil.which("fdtoverlay") and shutil.which("fdtget")),
    reason="dtc is not installed (Debian: device-tree-compiler)",
)


def pools(board: BoardConfig, kernel: str = KERNEL) -> dict[str, Region]:
    return {
        heap.region.node_name or heap.name: heap.region
        for heap in board.heaps
        if heap.region
        and heap.region.declared_in is DeclaredIn.DEVICE_TREE
        and heap.region.size
        and heap.names_on(kernel)
    }


BOARDS = [name for name in list_configs(CONFIGS) if pools(config(name))]


def run(*argv: str | Path, cwd: Path | None = None) -> str:
    """Run a tool that must succeed and must not say a word on stderr."""
    done = subprocess.run([str(arg) for arg in argv], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", done.stderr
    return done.stdout


OVERLAY = ["-@", "-Wno-avoid_unnecessary_addr_size", "-O", "dtb"]
"""What scripts/Makefile.dtbs of the kernel passes for every build but W=1; all other warnings stay on."""


def write(board: BoardConfig, folder: Path, kernel: str = KERNEL) -> tuple[Path, Path]:
    """The rendered overlay and include."""
    for one in render("device-tree", board, kernel=kernel, dirs=TEMPLATES):
        assert isinstance(one, Rendered), one
        (folder / one.path).write_text(one.text)
    return folder / f"{board.name}-heaps.dtso", folder / f"{board.name}-heaps.dtsi"


DTS = {
    "beagle-x15": "arch/arm/boot/dts/ti/omap/am57xx-beagle-x15-revc.dts",
    "db845c": "arch/arm64/boot/dts/qcom/sdm845-db845c.dts",
    "rb3gen2": "arch/arm64/boot/dts/qcom/qcs6490-rb3gen2.dts",
    "rb5": "arch/arm64/boot/dts/qcom/qrb5165-rb5.dts",
    "rpi4": "arch/arm64/boot/dts/broadcom/bcm2711-rpi-4-b.dts",
    "rpi5": "arch/arm64/boot/dts/broadcom/bcm2712-rpi-5-b.dts",
    "vim3": "arch/arm64/boot/dts/amlogic/meson-g12b-a311d-khadas-vim3.dts",
    "vim3l": "arch/arm64/boot/dts/amlogic/meson-sm1-khadas-vim3l.dts",
}

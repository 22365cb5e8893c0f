"""What an installed bringup brings along: built as a wheel, installed elsewhere, run outside the checkout."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import bringup

ROOT = Path(bringup.__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="bringup does not run from a checkout")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout. Without hatchling in this environment, pip fetches it."""
    out = tmp_path_factory.mktemp("dist")
    isolation = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    argv = [sys.executable, "-m", "pip", "wheel", *isolation, "--no-deps", "-q", "-w", str(out), str(ROOT)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode != 0 and not isolation and "Could not find a version" in done.stderr:
        pytest.skip("hatchling is neither here nor to be had")
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty venv with the wheel in it; dependencies are borrowed from here, the checkout is not in sight."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin/python"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


def run(installed: Path, folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(folder), "PYTHONPATH": ""}
    environment.pop("BRINGUP_CONFIG_PATH", None)
    program = [str(installed / "bin" / argv[0]), *argv[1:]]
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_wheel_is_for_every_platform_and_holds_the_data(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("templates", "device-configs"):
        here = {f"bringup/_shipped/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert here
        assert here <= names
    assert "bringup/render/platform-policy.txt" in names


def test_an_installed_bringup_renders_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    where = run(installed, tmp_path, "python", "-c", "import bringup; print(bringup.__file__)")
    assert where.stdout.startswith(str(installed)), where.stderr
    done = run(installed, tmp_path, "bringup", "render", "all", "--board", "vim3", "-o", "out")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out/ueventd.vim3.rc").read_text()
    assert "/dev/dma_heap/linux,cma 0666 system graphics\n" in text
    assert (tmp_path / "out/sepolicy/vim3_heaps.te").is_file()


def test_an_installed_bringup_knows_every_board(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "bringup", "config", "check")
    assert done.returncode == 0, done.stderr
    boards = len(list((ROOT / "device-configs").glob("*.yaml")))
    assert f"{boards} of {boards} board configs are right" in done.stdout

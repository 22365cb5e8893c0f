"""What ``pip install`` brings along: a wheel from the checkout, in an empty venv, used from another folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    # PATH without a compiler: building must not need one.
    return built(ROOT, out, {"PATH": str(tmp_path_factory.mktemp("bin"))})


def built(sources: Path, out: Path, environ: dict[str, str]) -> Path:
    env = os.environ | environ
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*.whl")
    return path


def test_who_builds_it_where_and_when_changes_no_byte(wheel: Path, tmp_path: Path) -> None:
    """Another folder, another time, another umask, and a git checkout or none."""
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in ("bringup", "templates", "device-configs"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile
        )
    for program in (tmp_path / "bringup/allocator/bin").glob("*/bringup-alloc"):
        program.chmod((ROOT / program.relative_to(tmp_path)).stat().st_mode & 0o700)
    before = os.umask(0o077)
    try:
        again = built(tmp_path, tmp_path / "out", {})
    finally:
        os.umask(before)
    assert again.read_bytes() == wheel.read_bytes()


def test_it_is_for_any_machine_and_holds_everything(wheel: Path) -> None:
    assert wheel.name.endswith("py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "bringup/allocator/bin/manifest.json",
        "bringup/py.typed",
        "bringup/allocator/bin/arm64-v8a/bringup-alloc",
        "bringup/_shipped/device-configs/db845c.yaml",
        "bringup/kernel/data/",
        "bringup/_shipped/templates/",
        "bringup/report/html/",
    ):
        assert any(name.startswith(needed) for name in names), needed
    for folder in ("templates", "device-configs"):
        here = {f"bringup/_shipped/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert here
        assert here <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bringup`` command of an empty venv with nothing but the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder)
    # Our own pip puts it there: one of the venv's own would have to be unpacked first.
    python = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile", str(wheel)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "bin" / "bringup"


def run(command: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    return subprocess.run([command, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_it_renders_from_another_folder(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "render", "all", "--board", "vim3", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "/dev/dma_heap/linux,cma 0666 system graphics\n" in (tmp_path / "out/ueventd.vim3.rc").read_text()
    assert (tmp_path / "out/sepolicy/vim3_heaps.te").is_file()


def test_it_knows_every_board(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "config", "check")
    assert done.returncode == 0, done.stderr
    boards = len(list((ROOT / "device-configs").glob("*.yaml")))
    assert f"{boards} of {boards} board configs are right" in done.stdout


def test_its_allocator_is_whole(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "doctor", "--json")
    assert '"name": "test allocator",\n      "ok": true' in done.stdout

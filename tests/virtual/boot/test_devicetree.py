"""With real QEMU, dtc and fdtoverlay."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import VirtualBoardError
from bringup.virtual import find_profile
from bringup.virtual.boards import _arm64
from bringup.virtual.boot.devicetree import device_tree
from tests.support.virtual_board import MakeBoard, board_is_required

_PROFILE = find_profile("arm64-debian")
MACHINE = (_PROFILE.qemu, "-nodefaults", "-no-user-config", "-display", "none", *_PROFILE.qemu_args)


@pytest.fixture(autouse=True)
def tools() -> None:
    missing = [tool for tool in (MACHINE[0], "dtc", "fdtoverlay") if shutil.which(tool) is None]
    if missing:
        (pytest.fail if board_is_required() else pytest.skip)(f"not on PATH: {', '.join(missing)}")


def compiled(source: str) -> bytes:
    done = subprocess.run(["dtc", "-q", "-@", "-O", "dtb"], input=source.encode(), capture_output=True, check=True)
    return done.stdout


def read(tree: Path, node: str, name: str) -> str:
    done = subprocess.run(["fdtget", "-t", "x", tree, node, name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("form", ["source", "compiled"])
@pytest.mark.parametrize("folder", ["plain", "a, comma"])
def test_the_overlay_and_the_machine_are_both_in_the_tree(tmp_path: Path, form: str, folder: str) -> None:
    overlay = _arm64.POOL_AND_REGION
    (tmp_path / folder).mkdir()
    given = overlay.encode() if form == "source" else compiled(overlay)
    tree = device_tree([*MACHINE, "-m", "256"], given, tmp_path / folder, Deadline.after(120))
    assert read(tree, "/reserved-memory/linux,cma", "size") == "0 2000000"
    assert read(tree, "/reserved-memory/video@50000000", "reg") == "0 50000000 0 1000000"
    assert read(tree, "/memory@40000000", "reg") == "0 40000000 0 10000000"


@pytest.mark.parametrize(
    ("overlay", "seen"),
    [
        (b"not a device tree", "dtc: .*syntax error"),
        (b"/dts-v1/; /plugin/; &no_such_label { x; };", "fdtoverlay: "),
        (b"\xd0\x0d\xfe\xed cut short", "fdtoverlay: "),
        (b"", "dtc: "),
    ],
)
def test_an_overlay_that_does_not_fit_is_refused_in_the_tools_words(tmp_path: Path, overlay: bytes, seen: str) -> None:
    with pytest.raises(VirtualBoardError, match=seen):
        device_tree(MACHINE, overlay, tmp_path, Deadline.after(120))


@pytest.mark.board
def test_a_board_that_has_no_device_tree_takes_no_overlay(fresh_board: MakeBoard) -> None:
    with pytest.raises(VirtualBoardError, match="amd64 starts without a device tree"):
        fresh_board("amd64", overlay=_arm64.POOL.encode())


def test_without_dtc_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    qemu = shutil.which(MACHINE[0])
    assert qemu is not None
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VirtualBoardError, match="dtc is not on PATH") as caught:
        device_tree([qemu, *MACHINE[1:]], _arm64.POOL.encode(), tmp_path, Deadline.after(120))
    assert "device-tree-compiler" in caught.value.hint

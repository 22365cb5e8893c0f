"""Kbuild's handling of make, with a small makefile in a kernel tree's place; real kernels: test_arm64.py."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.virtual.folders import fill_folder
from bringup.virtual.kernel import kbuild as kbuild_module
from bringup.virtual.kernel.building import _unpack
from bringup.virtual.kernel.kbuild import Kbuild, require_tools
from bringup.virtual.progress import Silent

# O= and KCONFIG_ALLCONFIG= are what kbuild gives; "allnoconfig" here drops CONFIG_DROPPED and keeps the rest.
SCRIPTED_MAKEFILE = """\
allnoconfig:
	@sed /DROPPED/d $(KCONFIG_ALLCONFIG) >$(O)/.config
Image:
	@echo '  CC      a.o'; while test -e $(O)/wait; do sleep 0.05; done; sleep $$(cat $(O)/seconds); test ! -e $(O)/broken || { echo 'a.c:1: error: no' >&2; false; }
	@echo image >$(O)/Image
modules:
	@echo drivers/x-y.o >$(O)/modules.order
"""


@pytest.fixture
def scripted(tmp_path: Path) -> Kbuild:
    missing = [tool for tool in ("make", "setpriv") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not on PATH: {', '.join(missing)}")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/Makefile").write_text(SCRIPTED_MAKEFILE)
    (tmp_path / "o").mkdir()
    (tmp_path / "o/seconds").write_text("0")
    return Kbuild("Linux 1", tmp_path / "tree", tmp_path / "o", Deadline.after(120), Silent())


def test_configured_and_built(scripted: Kbuild) -> None:
    scripted.configure({"CMA": "y", "ION": "n"})
    scripted.build()
    assert (scripted.objects / "Image").exists()
    assert scripted.modules() == [scripted.objects / "drivers/x-y.ko"]
    assert not (scripted.objects / "unfinished").exists()


def test_a_dropped_option_is_named(scripted: Kbuild) -> None:
    with pytest.raises(VirtualBoardError, match="CONFIG_DROPPED=y became not set") as caught:
        scripted.configure({"CMA": "y", "DROPPED": "y"})
    assert "CONFIG_CMA" not in caught.value.seen


def test_a_compiler_error_is_quoted_and_does_not_cost_what_was_compiled(scripted: Kbuild) -> None:
    (scripted.objects / "broken").touch()
    with pytest.raises(VirtualBoardError, match=r"compile Linux 1: a\.c:1: error: no") as caught:
        scripted.build()
    assert str(scripted.log) in caught.value.hint
    scripted.configure({})
    assert (scripted.objects / "broken").exists()


def test_a_build_that_takes_too_long_is_ended_in_order(scripted: Kbuild) -> None:
    (scripted.objects / "seconds").write_text("60")
    slow = Kbuild("Linux 1", scripted.tree, scripted.objects, Deadline.after(1), Silent())
    with pytest.raises(DeadlineExceeded, match="compile Linux 1"):
        slow.build()
    assert not (scripted.objects / "unfinished").exists()


def test_after_a_build_that_was_killed_all_is_compiled_anew(scripted: Kbuild) -> None:
    (scripted.objects / "unfinished").touch()
    (scripted.objects / "half-written.o").touch()
    scripted.configure({})
    assert not (scripted.objects / "half-written.o").exists()


def test_long_builds_show_how_far_they_are(scripted: Kbuild, monkeypatch: pytest.MonkeyPatch) -> None:
    class Watcher(Silent):
        said: tuple[str, ...] = ()

        def step(self, text: str) -> None:
            self.said += (text,)
            if text.endswith(": 1 files so far"):
                (scripted.objects / "wait").unlink(missing_ok=True)

    monkeypatch.setattr(kbuild_module, "_TELL", 0.3)
    (scripted.objects / "wait").touch()
    watcher = Watcher()
    Kbuild("Linux 1", scripted.tree, scripted.objects, Deadline.after(120), watcher).build()
    assert watcher.said[0] == "compile Linux 1"
    assert watcher.said[-1] == "compile Linux 1: 1 files so far"


def test_what_a_calling_make_says_does_not_reach_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAKEFLAGS", "MAKELEVEL", "KBUILD_OUTPUT", "ARCH"):
        monkeypatch.setenv(name, "surprise")
    assert "surprise" not in kbuild_module._environment().values()


def test_missing_tools_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VirtualBoardError, match="not on PATH: make, gcc, aarch64-linux-gnu-gcc, flex") as caught:
        require_tools("build a kernel")
    assert "gcc-aarch64-linux-gnu" in caught.value.hint


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package as Debian's linux-source-9 would be."""
    source, root = tmp_path / "linux-source-9", tmp_path / "root"
    source.mkdir()
    (source / "Kconfig").write_text("mainmenu")
    (root / "usr/src").mkdir(parents=True)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(
        "Package: linux-source-9\nVersion: 9\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n"
    )
    archive = str(root / "usr/src/linux-source-9.tar.xz")
    subprocess.run(["tar", "-C", str(tmp_path), "-cJf", archive, "linux-source-9"], check=True)
    subprocess.run(["dpkg-deb", "-b", str(root), str(tmp_path / "x.deb")], check=True, capture_output=True)
    return tmp_path / "x.deb"


def test_the_source_tree_comes_out_of_the_package(package: Path, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    _unpack(package, "linux-source-9", tmp_path / "tree", Deadline.after(120))
    assert (tmp_path / "tree/Kconfig").read_text() == "mainmenu"


@pytest.mark.parametrize("damage", ["another name", "cut short"])
def test_a_package_without_a_source_tree_is_refused(package: Path, tmp_path: Path, damage: str) -> None:
    (tmp_path / "tree").mkdir()
    if damage == "cut short":
        package.write_bytes(package.read_bytes()[:-200])
    with pytest.raises(VirtualBoardError, match=r"unpack x\.deb: .*(Not found|unexpected end)"):
        _unpack(package, "linux-source-8", tmp_path / "tree", Deadline.after(120))


def test_a_folder_is_complete_or_not_there(tmp_path: Path) -> None:
    def fill(scratch: Path) -> None:
        (scratch / "first").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fill_folder(tmp_path / "folder", fill)
    assert list(tmp_path.iterdir()) == []

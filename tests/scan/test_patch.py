"""Patches: real git applies them, a real compiler takes the code, and what needs a person stays as it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bringup.config.load import load_text
from bringup.scan.migration.board_heaps import board_heaps
from bringup.scan.migration.patch import patches
from bringup.scan.tree import scan_tree

INCLUDE = Path(__file__).parent.parent / "support" / "render" / "include"
SIMPLE = """#include <ion/ion.h>

int get(unsigned long length) {
    int fd = -1;
    int ion = ion_open();
    if (ion < 0) return -1;
    int failed = ion_alloc_fd(ion, length * 2, 0, ION_HEAP_SYSTEM_MASK, ION_FLAG_CACHED, &fd);
    if (!failed) failed = ion_alloc_fd(ion, 4096, 0, ION_HEAP_SYSTEM_MASK, 0, &fd);
    ion_close(ion);
    return failed ? failed : fd;
}
"""
FILES = {
    "simple/Android.bp": 'cc_library { name: "a", srcs: ["a.c"], shared_libs: ["liblog", "libion"] }\n',
    "simple/a.c": SIMPLE,
    "hard/Android.bp": 'cc_library {\n    name: "b",\n    srcs: ["b.c"],\n    shared_libs: [\n        "libion"\n    ],\n}',
    "hard/b.c": SIMPLE.replace("ION_HEAP_SYSTEM_MASK, 0", "heap_of(board), 0"),
    "old/Android.mk": "include $(CLEAR_VARS)\nLOCAL_MODULE := c\nLOCAL_SHARED_LIBRARIES := liblog libion\r\n",
    "ueventd.rc": "/dev/ion    0664   system   system\n",
    "x.te": "allow hal_x ion_device:chr_file rw_file_perms;\n",
    "y.te": "allow { hal_x hal_y } ion_device:chr_file rw_file_perms;\n",
    "BoardConfig.mk": (
        "BOARD_VENDOR_RAMDISK_KERNEL_MODULES += \\\n    $(OUT)/drivers/staging/android/ion/ion-alloc.ko \\\n"
        "    $(OUT)/drivers/staging/android/ion/heaps/ion_sys_heap.ko \\\n    $(OUT)/drivers/mmc/core/mmc_core.ko\n"
    ),
    "modules.load": "ion-alloc.ko\nion_cma_heap.ko\n",
}
NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def write(tree: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(text.encode("latin-1"))
    return tree


def applied(tree: Path, folder: Path) -> None:
    for name, text in patches(scan_tree(tree), tree).items():
        (folder / name).write_bytes(text.encode("latin-1"))
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", folder / name],
            cwd=tree,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (name, done.stderr, text)


@NEEDS_GIT
def test_git_applies_them(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", FILES)
    before = sum(hit.is_left for hit in scan_tree(tree).hits)
    applied(tree, tmp_path)
    text = {name: (tree / name).read_bytes().decode("latin-1") for name in FILES}
    assert text["simple/Android.bp"] == FILES["simple/Android.bp"].replace("libion", "libdmabufheap")
    assert '        "libion",\n        "libdmabufheap"\n    ],\n}' in text["hard/Android.bp"]
    assert text["hard/b.c"] == FILES["hard/b.c"]
    assert text["old/Android.mk"].endswith(":= liblog libdmabufheap\r\n")
    assert text["ueventd.rc"].splitlines() == [FILES["ueventd.rc"].strip(), "/dev/dma_heap/system 0444 system system"]
    assert text["x.te"].splitlines()[1] == "allow hal_x dmabuf_system_heap_device:chr_file r_file_perms;"
    assert text["y.te"] == FILES["y.te"]
    assert text["BoardConfig.mk"].splitlines()[1:] == [
        "    $(OUT)/drivers/dma-buf/heaps/system_heap.ko \\",
        "    $(OUT)/drivers/mmc/core/mmc_core.ko",
    ]
    assert text["modules.load"] == "cma_heap.ko\n"
    after = scan_tree(tree)
    assert sum(hit.is_left for hit in after.hits) < before
    assert patches(after, tree) == {}


@NEEDS_GIT
def test_what_open_code_may_need_is_not_taken_away(tmp_path: Path) -> None:
    """As in public trees: code of another component beside or below a build file, and packages of a product."""
    files = {
        "omx/Android.mk": FILES["old/Android.mk"],
        "omx/src/b.c": FILES["hard/b.c"],
        "omx/Makefile.am": "b_LDFLAGS = -lutils -lion\n",
        "omx/src/Android.bp": 'cc_library { name: "b", srcs: ["b.c"] }\n',
        "device.mk": "PRODUCT_PACKAGES += \\\n    libion \\\n    libx\nLDLIBS := -lion\n",
    }
    tree = write(tmp_path / "tree", files)
    applied(tree, tmp_path)
    assert (tree / "omx/Android.mk").read_text().endswith(":= liblog libion libdmabufheap\n")
    assert (tree / "omx/Makefile.am").read_text() == "b_LDFLAGS = -lutils -lion -ldmabufheap\n"
    assert (tree / "device.mk").read_text() == (
        "PRODUCT_PACKAGES += \\\n    libion libdmabufheap \\\n    libx\nLDLIBS := -lion -ldmabufheap\n"
    )


@NEEDS_GIT
def test_a_domain_gets_one_rule_for_the_heap(tmp_path: Path) -> None:
    rules = "allow hal_x ion_device:chr_file open;\nallow hal_x ion_device:chr_file { read ioctl };\n"
    tree = write(tmp_path / "tree", {"x.te": rules + rules.replace("hal_x", "hal_y")})
    applied(tree, tmp_path)
    text = (tree / "x.te").read_text()
    assert [line.split()[1] for line in text.splitlines() if "dmabuf" in line] == ["hal_x", "hal_y"]


@NEEDS_GIT
def test_a_rule_for_some_builds_stands_for_no_rule_for_all(tmp_path: Path) -> None:
    rule = "allow hal_x ion_device:chr_file open;\n"
    tree = write(tmp_path / "tree", {"x.te": f"userdebug_or_eng(`\n  {rule}')\n{rule}"})
    applied(tree, tmp_path)
    lines = [line for line in (tree / "x.te").read_text().splitlines() if "dmabuf" in line]
    assert [line[:5] for line in lines] == ["  all", "allow"]


@NEEDS_GIT
@pytest.mark.parametrize("suffix", ["c", "cpp"])
def test_moved_calls_compile(suffix: str, tmp_path: Path) -> None:
    compiler = shutil.which("gcc" if suffix == "c" else "g++")
    if compiler is None:
        pytest.skip("there is no compiler")
    tree = write(tmp_path / "tree", {f"a.{suffix}": SIMPLE})
    applied(tree, tmp_path)
    source = tree / f"a.{suffix}"
    assert 'DmabufHeapAlloc(ion, "system", length * 2, 0, 0)' in source.read_text()
    assert 'DmabufHeapAlloc(ion, "system-uncached", 4096, 0, 0)' in source.read_text()
    argv = [compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}", str(source)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert scan_tree(tree).hits == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ION_FLAG_CACHED", "ION_FLAG_SECURE"),
        ("ION_FLAG_CACHED", "flags"),
        ("ION_HEAP_SYSTEM_MASK, 0", "ION_HEAP_TYPE_DMA_MASK, 0"),
        ("int failed", "remember(ion);\n    int failed"),
        ("int ion = ion_open()", "int ion = fd;\n    ion = ion_open()"),
        ("ion_close(ion)", "ion_close(ion); ion_sync_fd(ion, fd)"),
        ("#include <ion/ion.h>", "extern int ion_open(void);"),
    ],
)
def test_what_needs_a_person_stays(old: str, new: str, tmp_path: Path) -> None:
    assert old in SIMPLE
    tree = write(tmp_path / "tree", {"a.c": SIMPLE.replace(old, new)})
    assert patches(scan_tree(tree), tree) == {}


def test_a_name_that_git_would_quote_is_left_out(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", {"a b.rc": FILES["ueventd.rc"], "é.rc": FILES["ueventd.rc"]})
    assert patches(scan_tree(tree), tree) == {}


def test_the_heaps_of_a_board_config(tmp_path: Path) -> None:
    tree = write(
        tmp_path / "tree",
        {"a.c": SIMPLE + "unsigned m = ION_HEAP_TYPE_DMA_MASK;\nunsigned n = ION_HEAP_CARVEOUT_MASK;\n"},
    )
    lines = list(board_heaps(scan_tree(tree)))
    text = "name: x\ntitle: X\n" + "\n".join(lines).replace("NAME", "carveout")
    assert any("ION_HEAP_SYSTEM_MASK: 2" in line for line in lines)
    heaps = {heap.name: heap for heap in load_text(text.encode(), "x.yaml").heaps}
    assert set(heaps) == {"system", "default_cma_region", "carveout"}
    system = heaps["system"].replaces
    assert system is not None
    assert (system.name, system.legacy_mask) == ("ion_system_heap", 1)

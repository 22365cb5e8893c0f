"""The arm64 boards: each is what its profile promises."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import VirtualBoardError
from bringup.virtual import VirtualBoard, build_kernel, find_image, find_kernel, find_profile, start
from bringup.virtual.boards import _arm64
from tests.support.adbd import shell
from tests.support.virtual_board import MakeBoard, require_virtual_board

pytestmark = pytest.mark.board
SharedBoard = Callable[[str], VirtualBoard]

built = pytest.mark.kernels


def ask(board: VirtualBoard, command: str) -> list[str]:
    return shell(board.port, command, Deadline.after(120)).split()


def heaps(board: VirtualBoard) -> list[str]:
    return ask(board, "cd /dev/dma_heap && stat -c '%n=%a:%U:%G' *")


@pytest.mark.parametrize(("profile", "page"), [("arm64-debian", 4096), ("arm64-16k", 16384)])
def test_debians_kernels_have_no_heaps(shared_board: SharedBoard, profile: str, page: int) -> None:
    board = shared_board(profile)
    image = find_image(find_profile(profile))
    assert image is not None
    assert "# CONFIG_DMABUF_HEAPS is not set" in image.config.read_text().splitlines()
    assert ask(board, "getconf PAGE_SIZE; uname -r; uname -m; id -u") == [str(page), image.release, "aarch64", "0"]
    assert ask(board, "[ -e /dev/dma_heap ] || echo none; ls /boot") == ["none", f"config-{image.release}"]
    assert ask(board, "getprop ro.product.cpu.abi; getprop ro.product.name") == [
        "arm64-v8a",
        f"bringup_{profile.replace('-', '_')}",
    ]


@built
def test_an_overlay_takes_the_place_of_the_profiles(fresh_board: MakeBoard, tmp_path: Path) -> None:
    (tmp_path / "pool.dtso").write_text(_arm64.POOL)
    board = fresh_board("arm64-6.12", overlay=tmp_path / "pool.dtso")
    assert ask(board, "grep CmaTotal /proc/meminfo; ls /sys/kernel/mm/cma") == ["CmaTotal:", "32768", "kB", "linux,cma"]


@built
def test_linux_6_12_has_heaps_statistics_and_trace_events(shared_board: SharedBoard) -> None:
    board = shared_board("arm64-6.12")
    assert heaps(board) == ["linux,cma=444:system:system", "system=444:system:system"]
    assert ask(board, "uname -r; getconf PAGE_SIZE")[0].startswith("6.12.")
    assert ask(board, "grep CmaTotal /proc/meminfo")[1] == str((32 + 16) << 10)  # the pool and the other area
    assert ask(board, "ls /sys/kernel/mm/cma") == ["linux,cma", "video@50000000"]
    events = "/sys/kernel/tracing/events"
    present = [f"{events}/kmem/mm_page_alloc", f"{events}/cma/cma_alloc_finish", "/sys/kernel/dmabuf/buffers"]
    present += [
        "/sys/kernel/debug/cma",
        "/sys/kernel/debug/dma_buf/bufinfo",
        "/sys/kernel/debug/sync/sw_sync",
        "/dev/udmabuf",
    ]
    assert sorted(ask(board, f"ls -d {' '.join(present)}")) == sorted(present)


@built
def test_linux_5_10_has_ion_beside_heaps(shared_board: SharedBoard) -> None:
    board = shared_board("arm64-5.10")
    assert heaps(board) == ["linux,cma=444:system:system", "system=444:system:system"]
    assert ask(board, "stat -c %a:%U:%G /dev/ion") == ["664:system:system"]
    assert ask(board, "ls /sys/kernel/debug/ion") == ["ion_system_contig_heap", "ion_system_heap", "linux,cma"]
    assert ask(board, "uname -r; getconf PAGE_SIZE")[0].startswith("5.10.")
    assert ask(board, "grep CmaTotal /proc/meminfo")[1] == str(32 << 10)


@built
def test_linux_7_has_a_heap_for_each_area_and_heaps_as_modules(shared_board: SharedBoard) -> None:
    board = shared_board("arm64-7.x")
    assert heaps(board) == [
        "default_cma_region=444:system:system",
        "linux,cma=600:root:root",
        "system=444:system:system",
        "video@50000000=440:system:graphics",
    ]
    assert sorted(
        line.split()[0] for line in shell(board.port, "cat /proc/modules", Deadline.after(120)).splitlines()
    ) == [
        "cma_heap",
        "system_heap",
    ]
    assert ask(board, "uname -r")[0].startswith("7.")


@built
def test_modules_can_be_left_unloaded(fresh_board: MakeBoard) -> None:
    board = fresh_board("arm64-7.x", append="bringup.nomodules=1")
    assert ask(board, "cat /proc/modules; [ -e /dev/dma_heap ] || echo none") == ["none"]
    assert ask(board, "cat /vendor/lib/modules/modules.load") == ["system_heap.ko", "cma_heap.ko"]
    assert ask(board, "insmod /vendor/lib/modules/system_heap.ko; ls /dev/dma_heap") == ["system"]


@built
@pytest.mark.parametrize("profile", ["arm64-5.10", "arm64-6.12", "arm64-7.x"])
def test_a_built_kernel_is_configured_as_it_says(shared_board: SharedBoard, profile: str) -> None:
    board = shared_board(profile)
    image = find_image(find_profile(profile))
    assert image is not None
    assert shell(board.port, "zcat /proc/config.gz", Deadline.after(120)) == image.config.read_text()
    assert ask(board, "uname -r; ls /boot") == [image.release]
    assert ask(board, "cat /proc/device-tree/compatible") == ["linux,dummy-virt\0"]


@built
def test_a_kernel_can_be_given_instead_of_the_profiles(fresh_board: MakeBoard) -> None:
    require_virtual_board("arm64-5.10")
    older = find_kernel(find_profile("arm64-5.10"))
    assert older is not None
    board = fresh_board("arm64-6.12", kernel=older.image, overlay=b"")
    assert ask(board, "uname -r; ls /dev/dma_heap; ls -d /proc/device-tree/reserved-memory/* 2>/dev/null") == [
        older.release,
        "system",
    ]


@pytest.fixture
def may_compile() -> None:
    require_virtual_board("arm64-6.12")
    if os.environ.get("BRINGUP_REQUIRE_KERNELS") != "1":
        pytest.skip("it may have to fetch the kernel's sources again; make test-kernels")


@built
@pytest.mark.usefixtures("may_compile")
def test_a_kernel_with_other_options_is_built_and_booted(fresh_board: MakeBoard) -> None:
    profile = find_profile("arm64-6.12")
    build = build_kernel(profile, "# CONFIG_DMABUF_HEAPS_CMA is not set\n", Deadline.after(1200))
    assert build != find_kernel(profile)
    assert "# CONFIG_DMABUF_HEAPS_CMA is not set" in build.config.read_text().splitlines()
    assert ask(fresh_board("arm64-6.12", kernel=build.image), "ls /dev/dma_heap") == ["system"]


@built
@pytest.mark.usefixtures("may_compile")
def test_an_option_that_is_not_kept_is_named() -> None:
    with pytest.raises(
        VirtualBoardError, match=r"CONFIG_NO_SUCH=y became not set, CONFIG_HUGETLB_PAGE=y became"
    ) as caught:
        build_kernel(find_profile("arm64-6.12"), "CONFIG_NO_SUCH=y\nCONFIG_HUGETLB_PAGE=y\n", Deadline.after(1200))
    assert "unknown to this kernel" in caught.value.hint


@built
@pytest.mark.usefixtures("may_compile")
def test_a_kernel_that_is_built_is_not_built_again() -> None:
    profile = find_profile("arm64-6.12")
    build_kernel(profile, "", Deadline.after(1200))  # nothing but when the cache has the image and not the kernel
    assert build_kernel(profile, "CONFIG_DMABUF_HEAPS=y\n", Deadline.after(1)) == find_kernel(profile)


def test_debians_kernels_are_not_built() -> None:
    with pytest.raises(VirtualBoardError, match="it is not built"):
        build_kernel(find_profile("arm64-debian"), "", Deadline.after(1))


def test_a_start_compiles_no_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_virtual_board("arm64-debian")  # for QEMU
    monkeypatch.setenv("BRINGUP_CACHE", str(tmp_path))
    with pytest.raises(VirtualBoardError, match="its kernel has not been built") as caught:
        start(find_profile("arm64-6.12"), Deadline.after(60))
    assert "bringup virtual setup arm64-6.12" in caught.value.hint

"""What was rendered, on a real kernel: heaps appear as promised, and what we refuse the kernel refuses, too."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.config.shipped import find_config, shipped_dir
from bringup.deadline import Deadline
from bringup.errors import ConfigError
from bringup.render.engine import Rendered, render
from bringup.virtual import VirtualBoard, build_kernel, find_kernel, find_profile
from tests.virtual.adbd import shell
from tests.virtual_board import MakeBoard, require_virtual_board

CONFIGS = [shipped_dir("device-configs")]
TEMPLATES = [shipped_dir("templates")]
pytestmark = pytest.mark.board


def rendered(board: BoardConfig, path: str, kernel: str | None = None) -> str:
    done = {one.path: one for one in render("all", board, kernel=kernel, dirs=TEMPLATES)}
    one = done[path.format(board=board.name)]
    assert isinstance(one, Rendered), one
    return one.text


def ask(board: VirtualBoard, command: str) -> str:
    return shell(board.port, command, Deadline.after(30))


def test_a_rendered_overlay_reserves_what_it_says(fresh_board: MakeBoard) -> None:
    """On Debian's own kernel, which has CMA and no heaps."""
    config = find_config("virtual-arm64-7.x", CONFIGS)
    board = fresh_board("arm64-debian", overlay=rendered(config, "{board}-heaps.dtso").encode())
    said = ask(board, "dmesg")
    for heap in config.heaps:
        region = heap.region
        if region is None or region.size is None:
            continue
        (base,) = re.findall(
            rf"reserved mem: 0x0*([0-9a-f]+)\.\..*\({region.size >> 10} KiB\) map reusable {heap.name}\n", said
        )
        assert int(base, 16) % (region.alignment or 1) == 0
        assert region.base is None or int(base, 16) == region.base
    total = sum(heap.region.size or 0 for heap in config.heaps if heap.region)
    assert ask(board, "grep CmaTotal /proc/meminfo").split()[1] == str(total >> 10)


# What is wrong, as device tree; the kernel's words for it; the same as a board config; our words for it.
FAULTS = [
    (
        'misaligned@50100000 { compatible = "shared-dma-pool"; reg = <0 0x50100000 0 0x400000>; reusable; };',
        ["incorrect alignment of CMA region", "node misaligned@50100000 compatible matching fail"],
        "{name: misaligned@50100000, kind: cma, region: {declared_in: device-tree, base: 0x50100000, size: 4 MiB, reusable: true}}",
        "base 1281 MiB is no multiple of 2 MiB",
    ),
    (
        'both@51000000 { compatible = "shared-dma-pool"; reg = <0 0x51000000 0 0x400000>; reusable; no-map; };',
        ["node both@51000000 compatible matching fail"],
        (
            "{name: both@51000000, kind: cma, region: {declared_in: device-tree, base: 0x51000000, size: 4 MiB, reusable: true, "
            "no_map: true}}"
        ),
        "no_map and reusable exclude each other",
    ),
    (
        (
            'first@52000000 { compatible = "shared-dma-pool"; reg = <0 0x52000000 0 0x800000>; reusable; };'
            'second@52400000 { compatible = "shared-dma-pool"; reg = <0 0x52400000 0 0x800000>; reusable; };'
        ),
        ["OVERLAP DETECTED!", "first@52000000 (0x0000000052000000--0x0000000052800000) overlaps with second@52400000"],
        (
            "{name: first@52000000, kind: cma, region: {declared_in: device-tree, base: 0x52000000, size: 8 MiB, reusable: true}}\n"
            "  - {name: second@52400000, kind: cma, region: {declared_in: device-tree, base: 0x52400000, size: 8 MiB, "
            "reusable: true}}"
        ),
        "'second@52400000' (0x52400000 to 0x52c00000) overlaps 'first@52000000' (0x52000000 to 0x52800000)",
    ),
    (
        'toolarge { compatible = "shared-dma-pool"; size = <0 0x40000000>; reusable; };',
        ["failed to allocate memory for node 'toolarge': size 1024 MiB"],
        "{name: toolarge, kind: cma, region: {declared_in: device-tree, size: 1 GiB, reusable: true}}",
        "1 GiB is more than the board has (512 MiB)",
    ),
    (
        'coherent@56000000 { compatible = "shared-dma-pool"; reg = <0 0x56000000 0 0x400000>; no-map; };',
        ["created DMA memory pool at 0x0000000056000000, size 4 MiB"],
        "{name: coherent@56000000, kind: cma, region: {declared_in: device-tree, base: 0x56000000, size: 4 MiB, no_map: true}}",
        "a shared-dma-pool that is not reusable becomes a coherent pool, and no heap",
    ),
]
OVERLAY = """/dts-v1/;
/plugin/;
&{/} {
	#address-cells = <2>;
	#size-cells = <2>;
	reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; %s };
};
"""


def test_what_we_refuse_the_kernel_refuses_too(fresh_board: MakeBoard) -> None:
    """All faults in one tree: each is told by the kernel, and each is refused by us before anything is rendered."""
    board = fresh_board("arm64-debian", overlay=(OVERLAY % " ".join(fault[0] for fault in FAULTS)).encode())
    said = ask(board, "dmesg")
    for _, messages, heap, reason in FAULTS:
        for message in messages:
            assert message in said
        text = f"name: x\ntitle: X\nmemory: {{base: 0x40000000, size: 512 MiB}}\nheaps:\n  - {heap}\n"
        with pytest.raises(ConfigError) as caught:
            load_text(text.encode(), "x.yaml")
        assert reason in caught.value.seen


def test_rendered_permissions_are_applied(fresh_board: MakeBoard) -> None:
    """The board's own ueventd applies the rendered file: mode, owner and group come out as promised."""
    config = load_text(
        b"name: x\ntitle: X\nheaps:\n  - {name: system, kind: system, node: {mode: '0640', owner: root, group: audio}}\n",
        "x",
    )
    text = rendered(config, "ueventd.{board}.rc")
    board = fresh_board("amd64", extra_files={"vendor/etc/ueventd.rc": text.encode()})
    assert ask(board, "stat -c '%a %U %G' /dev/dma_heap/system").split() == ["640", "root", "audio"]


@pytest.mark.kernels
@pytest.mark.parametrize("profile", ["arm64-5.10", "arm64-6.12", "arm64-7.x"])
def test_the_loop_is_closed(profile: str, fresh_board: Callable[..., VirtualBoard]) -> None:
    """Rendered options build the kernel, the rendered overlay boots, heaps appear with the promised names, sizes, modes."""
    require_virtual_board(profile)
    config = find_config(f"virtual-{profile}", CONFIGS)
    known = find_kernel(find_profile(profile))
    assert known is not None
    series = ".".join(known.release.split(".")[:2])
    options = rendered(config, "{board}.config", series)
    # The profile has these options already; were one of them different, this would compile until the deadline.
    assert build_kernel(find_profile(profile), options, Deadline.after(5)) == known
    board = fresh_board(
        profile,
        overlay=rendered(config, "{board}-heaps.dtso", series).encode(),
        extra_files={"vendor/etc/ueventd.rc": rendered(config, "ueventd.{board}.rc", series).encode()},
    )
    nodes = dict(line.split("=") for line in ask(board, "cd /dev/dma_heap && stat -c '%n=%a %U %G' *").splitlines())
    promised = {
        name: f"{(heap.node.mode or '').lstrip('0')} {heap.node.owner} {heap.node.group}"
        for heap in config.heaps
        if heap.node is not None
        for name in heap.names_on(series)
    }
    assert nodes == promised
    total = sum(heap.region.size or 0 for heap in config.heaps if heap.region)
    assert ask(board, "grep CmaTotal /proc/meminfo").split()[1] == str(total >> 10)

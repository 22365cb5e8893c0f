"""Rendered files, read back into promises: they promise what the config does, and nothing else is understood."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.errors import ConfigError
from bringup.kernel.history.version import KernelVersion
from bringup.render.dts import read_nodes
from bringup.render.engine import Rendered, render
from bringup.render.expected_lines import expected_by, read_back, rendered_names
from tests.support.render.shipped import TEMPLATES, config, every_board


def files(board: BoardConfig, kernel: str) -> dict[str, str]:
    wanted = ("ueventd", "sepolicy", "device-tree", "cmdline")
    done = (one for what in wanted for one in render(what, board, kernel=kernel, dirs=TEMPLATES))
    return {one.path: one.text for one in done if isinstance(one, Rendered)}


@pytest.mark.parametrize("kernel", ["5.10", "7.3"])
@every_board
def test_what_is_read_back_is_what_the_config_promises(name: str, kernel: str) -> None:
    board, rendered = config(name), files(config(name), kernel)
    wanted = expected_by(board, KernelVersion.parse(kernel))
    for tree in ("dtso", "dtsi"):
        given = {
            path: text
            for path, text in rendered.items()
            if not path.endswith((".dtso", ".dtsi")) or path.endswith(tree)
        }
        found = read_back(given, name)
        assert {(one.node, one.property, one.value) for one in found.pools or ()} == {
            (one.node, one.property, one.value) for one in wanted.pools or ()
        }
        assert [one.text for one in found.parameters or ()] == [one.text for one in wanted.parameters or ()]
    promised = {
        f"/dev/dma_heap/{node}": (int(heap.node.mode, 8), heap.node.owner, heap.node.group)
        for heap in board.heaps
        if heap.node and heap.node.mode
        for node in heap.names_on(kernel)
    }
    assert {line.path: (line.mode, line.owner, line.group) for line in found.nodes or ()} == promised
    places = {line.place for line in found.nodes or ()} | {line.place for line in found.labels or ()}
    places |= {line.place for line in found.pools or ()} | {line.place for line in found.parameters or ()}
    for place in places:
        path, _, number = place.rpartition(":")
        assert rendered[path].splitlines()[int(number) - 1].strip()
    assert set(given) <= set(rendered_names(name)) | {f"sepolicy/{name.replace('-', '_').replace('.', '_')}_heaps.te"}


def test_every_property_of_a_region_is_read_back() -> None:
    text = """\
name: x
title: X
memory: {address_cells: 2, size_cells: 1}
heaps:
  - {name: fixed@140000000, kind: carveout, region: {declared_in: device-tree, base: 0x140000000, size: 0x3000, no_map: true}}
  - {name: cam, kind: cma, region: {declared_in: device-tree, size: 8 MiB, alignment: 4 MiB, reusable: true, default: true,
     alloc_ranges: [{base: 0x40000000, size: 64 MiB}, {base: 4 GiB, size: 1 GiB}]}}
"""
    board = load_text(text.encode(), "x")
    found = {(line.node, line.property): line.value for line in read_back(files(board, "6.12"), "x").pools or ()}
    assert found == {
        ("fixed@140000000", ""): "",
        ("fixed@140000000", "reg"): "0x140000000 0x3000",
        ("fixed@140000000", "no-map"): "",
        ("cam", ""): "",
        ("cam", "compatible"): "shared-dma-pool",
        ("cam", "size"): "0x800000",
        ("cam", "alignment"): "0x400000",
        ("cam", "alloc-ranges"): "0x40000000 0x4000000, 0x100000000 0x40000000",
        ("cam", "reusable"): "",
        ("cam", "linux,cma-default"): "",
    }


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("ueventd.x.rc", "# fine\n/dev/dma_heap/system 0444 system\n", 2),
        ("ueventd.x.rc", "subsystem dma_heap\n", 1),
        ("ueventd.x.rc", "/dev/dma_heap/system 0999 system system\n", 1),
        ("70-x-heaps.rules", 'SUBSYSTEM=="dma_heap", MODE="0666"\n', 1),
        ("sepolicy/file_contexts", "/dev/dma_heap/( u:object_r:x:s0\n", 1),
        ("sepolicy/file_contexts", "/dev/dma_heap/x x\n", 1),
        ("cmdline.x.mk", "\nBOARD_KERNEL_CMDLINE := a\n", 2),
        ("cmdline.x.mk", "BOARD_KERNEL_CMDLINE += a b\n", 1),
        ("x-heaps.dtsi", "/ {\n\treserved-memory {\n\t\ta { size = <&x>; };\n\t};\n};\n", 2),
        ("x-heaps.dtsi", "/ {\n", 2),
        ("x-heaps.dtsi", "}", 1),
        (
            "x-heaps.dtsi",
            "/ { reserved-memory { #address-cells = <2>; #size-cells = <2>;\n a { reg = <0 1 2>; }; }; };",
            2,
        ),
    ],
)
def test_what_is_not_understood_is_an_error_with_its_line(path: str, text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        read_back({path: text}, "x")
    assert caught.value.line == line


@given(st.text(alphabet=st.sampled_from('{};=<>",/*# \n0x1&abc:@reserved-memory\\'), max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for path in ("x-heaps.dtsi", "ueventd.x.rc", "70-x-heaps.rules", "sepolicy/file_contexts", "cmdline.x.mk"):
        with suppress(ConfigError):
            read_back({path: text}, "x")


def test_nodes_within_nodes_have_an_end() -> None:
    with pytest.raises(ConfigError, match="more than 32 deep"):
        read_nodes("a {\n" * 5000, "x")


def test_a_tree_without_reserved_memory_has_no_node() -> None:
    assert read_nodes("/dts-v1/;\n/ { chosen { }; };\n", "x") == []

"""The device tree fragments, compiled by dtc, laid over a base by fdtoverlay, judged by dt-validate."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.config.shipped import list_configs
from bringup.errors import UsageError
from bringup.render.engine import Skipped, render
from tests.support.render.device_trees import BOARDS, DTS, KERNEL, OVERLAY, needs_dtc, pools, run, write
from tests.support.render.linux_trees import find_tree
from tests.support.render.shipped import CONFIGS, TEMPLATES, config

pytestmark = needs_dtc
every_board = pytest.mark.parametrize("name", BOARDS)
IN_ERAS = [
    (name, kernel) for kernel in ("5.10", KERNEL) for name in list_configs(CONFIGS) if pools(config(name), kernel)
]


def base(board: BoardConfig, folder: Path) -> Path:
    """A small device tree of our own with this board's root, and a pool of another kind in reserved-memory."""
    assert board.memory is not None
    width, length = board.memory.address_cells or 2, board.memory.size_cells or 2
    start = board.memory.base or 0
    compatible = ", ".join(f'"{name}"' for name in board.identity.compatible) if board.identity else ""
    cells = " ".join(["0x0"] * (width - 1) + [f"0x{start:x}"] + ["0x0"] * (length - 1) + ["0x40000000"])
    other = start + 0x1000000
    far = " ".join(["0x0"] * (width - 1) + [f"0x{other:x}"] + ["0x0"] * (length - 1) + ["0x100000"])
    source = folder / "base.dts"
    source.write_text(
        f"""/dts-v1/;
/ {{
	#address-cells = <{width}>;
	#size-cells = <{length}>;
	compatible = {compatible};
	model = "base";
	chosen {{ }};
	memory@{start:x} {{ device_type = "memory"; reg = <{cells}>; }};
	reserved-memory {{
		#address-cells = <{width}>;
		#size-cells = <{length}>;
		ranges;
		firmware@{other:x} {{ reg = <{far}>; no-map; }};
	}};
}};
"""
    )
    return source


def merged(board: BoardConfig, folder: Path, kernel: str = KERNEL) -> Path:
    """The base with the rendered overlay on it, as a boot loader would have it."""
    overlay, _ = write(board, folder, kernel)
    run("dtc", "-@", "-O", "dtb", "-o", "base.dtb", base(board, folder), cwd=folder)
    run("dtc", *OVERLAY, "-o", "overlay.dtbo", overlay, cwd=folder)
    run("fdtoverlay", "-i", "base.dtb", "-o", "merged.dtb", "overlay.dtbo", cwd=folder)
    return folder / "merged.dtb"


def cells(blob: Path, node: str, name: str) -> list[int]:
    return [int(word, 16) for word in run("fdtget", "-t", "x", blob, f"/reserved-memory/{node}", name).split()]


def numbers(values: list[int], *widths: int) -> list[int]:
    """Cells joined into numbers of these widths, repeated."""
    out, at = [], 0
    while at < len(values):
        for width in widths:
            number = 0
            for value in values[at : at + width]:
                number = number << 32 | value
            out.append(number)
            at += width
    return out


def check_pools(board: BoardConfig, blob: Path, kernel: str = KERNEL) -> None:
    """Every pool of the config is in the blob, with the promised properties and no other."""
    assert board.memory is not None
    width, length = board.memory.address_cells or 0, board.memory.size_cells or 0
    for node, region in pools(board, kernel).items():
        names = set(run("fdtget", "-p", blob, f"/reserved-memory/{node}").split()) - {"phandle"}
        wanted = {"compatible"}
        assert run("fdtget", blob, f"/reserved-memory/{node}", "compatible").strip() == "shared-dma-pool"
        if region.base is not None:
            wanted.add("reg")
            assert numbers(cells(blob, node, "reg"), width, length) == [region.base, region.size]
        else:
            wanted.add("size")
            assert numbers(cells(blob, node, "size"), length) == [region.size]
        if region.alignment:
            wanted.add("alignment")
            assert numbers(cells(blob, node, "alignment"), width) == [region.alignment]
        if region.alloc_ranges:
            wanted.add("alloc-ranges")
            spans = [number for span in region.alloc_ranges for number in (span.base, span.size)]
            assert numbers(cells(blob, node, "alloc-ranges"), width, length) == spans
        flags = {"reusable": region.reusable, "no-map": region.no_map, "linux,cma-default": region.default}
        assert names == wanted | {flag for flag, given in flags.items() if given}


@pytest.mark.parametrize(("name", "kernel"), IN_ERAS)
def test_the_overlay_compiles_silently_and_merges_as_promised(name: str, kernel: str, tmp_path: Path) -> None:
    blob = merged(config(name), tmp_path, kernel)
    check_pools(config(name), blob, kernel)
    nodes = run("fdtget", "-l", blob, "/reserved-memory").split()
    firmware = next(node for node in nodes if node.startswith("firmware@"))
    assert sorted(nodes) == sorted([*pools(config(name), kernel), firmware])


@every_board
def test_the_include_gives_the_same_tree(name: str, tmp_path: Path) -> None:
    blob = merged(config(name), tmp_path)
    source = tmp_path / "board.dts"
    source.write_text((tmp_path / "base.dts").read_text() + f'/include/ "{name}-heaps.dtsi"\n')
    run("dtc", "-@", "-O", "dtb", "-o", "board.dtb", source, cwd=tmp_path)

    def tree(path: Path) -> list[str]:
        text = run("dtc", "-I", "dtb", "-O", "dts", "-s", "-q", path)
        return [line for line in text.splitlines() if "phandle" not in line]

    assert tree(tmp_path / "board.dtb") == tree(blob)


def test_boards_without_pools_say_why() -> None:
    without = [name for name in list_configs(CONFIGS) if name not in BOARDS]
    assert without
    for name in without:
        for one in render("device-tree", config(name), kernel=KERNEL, dirs=TEMPLATES):
            assert isinstance(one, Skipped)
            assert "no pool of known size" in one.reason


HEAD = "name: x\ntitle: X\nidentity: {compatible: ['v,x']}\nmemory: {address_cells: 2, size_cells: %d}\nheaps:\n"


def board(heaps: str, size_cells: int = 2) -> BoardConfig:
    return load_text((HEAD % size_cells + heaps).encode(), "x")


def test_unknown_cells_are_asked_for() -> None:
    text = "name: x\ntitle: X\nheaps:\n  - {name: a, kind: cma, region: {declared_in: device-tree, size: 8 MiB, reusable: true}}\n"
    for one in render("device-tree", load_text(text.encode(), "x"), dirs=TEMPLATES):
        assert isinstance(one, Skipped)
        assert "#address-cells" in one.reason


def test_a_carveout_and_several_ranges_and_another_compatible(tmp_path: Path) -> None:
    given = board(
        """\
  - {name: fw, kind: carveout, region: {declared_in: device-tree, base: 0x1_0000_0000, size: 0x3000, no_map: true,
     node_name: fw@100000000}}
  - {name: dsp, kind: vendor, region: {declared_in: device-tree, size: 1 MiB, compatible: "vendor,pool"}}
  - {name: cam, kind: cma, region: {declared_in: device-tree, size: 8 MiB, reusable: true,
     alloc_ranges: [{base: 0x40000000, size: 64 MiB}, {base: 0x80000000, size: 64 MiB}, {base: 4 GiB, size: 1 GiB}]}}
"""
    )
    blob = merged(given, tmp_path)
    assert cells(blob, "fw@100000000", "reg") == [1, 0, 0, 0x3000]
    assert run("fdtget", "-p", blob, "/reserved-memory/fw@100000000").split() == ["phandle", "no-map", "reg"]
    assert run("fdtget", blob, "/reserved-memory/dsp", "compatible").strip() == "vendor,pool"
    assert cells(blob, "cam", "alloc-ranges") == [
        0,
        0x40000000,
        0,
        64 << 20,
        0,
        0x80000000,
        0,
        64 << 20,
        1,
        0,
        0,
        1 << 30,
    ]


def test_pools_of_one_stem_get_labels_of_their_own(tmp_path: Path) -> None:
    heap = (
        "  - {name: mem@%x, kind: cma, region: {declared_in: device-tree, base: 0x%x, size: 8 MiB, reusable: true}}\n"
    )
    given = board("".join(heap % (base, base) for base in (0x40000000, 0x50000000)))
    blob = merged(given, tmp_path)
    assert run("fdtget", "-p", blob, "/__symbols__").split() == ["heap_mem_50000000", "heap_mem_40000000"]


def test_a_size_that_does_not_fit_its_cells_is_refused() -> None:
    heap = "  - {name: a, kind: cma, region: {declared_in: device-tree, size: 8 GiB, reusable: true}}\n"
    with pytest.raises(UsageError, match="does not fit in 1 device tree cell"):
        render("device-tree", board(heap, size_cells=1), dirs=TEMPLATES)


@pytest.fixture(scope="module")
def dt_validate() -> Path:
    pytest.importorskip("dtschema", reason="dtschema is not installed (PyPI)")
    program = Path(sys.executable).parent / "dt-validate"
    if not program.is_file():
        pytest.skip("dt-validate is not beside this Python")
    return program


def verdict(program: Path, *blobs: Path) -> str:
    done = subprocess.run([str(program), *map(str, blobs)], capture_output=True, text=True, timeout=300, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def test_dt_validate_finds_nothing_in_any_boards_tree(dt_validate: Path, tmp_path: Path) -> None:
    blobs = []
    for name, kernel in IN_ERAS:
        folder = tmp_path / f"{name}-{kernel}"
        folder.mkdir()
        blobs.append(merged(config(name), folder, kernel).rename(f"{folder}.dtb"))
    assert _about_pools(verdict(dt_validate, *blobs)) == []


def _about_pools(text: str) -> list[str]:
    """Complaints but those about what the small base tree leaves out (CPUs)."""
    return [line for line in text.splitlines() if ".dtb: " in line and "'cpus' is a required" not in line]


def test_dt_validate_does_find_a_pool_that_is_both(dt_validate: Path, tmp_path: Path) -> None:
    blob = merged(config("vim3"), tmp_path)
    text = run("dtc", "-I", "dtb", "-O", "dts", "-q", blob)
    (tmp_path / "bad.dts").write_text(text.replace("reusable;", "reusable; no-map;"))
    run("dtc", "-q", "-O", "dtb", "-o", "bad.dtb", "bad.dts", cwd=tmp_path)
    assert any("linux,cma" in line for line in _about_pools(verdict(dt_validate, tmp_path / "bad.dtb")))


# Against the real thing, where it can be had.


def test_every_real_board_with_pools_has_a_base_tree_named() -> None:
    assert sorted(DTS) == sorted(name for name in BOARDS if not name.startswith("virtual-"))


@pytest.mark.kernels
@pytest.mark.parametrize("name", sorted(DTS))
def test_the_overlay_changes_nothing_in_the_kernels_own_tree_of_the_board(name: str, tmp_path: Path) -> None:
    """Our facts against the .dts they were read from: laid over it, the tree stays what it was, symbols apart."""
    tree = find_tree("newest")
    dts = tree / DTS[name]
    include = ["-nostdinc", f"-I{tree}/scripts/dtc/include-prefixes", f"-I{dts.parent}", "-undef", "-D__DTS__"]
    run("gcc", "-E", *include, "-x", "assembler-with-cpp", "-o", tmp_path / "pre.dts", dts)
    run("dtc", "-q", "-@", "-O", "dtb", "-o", tmp_path / "real.dtb", tmp_path / "pre.dts")
    overlay, _ = write(config(name), tmp_path)
    run("dtc", *OVERLAY, "-o", "overlay.dtbo", overlay, cwd=tmp_path)
    run("fdtoverlay", "-i", "real.dtb", "-o", "merged.dtb", "overlay.dtbo", cwd=tmp_path)

    def lines(path: Path) -> list[str]:
        text = run("dtc", "-I", "dtb", "-O", "dts", "-s", "-q", path)
        return [line for line in text.splitlines() if "heap_" not in line and "phandle" not in line]

    assert lines(tmp_path / "merged.dtb") == lines(tmp_path / "real.dtb")


@pytest.mark.parametrize("name", ["virtual-arm64-6.12", "virtual-arm64-7.x"])
def test_the_overlay_fits_qemus_own_tree(name: str, tmp_path: Path, dt_validate: Path) -> None:
    if not shutil.which("qemu-system-aarch64"):
        pytest.skip("qemu-system-aarch64 is not installed (Debian: qemu-system-arm)")
    dump = f"virt,dumpdtb={tmp_path}/real.dtb"
    argv = ["qemu-system-aarch64", "-M", dump, "-cpu", "cortex-a53", "-m", "512", "-display", "none"]
    subprocess.run(argv, check=True, capture_output=True, timeout=300)
    identity = config(name).identity
    assert identity is not None
    assert run("fdtget", tmp_path / "real.dtb", "/", "compatible").split() == list(identity.compatible)
    overlay, _ = write(config(name), tmp_path)
    run("dtc", *OVERLAY, "-o", "overlay.dtbo", overlay, cwd=tmp_path)
    run("fdtoverlay", "-i", "real.dtb", "-o", "merged.dtb", "overlay.dtbo", cwd=tmp_path)
    check_pools(config(name), tmp_path / "merged.dtb")
    memory = run("fdtget", "-t", "x", tmp_path / "merged.dtb", "/memory@40000000", "reg").split()
    assert memory == ["0", "40000000", "0", "20000000"]
    complaints = _about_pools(verdict(dt_validate, tmp_path / "merged.dtb"))
    assert not [line for line in complaints if "reserved-memory" in line or "linux,cma" in line or "video" in line]

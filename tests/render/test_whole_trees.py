"""The overlays on whole trees of their boards: dt-validate, by the kernel's own bindings, finds no more than before.

A board's tree is built from its .dts in the kernel's source; the pools that are our overlay's are taken out of it first, so
that it is the overlay that brings them. Boards without a pool of known size have no overlay (test_device_tree.py).
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.render.bindings import Complaint, complaints, processed
from tests.support.render.device_trees import DTS, OVERLAY, needs_dtc, pools, run, write
from tests.support.render.linux_trees import find_tree, series
from tests.support.render.shipped import config

pytestmark = [needs_dtc, pytest.mark.kernels]
#: Boards that a kernel has no .dts of yet.
NOT_YET: dict[str, set[str]] = {"5.10": {"rb3gen2", "rpi5"}, "6.12": set(), "newest": set()}
RESERVED = "/reserved-memory/"


@dataclass(frozen=True)
class Tree:
    """A board's tree without our pools, with our overlay on it, and with a wrong property in each of our nodes."""

    base: Path
    merged: Path
    planted: Path
    nodes: frozenset[str]


def build(name: str, linux: Path, folder: Path) -> Tree:
    folder.mkdir()
    dts = next(linux.glob(f"arch/arm*/boot/dts/**/{Path(DTS[name]).name}"))
    include = ["-nostdinc", f"-I{linux}/scripts/dtc/include-prefixes", f"-I{dts.parent}", "-undef", "-D__DTS__"]
    run("gcc", "-E", *include, "-x", "assembler-with-cpp", "-o", folder / "board.dts", dts)
    run("dtc", "-q", "-@", "-O", "dtb", "-o", "base.dtb", "board.dts", cwd=folder)
    kernel = "{}.{}".format(*series(linux))
    nodes = set(pools(config(name), kernel))
    there = set(run("fdtget", "-l", folder / "base.dtb", "/reserved-memory").split())
    for node in nodes & there:
        run("fdtput", "-r", folder / "base.dtb", f"{RESERVED}{node}")
    overlay, _ = write(config(name), folder, kernel)
    run("dtc", *OVERLAY, "-o", "overlay.dtbo", overlay, cwd=folder)
    run("fdtoverlay", "-i", "base.dtb", "-o", "merged.dtb", "overlay.dtbo", cwd=folder)
    (folder / "planted.dtb").write_bytes((folder / "merged.dtb").read_bytes())
    for node in nodes:
        run("fdtput", "-t", "s", folder / "planted.dtb", f"{RESERVED}{node}", "bringup,no-such-property", "1")
    assert set(run("fdtget", "-l", folder / "merged.dtb", "/reserved-memory").split()) == there | nodes
    return Tree(folder / "base.dtb", folder / "merged.dtb", folder / "planted.dtb", frozenset(nodes))


def trees(era: str, folder: Path) -> dict[str, Tree]:
    linux = find_tree(era)
    kernel = "{}.{}".format(*series(linux))
    with_pools = {name for name in DTS if pools(config(name), kernel)}
    return {name: build(name, linux, folder / name) for name in sorted(with_pools - NOT_YET[era])}


def added(before: list[Complaint], after: list[Complaint]) -> list[Complaint]:
    return sorted((Counter(after) - Counter(before)).elements(), key=str)


@pytest.mark.parametrize("era", sorted(NOT_YET))
def test_the_schemas_of_reserved_memory_find_nothing_in_our_nodes_and_do_look_at_them(era: str, tmp_path: Path) -> None:
    """Every node of ours was matched by a schema: what is wrong in it is seen."""
    boards = trees(era, tmp_path)
    assert len(boards) >= 3
    blobs = [blob for tree in boards.values() for blob in (tree.base, tree.merged, tree.planted)]
    found = complaints(processed(find_tree("newest")), blobs, tmp_path, "reserved-memory")
    for name, tree in boards.items():
        assert added(found[tree.base], found[tree.merged]) == [], name
        planted = added(found[tree.merged], found[tree.planted])
        seen = {one.node for one in planted if "bringup,no-such-property" in one.message}
        assert seen == {f"{RESERVED}{node}" for node in tree.nodes}, name
        assert all("shared-dma-pool.yaml" in one.schema for one in planted), name


def test_no_schema_of_the_kernel_finds_anything_that_the_overlay_brings(tmp_path: Path) -> None:
    """All schemas on all nodes. Where the kernel's own tree has complaints, they are the same with the overlay."""
    schema, boards = processed(find_tree("newest")), trees("newest", tmp_path)
    by_size = sorted((tree.merged for tree in boards.values()), key=lambda blob: -blob.stat().st_size)
    halves = [by_size[0::2], by_size[1::2]]
    for number, _ in enumerate(halves):
        (tmp_path / f"half-{number}").mkdir()
    with ThreadPoolExecutor(len(halves)) as both:
        parts = [
            both.submit(complaints, schema, half, tmp_path / f"half-{number}") for number, half in enumerate(halves)
        ]
        after = {blob: said for part in parts for blob, said in part.result().items()}
    assert set(after) == set(by_size)
    wrong = [tree for tree in boards.values() if after[tree.merged]]
    before = complaints(schema, [tree.base for tree in wrong], tmp_path) if wrong else {}
    for tree in wrong:
        assert added(before[tree.base], after[tree.merged]) == []
    assert len(wrong) < len(boards) / 2, "most trees of the kernel are clean by its own bindings"

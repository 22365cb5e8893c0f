"""The fragment ramoops: compiled by dtc, read back by fdtget; nothing without address and size."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.config.load import load_text
from bringup.render.engine import Rendered, Skipped, render
from tests.support.render.bindings import complaints, processed
from tests.support.render.device_trees import needs_dtc, run
from tests.support.render.linux_trees import find_tree
from tests.support.render.parsers import read_kconfig
from tests.support.render.shipped import TEMPLATES, config

BOARD = """\
name: x
title: X
memory: {address_cells: 2, size_cells: 2}
ramoops: {base: 0x1b0000000, size: 1 MiB, record_size: 64 KiB, console_size: 256 KiB%s}
"""
ROOT = '/dts-v1/;\n/ { #address-cells = <2>; #size-cells = <2>; model = "x"; compatible = "x"; };\n/include/ "x-ramoops.dtsi"\n'


def rendered(more: str = "") -> dict[str, str]:
    done = render("ramoops", load_text((BOARD % more).encode(), "x"), kernel="6.12", dirs=TEMPLATES)
    return {one.path: one.text for one in done if isinstance(one, Rendered)}


@needs_dtc
def test_the_node_is_what_the_driver_reads(tmp_path: Path) -> None:
    (tmp_path / "x-ramoops.dtsi").write_text(rendered()["x-ramoops.dtsi"])
    (tmp_path / "x.dts").write_text(ROOT)
    run("dtc", "-O", "dtb", "-o", "x.dtb", "x.dts", cwd=tmp_path)
    node = "/reserved-memory/ramoops@1b0000000"
    wanted = {"reg": "1 b0000000 0 100000", "record-size": "10000", "console-size": "40000"}
    found = {name: run("fdtget", "-t", "x", tmp_path / "x.dtb", node, name).strip() for name in wanted}
    assert found == wanted
    assert run("fdtget", tmp_path / "x.dtb", node, "compatible").strip() == "ramoops"
    assert run("fdtget", "-p", tmp_path / "x.dtb", node).split() == ["compatible", *wanted]


@needs_dtc
@pytest.mark.kernels
def test_the_kernels_own_binding_accepts_the_node_and_does_look_at_it(tmp_path: Path) -> None:
    """By dt-validate, with every part that a board config can ask for; a planted property is seen."""
    text = rendered(", pmsg_size: 64 KiB, ftrace_size: 64 KiB")["x-ramoops.dtsi"]
    (tmp_path / "x-ramoops.dtsi").write_text(text)
    (tmp_path / "x.dts").write_text(ROOT)
    run("dtc", "-O", "dtb", "-o", "x.dtb", "x.dts", cwd=tmp_path)
    (tmp_path / "planted.dtb").write_bytes((tmp_path / "x.dtb").read_bytes())
    node = "/reserved-memory/ramoops@1b0000000"
    run("fdtput", "-t", "s", tmp_path / "planted.dtb", node, "bringup,no-such-property", "1")
    blobs = [tmp_path / "x.dtb", tmp_path / "planted.dtb"]
    found = complaints(processed(find_tree("newest")), blobs, tmp_path, "reserved-memory")
    assert found[blobs[0]] == []
    assert any("bringup,no-such-property" in one.message for one in found[blobs[1]] if one.node == node)


def test_options_follow_the_parts() -> None:
    options = {"PSTORE": "y", "PSTORE_RAM": "y", "PSTORE_CONSOLE": "y"}
    assert read_kconfig(rendered()["x-ramoops.config"]) == options
    assert read_kconfig(rendered(", pmsg_size: 64 KiB")["x-ramoops.config"]) == options | {"PSTORE_PMSG": "y"}


def test_no_address_is_invented() -> None:
    done = render("ramoops", config("vim3"), dirs=TEMPLATES)
    assert done
    assert all(isinstance(one, Skipped) and "ramoops.base" in one.reason for one in done)

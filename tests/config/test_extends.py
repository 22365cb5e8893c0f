"""One config on top of another: merged by key and by heap name, with sources and places kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.config.load import load_config
from bringup.config.schema import BoardConfig, HeapKind
from bringup.errors import ConfigError
from tests.support.sources import unsourced

PARENT = """\
name: soc
title: A SoC
sources: {dts: soc.dtsi, rc: soc.rc}
soc: {name: SoC, vendor: Maker, source: dts}
memory: {base: 0x80000000, address_cells: 2, source: dts}
heaps:
  - name: system
    kind: system
    node: {mode: "0444", owner: system, group: system}
    source: {kind: dts, node: rc}
  - name: video
    kind: vendor
    source: dts
notes:
  - {text: from the parent, source: dts}
"""
CHILD = """\
name: board
title: A board
extends: soc
sources: {dts: board.dts}
memory: {size: 1 GiB, source: dts}
heaps:
  - name: video
    required: false
    source: dts
  - name: own
    kind: cma
    source: dts
notes:
  - {text: from the child, source: dts}
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def load(folder: Path, name: str = "board") -> BoardConfig:
    return load_config(folder / f"{name}.yaml")


def test_blocks_are_merged_and_every_fact_keeps_its_own_source(tmp_path: Path) -> None:
    config = load(write(tmp_path, soc=PARENT, board=CHILD))
    assert (config.name, config.title, config.extends) == ("board", "A board", "soc")
    assert config.memory is not None
    assert (config.memory.base, config.memory.size) == (0x80000000, 1 << 30)
    assert config.memory.source == {"base": ("soc:dts",), "address_cells": ("soc:dts",), "size": ("dts",)}
    assert config.sources == {"soc:dts": "soc.dtsi", "soc:rc": "soc.rc", "dts": "board.dts"}
    assert config.soc is not None
    assert config.soc.source == {"name": ("soc:dts",), "vendor": ("soc:dts",)}
    assert unsourced(config) == ()


def test_heaps_are_merged_by_name_and_new_ones_follow(tmp_path: Path) -> None:
    config = load(write(tmp_path, soc=PARENT, board=CHILD))
    assert [heap.name for heap in config.heaps] == ["system", "video", "own"]
    video = config.heaps[1]
    assert (video.kind, video.required) == (HeapKind.VENDOR, False)
    assert video.source["required"] == ("dts",)
    assert video.source["kind"] == ("soc:dts",)
    assert config.heaps[0].source == {"kind": ("soc:dts",), "node": ("soc:rc",)}


def test_notes_are_added_up(tmp_path: Path) -> None:
    config = load(write(tmp_path, soc=PARENT, board=CHILD))
    assert [note.text for note in config.notes] == ["from the parent", "from the child"]


def test_other_lists_are_replaced(tmp_path: Path) -> None:
    parent = PARENT + "kernel: {versions: ['5.10', '6.1'], modules: [system_heap], source: dts}\n"
    child = CHILD + "kernel: {versions: ['6.12'], source: dts}\n"
    config = load(write(tmp_path, soc=parent, board=child))
    assert config.kernel is not None
    assert config.kernel.versions == ("6.12",)
    assert config.kernel.modules == ("system_heap",)


def test_three_levels(tmp_path: Path) -> None:
    family = PARENT.replace("name: soc\n", "name: family\n")
    soc = "name: soc\ntitle: The SoC\nextends: family\nsources: {x: y}\nsoc: {name: Newer, source: x}\n"
    config = load(write(tmp_path, family=family, soc=soc, board=CHILD))
    assert config.soc is not None
    assert (config.soc.name, config.soc.vendor) == ("Newer", "Maker")
    assert config.soc.source == {"name": ("soc:x",), "vendor": ("family:dts",)}


def test_an_error_in_the_parent_is_reported_at_the_parents_place(tmp_path: Path) -> None:
    write(tmp_path, soc=PARENT.replace("kind: vendor", "kind: vendr"), board=CHILD)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert (Path(caught.value.path).name, caught.value.line, caught.value.column) == ("soc.yaml", 12, 11)


def test_a_rule_broken_by_both_together_is_reported_at_the_childs_place(tmp_path: Path) -> None:
    child = CHILD.replace("- name: own\n    kind: cma", "- name: own\n    kind: cma\n    aliases: [{name: video}]")
    write(tmp_path, soc=PARENT, board=child)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert "alias 'video' is already a name of heap 'video'" in str(caught.value)
    assert (Path(caught.value.path).name, caught.value.line) == ("board.yaml", 12)


def test_a_circle_is_reported(tmp_path: Path) -> None:
    write(tmp_path, soc=PARENT + "extends: board\n", board=CHILD)
    with pytest.raises(ConfigError, match="circle: board → soc → board") as caught:
        load(tmp_path)
    assert Path(caught.value.path).name == "soc.yaml"


def test_a_config_that_extends_itself_is_reported(tmp_path: Path) -> None:
    write(tmp_path, board=CHILD.replace("extends: soc", "extends: board"))
    with pytest.raises(ConfigError, match="circle: board → board"):
        load(tmp_path)


def test_a_parent_that_is_not_there_is_reported_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, board=CHILD)
    with pytest.raises(ConfigError, match="no config named 'soc' to extend") as caught:
        load(tmp_path)
    assert (caught.value.line, caught.value.column) == (3, 10)


def test_a_parent_outside_the_folders_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path, soc=PARENT)
    write(tmp_path / "in", board=CHILD.replace("extends: soc", "extends: ../soc"))
    with pytest.raises(ConfigError):
        load(tmp_path / "in")


def test_very_long_chains_are_refused(tmp_path: Path) -> None:
    for number in range(12):
        below = f"extends: c{number + 1}\n" if number < 11 else ""
        (tmp_path / f"c{number}.yaml").write_text(f"name: c{number}\ntitle: t\n{below}")
    with pytest.raises(ConfigError, match="more than 8 configs"):
        load(tmp_path, "c0")

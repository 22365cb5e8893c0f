"""docs/board-configs.md shows what is so: its example loads, its error is the real one, its tables name everything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bringup.config.load import load_config
from bringup.config.match import Observed, match_board
from bringup.config.schema import BoardConfig
from bringup.config.shipped import find_config, find_path, load_all, shipped_dir
from bringup.errors import ConfigError, UsageError
from bringup.render.engine import Rendered, render
from bringup.render.fragments import fragments
from tests.support.sources import unsourced

DOC = Path(__file__).parents[2] / "docs/board-configs.md"
TEXT = DOC.read_text() if DOC.is_file() else ""
CONFIGS = [shipped_dir("device-configs")]
TEMPLATES = [shipped_dir("templates")]
pytestmark = pytest.mark.skipif(not TEXT, reason="the documentation is not in this tree")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


def load(text: str, folder: Path, name: str) -> BoardConfig:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return load_config(path, lambda parent: find_path(parent, CONFIGS))


def test_the_example_is_the_shipped_config(tmp_path: Path) -> None:
    example = load(block("yaml"), tmp_path, "am62x-sk")
    shipped = find_config("am62x-sk", CONFIGS)
    assert unsourced(example) == ()
    assert (example.identity, example.memory, example.heaps) == (shipped.identity, shipped.memory, shipped.heaps)


def test_every_field_of_the_schema_is_in_the_tables() -> None:
    named = set(re.findall(r"`([a-z_]+)`", TEXT))
    for model in (
        "Identity",
        "Soc",
        "Memory",
        "Kernel",
        "Android",
        "Heap",
        "Region",
        "DeviceNode",
        "UsageRule",
        "IonHeap",
    ):
        import bringup.config.schema as schema

        for field in getattr(schema, model).model_fields:
            assert field in named, f"{model}.{field}"
    assert set(BoardConfig.model_fields) <= named


def test_the_error_shown_is_the_real_one(tmp_path: Path) -> None:
    shown = [line.strip() for line in TEXT.splitlines() if "rb6.yaml:" in line]
    text = """\
name: rb6
title: A board of mine
extends: common/android
sources:
  dts: "our tree, arch/arm64/boot/dts/vendor/rb6.dts"
heaps:
  - name: "linux,cma"
    kind: cma
    requierd: true
    region: {declared_in: device-tree, size: 64 MB, reusable: true}
    source: dts
"""
    with pytest.raises(ConfigError) as caught:
        load(text, tmp_path, "rb6")
    told = f"bringup: {caught.value}".replace(f"{tmp_path}/", "").splitlines()
    assert told == shown


def test_the_ambiguous_match_shown_is_the_real_one() -> None:
    match = match_board(Observed(None, {"ro.hardware": "yukawa"}), load_all(CONFIGS))
    assert f"    {match.explanation}\n" in TEXT


def test_every_fragment_is_in_the_table() -> None:
    for fragment in fragments(TEMPLATES):
        assert f"| `{fragment.id}` |" in TEXT


def test_the_refusal_shown_is_the_real_one(tmp_path: Path) -> None:
    heap = "  - {name: two words, kind: vendor, node: {mode: '0444', owner: system, group: system}}\n"
    config = load(f"name: demo\ntitle: D\nheaps:\n{heap}", tmp_path, "demo")
    with pytest.raises(UsageError) as caught:
        render("ueventd", config, dirs=TEMPLATES)
    shown = " ".join(TEXT.split())
    assert f"bringup: {caught.value}" in shown
    assert caught.value.hint.replace(f"{TEMPLATES[0]}/", "templates/") in shown


def test_the_template_shown_renders(tmp_path: Path) -> None:
    (tmp_path / "mine.j2").write_text(block("jinja"))
    (done,) = render("my-list", find_config("vim3", CONFIGS), dirs=[tmp_path, *TEMPLATES])
    assert isinstance(done, Rendered)
    assert done.path == "heaps.vim3.txt"
    assert done.text.endswith("\n/dev/dma_heap/system\n/dev/dma_heap/linux,cma\n")

"""A template made by a test, rendered for a small board config."""

from __future__ import annotations

from pathlib import Path

from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.config.shipped import shipped_dir
from bringup.render.engine import Rendered, render

SHIPPED = shipped_dir("templates")
HEAD = "{#---\nfragment: demo\ntitle: A demo\noutput: demo.{board}.txt\nlanguage: LANG\n---#}\n"
BOARD = """\
name: demo
title: Demo
heaps:
  - {name: system, kind: system, node: {mode: "0444", owner: system, group: system}}
"""


def board(text: str = BOARD) -> BoardConfig:
    return load_text(text.encode(), "demo.yaml")


def template(folder: Path, body: str, language: str = "ueventd", name: str = "demo.j2") -> list[Path]:
    (folder / name).write_text(HEAD.replace("LANG", language) + body)
    return [folder, SHIPPED]


def one(folder: Path, body: str, language: str = "ueventd", config: BoardConfig | None = None) -> str:
    (rendered,) = render("demo", config or board(), dirs=template(folder, body, language))
    assert isinstance(rendered, Rendered)
    return rendered.text

"""The fuzz targets hold for their seeds, and for what is cut from them. ``make fuzz`` looks further."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from fuzz.__main__ import targets

ROOT = Path(__file__).parent.parent / "fuzz"
TARGETS = targets()


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_and_what_is_cut_from_them(name: str) -> None:
    target = importlib.import_module(f"fuzz.targets.{name}")
    seeds = sorted((ROOT / "corpus" / name).iterdir())
    assert seeds, "a target without seeds finds little"
    target.one(b"")
    for seed in seeds:
        data = seed.read_bytes()
        assert len(data) <= 1 << 16, "a seed is small"
        target.one(data)
        target.one(data[: len(data) // 2])
        target.one(data.replace(b"1", b"\xff").replace(b":", b"::"))


def test_there_is_no_corpus_without_a_target() -> None:
    assert {path.name for path in (ROOT / "corpus").iterdir()} == set(TARGETS)

"""Each rule hits what it names, and nothing that only looks like it; what it says of replacements hangs on the board."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bringup.config.shipped import find_config
from bringup.errors import UsageError
from bringup.scan.document import Hit
from bringup.scan.files import Source
from bringup.scan.rule import Rule, kind_of
from bringup.scan.rules import RULES, chosen_rules
from bringup.scan.tree import hits_of
from tests.support.scan.lines import LINES

HITS = [(rule, *line) for rule, lines in LINES.items() for line in lines]


def hits(name: str, text: str, board: str | None = None) -> list[Hit]:
    kind = kind_of(Path(name).name)
    assert kind is not None
    return hits_of(Source(name, kind, text.encode()), RULES, find_config(board) if board else None)


def test_every_rule_has_lines() -> None:
    assert list(LINES) == [rule.id for rule in RULES]
    assert all(near for *_, near in HITS)


@pytest.mark.parametrize(("rule", "name", "line", "near"), HITS)
def test_a_hit_and_what_only_looks_like_it(rule: str, name: str, line: str, near: tuple[str, ...]) -> None:
    found = [hit for hit in hits(name, f"\n{line}\n") if hit.rule == rule]
    assert [(hit.line, hit.text) for hit in found] == [(2, " ".join(line.split()))]
    assert all(found[0].replacement.splitlines())
    assert [hit.rule for one in near for hit in hits(name, f"{one}\n") if hit.rule == rule] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_why_since_when_and_by_which_source(rule: Rule) -> None:
    description = msgspec.to_builtins(rule.description)
    assert all(description[key] for key in ("title", "files", "why", "replacement", "since", "source"))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("/* ion_open\n ion_open */ ion_open();\n", [2]),
        ("// ion_open \\\n ion_open\nion_open();\n", [3]),
        ("// ion_open \\\r\n ion_open\r\nion_open();\r\n", [3]),
        ('x = "/* "; ion_open(); /* */\n', [1]),
        ('x = "\\""; ion_open();\nc = \'"\'; ion_open(); d = \'"\';\n', [1, 2]),
        ("n = 1'000; ion_open(); m = 2'000;\n", [1]),
        ('x = R"q(\nion_open() " )q"; ion_open();\n', [2]),
        ("x = 'open\nion_open();\n", [2]),
        ('x = "open\nion_open();\n', [2]),
        ("ion_open(); /* never closed\nion_open();\n", [1]),
        ("// café\nion_open();", [2]),
    ],
)
def test_comments_and_literals_of_c(text: str, lines: list[int]) -> None:
    assert [hit.line for hit in hits("a.cpp", text)] == lines


def test_comments_of_make_go_on_over_a_backslash() -> None:
    assert [hit.line for hit in hits("Android.mk", "# x \\\n  libion\nX := libion # libion\n")] == [3]


def heap(line: str, board: str | None = None, rule: str = "ion.heap") -> str:
    (found,) = (hit for hit in hits("a.c", line, board) if hit.rule == rule)
    assert found.replacement.startswith("for ")
    return found.replacement.partition("\n")[2]


def test_the_heap_that_replaces_a_mask_in_general() -> None:
    assert heap("f(ION_HEAP_SYSTEM_MASK, ION_FLAG_CACHED);").startswith("system:")
    assert "system-uncached" in heap("f(ION_HEAP_SYSTEM_MASK, flags);")
    assert "default_cma_region from 6.17 on" in heap("f(ION_HEAP_TYPE_DMA_MASK, 0);")
    assert "mainline has no heap of this kind" in heap("f(ION_HEAP_CARVEOUT_MASK, 0);")
    assert "mainline has no heap of this kind" in heap("f(ION_HEAP_TYPE_CHUNK);")
    assert "vendor" in heap("f(ION_HEAP_QSECOM_ID, 0);")


def test_the_heap_that_replaces_a_mask_on_a_board() -> None:
    assert heap("f(ION_HEAP_TYPE_DMA_MASK, 0);", "vim3").startswith("linux,cma")
    assert "default_cma_region (from 6.17 on)" in heap("f(ION_HEAP_TYPE_DMA_MASK, 0);", "vim3")
    assert heap("f(ION_HEAP_SYSTEM_MASK);", "virtual-arm64-5.10").startswith("system: on virtual-arm64-5.10")
    name = heap('f("ion_system_heap");', "virtual-arm64-5.10", "ion.heap-name")
    assert name == "system: on virtual-arm64-5.10 it replaces the ION heap ion_system_heap (cached)"
    assert heap("f(ION_HEAP_CARVEOUT_MASK);", "vim3").startswith("vim3 names no heap that replaces ION_HEAP_CARVEOUT")
    assert heap("f(ION_HEAP_TYPE_CHUNK);", "vim3").startswith("vim3 names no heap")
    assert heap("x.heap_id_mask = 1;", "vim3") == heap("x.heap_id_mask = 1;")


def test_of_heaps_of_one_mask_a_cached_line_takes_the_cached_one() -> None:
    line = "f(ION_HEAP_SYSTEM_MASK, {});"
    assert len(heap(line.format("flags"), "hikey960").splitlines()) >= 1
    cached = heap(line.format("ION_FLAG_CACHED"), "hikey960")
    assert all("cached)" in one for one in cached.splitlines())


def test_rules_are_chosen_by_id() -> None:
    assert [rule.id for rule in chosen_rules(["ion.alloc", "ion.device"])] == ["ion.device", "ion.alloc"]
    with pytest.raises(UsageError, match=r"no rule 'ion\.aloc'") as wrong:
        chosen_rules(["ion.aloc"])
    assert "ion.alloc" in wrong.value.hint

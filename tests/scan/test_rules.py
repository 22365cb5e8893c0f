"""Each rule hits what it names, and nothing that only looks like it; what it says of replacements hangs on the board."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bringup.config.load import load_text
from bringup.config.shipped import find_config
from bringup.errors import UsageError
from bringup.scan.description import describe, languages_of
from bringup.scan.document import Hit
from bringup.scan.knowledge.entry import Entry
from bringup.scan.knowledge.shipped import knowledge
from bringup.scan.language import ELF_MAGIC, Language, language_of
from bringup.scan.readers.read import read
from bringup.scan.readers.source import Source
from bringup.scan.rule import Rule
from bringup.scan.rules import RULES, chosen_rules
from bringup.scan.settle import settle
from tests.support.scan.lines import LINES

HITS = [(rule, *line) for rule, lines in LINES.items() for line in lines]


def hits(name: str, text: str, board: str | None = None) -> list[Hit]:
    language = language_of(Path(name).name)
    assert language is not None
    reading = read(Source(name, language, text.encode()), find_config(board) if board else None)
    return list(settle([reading]))


def test_every_rule_has_lines() -> None:
    assert set(LINES) == {rule.id for rule in RULES}
    assert all(near for *_, near in HITS)


@pytest.mark.parametrize(("rule", "name", "line", "near"), HITS)
def test_a_hit_and_what_only_looks_like_it(rule: str, name: str, line: str, near: tuple[str, ...]) -> None:
    found = [hit for hit in hits(name, f"\n{line}\n") if hit.rule == rule]
    assert [(hit.line, hit.text) for hit in found] == [(2, " ".join(line.split()))]
    assert all(found[0].replacement.splitlines())
    assert [hit.rule for one in near for hit in hits(name, f"{one}\n") if hit.rule == rule] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_why_since_when_and_by_which_source(rule: Rule) -> None:
    description = msgspec.to_builtins(describe(rule))
    assert all(description[key] for key in ("title", "files", "why", "replacement", "since", "source"))


#: What a name can stand in, by some language.
PLACES = (
    '{}\n"{}"\n#include <{}>\nopen("{}.so"); "{}.ko"\n-l{}\n{}.ko\n',
    "#ifdef {}\n{}=y\nconfig {}\n{}=0\nu:object_r:{}:s0\n",
    "  depends on {}\nblocklist {}\ncompatible = '{}';\n",
)


def rules_seen(entry: Entry, language: Language) -> set[str]:
    if entry.name.startswith("CONFIG_") and language is Language.KCONFIG:
        return {entry.rule}
    name = entry.name.replace("*", "X")
    data = "".join(place.replace("{}", name) for place in PLACES).encode()
    data = ELF_MAGIC + data.replace(b"\n", b"\0") if language is Language.ELF else data
    return {use.rule for use in read(Source("a", language, data)).uses}


def test_the_languages_of_a_rule_are_those_in_which_it_finds_something() -> None:
    """One name per rule and kind stands in every language, at every place that some language gives it."""
    entries = {(entry.rule, entry.kind, entry.shared): entry for entry in knowledge().entries if not entry.is_family}
    for language in Language:
        seen = set().union(*(rules_seen(entry, language) for entry in entries.values()))
        said = {rule.id for rule in RULES if language in languages_of(rule.id) and rule.ion}
        # functions that an ELF file takes from elsewhere are in its tables: test_elf.py
        assert said - seen <= ({entry.rule for entry in entries.values()} if language is Language.ELF else set()), (
            language
        )
        assert seen <= said, language


@pytest.mark.parametrize(
    ("name", "text", "rules"),
    [
        ("modules.load", "/dev/ion\n", []),
        ("modules.load", "ion\nion.ko\n", ["ion.module", "ion.module"]),
        ("a.py", "find('ion_system_heap')\n", ["ion.heap-name"]),
        ("a.py", "ion_system_heap = 1\n", []),
        ("a.rs", 'find("ion_system_heap")\n', ["ion.heap-name"]),
    ],
)
def test_what_a_language_lets_a_name_be(name: str, text: str, rules: list[str]) -> None:
    assert [hit.rule for hit in hits(name, text)] == rules


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


TWO_HEAPS = """
name: two-heaps
title: A board with two heaps of one mask
heaps:
  - {name: camera, kind: vendor, replaces: {name: ion_system_heap, legacy_mask: [ION_HEAP_SYSTEM_MASK], flags: [ION_FLAG_CACHED]}}
  - {name: display, kind: vendor, replaces: {name: ion_system_heap, legacy_mask: [ION_HEAP_SYSTEM_MASK]}}
"""


@pytest.mark.parametrize(
    ("flags", "heaps"),
    [("ION_FLAG_CACHED", "camera"), ("0", "display"), ("flags", "camera, display"), ("ION_FLAG_SECURE", None)],
)
def test_of_heaps_of_one_mask_a_call_takes_the_ones_that_are_cached_as_it_asks(flags: str, heaps: str | None) -> None:
    board = load_text(TWO_HEAPS.encode(), "two-heaps.yaml")
    call = f"ion_alloc_fd(fd, n, 0, ION_HEAP_SYSTEM_MASK, {flags}, &out);\n"
    reading = read(Source("a.c", Language.C, call.encode()), board)
    (use,) = (use for use in settle([reading]) if use.word == "ION_HEAP_SYSTEM_MASK")
    assert use.heap == heaps or (
        heaps is None and use.heap == "protected" and "two-heaps names no heap" in use.replacement
    )


def test_rules_are_chosen_by_id() -> None:
    assert [rule.id for rule in chosen_rules(["ion.alloc", "ion.device"])] == ["ion.device", "ion.alloc"]
    with pytest.raises(UsageError, match=r"no rule 'ion\.aloc'") as wrong:
        chosen_rules(["ion.aloc"])
    assert "ion.alloc" in wrong.value.hint

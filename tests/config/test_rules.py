"""Rules beyond the shape: each with a config that keeps it and one that breaks it."""

from __future__ import annotations

import re

import pytest

from bringup.config.load import load_text
from bringup.config.rules import cma_granule
from bringup.errors import ConfigError

HEAD = """\
name: demo
title: Demo
sources: {s: a source}
memory: {base: 0x80000000, size: 1 GiB, source: s}
kernel: {page_sizes: [PAGES], arch: arm64, source: s}
heaps:
"""


def heap(body: str, name: str = "pool", kind: str = "cma") -> str:
    """One heap; a pool with a fixed base is called after it, as the rules want."""
    base = re.search(r"\{declared_in: device-tree[^[]*base: 0x([0-9a-f]+)", body)
    name = f"{name}@{base[1]}" if base and "@" not in name else name
    head = f"  - name: {name}\n    kind: {kind}\n    source: s\n"
    return head + "".join(f"    {line}\n" for line in body.splitlines())


def region(**fields: object) -> str:
    given = {"declared_in": "device-tree", "reusable": "true", "size": "16 MiB", **fields}
    body = ", ".join(f"{key}: {value}" for key, value in given.items() if value is not None)
    return f"region: {{{body}}}"


def load(*heaps: str, pages: str = "4 KiB") -> None:
    """Load a board with these heaps; what follows a '#' goes to its kernel's command line."""
    body, _, cmdline = "".join(heaps).partition("#")
    head = HEAD.replace("PAGES", pages)
    if cmdline:
        head = head.replace("arch: arm64", f"arch: arm64, cmdline: ['{cmdline}']")
    load_text((head + body).encode(), "demo.yaml")


RIGHT = [
    heap(region()),
    heap(region(alignment="4 MiB")),
    heap(region(base="0x90000000")),
    heap(region(base="0x80000000", size="1 GiB")),
    heap(region(base="0xbf000000")),
    heap(region(alignment="4 MiB", alloc_ranges="[{base: 0x80000000, size: 32 MiB}]")),
    heap(region(size=None)),
    heap(region(default="true")),
    heap("region: {declared_in: kconfig, size: 64 MiB, default: true}"),
    heap("region: {declared_in: cmdline, size: 64 MiB}"),
    heap(region(base="0x90000000"), "a") + heap(region(base="0x91000000"), "b"),
    heap("region: {declared_in: device-tree, base: 0x90000000, size: 0x1000, no_map: true}", kind="carveout"),
    heap("usage: [{all: [PROTECTED], none: [CPU_READ_MASK]}]"),
    heap("region: {declared_in: cmdline, size: 64 MiB}") + "#cma=64M",
    heap("region: {declared_in: cmdline, size: 64 MiB}") + "#cma=0x4000000@0x80000000-0xa0000000",
    heap("region: {declared_in: cmdline, size: 64 MiB}") + "#cma=65536k@2g",
    heap("region: {declared_in: cmdline}") + "#cma=1G",
    heap("required: true") + "#cma=0",
    heap(region(base="0x90000000", node_name="pool@0"), "pool@0"),
    heap(region(node_name="pool@1"), "pool@1"),
    heap("first: '5.10'\nlast: '6.12'\naliases: [{name: other, first: '6.12', last: '6.12'}]"),
]


@pytest.mark.parametrize("body", RIGHT)
def test_what_keeps_the_rules_loads(body: str) -> None:
    load(body)


WRONG = [
    (heap(region(no_map="true")), "no_map and reusable exclude each other"),
    (heap(region(reusable="false")), "a shared-dma-pool that is not reusable becomes a coherent pool, and no heap"),
    (heap(region(size="3 MiB")), "size 3 MiB is not a multiple of 2 MiB"),
    (heap(region(base="0x90100000")), "is not a multiple of 2 MiB"),
    (heap(region(base="0x90000000", alignment="4 MiB")), "alignment has no meaning beside a fixed base"),
    (
        heap(region(base="0x90000000", alloc_ranges="[{base: 0, size: 1 GiB}]")),
        "alloc_ranges has no meaning beside a fixed base",
    ),
    (heap(region(base="0x90000000", size=None)), "a fixed base needs a size"),
    (heap(region(alignment="3 MiB")), "3 MiB is not a power of two"),
    (heap(region(alloc_ranges="[{base: 0, size: 8 MiB}]")), "16 MiB do not fit into a range of 8 MiB"),
    (
        heap(region(alignment="16 MiB", alloc_ranges="[{base: 0x80200000, size: 16 MiB}]")),
        "16 MiB do not fit into a range of 16 MiB",
    ),
    (heap(region(base="0x90000000"), "pool@1"), "a node with a fixed base is called pool@90000000, and so is its heap"),
    (heap(region(base="0x90000000", node_name="x")), "a node with a fixed base is called x@90000000"),
    (heap(region(), "pool@1"), "only a node with a fixed base has a unit address"),
    (heap(region(), '"two words"'), "'two words' is not a device tree node name"),
    (heap(region(), "a" * 32), "is not a device tree node name"),
    (heap(region(size="2 GiB")), "2 GiB is more than the board has (1 GiB)"),
    (heap(region(base="0x70000000")), "0x70000000 to 0x71000000 lies outside RAM (0x80000000 to 0xc0000000)"),
    (heap(region(base="0xbf800000")), "lies outside RAM"),
    (
        heap(region(base="0x90000000"), "a") + heap(region(base="0x90e00000"), "b"),
        "'b@90e00000' (0x90e00000 to 0x91e00000) overlaps 'a@90000000' (0x90000000 to 0x91000000)",
    ),
    (
        heap(region(size="768 MiB"), "a") + heap(region(size="512 MiB"), "b"),
        "all regions together take 1280 MiB, more than the board has (1 GiB)",
    ),
    (heap(region(default="true"), "a") + heap(region(default="true"), "b"), "there is one default CMA area"),
    (heap(region(default="true"), kind="carveout"), "only a CMA pool can be the default CMA area"),
    (heap("required: true") + heap("required: true"), "heap 'pool' is already a name of heap 'pool'"),
    (heap("aliases: [{name: pool}]"), "alias 'pool' is already a name of heap 'pool'"),
    (heap("aliases: [{name: b}]", "a") + heap("required: true", "b"), "heap 'b' is already a name of heap 'a'"),
    (heap("first: '6.12'\nlast: '6.1'"), "last (6.1) is before first (6.12)"),
    (heap("aliases: [{name: x, first: '6.12', last: '6.1'}]"), "last (6.1) is before first (6.12)"),
    (
        heap("region: {declared_in: cmdline, size: 64 MiB}") + "#cma=32M",
        "64 MiB here, but the command line asks for 32 MiB",
    ),
    (heap("required: true") + "#cma=32MB", "no cma= that the kernel understands"),
    (heap("required: true") + "#cma=", "no cma= that the kernel understands"),
    (heap("usage: [{}]"), "a usage rule without bits"),
    (heap("usage: [{all: [CPU_READ_MASK]}]"), "a mask of several bits belongs under 'none'"),
    (heap("usage: [{all: [PROTECTED], none: [PROTECTED]}]"), "PROTECTED under both 'all' and 'none'"),
]


@pytest.mark.parametrize(("body", "message"), WRONG, ids=[row[1][:50] for row in WRONG])
def test_what_breaks_a_rule_is_refused(body: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(body)
    assert message in caught.value.seen
    assert caught.value.line is not None
    assert caught.value.line >= 5


@pytest.mark.parametrize(
    ("pages", "granule"), [("4 KiB", 2 << 20), ("16 KiB", 32 << 20), ("64 KiB", 512 << 20), ("4 KiB, 16 KiB", 32 << 20)]
)
def test_the_cma_granule_follows_the_page_size(pages: str, granule: int) -> None:
    text = HEAD.replace("PAGES", pages).replace("1 GiB", "64 GiB").replace("heaps:\n", "")
    assert cma_granule(load_text(text.encode(), "demo.yaml")) == granule


def test_a_pool_that_suits_4_kib_pages_is_refused_for_64_kib_pages() -> None:
    load(heap(region(size="64 MiB")))
    with pytest.raises(ConfigError, match="size 64 MiB is not a multiple of 512 MiB"):
        load(heap(region(size="64 MiB")), pages="64 KiB")


RAMOOPS = [
    ("base: 0x9f000000, size: 1 MiB, record_size: 64 KiB, console_size: 256 KiB", ""),
    ("base: 0x9f000000, size: 1 MiB", "no part of it has a size"),
    ("base: 0x9f000000, size: 1 MiB, console_size: 96 KiB", "96 KiB is not a power of two"),
    ("base: 0x9f000000, size: 1 MiB, record_size: 512 KiB, console_size: 1 MiB", "its parts take more than 1 MiB"),
    (
        "base: 0x90000000, size: 1 MiB, console_size: 1 MiB",
        "'ramoops' (0x90000000 to 0x90100000) overlaps 'a@90000000'",
    ),
    ("base: 0xbff80000, size: 1 MiB, console_size: 1 MiB", "0xbff80000 to 0xc0080000 lies outside RAM"),
]


@pytest.mark.parametrize(("area", "message"), RAMOOPS)
def test_memory_for_the_log_is_what_the_driver_takes(area: str, message: str) -> None:
    text = HEAD.replace("PAGES", "4 KiB").replace("heaps:\n", f"ramoops: {{{area}, source: s}}\nheaps:\n")
    body = (text + heap(region(base="0x90000000"), "a")).encode()
    if not message:
        load_text(body, "demo.yaml")
        return
    with pytest.raises(ConfigError) as caught:
        load_text(body, "demo.yaml")
    assert message in caught.value.seen

"""The first config of a new board: it loads, it matches the board it is from, and says what was guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bringup.config.draft import SeenBoard, SeenHeap, SeenPool, draft, draft_name
from bringup.config.load import load_text
from bringup.config.match import MatchOutcome, Observed, match_board
from bringup.config.schema import Arch, BoardConfig, HeapKind
from bringup.kernel.history.version import Flavour
from tests.support.sources import unsourced

BOARD = SeenBoard(
    source="record of a VIM3",
    model="Khadas VIM3",
    compatible=("khadas,vim3", "amlogic,a311d", "amlogic,g12b"),
    properties={"ro.product.device": "yukawa", "ro.hardware": "yukawa", "ro.serialno": "C8631", "ro.build.id": "AP2A"},
    kernel="6.12.30-android16-5-gabcdef",
    machine="aarch64",
    page_size=4096,
    heaps=(
        SeenHeap("default_cma_region", 0o666, "system", "graphics", "dmabuf_cma_heap_device"),
        SeenHeap("linux,cma", 0o666, "system", "graphics", "dmabuf_cma_heap_device"),
        SeenHeap("system", 0o444, "system", "system", "dmabuf_system_heap_device"),
        SeenHeap("vendor-odd", None, "1066", None, None),
        SeenHeap("mem@5000000", 0o444, "system", "system"),
    ),
    pools=(
        SeenPool("linux,cma", 256 << 20, None, 4 << 20, reusable=True, default=True),
        SeenPool("mem@5000000", 2 << 20, 0x5000000, no_map=True),
        SeenPool("secmon@5300000", 2 << 20, 0x5300000, no_map=True),
    ),
)


def loaded(seen: SeenBoard) -> BoardConfig:
    return load_text(draft("new-board", seen).text.encode(), "new-board.yaml")


def test_it_loads_and_every_fact_has_a_source() -> None:
    config = loaded(BOARD)
    assert unsourced(config) == ()
    assert (config.name, config.title) == ("new-board", "Khadas VIM3")
    assert config.kernel is not None
    assert (config.kernel.arch, config.kernel.flavour) == (Arch.ARM64, Flavour.GKI)
    assert (config.kernel.versions, config.kernel.page_sizes) == (("6.12",), (4096,))


def test_it_matches_the_board_it_is_from() -> None:
    match = match_board(Observed(BOARD.compatible, BOARD.properties, BOARD.kernel), [loaded(BOARD)])
    assert match.outcome is MatchOutcome.MATCHED
    assert match.explanation == "new-board: compatible khadas,vim3; ro.product.device=yukawa; ro.hardware=yukawa"


def test_only_stable_identities_are_asserted() -> None:
    text = draft("new-board", BOARD).text
    assert "C8631" not in text
    assert "AP2A" not in text
    assert "amlogic,a311d" not in text


def test_heaps_are_distinguished() -> None:
    config = loaded(BOARD)
    assert [(heap.name, heap.kind) for heap in config.heaps] == [
        ("linux,cma", HeapKind.CMA),
        ("system", HeapKind.SYSTEM),
        ("vendor-odd", HeapKind.VENDOR),
        ("mem@5000000", HeapKind.VENDOR),
    ]
    cma, system, odd, mem = config.heaps
    assert cma.names_on("6.17") == ("linux,cma", "default_cma_region")
    assert cma.region is not None
    assert (cma.region.size, cma.region.alignment, cma.region.default) == (256 << 20, 4 << 20, True)
    assert system.node is not None
    assert (system.node.mode, system.node.owner, system.node.label) == ("0444", "system", "dmabuf_system_heap_device")
    assert odd.node is None
    assert mem.region is not None
    assert (mem.region.base, mem.region.no_map) == (0x5000000, True)


def test_what_was_guessed_is_marked_and_reported_with_its_line() -> None:
    made = draft("new-board", BOARD)
    lines = made.text.splitlines()
    assert {number for number, line in enumerate(lines, 1) if "# LOOK: " in line} == {
        number for number, _ in made.look_at
    }
    for number, why in made.look_at:
        assert lines[number - 1].endswith(f"# LOOK: {why}")
    whys = [why for _, why in made.look_at]
    assert "what stands behind this heap?" in whys
    assert "both nodes were there; do they reach one area?" in whys
    assert whys.count("it was there; must it be?") == 4


def test_a_board_that_shows_nothing_gives_a_config_that_says_so() -> None:
    made = draft("mute", SeenBoard(source="adb"))
    config = load_text(made.text.encode(), "mute")
    assert config.identity is None
    assert config.heaps == ()
    assert any(why.startswith("the board shows nothing that identifies it") for _, why in made.look_at)


@pytest.mark.parametrize("name", ["reserved", "default-pool", "linux,cma"])
def test_the_default_area_goes_by_several_names(name: str) -> None:
    both = replace(BOARD, heaps=(SeenHeap(name), SeenHeap("default_cma_region")), pools=())
    assert [heap.names_on(None) for heap in loaded(both).heaps] == [(name, "default_cma_region")]
    alone = replace(BOARD, heaps=(SeenHeap("default_cma_region"),), pools=())
    assert [heap.names_on(None) for heap in loaded(alone).heaps] == [("default_cma_region",)]


@pytest.mark.parametrize(
    ("heap", "node", "base"),
    [
        ("cma", "cma", 0x10000000),  # radxa/meta-rockchip#4
        ("linux,cma", "linux,cma", 0x43000000),  # armbian/build#10587
        ("image_buf@0", "image_buf@0", 0x30000000),  # ikwzm/udmabuf#60
        ("default_cma_region", "linux,cma", None),  # 6.17 and later
        ("rtos@20000000", "rtos@20000000", None),  # TImada/raspi4_freertos#9
    ],
)
def test_a_region_is_written_whatever_its_node_is_called(heap: str, node: str, base: int | None) -> None:
    """Boards boot with such nodes, so a config of theirs has to say it."""
    pool = SeenPool(node, 64 << 20, base, reusable=True, default=True)
    (written,) = loaded(replace(BOARD, heaps=(SeenHeap(heap),), pools=(pool,))).heaps
    assert (written.name, written.kind) == (heap, HeapKind.CMA)
    assert written.region is not None
    assert (written.region.base, written.region.size, written.region.default) == (base, 64 << 20, True)
    assert (written.region.node_name or written.name) == node


def test_with_cma_on_the_command_line_the_heap_is_not_the_nodes() -> None:
    pool = SeenPool("linux,cma", 64 << 20, reusable=True, default=True)
    seen = replace(BOARD, heaps=(SeenHeap("reserved"),), pools=(pool,), cmdline=("cma=32M",))
    assert [heap.region for heap in loaded(seen).heaps] == [None]


def test_nodes_that_differ_are_two_heaps() -> None:
    """A config gives one heap one mode, so an alias with another mode would be an invented failure."""
    nodes = (SeenHeap("linux,cma", 0o600, "root", "root"), SeenHeap("default_cma_region", 0o444, "system", "system"))
    config = loaded(replace(BOARD, heaps=nodes))
    assert [heap.name for heap in config.heaps] == ["linux,cma", "default_cma_region"]
    assert [heap.kind for heap in config.heaps] == [HeapKind.CMA, HeapKind.CMA]
    assert [heap.region is not None for heap in config.heaps] == [True, False]


def test_cells_and_the_last_cma_parameter_are_written_down() -> None:
    config = loaded(replace(BOARD, cells=(2, 1), cmdline=("quiet", "cma=16M", "cma=64M@0x50000000", "x=cma=")))
    assert config.memory is not None
    assert (config.memory.address_cells, config.memory.size_cells) == (2, 1)
    assert config.kernel is not None
    assert config.kernel.cmdline == ("cma=64M@0x50000000",)


def test_modules_are_written_in_the_order_they_were_loaded_in() -> None:
    config = loaded(replace(BOARD, modules=("system_heap", "cma_heap", "not a name")))
    assert config.kernel is not None
    assert config.kernel.modules == ("system_heap", "cma_heap")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"pools": (SeenPool("linux,cma", 3 << 20, reusable=True),)}, "3 MiB is not a multiple of 2 MiB"),
        ({"pools": (SeenPool("mem@5000000", None, 0x5000000),)}, "a fixed base needs a size"),
        ({"cmdline": ("cma=lots",)}, "no cma= that the kernel understands"),
    ],
)
def test_memory_that_a_config_is_refused_with_is_left_out_and_reported(change: dict[str, Any], reason: str) -> None:
    made = draft("new-board", replace(BOARD, **change))
    config = load_text(made.text.encode(), "new-board.yaml")
    assert all(heap.region is None for heap in config.heaps)
    assert any(reason in why for _, why in made.look_at)


def test_a_name_is_made_of_what_the_board_calls_itself() -> None:
    assert draft_name(BOARD) == "vim3"
    assert draft_name(replace(BOARD, compatible=())) == "yukawa"
    assert draft_name(replace(BOARD, compatible=(), properties={"ro.hardware": "Q 35/../x"})) == "q-35-..-x"
    assert draft_name(SeenBoard(source="adb")) == "board"


text = st.text(max_size=20)
numbers = st.none() | st.integers(0, 1 << 34) | st.integers(0, 512).map(lambda n: n << 21)
pools = st.builds(
    SeenPool,
    node=st.sampled_from(["linux,cma", "a@200000", "system"]) | text,
    size=numbers,
    base=numbers,
    alignment=numbers,
    reusable=st.booleans(),
    no_map=st.booleans(),
    default=st.booleans(),
    ranges=st.lists(st.tuples(st.integers(0, 1 << 40), st.integers(0, 1 << 40)), max_size=2).map(tuple),
)


@settings(max_examples=120, deadline=None)
@given(
    st.builds(
        SeenBoard,
        source=text,
        model=text,
        compatible=st.lists(text, max_size=3).map(tuple),
        properties=st.dictionaries(st.sampled_from(["ro.product.device", "ro.hardware", "x"]), text),
        kernel=text,
        machine=text,
        cells=st.none() | st.tuples(st.integers(0, 4), st.integers(0, 4)),
        modules=st.lists(text, max_size=2).map(tuple),
        cmdline=st.lists(text | st.sampled_from(["cma=16M", "cma=x", "cma="]), max_size=3).map(tuple),
        pools=st.lists(pools, max_size=3).map(tuple),
        heaps=st.lists(
            st.builds(
                SeenHeap,
                name=st.sampled_from(["linux,cma", "a@200000", "system", "default_cma_region"]) | text,
                mode=st.none() | st.integers(0, 0o7777),
                owner=st.none() | text,
                group=text,
                label=text,
            ),
            max_size=4,
            unique_by=lambda heap: heap.name,
        ).map(tuple),
    )
)
def test_whatever_a_board_says_the_draft_loads(seen: SeenBoard) -> None:
    config = loaded(seen)
    assert unsourced(config) == ()
    said = {heap.name for heap in seen.heaps}
    assert {name for heap in config.heaps for name in heap.names_on(None)} <= said

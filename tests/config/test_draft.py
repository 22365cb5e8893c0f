"""The first config of a new board: it loads, it matches the board it is from, and says what was guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bringup.config.draft import SeenBoard, SeenHeap, SeenPool, draft
from bringup.config.load import load_text
from bringup.config.match import MatchOutcome, Observed, match_board
from bringup.config.schema import Arch, BoardConfig, Flavour, HeapKind, unsourced

BOARD = SeenBoard(
    source="record of a VIM3",
    model="Khadas VIM3",
    compatible=("khadas,vim3", "amlogic,a311d", "amlogic,g12b"),
    properties={"ro.product.device": "yukawa", "ro.hardware": "yukawa", "ro.serialno": "C8631", "ro.build.id": "AP2A"},
    kernel="6.12.30-android16-5-gabcdef",
    machine="aarch64",
    page_size=4096,
    heaps=(
        SeenHeap("default_cma_region", 0o600, "root", "root", "dmabuf_heap_device"),
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


def test_heaps_are_told_apart() -> None:
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


def test_what_was_guessed_is_marked_and_told_with_its_line() -> None:
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


def test_a_board_that_tells_nothing_gives_a_config_that_says_so() -> None:
    made = draft("mute", SeenBoard(source="adb"))
    config = load_text(made.text.encode(), "mute")
    assert config.identity is None
    assert config.heaps == ()
    assert ("the board told nothing that identifies it") in [why for _, why in made.look_at]


@pytest.mark.parametrize("name", ["reserved", "default-pool", "linux,cma"])
def test_the_default_area_goes_by_several_names(name: str) -> None:
    both = replace(BOARD, heaps=(SeenHeap(name), SeenHeap("default_cma_region")), pools=())
    assert [heap.names_on(None) for heap in loaded(both).heaps] == [(name, "default_cma_region")]
    alone = replace(BOARD, heaps=(SeenHeap("default_cma_region"),), pools=())
    assert [heap.names_on(None) for heap in loaded(alone).heaps] == [("default_cma_region",)]


text = st.text(max_size=20)


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
        heaps=st.lists(
            st.builds(
                SeenHeap,
                name=text,
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

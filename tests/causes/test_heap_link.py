"""A heap's name that is a link: fine where it leads to a heap of the same kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.causes.heap_link import why_link_is_wrong
from bringup.config.schema import HeapKind
from tests.support.said import Said
from tests.support.scripted_facts import facts, kconfig
from tests.support.scripted_record import ScriptedBoard, broken


def linked(target: str, config: str | None = None) -> ScriptedBoard:
    heaps = {"system": {}, "linux,cma": {}, "video": {"type": "link", "target": target}}
    return broken(heaps=heaps, config=config)


@pytest.mark.parametrize(
    ("target", "kind", "cause"),
    [
        ("linux,cma", HeapKind.CMA, None),
        ("linux,cma", HeapKind.CARVEOUT, None),
        ("system", HeapKind.CMA, "heap.link"),
        ("/dev/dma_heap/system", HeapKind.CARVEOUT, "heap.link"),
        ("./linux,cma", HeapKind.SYSTEM, "heap.link"),
        ("linux,cma", HeapKind.SYSTEM_UNCACHED, "heap.link"),
        ("linux,cma", HeapKind.VENDOR, "heap.link"),
        ("system", HeapKind.SYSTEM, None),
        ("system", HeapKind.VENDOR, None),
        ("elsewhere/linux,cma", HeapKind.SYSTEM, None),
        ("gone", HeapKind.CMA, None),
        ("", HeapKind.CMA, None),
    ],
)
def test_a_link_has_to_lead_to_a_heap_of_the_kind(
    tmp_path: Path, said: Said, target: str, kind: HeapKind, cause: str | None
) -> None:
    why = why_link_is_wrong(facts(linked(target), tmp_path, None), "video", kind)
    assert (why and why.cause and why.cause.id) == cause
    if why is not None:
        said(why)


@pytest.mark.parametrize("option", ["y", "n", ""])
def test_the_option_that_builds_the_heap_is_shown_and_asked_for(tmp_path: Path, said: Said, option: str) -> None:
    board = linked("linux,cma", kconfig(DMABUF_HEAPS_SYSTEM=option))
    why = why_link_is_wrong(facts(board, tmp_path, None), "video", HeapKind.SYSTEM)
    assert why is not None
    assert bool(why.changes) is (option != "y")
    said(why)

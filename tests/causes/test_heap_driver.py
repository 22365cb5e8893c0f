"""What a kernel without a configuration that can be read shows of its options, and one that is older than the heaps."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.causes.heap_driver import framework_built, has_cma, is_new_enough
from bringup.config.schema import HeapKind
from bringup.results.verdict import Diagnosis
from tests.support.scripted_facts import facts, kconfig
from tests.support.scripted_record import DENIED, HELLO, MISSING, ScriptedBoard, broken, files

OLD = HELLO | {"release": "5.4.0"}


@pytest.mark.parametrize(
    ("meminfo", "cause"),
    [
        ("MemTotal: 2014208 kB\n", "kconfig.cma-off"),
        ("MemTotal: 2014208 kB\nCmaTotal: 0 kB\n", None),
        (DENIED, None),
    ],
    ids=["no CmaTotal", "CmaTotal", "not read"],
)
def test_without_a_configuration_meminfo_shows_whether_there_is_cma(
    tmp_path: Path, meminfo: str | dict[str, object], cause: str | None
) -> None:
    link = has_cma(facts(broken(config=None, files=files(__proc__meminfo=meminfo)), tmp_path))
    if cause is None:
        assert link is None, "neither that there is none, nor that there is"
        return
    assert isinstance(link, Diagnosis)
    assert link.cause is not None
    assert link.cause.id == cause
    assert "/proc/meminfo has no CmaTotal: this kernel is built without CMA" in link.evidence
    assert [line for change in link.changes for line in change.lines] == ["CONFIG_CMA=y", "CONFIG_DMA_CMA=y"]


@pytest.mark.parametrize(
    ("board", "shown"),
    [
        (broken(hello=OLD), "Linux 5.4.0 has DMA-BUF heaps as a backport: /dev/dma_heap is there"),
        (
            broken(hello=OLD, heaps={}, heap_folder="missing", results=[]),
            "Linux 5.4.0 has DMA-BUF heaps as a backport: CONFIG_DMABUF_HEAPS=y",
        ),
        (broken(), "Linux 6.12.107 has DMA-BUF heaps (since 5.6)"),
    ],
    ids=["node", "option", "new"],
)
def test_a_backport_is_new_enough(tmp_path: Path, board: ScriptedBoard, shown: str) -> None:
    assert is_new_enough(facts(board, tmp_path)) == shown


@pytest.mark.parametrize("option", [None, {"DMABUF_HEAPS": ""}], ids=["no configuration", "no option"])
def test_a_kernel_before_the_heaps_is_too_old(tmp_path: Path, option: dict[str, str] | None) -> None:
    config = None if option is None else kconfig(DMABUF_HEAPS="", DMABUF_HEAPS_SYSTEM="", DMABUF_HEAPS_CMA="")
    board = broken(hello=OLD, heaps={}, heap_folder="missing", results=[], config=config)
    link = is_new_enough(facts(board, tmp_path))
    assert isinstance(link, Diagnosis)
    assert link.cause is not None
    assert link.cause.id == "kernel.too-old"
    assert link.evidence[0] == "5.4.0"
    assert link.remedy


@pytest.mark.parametrize("state", [MISSING, DENIED], ids=["missing", "denied"])
def test_a_class_that_could_not_be_listed_shows_nothing(tmp_path: Path, state: dict[str, object]) -> None:
    """The scripted board does not list /sys/class/dma_heap at all."""
    board = broken(config=None, heaps={}, heap_folder=str(state["state"]), results=[])
    assert framework_built(facts(board, tmp_path), HeapKind.SYSTEM, None) is None


@pytest.mark.parametrize(
    ("options", "total", "shown"),
    [({}, 65536, "CONFIG_DMA_CMA=y"), ({}, 0, "CONFIG_DMA_CMA=y"), ({"DMA_CMA": ""}, 65536, None)],
    ids=["option", "no area", "area alone"],
)
def test_the_option_or_an_area_shows_that_there_is_cma(
    tmp_path: Path, options: dict[str, str], total: int, shown: str | None
) -> None:
    meminfo = f"MemTotal: 2014208 kB\nCmaTotal: {total} kB\n"
    board = broken(config=kconfig(**options), files=files(__proc__meminfo=meminfo))
    assert has_cma(facts(board, tmp_path)) == shown

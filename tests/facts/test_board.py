"""What a record says about a board: parsed once, and what is not there stays unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.facts.board import Facts
from bringup.facts.kernel_source import kernel_source
from bringup.kernel.requirements.check import CheckOptions
from bringup.kernel.requirements.evidence import Evidence
from tests.support.scripted_record import BOARD_CONFIG, CONFIG, ScriptedBoard, broken, files

LISTED = "/vendor/lib/modules/modules.load"


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("kernel/drivers/dma-buf/heaps/system_heap.ko\n", frozenset({"system_heap"})),
        ("# loads system_heap later\nkernel/cma-heap.ko.zst\n\n  foo.ko.xz  \n", frozenset({"cma_heap", "foo"})),
        ("# nothing\n", frozenset()),
    ],
)
def test_modules_load_is_read_line_by_line(text: str, modules: frozenset[str], tmp_path: Path) -> None:
    board = broken(files=files() | {LISTED: text})
    assert Facts(board.record(tmp_path / "record")).modules_load == modules


def test_without_modules_load_nothing_is_known(tmp_path: Path) -> None:
    assert Facts(ScriptedBoard().record(tmp_path / "record")).modules_load is None


def test_facts_held_against_a_config_keep_what_was_parsed(tmp_path: Path) -> None:
    facts = Facts(ScriptedBoard().record(tmp_path / "record"))
    parsed = facts.dmesg
    judged = facts.against(BOARD_CONFIG, "it fits")
    assert judged.dmesg is parsed
    assert (judged.config, judged.why_config, facts.config) == (BOARD_CONFIG, "it fits", None)


def test_what_a_person_says_comes_before_what_was_observed(tmp_path: Path) -> None:
    facts = Facts(ScriptedBoard(config=None).record(tmp_path / "record"))
    source, options = kernel_source(facts, "board", CheckOptions())
    assert (source.config, source.release, options.arch) == (None, "6.12.107", "arm64")
    assert options.evidence.cmdline == "console=ttyAMA0"
    _, options = kernel_source(facts, "board", CheckOptions(evidence=Evidence(cmdline="cma=64M"), arch="arm"))
    assert (options.evidence.cmdline, options.arch) == ("cma=64M", "arm")
    assert options.evidence.cma_total == facts.meminfo["CmaTotal"]


@pytest.mark.parametrize(
    ("incomplete", "listed", "outcome"),
    [("the board answers nothing", False, "error"), ("the board answers nothing", True, "fail"), (None, False, "fail")],
)
def test_a_configuration_that_lacks_heaps_fails_no_board_that_was_lost_before_they_were_listed(
    tmp_path: Path, incomplete: str | None, listed: bool, outcome: str
) -> None:
    config = CONFIG.replace("CONFIG_DMABUF_HEAPS=y", "# CONFIG_DMABUF_HEAPS is not set")
    record = broken(config=config, heaps={}).record(tmp_path)
    record.incomplete = incomplete
    if not listed:
        del record.globs["/dev/dma_heap/*"]
    assert Facts(record, None, "").kconfig["heaps.framework"].outcome.value == outcome

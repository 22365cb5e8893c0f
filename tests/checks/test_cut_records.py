"""A record that ends at any line: nothing passes, warns or fails that the whole record does not say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bringup.config.schema import BoardConfig
from bringup.lab.judging import judge_record
from bringup.outcome import Outcome
from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from tests.support.faults.invariants import Outcomes, outcomes_of
from tests.support.scripted_record import BOARD_CONFIG, CONFIG, MISSING, BoardFiles, ScriptedBoard, files, result
from tests.support.suite import NO_CMA

NAME = {"ro.product.name": "scripted"}
IDENTITY = {"properties": NAME}
USERDEBUG, USER = ({**NAME, "ro.build.type": kind} for kind in ("userdebug", "user"))
NO_TREE: BoardFiles = {"__sys__firmware__devicetree__base__compatible": MISSING}
WITHOUT_CMA = (
    CONFIG.replace("CONFIG_CMA=y\n", "").replace("CONFIG_DMA_CMA=y\n", "").replace("CONFIG_CMA_SIZE_MBYTES=64\n", "")
)


def config(**more: object) -> BoardConfig:
    """The board config of a board with that name, which its properties alone show."""
    return BoardConfig.model_validate({"name": "named", "title": "Known by name", "identity": IDENTITY} | more)


SYSTEM_ALONE = config(
    heaps=[{"name": "system", "kind": "system", "node": {"mode": "0600", "owner": "root", "group": "root"}}]
)
CMA_ALONE = config(heaps=[{"name": "linux,cma", "kind": "cma", "required": False}])
BOARDS: Mapping[str, tuple[ScriptedBoard, BoardConfig]] = {
    "its config names no CMA heap": (
        ScriptedBoard(
            files=files(**NO_TREE, __proc__meminfo=NO_CMA), config=WITHOUT_CMA, properties=USERDEBUG,
            asked_tests=("open",), heaps={"system": {}}, results=[result("system", "open")],
        ),
        SYSTEM_ALONE,
    ),
    "its config names no system heap": (
        ScriptedBoard(files=files(**NO_TREE), heaps={}, results=[], properties=USERDEBUG), CMA_ALONE,
    ),
    "its config expects ION": (
        ScriptedBoard(files=files(**NO_TREE), config=CONFIG + "CONFIG_ION=y\n", properties=USER),
        config(kernel={"ion": True}),
    ),
    "its kernel's configuration is another kernel's": (
        ScriptedBoard(files=files(**NO_TREE), heap_folder="missing", heaps={}, results=[], properties=USER),
        SYSTEM_ALONE,
    ),
    "no config is its own": (ScriptedBoard(files=files(**NO_TREE), properties=USER), BOARD_CONFIG),
}  # fmt: skip


@pytest.mark.parametrize("name", BOARDS)
def test_a_record_that_ends_at_any_line_says_nothing_that_the_whole_does_not(name: str, tmp_path: Path) -> None:
    board, own = BOARDS[name]
    board.record(tmp_path)
    whole = outcomes(tmp_path, own)
    lines = (tmp_path / JOURNAL).read_bytes().splitlines(keepends=True)
    end = json.dumps({"t": "end", "complete": False, "why": "the board answers nothing", "round_trips": 3}).encode()
    for count in range(2, len(lines) - 1):
        (tmp_path / JOURNAL).write_bytes(b"".join([*lines[:count], end, b"\n"]))
        early = outcomes(tmp_path, own)
        assert early[("board.observed", None)] is Outcome.ERROR
        false = {
            key: (outcome.value, whole.get(key))
            for key, outcome in early.items()
            if outcome in (Outcome.PASS, Outcome.WARN, Outcome.FAIL) and outcome is not whole.get(key)
        }
        assert not false, (lines[count - 1][:80], false)


def test_what_was_seen_of_a_lost_board_is_judged(tmp_path: Path) -> None:
    """Before its config is known, too: unknown is only what that decides."""
    board, own = BOARDS["its config names no CMA heap"]
    board.record(tmp_path)
    lines = (tmp_path / JOURNAL).read_bytes().splitlines(keepends=True)
    cut = next(number for number, line in enumerate(lines) if b"getprop" in line)
    (tmp_path / JOURNAL).write_bytes(b"".join(lines[:cut]))
    early = outcomes(tmp_path, own)
    assert early[("kernel.version", None)] is Outcome.PASS
    assert early[("kconfig.heaps.framework", None)] is Outcome.PASS
    assert early[("kconfig.cma.dma", None)] is Outcome.ERROR


def outcomes(folder: Path, own: BoardConfig) -> Outcomes:
    return outcomes_of(judge_record(load_record(folder), [own]))

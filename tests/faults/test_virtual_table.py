"""The faults of the table that need a kernel: one board for all of them, in this order. ``make faults`` runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from bringup.report.load import load_run
from bringup.virtual import find_profile
from tests.support.faults import results_folder
from tests.support.faults.case import Fault, Phase
from tests.support.faults.invariants import outcomes_of
from tests.support.faults.stage import Healthy, Stage, play
from tests.support.faults.virtual import PhasedVirtual
from tests.support.faults.virtual_table import VIRTUAL
from tests.support.native_adbd import AdbServer
from tests.support.virtual_board import require_virtual_board

CASES = [(fault, phase) for fault in VIRTUAL for phase in fault.endings]

pytestmark = pytest.mark.board


def stage_of(board: PhasedVirtual, folder: Path, phase: Phase, healthy: Healthy) -> Stage:
    def no_other() -> NoReturn:
        raise AssertionError("there is one virtual board")

    return Stage(
        board,
        board.server,
        folder,
        phase,
        board.serial,
        no_other,
        healthy,
        folder / "run",
        arguments=["--seconds", "280"],
    )


@pytest.fixture(scope="module")
def board(adb_server: AdbServer) -> Iterator[PhasedVirtual]:
    require_virtual_board("amd64")
    board = PhasedVirtual(find_profile("amd64"), adb_server, memory=512)
    try:
        yield board
    finally:
        board.power_off()


@pytest.fixture(scope="module")
def healthy(board: PhasedVirtual, tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    stage = stage_of(board, tmp_path_factory.mktemp("healthy"), Phase.CONNECT, Healthy(0, {}))
    status, said = stage.start().end()
    assert status == 0, said
    return Healthy(status, outcomes_of(load_run(stage.output).boards[0]))


@pytest.mark.parametrize(("fault", "phase"), [pytest.param(*case, id=f"{case[0].name}-{case[1]}") for case in CASES])
def test_fault(fault: Fault, phase: Phase, board: PhasedVirtual, healthy: Healthy, tmp_path: Path) -> None:
    board.open()
    play(stage_of(board, tmp_path, phase, healthy), fault, results_folder())

"""The faults of the table that are produced on native adbd: whatever breaks in whatever phase, nothing false is said.

``make test`` runs a sample, ``make faults`` all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.report.load import load_run
from tests.support.faults import results_folder, whole
from tests.support.faults.case import Fault, Phase
from tests.support.faults.invariants import outcomes_of
from tests.support.faults.native import PhasedNative
from tests.support.faults.native_table import NATIVE
from tests.support.faults.stage import Healthy, Stage, play
from tests.support.native_adbd import AdbServer, MakeNativeBoard, NativeBoard

CASES = [(fault, phase) for fault in NATIVE for phase in (fault.endings if whole() else fault.quick)]


def stage_of(
    native: NativeBoard, folder: Path, phase: Phase, healthy: Healthy, make: Callable[[], NativeBoard]
) -> Stage:
    phased, output = PhasedNative(native), folder / "run"
    # A board that is lost is waited for until the time is over.
    limited = ["--seconds", "60"]
    return Stage(phased, native.server, folder, phase, native.serial, make, healthy, output, arguments=limited)


@pytest.fixture(scope="module")
def healthy(native_board: NativeBoard, tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    """Without a fault."""
    nothing = Healthy(0, {})
    stage = stage_of(native_board, tmp_path_factory.mktemp("healthy"), Phase.CONNECT, nothing, lambda: native_board)
    status, said = stage.start().end()
    assert status == 1, said
    return Healthy(status, outcomes_of(load_run(stage.output).boards[0]))


@pytest.mark.parametrize(("fault", "phase"), [pytest.param(*case, id=f"{case[0].name}-{case[1]}") for case in CASES])
def test_fault(
    fault: Fault,
    phase: Phase,
    make_native_board: MakeNativeBoard,
    request: pytest.FixtureRequest,
    healthy: Healthy,
    tmp_path: Path,
) -> None:
    server: AdbServer = request.getfixturevalue("own_server" if fault.own_server else "adb_server")
    board = make_native_board(server, uid=fault.uid)
    stage = stage_of(board, tmp_path, phase, healthy, lambda: make_native_board(server))
    play(stage, fault, results_folder())

"""One storm of ``make chaos``: what it looks at holds, and would be seen not to."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from bringup.errors import BringupError
from bringup.report.load import load_run
from tests.support.faults.chaos import Chaos, rage
from tests.support.faults.process import RunProcess
from tests.support.native_adbd import AdbServer, MakeNativeBoard


@pytest.fixture
def chaos(tmp_path: Path, own_server: AdbServer, make_native_board: MakeNativeBoard) -> Chaos:
    return Chaos([make_native_board(own_server) for _ in range(3)], own_server, tmp_path, random.Random(5))


def test_a_storm(chaos: Chaos) -> None:
    chaos.calm()
    chaos.storm()
    chaos.calm()
    chaos.require_no_lock()
    assert chaos.counts["calm runs"] == 2
    assert sum(chaos.counts.values()) > 3, "something was done"


def test_a_run_that_made_no_folder_is_not_judged_by_the_one_before(
    chaos: Chaos, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos.calm()
    monkeypatch.setattr(chaos, "start", lambda _: RunProcess(["run", "--no-such-option"], chaos.environ))
    with pytest.raises(BringupError, match="run-1"):
        chaos.calm()


def test_a_wrong_verdict_on_a_board_without_a_fault_is_seen(chaos: Chaos) -> None:
    chaos.calm()
    (board, *_) = load_run(chaos.folder / "run-0").boards
    wrong = msgspec.structs.replace(board, verdicts=board.verdicts[1:])
    with pytest.raises(AssertionError, match="had no fault"):
        chaos.require_same(wrong)
    lock = chaos.folder / "state/x.json"
    lock.parent.mkdir(exist_ok=True, parents=True)
    lock.touch()
    with pytest.raises(AssertionError, match=r"x\.json"):
        chaos.require_no_lock()


def test_an_interrupted_chaos_says_what_held_until_then_and_leaves_no_run(
    chaos: Chaos, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[RunProcess] = []
    start = chaos.start

    def started_run(output: Path) -> RunProcess:
        started.append(start(output))
        return started[-1]

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(chaos, "start", started_run)
    monkeypatch.setattr(chaos, "_strike", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rage(chaos, 600)
    assert "held until then: {'calm runs': 1}; the longest run took" in capsys.readouterr().out
    assert [process.process.poll() is None for process in started] == [False, False]

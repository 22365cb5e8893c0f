"""When a fault strikes: in the phase of the board that has it, whatever the others do meanwhile."""

from __future__ import annotations

import pytest

from tests.support.faults.case import Phase
from tests.support.faults.stage import held_by_event


@pytest.mark.parametrize(
    ("phase", "event"),
    [(Phase.JUDGE, {"event": "step", "step": "judge"}), (Phase.REPORT, {"event": "board-end", "outcome": "fail"})],
)
def test_another_board_that_is_further_is_not_meant(phase: Phase, event: dict[str, str]) -> None:
    is_reached = held_by_event(phase, "mine")
    assert is_reached is not None
    assert is_reached({**event, "board": "mine"})
    assert not is_reached({**event, "board": "another"})
    assert not is_reached({"event": "run-begin"})


def test_while_it_is_observed_the_board_itself_is_held() -> None:
    assert held_by_event(Phase.RECORD, "mine") is None

"""docs/reliability.md says what the table of faults has."""

from __future__ import annotations

import re

from tests.support.faults.case import ALL_PHASES, Phase, Where
from tests.support.faults.document import FAULTS, PAGE, cases, table


def test_the_page_has_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert table() in page, "python -m tests.support.faults writes it"
    for place in Where:
        counted = re.search(rf"{place.value}: (\d+) of (\d+)", page)
        assert counted is not None
        assert counted[2] == str(cases(place)), "make faults writes what came of all of it"
        # A fault that does not end as the table says is fixed, not written down.
        assert counted[1] == counted[2], place


def test_the_table_is_the_whole_of_what_can_go_wrong() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert {fault.row for fault in FAULTS} == set(range(1, 33)) - {17}, (
        "SELinux has boards of its own: tests/test_selinux.py"
    )
    phases = {phase: sum(phase in fault.endings for fault in FAULTS) for phase in Phase}
    assert all(phases[phase] > 10 for phase in ALL_PHASES), phases

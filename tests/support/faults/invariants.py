"""What holds whatever happens: a right exit status, records that load, reports that parse, and no false pass."""

from __future__ import annotations

import contextlib
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from bringup.errors import ExitCode, RecordError
from bringup.outcome import Outcome
from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from bringup.report import find_format, write_report
from bringup.report.load import load_document, load_run
from bringup.results.run import BoardRun
from tests.support.faults.case import Ending

__all__ = ["TIMED", "Outcomes", "check", "outcomes_of", "require_no_false_answer"]

_FORMATS = ("html", "json", "junit", "ktap", "md", "kcidb", "lava", "csv")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_KNOWN = (Outcome.PASS, Outcome.WARN)
#: May differ from run to run on a sound board: they depend on what else the machine does.
TIMED = ("heap.latency", "kernel.complaints")

Outcomes = dict[tuple[str, str | None], Outcome]


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    :ivar serial: of the board that had the fault.
    :ivar healthy: the outcomes of the same board without it.
    """

    status: int
    said: str
    folder: Path
    serial: str
    healthy: Outcomes
    healthy_status: int


def outcomes_of(board: BoardRun) -> Outcomes:
    return {(verdict.id, verdict.heap): verdict.outcome for verdict in board.verdicts}


def check(ended: Ended, ending: Ending, scratch: Path) -> None:
    """Assert all of it."""
    assert "Traceback" not in ended.said, ended.said
    assert "a fault of bringup" not in ended.said, ended.said
    assert not _CONTROL.search(ended.said), ascii(ended.said)
    assert ended.status in _statuses(ending, ended.healthy_status), (ended.status, ended.said)
    for journal in ended.folder.glob(f"*/{JOURNAL}"):
        _require_loads(journal.parent, ended.serial, ending)
    if not (ended.folder / "run.json").exists():
        assert ending not in (Ending.SAME, Ending.UNKNOWN, Ending.FINDING), f"no report was written: {ended.said}"
        return
    if ending is Ending.EITHER:
        ending = Ending.SAME
    run = load_run(ended.folder)
    for name in _FORMATS:
        write_report(run, find_format(name), scratch / f"again.{name}")
    assert load_document(scratch / "again.html") == run
    for page in ("report.html", "junit.xml"):
        if ending in (Ending.SAME, Ending.UNKNOWN, Ending.FINDING) or (ended.folder / page).exists():
            assert (ended.folder / page).stat().st_size
    if (ended.folder / "junit.xml").exists():
        ET.parse(ended.folder / "junit.xml")
    # A board that was there by itself may have been taken under another serial of its own.
    (board,) = (board for board in run.boards if board.serial == ended.serial or len(run.boards) == 1)
    _require_ending(board, ending, ended.healthy)


def _statuses(ending: Ending, healthy: int) -> tuple[int, ...]:
    return {
        Ending.SAME: (healthy,),
        Ending.UNKNOWN: (ExitCode.INFRASTRUCTURE, ExitCode.FAILED),
        Ending.REFUSED: (ExitCode.INFRASTRUCTURE,),
        Ending.EITHER: (ExitCode.INFRASTRUCTURE, healthy),
        Ending.HOST: (ExitCode.INFRASTRUCTURE,),
        # The signal may come when all is written, and the status on its way.
        Ending.INTERRUPTED: (ExitCode.INTERRUPTED, healthy),
        Ending.KILLED: (-9, healthy),
        Ending.FINDING: (ExitCode.FAILED, ExitCode.INFRASTRUCTURE),
    }[ending]


def _require_loads(folder: Path, serial: str, ending: Ending) -> None:
    if ending is Ending.KILLED and not (folder / JOURNAL).stat().st_size:
        return  # before its first line
    if ending is Ending.HOST:  # of a disk that was full from the first byte on there is no record, and that is said
        with contextlib.suppress(RecordError):
            load_record(folder)
        return
    record = load_record(folder)
    if ending is Ending.UNKNOWN and record.board.serial in (serial, "?"):
        assert record.incomplete, "it is said to be complete"


def require_no_false_answer(board: BoardRun, healthy: Outcomes) -> None:
    """Nothing is known of the board that is not so without the fault: it passes or warns there, or fails there."""
    for key, outcome in outcomes_of(board).items():
        without = healthy.get(key)
        if outcome in _KNOWN:
            assert without in _KNOWN, f"{board.serial}: {key}: {outcome}, and without the fault {without}"
        if outcome is Outcome.FAIL:
            assert without is Outcome.FAIL, f"{board.serial}: {key}: {outcome}, and without the fault {without}"


def _require_ending(board: BoardRun, ending: Ending, healthy: Outcomes) -> None:
    outcomes = outcomes_of(board)
    if ending is Ending.SAME:
        differ = {
            key: (healthy.get(key), outcomes.get(key))
            for key in healthy.keys() | outcomes.keys()
            if healthy.get(key) != outcomes.get(key) and key[0] not in TIMED
        }
        assert not differ, differ
        return
    if ending is Ending.FINDING:
        assert board.outcome in (Outcome.FAIL, Outcome.ERROR)
        return
    require_no_false_answer(board, healthy)
    if ending is Ending.UNKNOWN:
        assert outcomes[("board.observed", None)] is Outcome.ERROR

"""A run is read from whatever holds one, and compared with any other of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from bringup.compare.runs import compare
from bringup.config.shipped import load_all
from bringup.errors import RecordError
from bringup.lab.judging import judge_folders
from bringup.lab.reading import read_run
from bringup.record.archive import pack
from bringup.report import write_report
from tests.support.scripted_record import ScriptedBoard


@pytest.fixture(scope="module")
def holders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same board as a record's folder, its archive, a run's folder, a JSON and an HTML report."""
    folder = tmp_path_factory.mktemp("holders")
    ScriptedBoard().record(folder / "record")
    run = judge_folders([folder / "record"], load_all())
    (folder / "run").mkdir()
    pack(folder / "record", folder / "record.tar.zst")
    return {
        "record": folder / "record",
        "archive": folder / "record.tar.zst",
        "run": write_report(run, "json", folder / "run" / "run.json").parent,
        "json": write_report(run, "json", folder / "some.json"),
        "html": write_report(run, "html", folder / "some.html"),
    }


@pytest.mark.parametrize(
    ("before", "after"), list(itertools.product(("record", "archive", "run", "json", "html"), repeat=2))
)
def test_any_two_can_be_compared(before: str, after: str, holders: dict[str, Path]) -> None:
    found = compare(read_run(holders[before]), read_run(holders[after]))
    assert (found.differences, found.timings, found.only_before, found.only_after) == ((), (), (), ())


def test_what_holds_none_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        read_run(tmp_path)

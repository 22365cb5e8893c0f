"""The published schemas: made from the classes, true of every document, and compatible with those of version 0.1.0."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from bringup.compare.runs import Comparison
from bringup.config.listing import listed_configs
from bringup.document import read_document, write_document
from bringup.lab.host import Host, examine_host
from bringup.lab.survey import BoardList, BoardSummary
from bringup.report.events import Event, RunBegin, RunEnd, VerdictGiven
from bringup.report.load import load_document
from bringup.results.heaps import Heaps
from bringup.results.run import Run
from bringup.virtual.listing import listed_profiles
from tests.support.documents import plain
from tests.support.report import compared, sample
from tests.support.schemas import PUBLISHED, closed, published, text_of

RECORDED = Path(__file__).parent / "support" / "report" / "recorded"
RUNS = ("arm64-5.10", "arm64-6.12", "arm64-debian")


def unpacked(name: str) -> bytes:
    return gzip.decompress((RECORDED / name).read_bytes())


def lines(name: str) -> list[str]:
    return (RECORDED / name).read_text(encoding="utf-8").splitlines()


def of_version_0_1_0(name: str) -> jsonschema.Draft202012Validator:
    schemas = [json.loads(file.read_text(encoding="utf-8")) for file in (RECORDED / "schemas-0.1.0").iterdir()]
    registry = Registry().with_resources([(schema["$id"], Resource.from_contents(schema)) for schema in schemas])
    (own,) = (schema for schema in schemas if schema["$id"] == f"urn:bringup:{name}:1")
    return jsonschema.Draft202012Validator(own, registry=registry)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_schema_is_what_the_classes_say(name: str) -> None:
    assert (json.dumps(published(name), indent=2, ensure_ascii=False) + "\n") == text_of(name), (
        "python -m tests.support.schemas writes them anew"
    )
    jsonschema.Draft202012Validator.check_schema(published(name))
    assert published(name)["$id"] == f"urn:bringup:{Path(name).stem.removesuffix('-1')}:1"


def test_a_schema_has_the_texts_of_the_docstrings() -> None:
    board = published("report/schemas/run-1.json")["$defs"]["board_run"]
    assert board["properties"]["kernel"]["description"].startswith("The kernel's release, as uname -r says it")
    untimed = published("report/schemas/compare-1.json")["$defs"]["untimed"]
    assert {"board", "source", "why"} <= set(untimed["required"])


@pytest.mark.parametrize("name", RUNS)
def test_a_run_of_version_0_1_0_is_read_and_valid_and_its_schema_takes_what_is_written_now(name: str) -> None:
    raw = unpacked(f"{name}.json.gz")
    run = read_document(raw, Run)
    jsonschema.Draft202012Validator(closed(published("report/schemas/run-1.json"))).validate(json.loads(raw))
    of_version_0_1_0("run").validate(plain(run))
    assert without_what_was_added(plain(run), json.loads(raw)) == json.loads(raw)


def without_what_was_added(new: Any, old: Any) -> Any:
    """The new document with no more than the fields of the old one."""
    if isinstance(new, dict) and isinstance(old, dict):
        return {name: without_what_was_added(value, old[name]) for name, value in new.items() if name in old}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [without_what_was_added(item, old_item) for item, old_item in zip(new, old, strict=True)]
    return new


@pytest.mark.parametrize("run", [sample.run(), sample.many(9), sample.wild(3)], ids=["one", "many", "wild"])
def test_the_run_schema_of_version_0_1_0_takes_what_is_written_now(run: Run) -> None:
    of_version_0_1_0("run").validate(plain(run))


def test_a_comparison_of_version_0_1_0_is_read_and_valid() -> None:
    raw = unpacked("compare-0.1.0.json.gz")
    jsonschema.Draft202012Validator(closed(published("report/schemas/compare-1.json"))).validate(json.loads(raw))
    assert without_what_was_added(plain(read_document(raw, Comparison)), json.loads(raw)) == json.loads(raw)
    assert read_document(raw, Comparison) == compared.regressed()


@pytest.mark.parametrize("found", [compared.regressed(), compared.slower(), compared.many()])
def test_the_comparison_schema_of_version_0_1_0_takes_what_is_written_now(found: Comparison) -> None:
    of_version_0_1_0("compare").validate(plain(found))


def test_pages_of_version_0_1_0_are_read(tmp_path: Path) -> None:
    for name in ("report", "compare"):
        (tmp_path / f"{name}.html").write_bytes(unpacked(f"{name}-0.1.0.html.gz"))
    assert load_document(tmp_path / "report.html") == compared.recorded("arm64-5.10")
    assert load_document(tmp_path / "compare.html") == compared.regressed()


def test_events_of_version_0_1_0_are_read_and_valid_and_its_schema_takes_what_is_written_now() -> None:
    now = jsonschema.Draft202012Validator(closed(published("report/schemas/events-1.json")))
    then = of_version_0_1_0("events")
    events: list[Event] = []
    any_event: Any = Event  # a union is not a type for mypy
    for line in lines("events-0.1.0.jsonl"):
        now.validate(json.loads(line))
        events.append(read_document(line, any_event))
        assert json.loads(write_document(events[-1])) == json.loads(line)
        then.validate(plain(events[-1]))
    assert isinstance(events[0], RunBegin)
    assert isinstance(events[-1], RunEnd)
    assert (
        tuple(event.verdict for event in events if isinstance(event, VerdictGiven)) == sample.run().boards[0].verdicts
    )


def test_fields_that_a_later_version_wrote_are_named(tmp_path: Path) -> None:
    document = plain(sample.run()) | {"tool": "0.9.0", "colour": "red"}
    document["boards"][0]["verdicts"][3]["certainty"] = 0.9
    document["boards"][0]["verdicts"][4]["certainty"] = 0.8
    (tmp_path / "run.json").write_text(json.dumps(document))
    notes: list[str] = []
    run = load_document(tmp_path, notes.append)
    assert isinstance(run, Run)
    assert run.boards == sample.run().boards
    (note,) = notes
    assert note.startswith(f"{tmp_path}: bringup 0.9.0 wrote fields that bringup ")
    assert note.endswith(" leaves out: boards[].verdicts[].certainty, colour")


def test_nothing_is_said_where_nothing_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(plain(sample.run()) | {"tool": "0.0.9"}))
    notes: list[str] = []
    load_document(tmp_path, notes.append)
    assert notes == []


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("lab/schemas/boards-1.json", lambda: BoardList((BoardSummary("x", "device"), BoardSummary("y", "offline")))),
        ("report/schemas/heaps-1.json", lambda: Heaps(heaps=sample.run().boards[0].heaps, ion=None)),
        ("report/schemas/heaps-1.json", lambda: Heaps(verdicts=sample.run().boards[0].verdicts)),
        ("lab/schemas/host-1.json", lambda: Host(tuple(examine_host()))),
        ("config/schemas/configs-1.json", listed_configs),
        ("virtual/schemas/virtual-1.json", listed_profiles),
    ],
)
def test_what_is_listed_is_valid_and_a_missing_field_is_noticed(name: str, make: Callable[[], Any]) -> None:
    validator = jsonschema.Draft202012Validator(closed(published(name)))
    document = plain(make())
    validator.validate(document)
    (items,) = (value for value in document.values() if isinstance(value, list))
    del items[0][next(iter(items[0]))]
    assert not validator.is_valid(document)

"""What verdicts and diagnoses say, in full, as a text for people: compared with the text that was read last. A pytest plug-in.

``tests/said/`` has such a text for each test module that uses it: what is said of each board that the tests break. Who
changes a check, a cause or its words writes it anew, and reads the difference: ``BRINGUP_WRITE_SAID=1 pytest tests/causes
tests/checks``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from bringup.results.verdict import Diagnosis, Verdict

__all__ = ["Said", "assert_said", "assert_text", "titles"]

Said = Callable[[Verdict | Diagnosis], None]

_TESTS = Path(__file__).parent.parent
_HEADING = "== "


@pytest.fixture
def said(request: pytest.FixtureRequest) -> Said:
    """Compares what a verdict or diagnosis says under the name of the test; once per test."""
    module = request.path.relative_to(_TESTS).with_suffix("").as_posix().replace("/test_", "/")
    return lambda why: assert_said(module, request.node.name.removeprefix("test_"), [why])


def assert_said(file: str, title: str, told: Iterable[Verdict | Diagnosis]) -> None:
    """They say what the text of this name has under this title."""
    assert_text(file, title, "".join(f"{line}\n" for each in told for line in _lines(each)))


def assert_text(file: str, title: str, text: str) -> None:
    """The text of this name has these lines under this title."""
    known = _read(file)
    if os.environ.get("BRINGUP_WRITE_SAID"):
        known[title] = text
        path = _path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(f"{_HEADING}{key}\n{known[key]}" for key in sorted(known)))
    assert text == known.get(title), "if this is right: BRINGUP_WRITE_SAID=1 pytest this file, and read the difference"


def titles(file: str) -> set[str]:
    """The titles of a text."""
    return set(_read(file))


def _path(file: str) -> Path:
    return _TESTS / "said" / f"{file}.txt"


def _read(file: str) -> dict[str, str]:
    path = _path(file)
    parts = path.read_text().removeprefix(_HEADING).split(f"\n{_HEADING}") if path.is_file() else []
    return {title: text for title, _, text in (part.partition("\n") for part in parts)}


def _lines(told: Verdict | Diagnosis) -> Iterator[str]:
    if isinstance(told, Verdict):
        yield f"{told.outcome}: {told.title}" + (f" [{told.heap}]" if told.heap else "")
    yield from (f"    seen: {line}" for line in told.evidence)
    if told.cause is not None:
        yield f"    cause: {told.cause.id}: {told.cause.text}"
    for other in told.alternatives:
        yield f"    or: {other.cause.id}: {other.cause.text}"
        yield f"        told apart by: {other.told_apart_by}"
        yield from (f"        fix: {line}" for line in other.remedy)
    yield from (f"    fix: {line}" for line in told.remedy)
    for change in told.changes:
        yield f"    {change.file}"
        yield from (f"        {line}" for line in change.lines)
    if isinstance(told, Verdict) and told.reason is not None:
        yield f"    reason: {told.reason}"

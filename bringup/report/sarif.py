"""SARIF 2.1.0 (OASIS, errata 01), as much of it as our reports use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from bringup import __version__
from bringup.document import write_document
from bringup.text import visible

__all__ = ["Place", "Result", "Rule", "sarif_log"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

Kind = Literal["fail", "pass", "notApplicable", "open"]
Level = Literal["error", "warning", "note", "none"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a result is an instance of.

    :param title: one line.
    :param help: why it matters and what to do, as plain text.
    """

    id: str
    title: str
    help: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a result is: a file, relative to the tree, and maybe a line and a column; or something that has no file.

    :param line: 0: the whole file.
    :param column: in characters, from 1; 0: the whole line.
    :param length: of the word, in characters.
    :param text: the line.
    :param logical: the name of what has no file, such as a board.
    """

    path: str = ""
    line: int = 0
    column: int = 0
    length: int = 0
    text: str = ""
    logical: str = ""

    def to_sarif(self) -> dict[str, Any]:
        """A ``location`` object."""
        location: dict[str, Any] = {}
        if self.path:
            base = {} if self.path.startswith("/") else {"uriBaseId": "TREE"}
            file: dict[str, Any] = {"artifactLocation": {"uri": quote(self.path), **base}}
            if self.line:
                region: dict[str, Any] = {"startLine": self.line}
                if self.column:
                    region |= {"startColumn": self.column, "endColumn": self.column + self.length}
                if self.text:
                    region["snippet"] = {"text": self.text}
                file["region"] = region
            location["physicalLocation"] = file
        if self.logical:
            location["logicalLocations"] = [{"name": self.logical}]
        return location


@dataclass(frozen=True, slots=True)
class Result:
    """One finding.

    :param message: plain text.
    :param fingerprint: the same in the next log, whatever the line is then; empty: none is known.
    :param baseline: ``new``, ``unchanged`` or ``absent``; empty: there is no baseline.
    :param suppressed: the reason for suppressing it; empty: it is not.
    """

    rule: str
    message: str
    place: Place
    kind: Kind = "fail"
    level: Level = "warning"
    fingerprint: str = ""
    baseline: str = ""
    suppressed: str = ""
    properties: Mapping[str, object] = field(default_factory=dict)

    def to_sarif(self, index: int) -> dict[str, Any]:
        """A ``result`` object.

        :param index: of the rule.
        """
        result: dict[str, Any] = {
            "ruleId": self.rule,
            "ruleIndex": index,
            "kind": self.kind,
            "level": self.level if self.kind == "fail" else "none",
            "message": {"text": self.message},
            "locations": [self.place.to_sarif()],
        }
        if self.fingerprint:
            result["partialFingerprints"] = {"bringup/v1": self.fingerprint}
        if self.baseline:
            result["baselineState"] = self.baseline
        if self.suppressed:
            result["suppressions"] = [{"kind": "external", "justification": self.suppressed}]
        if self.properties:
            result["properties"] = dict(self.properties)
        return result


def sarif_log(
    rules: Sequence[Rule], results: Iterable[Result], notes: Sequence[str] = (), *, complete: bool = True
) -> str:
    """A log with one run, as text.

    :param notes: what could not be looked at.
    :param complete: whether all was looked at.
    """
    indexes = {rule.id: place for place, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "bringup",
                "version": __version__,
                "rules": [
                    {
                        "id": rule.id,
                        "shortDescription": {"text": visible(rule.title)},
                        "help": {"text": visible(rule.help)},
                    }
                    for rule in rules
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"TREE": {"description": {"text": "The tree that was named on the command line."}}},
        "invocations": [
            {
                "executionSuccessful": complete,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": visible(note)}} for note in notes
                ],
            }
        ],
        "results": [result.to_sarif(indexes[result.rule]) for result in results],
    }
    return write_document({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"

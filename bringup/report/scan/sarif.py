"""SARIF: for GitHub code scanning, GitLab, editors."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.report.sarif import Place, Result, Rule, sarif_log
from bringup.report.scan import ScanFormat
from bringup.scan.document import Hit, Scan
from bringup.scan.rules import RULES

__all__ = ["FORMAT"]


def _render(scan: Scan) -> str:
    ids = {*scan.rules, *(hit.rule for hit in (*scan.hits, *scan.gone))}
    known = {rule.id: rule for rule in RULES}
    rules = [Rule(id, known[id].title, _help(id)) if id in known else Rule(id, id, "") for id in sorted(ids)]  # noqa: A001
    notes = [f"{unread.path}: {unread.reason}" for unread in scan.skipped if not unread.outside]
    return sarif_log(rules, _results(scan), notes, complete=scan.complete)


def _help(id: str) -> str:  # noqa: A002
    from bringup.checks.explain import explain

    explanation = next(one for one in explain(id) if one.kind == "use")
    lines = (explanation.why, *explanation.fix, f"Kernels: {explanation.since}", f"Source: {explanation.source}")
    return "\n".join(lines)


def _results(scan: Scan) -> Iterator[Result]:
    for hit in scan.hits:
        yield _result(hit, hit.baseline)
    for hit in scan.gone:
        yield _result(hit, "absent")


def _result(hit: Hit, baseline: str) -> Result:
    words = [f"{hit.word or hit.rule}: {hit.status or 'to do'}"] if hit.ion else [hit.word or hit.rule]
    place = Place(hit.path, hit.line, hit.column, len(hit.word), hit.text)
    names = ("side", "status", "heap", "component", "kind")
    return Result(
        hit.rule,
        "\n".join((*words, hit.replacement)),
        place,
        level="error" if hit.is_left or (hit.suppressed and hit.ion) else "note" if hit.ion else "warning",
        fingerprint=hit.fingerprint,
        baseline=baseline,
        suppressed=hit.suppressed,
        properties={name: value for name in names if (value := getattr(hit, name))},
    )


FORMAT = ScanFormat("sarif", _render)

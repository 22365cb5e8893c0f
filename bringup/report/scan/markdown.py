"""Markdown: a checklist for an issue, by component, within the size that GitHub takes."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.report.markup import code, table, text
from bringup.report.scan import ScanFormat
from bringup.report.scan.text import totals
from bringup.scan.document import Component, Hit, Scan

__all__ = ["FORMAT"]

# GitHub takes 65,536 characters in an issue or a comment.
_WHOLE = 60_000
_COMPONENTS, _USES = 100, 20


def _render(scan: Scan) -> str:
    out: list[str] = []
    used = 0
    for block in _blocks(scan):
        used += len(block) + 2
        if used > _WHOLE:
            out.append("… and more, which does not fit here. The HTML and JSON reports have all of it.")
            break
        out.append(block)
    return "\n\n".join(out) + "\n"


def _blocks(scan: Scan) -> Iterator[str]:
    yield f"## ION in {code(scan.tree)}"
    yield text(totals(scan)) + "."
    if scan.components:
        head = ["component", "to do", "moved", "frozen", "ION itself", "test", "owners"]
        yield table(head, [_row(component) for component in scan.components[:_COMPONENTS]])
    hits: dict[str, list[Hit]] = {}
    for hit in scan.hits:
        if hit.is_left:
            hits.setdefault(hit.component, []).append(hit)
    for component in scan.components:
        if component.name in hits:
            yield f"### {code(component.name)}"
            yield "\n".join(_uses(hits[component.name]))
    unread = [one for one in scan.skipped if not one.outside]
    if unread:
        yield "### Not read, and may use ION"
        yield "\n".join(f"- {code(one.path)}: {text(one.reason)}" for one in unread[:_USES])


def _row(component: Component) -> list[str]:
    numbers = (component.to_do, component.moved, component.frozen, component.itself, component.test)
    owners = ", ".join(code(owner) for owner in component.owners)
    return [code(component.name), *(f"{number:,}" for number in numbers), owners]


def _uses(hits: list[Hit]) -> Iterator[str]:
    for hit in hits[:_USES]:
        first = hit.replacement.replace("\n", "; ")
        yield f"- [ ] {code(f'{hit.path}:{hit.line}')} {code(hit.word)}: {text(first)}"
    if len(hits) > _USES:
        yield f"- [ ] … and {len(hits) - _USES:,} more"


FORMAT = ScanFormat("md", _render)

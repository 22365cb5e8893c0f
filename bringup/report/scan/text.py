"""Text for a terminal: a summary of at most 24 lines, or every use with what replaces it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bringup.report.scan import ScanFormat
from bringup.scan.document import Component, Hit, Scan, Status, Unread, count_lines
from bringup.scan.migration.plan import plan
from bringup.scan.rules import RULES
from bringup.text import pluralize

__all__ = ["FORMAT", "every_use", "planned", "summary", "totals"]

_MOST_LINES = 24
#: Beside the components: the sentence, an empty line, the heads, what is not shown, an empty line, five of the end.
_OTHER_LINES = 10
_HEADS = ("component", "to do", "moved", "frozen", "ION itself", "test", "owner")
_WIDEST = 60


def summary(scan: Scan) -> Iterator[str]:
    """At most 24 lines: what is left, where, and what was not looked at."""
    yield totals(scan)
    shown = scan.components[: _MOST_LINES - _OTHER_LINES]
    if shown:
        yield ""
        yield from _table([_HEADS, *(_row(component) for component in shown)])
    if len(scan.components) > len(shown):
        rest = scan.components[len(shown) :]
        yield f"… {pluralize(len(rest), 'more component')} with {sum(one.to_do + one.test for one in rest)} to do"
    if notes := list(_notes(scan)):
        yield ""
        yield from notes


def totals(scan: Scan) -> str:
    """What was found, in one line."""
    left = [hit for hit in scan.hits if hit.is_left]
    others = [hit for hit in scan.hits if hit.ion and not hit.suppressed]
    count = {status: count_lines((hit for hit in others if hit.status == status), but=left) for status in Status}
    tests = count_lines(hit for hit in left if hit.status == "test")
    words = [
        f"{pluralize(count_lines(left), 'use')} of ION to do in {pluralize(len({hit.path for hit in left}), 'file')}"
    ]
    words += [f"{tests:,} of them in tests"] if tests else []
    if not left:
        words = ["no use of ION" if not any(hit.ion for hit in scan.hits) else "no use of ION to do"]
    moved = count[Status.MOVED] + count[Status.WAY_BACK]
    words += [f"{moved:,} moved"] if moved else []
    words += [f"{count[status]:,} {label}" for status, label in _APART if count[status]]
    other = sum(not hit.ion for hit in scan.hits)
    words += [pluralize(other, "name") + " that only some kernels have"] if other else []
    suppressed = count_lines(hit for hit in scan.hits if hit.suppressed)
    words += [f"{suppressed:,} suppressed"] if suppressed else []
    if any(hit.baseline for hit in scan.hits) or scan.gone:
        new = count_lines(hit for hit in left if hit.baseline == "new")
        words += [f"{new:,} new", f"{count_lines(scan.gone):,} gone"]
    return f"{', '.join(words)}; {pluralize(scan.files, 'file')} searched"


_APART = ((Status.FROZEN, "frozen"), (Status.ION_ITSELF, "of ION itself"))


def _row(component: Component) -> tuple[str, ...]:
    numbers = (component.to_do, component.moved, component.frozen, component.itself, component.test)
    name = component.name if len(component.name) <= _WIDEST else f"…{component.name[1 - _WIDEST :]}"
    return (name, *(str(number or "–") for number in numbers), " ".join(component.owners[:1]))


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for row in rows:
        numbers = (cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True))
        yield "  ".join((row[0].ljust(widths[0]), *numbers, row[-1])).rstrip()


def _notes(scan: Scan) -> Iterator[str]:
    """At most five lines."""
    inside = [unread for unread in scan.skipped if not unread.outside]
    outside = [unread for unread in scan.skipped if unread.outside]
    for unread, words in ((inside, "not read, and may use ION"), (outside, "not part of the tree")):
        if unread:
            more = f", and {len(unread) - 1:,} more" if len(unread) > 1 else ""
            yield f"{words}: {unread[0].path} ({unread[0].reason}){more}"
    if not scan.files:
        yield "no file was searched"
    if scan.left_out:
        yield "left out: " + ", ".join(f"{one.count:,} {one.reason}" for one in scan.left_out)
    if scan.uses_ion:
        yield "--all prints every line, --plan the order of the work, --patch DIR writes what needs no person"
    elif scan.hits:
        yield "--all prints every line"


def every_use(scan: Scan) -> Iterator[str]:
    """Uses by rule and what replaces them, in the order of the rules; what was not read; the totals."""
    groups: dict[tuple[str, str], list[Hit]] = {}
    for hit in scan.hits:
        groups.setdefault((hit.rule, hit.replacement), []).append(hit)
    titles = {rule.id: rule.title for rule in RULES}
    order = {rule: place for place, rule in enumerate(titles)}
    for (rule, replacement), hits in sorted(groups.items(), key=lambda item: order.get(item[0][0], len(order))):
        yield f"{rule}: {titles.get(rule, rule)}"
        yield from dict.fromkeys(f"  {hit.path}:{hit.line}: {hit.text}{_aside(hit)}" for hit in hits)
        yield from (f"  → {line}" for line in replacement.splitlines())
        yield ""
    yield from _unread(scan.skipped)
    yield totals(scan)


def planned(scan: Scan) -> Iterator[str]:
    """The order of the work: done, left, who."""
    for number, step in enumerate(plan(scan), start=1):
        state = "done" if step.done and not step.left else "nothing here" if not step.left else f"{step.left:,} left"
        done = f", {step.done:,} done" if step.done and step.left else ""
        yield f"{number}. {step.title}: {state}{done}"
        if step.who:
            yield f"   who: {', '.join(step.who)}"
        yield from (f"   {line}" for line in step.lines)
    yield totals(scan)


def _aside(hit: Hit) -> str:
    words = [] if hit.status in ("", "to do") or not hit.ion else [hit.status]
    words += [f"suppressed: {hit.suppressed}"] if hit.suppressed else []
    words += ["new"] if hit.baseline == "new" else []
    words += [] if hit.certain else ["other projects have this name, too"]
    return f"  [{'; '.join(words)}]" if words else ""


def _unread(skipped: Sequence[Unread]) -> Iterator[str]:
    if skipped:
        yield "not read:"
        yield from (f"  {unread.path}: {unread.reason}" for unread in skipped)
        yield ""


def _render(scan: Scan) -> str:
    return "".join(f"{line}\n" for line in every_use(scan))


FORMAT = ScanFormat("text", _render)

"""How the answers of ``bringup kconfig`` are printed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bringup.cli.console import out, print_json, say, table
from bringup.text import counted, visible

if TYPE_CHECKING:
    from bringup.kernel.history.symbols import SymbolHistory
    from bringup.kernel.requirements.checked import Checked
    from bringup.kernel.requirements.diff import Difference
    from bringup.kernel.requirements.explain import Explanation
    from bringup.kernel.requirements.fragment import Fragment
    from bringup.kernel.requirements.requirement import Requirement
    from bringup.kernel.requirements.verdict import KconfigVerdict
    from bringup.kernel.sources.configuration import Source

__all__ = ["show_check", "show_differences", "show_explanation", "show_names", "write_fragment"]

_SHOWN = ("fail", "error", "warn", "pass")


def show_check(checked: Checked, *, everything: bool, as_json: bool) -> None:
    """Print what was judged and the answers, worst first; those that were skipped only if asked for."""
    if as_json:
        print_json(checked.to_json())
        return
    _show_heading(checked)
    for change in checked.changes:
        _line(f"  {change.kind.value}: {change.text}" + (f" → {change.remedy}" if change.remedy else ""))
    outcomes = (*_SHOWN, "skip") if everything else _SHOWN
    chosen = [verdict for outcome in outcomes for verdict in checked.verdicts if verdict.outcome.value == outcome]
    rows = [[v.outcome.value, v.id, "\n".join(_told(v))] for v in chosen if not _unreadable(v)]
    if silent := [verdict for verdict in chosen if _unreadable(verdict)]:
        rows.append(["error", counted(len(silent), "requirement"), "\n".join(_not_read(silent))])
    out().print(table(["", "requirement", "answer"], rows))
    counts = {outcome: sum(v.outcome.value == outcome for v in checked.verdicts) for outcome in (*_SHOWN, "skip")}
    _line(", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count))


def _show_heading(checked: Checked) -> None:
    source = checked.source
    kernel = " ".join(
        filter(None, (checked.kernel or "of unknown version", checked.flavour and checked.flavour.value, checked.arch))
    )
    wrapped = f" ({', '.join(source.layers)})" if source.layers else ""
    _line(f"{source.name}: {source.kind.value}{wrapped}, kernel {kernel}")
    for note in (*source.notes, *([source.reason] if source.config is None else [])):
        say(f"bringup: {note}")
    for override in source.overrides:
        _line(f"  CONFIG_{override.symbol}: {override.old} → {override.new} ({override.new_source})")
    if checked.later is not None:
        _line(f"as kernel {checked.later} would take it:")


def _unreadable(verdict: KconfigVerdict) -> bool:
    return verdict.outcome.value == "error" and verdict.answer.value == "config not readable"


def _not_read(verdicts: Sequence[KconfigVerdict]) -> Iterator[str]:
    """One answer for all that only a configuration could have answered."""
    yield verdicts[0].reason or ""
    yield f"  not judged: {', '.join(verdict.id for verdict in verdicts)}"
    yield from (f"  → {line}" for line in verdicts[0].remedy)


def _told(verdict: KconfigVerdict) -> Iterator[str]:
    if verdict.outcome.value == "pass":
        yield verdict.satisfied_by or ""
        return
    yield verdict.title
    yield from (f"  {line}" for line in verdict.evidence)
    if verdict.cause is not None:
        yield f"  {verdict.cause.text}"
    if verdict.reason is not None:
        yield f"  {verdict.reason}"
    yield from (f"  → {line}" for line in verdict.remedy)


def write_fragment(fragment: Fragment, source: Source, output: Path | None, *, read: Iterable[Path]) -> None:
    """Write the fragment; what no line can mend goes to stderr.

    :param read: the files it was made from, which are not written over.
    """
    from bringup.files import write_file

    text = f"# For {visible(source.name)}\n{fragment.text()}" if fragment.lines else ""
    if output is None:
        _write(text)
    else:
        write_file(output, text, read=read)
    if not fragment.lines and not fragment.impossible:
        say("bringup: nothing to set: every requirement holds")
    for requirement, why in fragment.impossible:
        say(f"bringup: {requirement}: no line can mend it: {why}")


def show_explanation(explanation: Explanation, *, as_json: bool) -> None:
    """Print requirements, then histories, then heap names."""
    if as_json:
        print_json(explanation.to_json())
        return
    for requirement in explanation.requirements:
        _paragraph(_requirement_lines(requirement))
    for history in explanation.symbols:
        _paragraph(_history_lines(history))
    for entry in explanation.heaps:
        tail = f" ({entry.note})" if entry.note else ""
        _line(f"heap names, kernel {entry.kernel}: {', '.join(entry.names)}{tail}")
    for symbol in explanation.unknown:
        _line(f"CONFIG_{symbol}: its history is not known here")


def _paragraph(lines: Iterable[str]) -> None:
    for line in lines:
        _line(line)
    _line("")


def _requirement_lines(requirement: Requirement) -> Iterator[str]:
    yield f"{requirement.id}: {requirement.title}"
    yield f"  severity: {requirement.severity.value}"
    if str(requirement.kernel) != "..":
        yield f"  kernels: {requirement.kernel}"
    for label, words in (("flavours", requirement.flavours), ("architectures", requirement.archs)):
        if words:
            yield f"  {label}: {', '.join(sorted(words))}"
    yield f"  asks for: {requirement.need}"
    if requirement.when is not None:
        yield f"  only where: {requirement.when}"
    if requirement.user_build_only:
        yield "  only on user builds"
    if requirement.proofs:
        yield f"  also satisfied by: {', '.join(f'{proof.kind.value} {proof.pattern}' for proof in requirement.proofs)}"
    yield f"  why: {requirement.why}"
    yield from (f"  remedy: {line}" for line in requirement.remedy)
    yield from (f"  source: {source}" for source in requirement.sources)


def _history_lines(history: SymbolHistory) -> Iterator[str]:
    yield f"CONFIG_{history.name}: {history.what}"
    if history.vendor:
        yield f"  {history.vendor} only; no mainline kernel has it"
    for era in history.eras:
        trees = f" ({', '.join(sorted(era.flavours))})" if era.flavours else ""
        prompt = "" if era.prompt else ", cannot be set by hand"
        yield f"  kernel {era.kernel}{trees}: {era.type.value}{prompt}"
        if era.depends:
            yield f"    depends on {era.depends}"
        for value, condition in era.defaults:
            yield f"    default {value}{f' if {condition}' if condition else ''}"
        if era.selected_by:
            yield f"    selected by {', '.join(name for name, _ in era.selected_by)}"
        if era.note:
            yield f"    {era.note}"
        yield from (f"    source: {source}" for source in era.sources)
    if history.renamed_to:
        yield f"  called CONFIG_{history.renamed_to[0]} since {history.renamed_to[1]}"
    if history.module:
        yield f"  as m it builds {history.module}.ko"
    if history.heaps:
        yield f"  provides /dev/dma_heap/: {', '.join(history.heaps)}"
    yield from (f"  {note}" for note in history.notes)


def show_names(requirements: Sequence[Requirement], *, as_json: bool) -> None:
    """Print every id and every symbol with a history."""
    from bringup.kernel.history.symbols import symbol_table

    if as_json:
        ids = {requirement.id: requirement.title for requirement in requirements}
        print_json(
            {
                "schema": "bringup.kconfig-names/1",
                "requirements": ids,
                "symbols": {name: one.what for name, one in symbol_table().items()},
            }
        )
        return
    out().print(table(["requirement", "title"], ([one.id, one.title] for one in requirements)))
    out().print(table(["symbol", "what"], ([f"CONFIG_{one.name}", one.what] for one in symbol_table().values())))


def show_differences(found: Sequence[Difference], sources: Sequence[Source], *, same: bool, as_json: bool) -> None:
    """Print a column for each source; ``-`` where it says nothing."""
    from bringup.kernel.requirements.diff import disagreements

    if as_json:
        names = [source.name for source in sources]
        pairs = disagreements(found, len(sources))
        print_json(
            {
                "schema": "bringup.kconfig-diff/1",
                "sources": names,
                "differences": [one.to_json() for one in found],
                "disagreements": [{"sources": [one.first, one.second], "symbols": one.symbols} for one in pairs],
            }
        )
        return
    if found:
        rows = ([f"CONFIG_{one.symbol}", *(value or "-" for value in one.values)] for one in found)
        out().print(table(["symbol", *_short_names(sources)], rows))
    if same:
        verb = "disagree" if found else "agree"
        _line(f"{len(sources)} sources {verb}" + (f" on {counted(len(found), 'symbol')}" if found else ""))
        names = _short_names(sources)
        for one in disagreements(found, len(sources)) if len(sources) > 2 else ():
            _line(f"  {names[one.first]} and {names[one.second]}: {counted(one.symbols, 'symbol')}")


def _short_names(sources: Sequence[Source]) -> list[str]:
    """File names where they differ, else the paths."""
    short = [Path(source.name).name for source in sources]
    return short if len(set(short)) == len(short) else [source.name for source in sources]


def _line(text: str) -> None:
    _write(visible(text) + "\n")


def _write(text: str) -> None:
    sys.stdout.write(text)

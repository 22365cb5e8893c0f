"""``bringup kconfig fragment``, ``explain`` and ``diff``: what they print."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bringup.cli.console import out, print_json, say, table
from bringup.errors import ExitCode, UsageError
from bringup.files import write_file
from bringup.kernel.history.symbols import SymbolHistory
from bringup.kernel.history.upstream import newer_than_read
from bringup.kernel.requirements.check import CheckOptions, fragment_for
from bringup.kernel.requirements.diff import KconfigDiff, configs_of, differences, disagreements
from bringup.kernel.requirements.explain import all_names, explain
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.requirements.odd_lines import odd_notes
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.sources.source import Source
from bringup.text import pluralize, visible

__all__ = ["show_differences", "show_explanation", "show_names", "write_fragment"]


def write_fragment(
    source: Source, options: CheckOptions, output: Path | None, *, only_required: bool, read: Iterable[Path]
) -> int:
    """Write the fragment that fixes a source; what no line can fix goes to stderr. The exit status.

    :param only_required: leave recommendations out.
    :param read: the files that were read, which are not written over.
    """
    fragment = fragment_for(source, options, only_required=only_required)
    _say_odd_lines([source])
    for note in newer_than_read(options.version_of(source)):
        say(f"bringup: {visible(note)}")
    text = f"# For {visible(source.name)}\n{fragment.text()}" if fragment.lines else ""
    if output is None:
        sys.stdout.write(text)
    else:
        write_file(output, text, read=read)
    if not fragment.lines and not fragment.impossible:
        say("bringup: nothing to set: every requirement holds")
    if fragment.lines and fragment.for_gki:
        say("bringup: for a kernel that you build yourself; Google's GKI image stays as it is, and")
        say("  bringup kconfig check says what to do instead")
    for requirement, why in fragment.impossible:
        say(f"bringup: {requirement}: no line can fix it: {why}")
    return int(ExitCode.FAILED if fragment.impossible else ExitCode.PASSED)


def show_names(requirements: Sequence[Requirement], *, as_json: bool) -> None:
    """Print every id and every symbol with a known history."""
    names = all_names((*shipped_requirements(), *requirements))
    if as_json:
        print_json(names)
        return
    out().print(table(["requirement", "title"], names.requirements.items()))
    out().print(table(["symbol", "what"], ((f"CONFIG_{symbol}", what) for symbol, what in names.symbols.items())))


def show_explanation(name: str | None, requirements: Sequence[Requirement], *, as_json: bool) -> None:
    """Print requirements, then histories, then heap names.

    :raises UsageError: no name, or an unknown one.
    """
    if name is None:
        raise UsageError("explain", "no name was given", hint="bringup kconfig explain --list lists all names")
    explanation = explain(name, (*shipped_requirements(), *requirements))
    if as_json:
        print_json(explanation.document())
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
    yield from (f"  fix: {line}" for line in requirement.remedy)
    yield from (f"  on GKI: {line}" for line in requirement.on_gki)
    if requirement.absent is not None:
        yield f"  fails in a tree without it: {requirement.absent.cause.text}"
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
        yield f"  called CONFIG_{history.renamed_to.symbol} since {history.renamed_to.since}"
    if history.module:
        yield f"  as m it builds {history.module}.ko"
    if history.heaps:
        yield f"  provides /dev/dma_heap/: {', '.join(history.heaps)}"
    yield from (f"  {note}" for note in history.notes)


def show_differences(sources: Sequence[Source], *, same: bool, exact: bool, heaps_only: bool, as_json: bool) -> int:
    """Print one column per source; ``-`` where it says nothing. The exit status.

    :param same: they should be the same: 1 when two disagree, and print which.
    :param exact: see :func:`~bringup.kernel.requirements.diff.differences`.
    :param heaps_only: only symbols of DMA-BUFs, heaps and CMA.
    """
    _say_odd_lines(sources)
    found = differences(configs_of(sources), exact=exact)
    if heaps_only:
        found = tuple(difference for difference in found if difference.relevant)
    pairs = disagreements(found, len(sources))
    if as_json:
        document = KconfigDiff(tuple(source.name for source in sources), found, pairs)
        print_json(document)
    else:
        names = _short_names(sources)
        if found:
            rows = ([f"CONFIG_{diff.symbol}", *(value or "-" for value in diff.values)] for diff in found)
            out().print(table(["symbol", *names], rows))
        if same:
            verb = "disagree" if found else "agree"
            _line(f"{len(sources)} sources {verb}" + (f" on {pluralize(len(found), 'symbol')}" if found else ""))
            for pair in pairs if len(sources) > 2 else ():
                first, second = pair.sources
                _line(f"  {names[first]} and {names[second]}: {pluralize(pair.symbols, 'symbol')}")
    return int(ExitCode.FAILED if same and found else ExitCode.PASSED)


def _say_odd_lines(sources: Iterable[Source]) -> None:
    for source in sources:
        for note in odd_notes(source.config):
            say(f"bringup: {note}")


def _short_names(sources: Sequence[Source]) -> list[str]:
    """File names where they differ, else the paths."""
    short = [Path(source.name).name for source in sources]
    return short if len(set(short)) == len(short) else [source.name for source in sources]


def _line(text: str) -> None:
    sys.stdout.write(visible(text) + "\n")

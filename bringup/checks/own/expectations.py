"""Whether the board is as its board config and a user's YAML file expect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bringup.allocator.answer import State
from bringup.checks.registry import Check, Question
from bringup.config.expectation import Expectation, Otherwise
from bringup.config.units import parse_size, show_size
from bringup.facts.board import Facts
from bringup.results.verdict import Verdict
from bringup.text import visible

__all__ = ["EXPECTATIONS", "expected"]

_LONGEST = 200
#: What is not in the part that was read may be in the rest.
_CUT = "{} is longer than the part that was read"


@dataclass(frozen=True, slots=True)
class _Value:
    """A fact: its text, ``None`` where the board has none; or why it is unknown.

    :param cut: why only the beginning of the text is known.
    """

    text: str | None = None
    unknown: str = ""
    cut: str = ""


def _judge(_question: Question, facts: Facts) -> Iterator[Verdict]:
    of_config = facts.config.expect if facts.config is not None else ()
    # by id: what the file says is said later
    for expectation in {entry.id: entry for entry in (*of_config, *facts.expectations)}.values():
        yield _verdict(expectation, facts)


def _verdict(expectation: Expectation, facts: Facts) -> Verdict:
    kind, name = expectation.fact
    question = Question(f"expect.{expectation.id}", expectation.title, expectation.heap)
    value = _value(kind, name, facts)
    if value.unknown:
        return question.unknown(value.unknown)
    if value.cut and not _holds_of_beginning(expectation, value.text or ""):
        return question.unknown(value.cut)
    shown = f"{kind} {name}: {'not there' if value.text is None else visible(value.text[:_LONGEST])}"
    holds = _holds(expectation, value.text)
    if holds is None:
        return question.unknown(f"{kind} {name} is no number", shown)
    if holds:
        return question.passed(shown)
    evidence = [shown, f"expected: {expected(expectation)}", *([expectation.why] if expectation.why else [])]
    if expectation.otherwise is Otherwise.WARN:
        return question.warned(*evidence, remedy=expectation.fix)
    return question.failed(*evidence, remedy=expectation.fix)


def _holds(expectation: Expectation, text: str | None) -> bool | None:
    """Whether the condition holds; ``None``: that cannot be said of this text."""
    if expectation.exists is not None:
        return (text is not None) is expectation.exists
    if text is None:
        return False
    if expectation.equals is not None:
        return text == expectation.equals
    if expectation.contains is not None:
        return expectation.contains in text
    number = parse_size(text.strip())
    if number is None:
        return None
    if expectation.at_least is not None:
        return number >= expectation.at_least
    return expectation.at_most is None or number <= expectation.at_most


def _holds_of_beginning(expectation: Expectation, text: str) -> bool:
    """Whether the condition holds whatever the rest of the text is."""
    return expectation.exists is True or (expectation.contains is not None and expectation.contains in text)


def expected(expectation: Expectation) -> str:
    """The condition in words."""
    if expectation.exists is not None:
        return "it is there" if expectation.exists else "it is not there"
    if expectation.equals is not None:
        return expectation.equals
    if expectation.contains is not None:
        return f"contains {expectation.contains}"
    if expectation.at_least is not None:
        return f"at least {expectation.at_least} ({show_size(expectation.at_least)})"
    return f"at most {expectation.at_most}"


def _value(kind: str, name: str, facts: Facts) -> _Value:
    match kind:
        case "property":
            return _property(name, facts)
        case "meminfo":
            if not facts.meminfo:
                return _Value(unknown=facts.why_unknown("/proc/meminfo"))
            if name in facts.meminfo:
                return _Value(str(facts.meminfo[name]))
            return _Value(unknown=_why_cut("/proc/meminfo", facts))
        case "kconfig":
            if facts.kernel_config is None:
                return _Value(unknown=facts.why_no_kernel_config)
            return _Value(facts.kernel_config.get(name) or "n")
        case "cmdline":
            return _parameter(name, facts)
        case "heap":
            return _heap_mode(name, facts)
        case _:
            return _file(name, facts)


def _property(name: str, facts: Facts) -> _Value:
    ran = facts.record.ran("/system/bin/getprop")
    if not facts.properties or ran is None:
        return _Value(unknown="the board's properties were not observed")
    if name not in facts.properties and ran.stdout.truncated:
        return _Value(unknown=_CUT.format("the output of getprop"))
    return _Value(facts.properties.get(name))


def _why_cut(path: str, facts: Facts) -> str:
    """Why only the beginning of a file is known; empty: all of it is."""
    entry = facts.record.file(path)
    return _CUT.format(path) if entry is not None and entry.truncated else ""


def _file(path: str, facts: Facts) -> _Value:
    text = facts.text(path)
    if text is not None:
        return _Value(text.rstrip("\n"), cut=_why_cut(path, facts))
    entry = facts.record.file(path)
    is_missing = entry is not None and entry.state is State.MISSING
    return _Value() if is_missing else _Value(unknown=facts.why_unknown(path))


def _parameter(name: str, facts: Facts) -> _Value:
    if facts.cmdline is None:
        return _Value(unknown=facts.why_unknown("/proc/cmdline"))
    if why := _why_cut("/proc/cmdline", facts):
        return _Value(unknown=why)
    for word in reversed(facts.cmdline):  # the kernel takes the last one
        key, _, value = word.partition("=")
        if key == name:
            return _Value(value)
    return _Value()


def _heap_mode(name: str, facts: Facts) -> _Value:
    if facts.heap_nodes is None:
        return _Value(unknown=facts.why_unknown("/dev/dma_heap"))
    node = facts.heap_nodes.get(name)
    if node is None:
        return _Value()
    return _Value(f"{node.mode:04o}") if node.mode is not None else _Value(unknown=facts.why_unknown(node.path))


EXPECTATIONS = Check(
    "expect",
    "The board is as its board config and a file of yours expect",
    "Compares facts of the record with the expectations in the board config and in the file that --expect names: one "
    "verdict each, expect.ID. A fact that was not observed is unknown.",
    "What a product needs beside heaps is known to its makers only.",
    "docs/own-checks.md, the board config, and the file that --expect names",
    _judge,
    since="any",
)

"""Checks of plug-ins: packages with an entry point in the group ``bringup.checks``.

Each plug-in is imported and asked in a process of its own, with a limit (:mod:`bringup.plug_ins`). If it does not get
to its end there, that costs its own verdicts only, and one error says so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint

import msgspec

from bringup.checks.registry import Check, Question, checks, registered
from bringup.facts.board import Facts
from bringup.plug_ins import PlugInFailed, PlugInLimits, fix_of, installed, origin_of, said_apart
from bringup.results.verdict import Verdict
from bringup.text import visible

__all__ = ["CPU_SECONDS", "GROUP", "PLUGINS", "SECONDS", "PluginCheck", "plugin_checks"]

GROUP = "bringup.checks"
#: What a plug-in may take for one board; by the clock for one that waits.
CPU_SECONDS, SECONDS = 10, 60
#: Bytes that it may answer with.
_MOST = 8 << 20


class PluginCheck(msgspec.Struct, frozen=True):
    """What a plug-in's check says of itself.

    :param origin: the package with its version, and the entry point.
    """

    id: str
    title: str
    asks: str
    why: str
    source: str
    since: str
    origin: str


class _Line(msgspec.Struct, omit_defaults=True):
    """One line of what the process says."""

    asking: str = ""
    check: PluginCheck | None = None
    verdict: Verdict | None = None


_LINES = msgspec.json.Decoder(_Line)


def plugin_checks() -> tuple[PluginCheck, ...]:
    """What the checks of all plug-ins say of themselves; nothing of a plug-in that cannot be imported."""
    found: list[PluginCheck] = []
    for entry in installed(GROUP):
        with contextlib.suppress(PlugInFailed):
            found += [line.check for line in _apart(lambda say, entry=entry: _describe(entry, say)) if line.check]  # type: ignore[misc]
    return tuple(found)


def _judge(question: Question, facts: Facts) -> Iterator[Verdict]:
    for entry in installed(GROUP):
        asking = ""
        try:
            for line in _apart(lambda say, entry=entry: _ask(entry, facts, say)):  # type: ignore[misc]
                asking = line.asking or asking
                if line.verdict is not None:
                    yield line.verdict
        except PlugInFailed as failed:
            own = Question(f"{question.id}.{entry.name}", question.title)
            while_asked = f" while it was asked {asking}" if asking else ""
            why = f"the plug-in {entry.name}: {failed.why}{while_asked}"
            yield own.unknown(why, origin_of(entry), remedy=[fix_of(entry)])


def _load(entry: EntryPoint) -> list[Check]:
    """The checks that importing it registers."""
    before = {check.id for check in checks()}
    entry.load()
    return [check for check in registered() if check.id not in before]


def _describe(entry: EntryPoint, say: Callable[[_Line], None]) -> None:
    for check in _load(entry):
        about = (check.id, check.title, check.asks, check.why, check.source, check.since)
        say(_Line(check=PluginCheck(*about, origin_of(entry))))


def _ask(entry: EntryPoint, facts: Facts, say: Callable[[_Line], None]) -> None:
    for check in _load(entry):
        say(_Line(asking=check.id))
        for verdict in check.ask(facts):
            say(_Line(verdict=verdict))


def _apart(work: Callable[[Callable[[_Line], None]], None]) -> Iterator[_Line]:
    """What the work says, line by line, from a process of its own.

    :raises PlugInFailed: it did not end by itself within its limits.
    """

    def say_all(say: Callable[[bytes], None]) -> None:
        work(lambda line: say(msgspec.json.encode(line)))

    with contextlib.closing(said_apart(say_all, PlugInLimits(CPU_SECONDS, SECONDS, _MOST))) as said:
        for data in said:
            try:
                yield _LINES.decode(data)
            except msgspec.MsgspecError as error:
                raise PlugInFailed(f"its verdict is none: {visible(str(error))}") from error


PLUGINS = Check(
    "plugins",
    "The checks of plug-ins can be asked",
    "Imports each package with an entry point in the group bringup.checks, and asks its checks, in a process of its "
    "own. A plug-in that raises, ends its process or does not end is one error, plugins.NAME; its verdicts until then "
    "count.",
    "A check that was not asked has not passed.",
    "docs/own-checks.md",
    _judge,
    since="any",
)

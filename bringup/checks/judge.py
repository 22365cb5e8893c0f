"""Judging a record: every check asked, and the record's facts as a report shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from bringup.causes.known.surroundings import BOARD_NO_ROOT
from bringup.causes.no_root import open_questions
from bringup.checks.own import OWN
from bringup.checks.registry import Check, Question, Role, checks, checks_for
from bringup.config.units import show_size
from bringup.errors import BringupError
from bringup.facts.benchmark import timing_facts, untimed_facts
from bringup.facts.board import Facts
from bringup.facts.budget import budget_of_config
from bringup.facts.heap_tests import outcome_of
from bringup.facts.holders.sums import holders_facts
from bringup.facts.ion_equivalence import ion_facts, ion_sources
from bringup.facts.latency import latencies_of, latency_facts
from bringup.facts.memory.buffer_placement import exhaustion_facts, pages_of
from bringup.facts.memory.memory_map import memory_facts
from bringup.facts.upstream_gap import gap_of_board
from bringup.kernel.history.gap import UpstreamGap
from bringup.results.requirements import RequirementFacts
from bringup.results.run import BoardRun, HeapFacts, Step
from bringup.results.verdict import Verdict

__all__ = ["heaps_of", "judge"]

_Part = TypeVar("_Part")


def judge(facts: Facts, record_name: str | None = None) -> BoardRun:
    """Ask every check. A pure function of the facts: the same in a year, with no board.

    :param record_name: what the run calls the record's folder.
    """
    record, config = facts.record, facts.matched_config
    parts = _Parts(facts)
    verdicts = tuple(verdict for check in (*checks(), *OWN) for verdict in _ask(check, facts))
    verdicts = tuple(_with_open_questions(verdict, verdicts) for verdict in verdicts)
    board = BoardRun(
        serial=record.board.serial,
        place=record.board.place or None,
        verdicts=verdicts,
        config=config.name if config else None,
        kernel=record.hello.release if record.hello else None,
        record=record_name,
        blame=record.blame,
        identity=parts.of(lambda facts: dict(_identity(facts)), {}),
        heaps=parts.of(lambda facts: tuple(_heaps(facts)), ()),
        timings=parts.of(lambda facts: timing_facts(facts.record.timings), ()),
        untimed=parts.of(lambda facts: untimed_facts(facts.record.untimed), ()),
        memory=parts.of(memory_facts, None),
        holders=parts.of(lambda facts: holders_facts(facts, last=0), None),
        budget=parts.of(budget_of_config, None),
        requirements=parts.of(lambda facts: tuple(map(RequirementFacts.of, facts.kconfig.values())), ()),
        ion=parts.of(ion_facts, None),
        ion_heaps=parts.of(lambda facts: tuple(_ion_heaps(facts)), ()),
        steps=parts.of(lambda facts: tuple(Step(step.name, step.at, step.seconds) for step in facts.record.steps), ()),
        upstream_gap=_gap(facts),
    )
    return replace(board, verdicts=(*verdicts, *parts.verdicts)) if parts.verdicts else board


class _Parts:
    """Makes the parts of a report. One that cannot be made is left out, and costs no other."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.verdicts: list[Verdict] = []

    def of(self, make: Callable[[Facts], _Part], otherwise: _Part) -> _Part:
        """The part; ``otherwise`` where the record is damaged, which a check reports, or where bringup is at fault."""
        try:
            return make(self._facts)
        except BringupError:
            return otherwise
        except Exception as error:  # noqa: BLE001 - a board never ends a run
            (check,) = checks_for(Role.OBSERVATION)
            self.verdicts.append(Question(check.id, check.title).unknown(_fault(error)))
            return otherwise


def _with_open_questions(verdict: Verdict, verdicts: tuple[Verdict, ...]) -> Verdict:
    """The verdict on root, with what is open without it; any other as it is."""
    if verdict.cause is None or verdict.cause.id != BOARD_NO_ROOT.id:
        return verdict
    return replace(verdict, evidence=(*verdict.evidence, *open_questions(verdicts)))


def heaps_of(facts: Facts) -> list[HeapFacts]:
    """The heaps that are there, then those that should be, at a glance."""
    return list(_heaps(facts))


def _ask(check: Check, facts: Facts) -> Iterator[Verdict]:
    """The check's verdicts; where what it reads is damaged, or the check itself fails, that is its answer."""
    question = Question(check.id, check.title)
    try:
        yield from check.ask(facts)
    except BringupError as error:
        yield question.unknown(str(error))
    except Exception as error:  # noqa: BLE001 - a board never ends a run
        yield question.unknown(_fault(error))


def _fault(error: Exception) -> str:
    """What is reported where something in a record is beyond bringup's understanding."""
    return f"a fault of bringup, please report it: {type(error).__name__}: {str(error)[:200]}"


def _gap(facts: Facts) -> UpstreamGap:
    try:
        return gap_of_board(facts)
    except BringupError as error:
        return UpstreamGap(None, not_known=(str(error),))
    except Exception as error:  # noqa: BLE001
        return UpstreamGap(None, not_known=(_fault(error),))


def _identity(facts: Facts) -> Iterator[tuple[str, str]]:
    hello = facts.record.hello
    identity = {
        "model": (facts.text("/sys/firmware/devicetree/base/model") or "").rstrip("\0"),
        "product": facts.properties.get("ro.product.model", ""),
        "compatible": ", ".join(facts.compatibles),
        "kernel": f"{hello.release} {hello.version}" if hello else "",
        "machine": hello.machine if hello else "",
        "page size": show_size(hello.page_size) if hello else "",
        "memory": f"{facts.meminfo['MemTotal'] // 2**20} MiB" if "MemTotal" in facts.meminfo else "",
        "CMA": f"{facts.meminfo['CmaTotal'] // 2**20} MiB" if "CmaTotal" in facts.meminfo else "",
        "Android": facts.properties.get("ro.build.fingerprint", ""),
        "SELinux": facts.selinux_mode or "",
        "root": facts.record.board.root,
        "observed": facts.record.started,
    }
    return ((name, value) for name, value in identity.items() if value)


def _ion_heaps(facts: Facts) -> Iterator[HeapFacts]:
    """Each heap of ION as its tests name it."""
    for name, kind in ion_sources(facts).items():
        timed = (latency_facts(sample) for sample in facts.record.latencies if sample.heap == name)
        yield HeapFacts(
            name=name,
            present=True,
            kind=kind or None,
            tests=_count_outcomes(facts, name),
            latency=tuple(times for times in timed if times is not None),
            pages=pages_of(facts, name),
        )


def _count_outcomes(facts: Facts, heap: str) -> Counter[str]:
    """How many of a heap's tests ended how."""
    return Counter(outcome_of(facts, result).value for result in facts.record.results if result.heap == heap)


def _heaps(facts: Facts) -> Iterator[HeapFacts]:
    """The heaps that are there, then those that should be."""
    nodes = facts.heap_nodes or {}
    latencies = latencies_of(facts.record)
    timed = {name: [sample for sample in latencies if sample.heap == name] for name in nodes}
    for name, node in nodes.items():
        heap = facts.config.heap(name) if facts.config else None
        yield HeapFacts(
            name=name,
            present=True,
            kind=heap.kind.value if heap else None,
            mode=None if node.mode is None else f"{node.mode:04o}",
            owner=f"{node.uid}:{node.gid}",
            label=node.label,
            tests=_count_outcomes(facts, name),
            latency=tuple(times for sample in timed[name] if (times := latency_facts(sample)) is not None),
            pages=pages_of(facts, name),
            exhaustion=next((exhaustion_facts(line) for line in facts.record.exhaustions if line.heap == name), None),
        )
    release = facts.version.release if facts.version else None
    for heap in facts.config.heaps if facts.config else ():
        names = heap.names_on(release)
        if heap.required and names and not any(name in nodes for name in names):
            yield HeapFacts(name=names[0], present=False, kind=heap.kind.value)

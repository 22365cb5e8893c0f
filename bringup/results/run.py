"""A run: the verdicts on one or many boards, and what a report shows beside them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bringup.errors import ExitCode, RecordError, os_reason
from bringup.kernel.history.gap import UpstreamGap
from bringup.results.ion import IonComparison, IonFacts, IonHeap, IonPoint, PointResult
from bringup.results.memory import MemoryFacts
from bringup.results.pages import ExhaustionFacts, PageFacts, RegionFacts
from bringup.results.requirements import RequirementFacts
from bringup.results.timing import TimingFacts, UntimedFacts
from bringup.results.verdict import Outcome, Verdict, worst
from bringup.text import visible

__all__ = [
    "SCHEMA",
    "BoardRun",
    "ExhaustionFacts",
    "HeapFacts",
    "IonComparison",
    "IonFacts",
    "IonHeap",
    "IonPoint",
    "LatencyFacts",
    "PageFacts",
    "PointResult",
    "RegionFacts",
    "Run",
    "exit_code_for",
    "load_run",
    "said",
]

SCHEMA = "bringup.run/1"


@dataclass(frozen=True, slots=True)
class LatencyFacts:
    """Allocation latency of one size on one heap, beside memset of the same size on the same board.

    Nanoseconds; percentiles over ``samples`` allocations.
    """

    size: int
    samples: int
    alloc_p50: int
    alloc_p95: int
    free_p50: int
    free_p95: int
    memset_p50: int
    memset_p95: int

    def to_json(self) -> dict[str, int]:
        """All fields."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class HeapFacts:
    """One heap at a glance.

    :param mode: permission bits; ``owner``: ``UID:GID``; ``label``: SELinux context, where there is one.
    :param tests: how many of the allocator's tests ended in which outcome.
    :param pages: where the pages of buffers of several sizes lay, one a buffer; empty where it could not be traced.
    :param exhaustion: how much the heap could give; ``None`` where that was not tried.
    """

    name: str
    present: bool
    kind: str | None = None
    mode: int | None = None
    owner: str | None = None
    label: str | None = None
    tests: Mapping[str, int] = field(default_factory=dict)
    latency: tuple[LatencyFacts, ...] = ()
    pages: tuple[PageFacts, ...] = ()
    exhaustion: ExhaustionFacts | None = None

    def to_json(self) -> dict[str, Any]:
        """All fields; the mode in octal, as ``ls`` and ueventd write it."""
        return {
            "name": self.name,
            "present": self.present,
            "kind": self.kind,
            "mode": None if self.mode is None else f"{self.mode:04o}",
            "owner": self.owner,
            "label": self.label,
            "tests": dict(self.tests),
            "latency": [one.to_json() for one in self.latency],
            "pages": [one.to_json() for one in self.pages],
            "exhaustion": None if self.exhaustion is None else self.exhaustion.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> HeapFacts:
        """The reverse of :meth:`to_json`."""
        mode, exhaustion = data.get("mode"), data.get("exhaustion")
        return cls(
            name=str(data["name"]),
            present=bool(data["present"]),
            kind=data.get("kind"),
            mode=None if mode is None else int(mode, 8),
            owner=data.get("owner"),
            label=data.get("label"),
            tests={str(key): int(count) for key, count in data.get("tests", {}).items()},
            latency=tuple(
                LatencyFacts(**{name: int(one[name]) for name in LatencyFacts.__slots__})
                for one in data.get("latency", ())
            ),
            pages=tuple(PageFacts.from_json(one) for one in data.get("pages", ())),
            exhaustion=None if exhaustion is None else ExhaustionFacts.from_json(exhaustion),
        )


@dataclass(frozen=True, slots=True)
class BoardRun:
    """One board's part of a run.

    :param config: the board config it was judged against, where one matched.
    :param record: where the record is, relative to the run's folder.
    :param identity: what the board says of itself, in the order in which to show it (model, ABI, page size, …).
    :param timings: the benchmark's operations, where it was run; ``untimed``: what it could not measure.
    :param steps: what was done when: (step, seconds since the start, seconds taken).
    :param ion: what ``/dev/ion`` told, and the comparisons; ``None`` where there is no ION.
    :param ion_heaps: each ION heap as its tests and timings name it, ``ion/NAME`` with the flags behind it.
    :param memory: where it lies and what of it is set aside; ``None``: nothing told.
    :param requirements: what was asked of the kernel's configuration.
    :param upstream_gap: what it has or asks for that mainline does not have; ``None`` in runs of before it was told.
    :param unusable: of a board that adb lists and that could not be used: adb's word for its state. It has no record,
        and one verdict, which says why.
    """

    serial: str
    verdicts: tuple[Verdict, ...]
    config: str | None = None
    kernel: str | None = None
    record: str | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    heaps: tuple[HeapFacts, ...] = ()
    steps: tuple[tuple[str, float, float], ...] = ()
    ion: IonFacts | None = None
    ion_heaps: tuple[HeapFacts, ...] = ()
    timings: tuple[TimingFacts, ...] = ()
    untimed: tuple[UntimedFacts, ...] = ()
    upstream_gap: UpstreamGap | None = None
    memory: MemoryFacts | None = None
    requirements: tuple[RequirementFacts, ...] = ()
    unusable: str | None = None

    @property
    def outcome(self) -> Outcome:
        """The worst of its verdicts."""
        return worst(one.outcome for one in self.verdicts)

    def to_json(self) -> dict[str, Any]:
        """The published shape of one board."""
        return {
            "serial": self.serial,
            "config": self.config,
            "kernel": self.kernel,
            "outcome": self.outcome.value,
            "unusable": self.unusable,
            "record": self.record,
            "identity": dict(self.identity),
            "heaps": [heap.to_json() for heap in self.heaps],
            "ion": None if self.ion is None else self.ion.to_json(),
            "ion_heaps": [heap.to_json() for heap in self.ion_heaps],
            "timings": [one.to_json() for one in self.timings],
            "untimed": [one.to_json() for one in self.untimed],
            "steps": [{"step": step, "at": at, "seconds": took} for step, at, took in self.steps],
            "memory": self.memory.to_json() if self.memory else None,
            "requirements": [one.to_json() for one in self.requirements],
            "upstream_gap": self.upstream_gap.to_json() if self.upstream_gap else None,
            "verdicts": msgspec.to_builtins(self.verdicts),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BoardRun:
        """The reverse of :meth:`to_json`."""
        ion = data.get("ion")
        return cls(
            serial=str(data["serial"]),
            verdicts=msgspec.convert(data["verdicts"], tuple[Verdict, ...]),
            config=data.get("config"),
            kernel=data.get("kernel"),
            record=data.get("record"),
            identity={str(key): str(value) for key, value in data.get("identity", {}).items()},
            heaps=tuple(HeapFacts.from_json(one) for one in data.get("heaps", ())),
            timings=tuple(TimingFacts.from_json(one) for one in data.get("timings", ())),
            untimed=tuple(UntimedFacts.from_json(one) for one in data.get("untimed", ())),
            steps=tuple((str(s["step"]), _seconds(s["at"]), _seconds(s["seconds"])) for s in data.get("steps", ())),
            ion=None if ion is None else IonFacts.from_json(ion),
            ion_heaps=tuple(HeapFacts.from_json(one) for one in data.get("ion_heaps", ())),
            memory=MemoryFacts.from_json(memory) if (memory := data.get("memory")) else None,
            requirements=tuple(RequirementFacts.from_json(one) for one in data.get("requirements", ())),
            upstream_gap=UpstreamGap.from_json(gap) if (gap := data.get("upstream_gap")) else None,
            unusable=data.get("unusable"),
        )


def _seconds(value: object) -> float:
    """A finite number: Python's reader takes NaN and Infinity, which are no JSON and no time.

    :raises ValueError: it is none.
    """
    seconds = float(value) if isinstance(value, int | float) else math.nan
    if not math.isfinite(seconds):
        raise ValueError(f"{value!r} is no number of seconds")
    return seconds


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation over 1..N boards.

    :param tool: bringup's version; ``started``: when, by the host's clock, ISO 8601 in UTC.
    """

    boards: tuple[BoardRun, ...]
    tool: str
    started: str

    @property
    def outcome(self) -> Outcome:
        """The worst of its boards."""
        return worst(board.outcome for board in self.boards)

    @property
    def exit_code(self) -> ExitCode:
        """The exit status that its outcome asks for."""
        return exit_code_for(self.outcome)

    def to_json(self) -> dict[str, Any]:
        """The published shape, ``bringup.run/1``."""
        return {
            "schema": SCHEMA,
            "tool": self.tool,
            "started": self.started,
            "outcome": self.outcome.value,
            "boards": [board.to_json() for board in self.boards],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Run:
        """The reverse of :meth:`to_json`.

        :raises KeyError, ValueError, TypeError: it is not that shape.
        """
        if data.get("schema") != SCHEMA:
            raise ValueError(f"schema is {data.get('schema')!r}, not {SCHEMA!r}")
        return cls(
            boards=tuple(BoardRun.from_json(one) for one in data["boards"]),
            tool=str(data["tool"]),
            started=str(data["started"]),
        )


def exit_code_for(outcome: Outcome) -> ExitCode:
    """0 all passed (a warning is a pass), 1 a check failed, 3 something could not be found out."""
    return {Outcome.FAIL: ExitCode.FAILED, Outcome.ERROR: ExitCode.INFRASTRUCTURE}.get(outcome, ExitCode.PASSED)


def load_run(path: Path) -> Run:
    """Read a run from its folder or from its ``run.json``.

    :raises RecordError: there is none, or it is not one.
    """
    file = path / "run.json" if path.is_dir() else path
    action = f"read the run in {path}"
    try:
        return Run.from_json(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise RecordError(action, f"there is no {file.name}", hint=_instead(path)) from error
    except OSError as error:
        raise RecordError(action, os_reason(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        seen = f"{file.name} is not a {SCHEMA} document: {said(error)}"
        raise RecordError(action, seen, hint=_instead(path)) from error


def _instead(path: Path) -> str:
    """What to do about a path that holds no run."""
    if path.name.endswith(".tar.zst") or (path / "record.jsonl").is_file():
        return f"it is a record: bringup check {path} -o DIR judges it, and writes a run"
    if any(path.glob("*/record.jsonl")):
        return f"a run that was broken off left records there: bringup check {path}/*/"
    return "give the folder that 'bringup run -o DIR' wrote"


def said(error: Exception) -> str:
    """What is wrong with a document, in a few words: never the document."""
    match error:
        case json.JSONDecodeError():
            return f"no JSON in line {error.lineno}, column {error.colno}: {error.msg}"
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case KeyError():
            return f"{str(error)[:80]} is missing"
        case RecursionError():
            return "it is nested too deep"
        case _:
            return visible(str(error)[:200]) or type(error).__name__

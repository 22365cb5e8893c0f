"""KCIDB: verdicts as KernelCI's results database takes them, schema 5.3 (PyPI ``kcidb-io`` 141).

A verdict is a test, a latency or timing is a test that is DONE with a number. A test belongs to a build there, and a
build to a checkout. Where KCIDB knows the build already, ``KCIDB_BUILD_ID`` names it; else each kernel release gets
a build and a checkout of its own. ``KCIDB_ORIGIN`` is the name under which results are submitted.
Where the package ``kcidb-io`` is installed (the extra ``kcidb``), the report is checked by it before it is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bringup.errors import Blame, HostError, UsageError
from bringup.kernel.history.architecture import arch_of_machine
from bringup.report import Format
from bringup.report.bounded import excerpt, shown
from bringup.results.run import BoardRun, HeapFacts, Run
from bringup.results.timing import TimingFacts
from bringup.results.verdict import Outcome, Verdict

__all__ = ["FORMAT"]

_VERSION = {"major": 5, "minor": 3}
# ERROR is a broken test there. What is not known because the board was lost is MISS.
_STATUS = {
    Outcome.PASS: "PASS",
    Outcome.WARN: "PASS",
    Outcome.FAIL: "FAIL",
    Outcome.ERROR: "ERROR",
    Outcome.SKIP: "SKIP",
}
_OBSERVED = "board.observed"
_EXCERPT = 16_000
_NAMES = ("KCIDB_ORIGIN", "KCIDB_BUILD_ID")


def _render(run: Run) -> str:
    origin = os.environ.get(_NAMES[0]) or "bringup"
    if not re.fullmatch("[a-z0-9_]+", origin):
        raise UsageError(f"read {_NAMES[0]}", f"{origin!r} is not made of a-z, 0-9 and _")
    build = os.environ.get(_NAMES[1]) or None
    if build is not None and not re.fullmatch(r"[a-z0-9_]+:[^\0]*", build):
        raise UsageError(f"read {_NAMES[1]}", f"{build!r} is not ORIGIN:ID")
    document = _document(shown(run), origin, build)
    _check(document)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _check(document: dict[str, Any]) -> None:
    """Ask KCIDB's own library, where it is installed."""
    try:
        from jsonschema import ValidationError
        from kcidb_io import schema
    except ImportError:
        return
    try:
        schema.LATEST.validate_exactly(document)
    except ValidationError as error:
        place = "/".join(str(part) for part in error.absolute_path)
        hint = f"kcidb-io may be newer than schema {_VERSION['major']}.{_VERSION['minor']}, which bringup writes"
        raise HostError(
            "write the kcidb report", f"kcidb-io refuses {place}: {error.message[:200]}", hint=hint
        ) from error


def _document(run: Run, origin: str, build: str | None) -> dict[str, Any]:
    kernels = dict.fromkeys(board.kernel or "unknown" for board in run.boards) if build is None else {}
    machines = {board.kernel or "unknown": board.identity.get("machine", "") for board in run.boards}
    return {
        "version": _VERSION,
        "checkouts": [
            {"id": f"{origin}:{kernel}", "origin": origin, "comment": f"the source of kernel {kernel}", "valid": True}
            for kernel in kernels
        ],
        "builds": [_build(origin, kernel, machines[kernel]) for kernel in kernels],
        "tests": list(_tests(run, origin, build)),
    }


def _build(origin: str, kernel: str, machine: str) -> dict[str, Any]:
    name = _architecture(machine)
    known = {"architecture": name} if re.fullmatch("[a-z0-9_]+", name) else {}
    return {
        "id": f"{origin}:{kernel}",
        "checkout_id": f"{origin}:{kernel}",
        "origin": origin,
        "comment": f"kernel {kernel}, as a board ran it",
        "status": "PASS",
        **known,
    }


def _architecture(machine: str) -> str:
    """As KernelCI names architectures: as the kernel's arch/ does, but x86 by its width."""
    folder = arch_of_machine(machine) or machine
    return folder if folder != "x86" else "x86_64" if "64" in machine else "i386"


def _tests(run: Run, origin: str, build: str | None) -> Iterator[dict[str, Any]]:
    for place, board in enumerate(run.boards):
        common = {
            "origin": origin,
            "build_id": build or f"{origin}:{board.kernel or 'unknown'}",
            "environment": _environment(board),
            **_start(run.started),
        }
        seed = f"{run.started}\0{run.tool}\0{place}\0{board.serial}"
        for number, test in enumerate(_of_board(board)):
            digest = hashlib.sha256(f"{seed}\0{number}\0{test['path']}".encode()).hexdigest()
            yield {"id": f"{origin}:{digest[:32]}"} | common | test


def _of_board(board: BoardRun) -> Iterator[dict[str, Any]]:
    lost = _why_lost(board)
    for verdict in board.verdicts:
        yield _verdict(verdict, is_missed=_is_missed(verdict, lost))
    if not board.verdicts:
        yield {"path": "bringup", "status": "MISS", "comment": "nothing was judged"}
    for heap in board.heaps:
        yield from _latencies(heap)
    for timing in board.timings:
        yield _timing(timing)


def _why_lost(board: BoardRun) -> str | None:
    """Why the board was not observed, or not to its end, where the test allocator is not to blame."""
    if board.blame in (None, Blame.TEST):
        return None
    return next((verdict.reason for verdict in board.verdicts if verdict.id == _OBSERVED), None)


def _is_missed(verdict: Verdict, lost: str | None) -> bool:
    """Whether a verdict is an error only because the board was lost: KCIDB calls that MISS, a broken harness."""
    return verdict.outcome is Outcome.ERROR and lost is not None and lost in (verdict.reason or "")


def _verdict(verdict: Verdict, *, is_missed: bool) -> dict[str, Any]:
    misc: dict[str, Any] = {"id": verdict.id, "outcome": verdict.outcome.value}
    misc |= {"heap": verdict.heap} if verdict.heap else {}
    misc |= {"cause": {"id": verdict.cause.id, "text": verdict.cause.text}} if verdict.cause else {}
    misc |= {"remedy": list(verdict.advice)} if verdict.advice else {}
    said = (verdict.cause.text if verdict.cause else None) or verdict.reason
    return {
        "path": _path("bringup", *verdict.id.split("."), *([verdict.heap] if verdict.heap else [])),
        "status": "MISS" if is_missed else _STATUS[verdict.outcome],
        "comment": f"{verdict.title}: {said}" if said else verdict.title,
        **({"log_excerpt": excerpt("\n".join(verdict.evidence), _EXCERPT)} if verdict.evidence else {}),
        "misc": {"bringup": misc},
    }


def _latencies(heap: HeapFacts) -> Iterator[dict[str, Any]]:
    for latency in heap.latency:
        for name, value in (("alloc", latency.alloc_p50), ("free", latency.free_p50), ("memset", latency.memset_p50)):
            yield {
                "path": _path("bringup", "latency", heap.name, str(latency.size), name),
                "status": "DONE",
                "comment": f"{name} of {latency.size} bytes on {heap.name}: the median of {latency.samples}",
                "number": {"value": value / 1e9, "unit": "s", "prefix": "metric"},
            }


def _timing(timing: TimingFacts) -> dict[str, Any]:
    threads = [f"{timing.threads}threads"] if timing.threads != 1 else []
    beside = f", {timing.ratio:.3g} times {timing.limit}" if timing.ratio is not None and timing.limit else ""
    return {
        "path": _path("bringup", "timing", timing.label, timing.op, str(timing.size), *threads),
        "status": "DONE",
        "comment": f"{timing.op} of {timing.size} bytes, {timing.label}: the median of {timing.samples}{beside}",
        "number": {"value": timing.p50 / 1e9, "unit": "s", "prefix": "metric"},
    }


def _environment(board: BoardRun) -> dict[str, Any]:
    compatible = [
        name for name in board.identity.get("compatible", "").split(", ") if re.fullmatch("[^ ,]+(,[^ ,]+)*", name)
    ]
    return {
        "comment": board.serial,
        **({"compatible": compatible} if compatible else {}),
        "misc": {"bringup": {"serial": board.serial, "config": board.config, **board.identity}},
    }


def _start(started: str) -> dict[str, str]:
    try:
        when = datetime.fromisoformat(started)
    except ValueError:
        return {}
    return {"start_time": when.replace(tzinfo=when.tzinfo or UTC).isoformat()}


def _path(*parts: str) -> str:
    return ".".join(re.sub("[^a-zA-Z0-9_-]+", "_", part) or "_" for part in parts)


FORMAT = Format("kcidb", ".kcidb.json", _render, "tests for KernelCI's KCIDB, schema 5.3")

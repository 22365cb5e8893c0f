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

from bringup.errors import HostError, UsageError
from bringup.report import Format
from bringup.report.bounded import excerpt, shown
from bringup.results.run import BoardRun, HeapFacts, Run
from bringup.results.timing import TimingFacts
from bringup.results.verdict import Outcome, Verdict

__all__ = ["FORMAT"]

_VERSION = {"major": 5, "minor": 3}
# ERROR is a broken test there and MISS a broken harness; of what could not be found out we do not know which it was.
_STATUS = {
    Outcome.PASS: "PASS",
    Outcome.WARN: "PASS",
    Outcome.FAIL: "FAIL",
    Outcome.ERROR: "ERROR",
    Outcome.SKIP: "SKIP",
}
_MACHINES = {"aarch64": "arm64", "armv7l": "arm", "armv8l": "arm", "i686": "i386"}
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
            {"id": f"{origin}:{one}", "origin": origin, "comment": f"the source of kernel {one}", "valid": True}
            for one in kernels
        ],
        "builds": [_build(origin, one, machines[one]) for one in kernels],
        "tests": list(_tests(run, origin, build)),
    }


def _build(origin: str, kernel: str, machine: str) -> dict[str, Any]:
    machine = _MACHINES.get(machine, machine)
    known = {"architecture": machine} if re.fullmatch("[a-z0-9_]+", machine) else {}
    return {
        "id": f"{origin}:{kernel}",
        "checkout_id": f"{origin}:{kernel}",
        "origin": origin,
        "comment": f"kernel {kernel}, as a board ran it",
        "status": "PASS",
        **known,
    }


def _tests(run: Run, origin: str, build: str | None) -> Iterator[dict[str, Any]]:
    for place, board in enumerate(run.boards):
        common = {
            "origin": origin,
            "build_id": build or f"{origin}:{board.kernel or 'unknown'}",
            "environment": _environment(board),
            **_start(run.started),
        }
        seed = f"{run.started}\0{run.tool}\0{place}\0{board.serial}"
        for number, one in enumerate(_of_board(board)):
            digest = hashlib.sha256(f"{seed}\0{number}\0{one['path']}".encode()).hexdigest()
            yield {"id": f"{origin}:{digest[:32]}"} | common | one


def _of_board(board: BoardRun) -> Iterator[dict[str, Any]]:
    for verdict in board.verdicts:
        yield _verdict(verdict)
    if not board.verdicts:
        yield {"path": "bringup", "status": "MISS", "comment": "nothing was judged"}
    for heap in board.heaps:
        yield from _latencies(heap)
    for timing in board.timings:
        yield _timing(timing)


def _verdict(one: Verdict) -> dict[str, Any]:
    misc: dict[str, Any] = {"id": one.id, "outcome": one.outcome.value}
    misc |= {"heap": one.heap} if one.heap else {}
    misc |= {"cause": {"id": one.cause.id, "text": one.cause.text}} if one.cause else {}
    misc |= {"remedy": list(one.advice)} if one.advice else {}
    said = (one.cause.text if one.cause else None) or one.reason
    return {
        "path": _path("bringup", *one.id.split("."), *([one.heap] if one.heap else [])),
        "status": _STATUS[one.outcome],
        "comment": f"{one.title}: {said}" if said else one.title,
        **({"log_excerpt": excerpt("\n".join(one.evidence), _EXCERPT)} if one.evidence else {}),
        "misc": {"bringup": misc},
    }


def _latencies(heap: HeapFacts) -> Iterator[dict[str, Any]]:
    for one in heap.latency:
        for name, value in (("alloc", one.alloc_p50), ("free", one.free_p50), ("memset", one.memset_p50)):
            yield {
                "path": _path("bringup", "latency", heap.name, str(one.size), name),
                "status": "DONE",
                "comment": f"{name} of {one.size} bytes on {heap.name}: the median of {one.samples}",
                "number": {"value": value / 1e9, "unit": "s", "prefix": "metric"},
            }


def _timing(one: TimingFacts) -> dict[str, Any]:
    threads = [f"{one.threads}threads"] if one.threads != 1 else []
    beside = f", {one.ratio:.3g} times {one.limit}" if one.ratio is not None and one.limit else ""
    return {
        "path": _path("bringup", "timing", one.label, one.op, str(one.size), *threads),
        "status": "DONE",
        "comment": f"{one.op} of {one.size} bytes, {one.label}: the median of {one.samples}{beside}",
        "number": {"value": one.p50 / 1e9, "unit": "s", "prefix": "metric"},
    }


def _environment(board: BoardRun) -> dict[str, Any]:
    compatible = [
        one for one in board.identity.get("compatible", "").split(", ") if re.fullmatch("[^ ,]+(,[^ ,]+)*", one)
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

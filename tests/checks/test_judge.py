"""What is damaged, or a fault of bringup, costs the answer that needed it, and no other. Scripted: no check is known to fail so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from bringup.checks.judge import heaps_of, judge
from bringup.checks.registry import Check, Question, checks
from bringup.errors import RecordError
from bringup.facts.board import Facts
from bringup.outcome import Outcome
from bringup.results.verdict import Verdict
from tests.support.scripted_facts import facts
from tests.support.scripted_record import BOARD_CONFIG, ScriptedBoard, broken, files, result
from tests.support.traced import TRACING, exhaustion, page_buffer

FAULT = "a fault of bringup, please report it: KeyError: 'no such field'"
DAMAGED = RecordError("read the record x", "line 3 is cut off")


def raising(error: Exception) -> object:
    def make(*_: object) -> NoReturn:
        raise error

    return make


@pytest.mark.parametrize(
    ("error", "reason"), [(KeyError("no such field"), FAULT), (DAMAGED, str(DAMAGED))], ids=["fault", "damaged"]
)
def test_a_check_that_fails_is_its_own_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, reason: str
) -> None:
    known = facts(ScriptedBoard(), tmp_path)
    healthy = judge(known).verdicts

    def fails(question: Question, _: Facts) -> Iterator[Verdict]:
        yield question.passed("seen before it failed")
        raise error

    broken = Check("x.fails", "X holds", "Asks.", "Why.", "this test", fails)
    others = checks()
    monkeypatch.setattr("bringup.checks.judge.checks", lambda: (broken, *others))
    before, failed, *rest = judge(known).verdicts
    assert (before.outcome, failed.id, failed.outcome, failed.reason) == (
        Outcome.PASS,
        "x.fails",
        Outcome.ERROR,
        reason,
    )
    assert tuple(rest) == healthy


@pytest.mark.parametrize("error", [KeyError("no such field"), DAMAGED], ids=["fault", "damaged"])
def test_a_part_that_cannot_be_made_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    """A damaged record is what a check of its own says; a fault of bringup is said here."""
    known = facts(ScriptedBoard(), tmp_path)
    healthy = judge(known)
    monkeypatch.setattr("bringup.checks.judge.memory_facts", raising(error))
    board = judge(known)
    assert healthy.memory is not None
    assert board.memory is None
    assert board.heaps == healthy.heaps
    said = board.verdicts[len(healthy.verdicts) :]
    assert [(verdict.outcome, verdict.reason) for verdict in said] == (
        [] if error is DAMAGED else [(Outcome.ERROR, FAULT)]
    )


@pytest.mark.parametrize(
    ("error", "reason"), [(KeyError("no such field"), FAULT), (DAMAGED, str(DAMAGED))], ids=["fault", "damaged"]
)
def test_what_is_upstream_is_not_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, reason: str
) -> None:
    monkeypatch.setattr("bringup.checks.judge.gap_of_board", raising(error))
    gap = judge(facts(ScriptedBoard(), tmp_path)).upstream_gap
    assert gap is not None
    assert gap.not_known == (reason,)


def test_a_report_begins_with_what_the_board_is(tmp_path: Path) -> None:
    tree = "__sys__firmware__devicetree__base__"
    board = broken(
        properties={"ro.product.model": "M7", "ro.build.fingerprint": "maker/m7"},
        files=files(**{f"{tree}compatible": "maker,m7\0soc,s1\0", f"{tree}model": "Maker M7\0", "__sys__fs__selinux__enforce": "1"}),
    )  # fmt: skip
    assert dict(judge(facts(board, tmp_path)).identity) == {
        "model": "Maker M7",
        "product": "M7",
        "compatible": "maker,m7, soc,s1",
        "kernel": "6.12.107 #1 SMP",
        "machine": "aarch64",
        "page size": "4 KiB",
        "memory": "1967 MiB",
        "CMA": "64 MiB",
        "Android": "maker/m7",
        "SELinux": "enforcing",
        "root": "adbd",
        "observed": "2026-01-01T00:00:00Z",
    }
    unknown = judge(facts(broken(hello=None, files={}), tmp_path / "unknown")).identity
    assert dict(unknown) == {"root": "adbd", "observed": "2026-01-01T00:00:00Z"}


def test_a_heap_at_a_glance(tmp_path: Path) -> None:
    times = {"alloc_ns": [1000] * 5, "free_ns": [2000] * 5, "memset_ns": [3000] * 5}
    board = broken(
        heaps={"system": {"label": "u:object_r:dmabuf_system_heap_device:s0"}, "linux,cma": {"mode": None, "state": "denied"}},
        results=[result("system", "open"), result("system", "close", "fail"), result("linux,cma", "open")],
        latencies=[
            {"t": "latency", "heap": "system", "size": 4096} | times,
            {"t": "latency", "heap": "system", "size": 8192, "alloc_ns": [], "free_ns": [], "memset_ns": []},
            TRACING,
            page_buffer("system", (64, 0)),
            exhaustion("linux,cma"),
        ],
    )  # fmt: skip
    system, cma = heaps_of(facts(board, tmp_path))
    assert (system.name, system.present, system.kind, system.mode) == ("system", True, "system", "0444")
    assert (system.owner, system.label) == ("1000:1000", "u:object_r:dmabuf_system_heap_device:s0")
    assert system.tests == {"pass": 1, "fail": 1}
    assert [(timed.size, timed.alloc_p50, timed.free_p50, timed.memset_p50) for timed in system.latency] == [
        (4096, 1000, 2000, 3000)
    ]
    assert [(pages.size, pages.lowest) for pages in system.pages] == [(4096, 64 * 4096)]
    assert system.exhaustion is None
    assert (cma.mode, cma.tests, cma.latency, cma.pages) == (None, {"pass": 1}, (), ())
    assert cma.exhaustion is not None
    assert cma.exhaustion.held == 64 << 20


@pytest.mark.parametrize(
    ("release", "there", "missing"),
    [
        ("6.12.107", ("system",), ["linux,cma"]),
        ("6.12.107", ("system", "linux,cma"), []),
        ("6.17.1", ("system",), ["default_cma_region"]),
        ("6.17.1", ("default_cma_region",), ["system"]),
        ("6.17.1", (), ["system", "default_cma_region"]),
    ],
)
def test_a_heap_that_should_be_there_has_the_name_of_this_kernel(
    tmp_path: Path, release: str, there: tuple[str, ...], missing: list[str]
) -> None:
    board = broken(heaps={name: {} for name in there})
    board.hello = (board.hello or {}) | {"release": release}
    heaps = heaps_of(facts(board, tmp_path))
    assert [heap.name for heap in heaps if not heap.present] == missing
    assert [heap.name for heap in heaps if heap.present] == list(there)
    assert all(heap.kind in ("system", "cma") for heap in heaps)
    assert [heap.name for heap in heaps_of(facts(board, tmp_path / "no-config", None))] == list(there)


def test_an_optional_heap_is_not_missing(tmp_path: Path) -> None:
    heaps = [heap.model_copy(update={"required": False}) for heap in BOARD_CONFIG.heaps]
    optional = BOARD_CONFIG.model_copy(update={"heaps": tuple(heaps)})
    assert heaps_of(facts(broken(heaps={}), tmp_path, optional)) == []

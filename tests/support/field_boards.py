"""Boards as public reports describe them, on scripted records: a device tree in a few words, a kernel's log, the heaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bringup.checks.judge import judge
from bringup.config.schema import BoardConfig
from bringup.config.shipped import find_config
from bringup.facts.board import Facts
from bringup.report.story import Finding, findings
from tests.support.said import assert_said
from tests.support.scripted_record import HELLO, RESERVED, ScriptedBoard, result
from tests.support.scripted_record import node as node_line

__all__ = ["KERNEL", "MIB", "Row", "assert_found", "cma", "field_board", "pool", "reserved", "tree"]

MIB = 1 << 20
#: Said of every board here that no board config matches.
_NO_CONFIG = "board.no-config"
_ROOT = "/sys/firmware/devicetree/base"
#: The options that matter here, as a kernel has them that makes system and CMA heaps.
KERNEL = {
    "CMA": "y", "DMA_CMA": "y", "CMA_SIZE_MBYTES": "16", "CMA_AREAS": "8", "CMA_SYSFS": "y", "SYNC_FILE": "y",
    "DMA_SHARED_BUFFER": "y", "BPF_SYSCALL": "y", "DEBUG_INFO_BTF": "y", "IKCONFIG": "y", "IKCONFIG_PROC": "y", "DMABUF_SYSFS_STATS": "y",
    "DMABUF_HEAPS": "y", "DMABUF_HEAPS_SYSTEM": "y", "DMABUF_HEAPS_CMA": "y",
}  # fmt: skip


def reserved(base: int | None = None, size: int | None = None, *flags: str, **more: Any) -> dict[str, Any]:
    """A node of /reserved-memory: with a base it has a ``reg``.

    :param more: ``compatible``, ``ranges`` (alloc-ranges), ``alignment``.
    """
    return {"base": base, "size": size, "flags": flags} | more


def pool(base: int | None, size: int, *flags: str, **more: Any) -> dict[str, Any]:
    """A shared-dma-pool."""
    return reserved(base, size, *flags, compatible="shared-dma-pool", **more)


def cma(base: int | None, size: int, *flags: str, **more: Any) -> dict[str, Any]:
    """A reusable pool; ``linux,cma-default`` among the flags makes it the default area."""
    return pool(base, size, "reusable", *flags, **more)


def tree(
    nodes: Mapping[str, Mapping[str, Any]], cells: tuple[int, int] = (2, 2), compatible: Sequence[str] = ()
) -> dict[str, str | bytes]:
    """The files of a live device tree with these nodes."""

    def numbers(*values: tuple[int, int]) -> bytes:
        return b"".join(base.to_bytes(4 * cells[0]) + size.to_bytes(4 * cells[1]) for base, size in values)

    files: dict[str, str | bytes] = {}
    for folder in (_ROOT, RESERVED):
        files |= {f"{folder}/#{what}-cells": n.to_bytes(4) for what, n in zip(("address", "size"), cells, strict=True)}
    if compatible:
        files[f"{_ROOT}/compatible"] = "".join(f"{name}\0" for name in compatible)
    for name, node in nodes.items():
        files[f"{RESERVED}/{name}/name"] = name + "\0"
        if node["base"] is not None:
            files[f"{RESERVED}/{name}/reg"] = numbers((node["base"], node["size"]))
        elif node["size"] is not None:
            files[f"{RESERVED}/{name}/size"] = node["size"].to_bytes(4 * cells[1])
        if "compatible" in node:
            files[f"{RESERVED}/{name}/compatible"] = node["compatible"] + "\0"
        if "alignment" in node:
            files[f"{RESERVED}/{name}/alignment"] = node["alignment"].to_bytes(4 * cells[0])
        if "ranges" in node:
            files[f"{RESERVED}/{name}/alloc-ranges"] = numbers(*node["ranges"])
        files |= {f"{RESERVED}/{name}/{flag}": "" for flag in node["flags"]}
    return files


def field_board(
    release: str,
    log: Sequence[str] = (),
    nodes: Mapping[str, Mapping[str, Any]] | None = None,
    heaps: Sequence[str] | Mapping[str, dict[str, Any]] = ("system",),
    *,
    kernel: Mapping[str, str] | None = None,
    cells: tuple[int, int] = (2, 2),
    compatible: Sequence[str] = (),
    cma_kib: tuple[int, int] | None = (65536, 65536),
    listed: Sequence[str] | None = (),
    more_files: Mapping[str, str] | None = None,
    **files: str,
) -> ScriptedBoard:
    """A healthy board but for what is given.

    :param log: lines of the kernel's log after the one with its version.
    :param heaps: every node is 0444 system system, but for what a mapping says.
    :param kernel: options that differ from :data:`KERNEL`; ``n`` says that one is not set, ``""`` that it is unknown.
    :param cma_kib: CmaTotal and CmaFree; ``None``: a kernel without CMA.
    :param listed: the heaps in /sys/class/dma_heap; empty: as ``heaps``; ``None``: the class is not there.
    :param more_files: further files, by their paths; ``files``: likewise, with ``__`` for ``/``.
    """
    options = {**KERNEL, **(kernel or {})}
    lines = [
        f"# CONFIG_{name} is not set" if value == "n" else f"CONFIG_{name}={value}"
        for name, value in options.items()
        if value
    ]
    meminfo = "MemTotal: 4014208 kB\nMemFree: 3514208 kB\nMemAvailable: 3514208 kB\n"
    if cma_kib is not None:
        meminfo += f"CmaTotal: {cma_kib[0]} kB\nCmaFree: {cma_kib[1]} kB\n"
    version = f"Linux version {release} (build@host) #1 SMP"
    return ScriptedBoard(
        files={
            "/proc/cmdline": "console=ttyAMA0\n",
            "/proc/meminfo": meminfo,
            "/proc/modules": "",
            "/sys/kernel/debug/dma_buf/bufinfo": "Dma-buf Objects:\n",
            "dmesg": "".join(f"[    0.000000] {line}\n" for line in (version, *log)),
            **tree(nodes or {}, cells, compatible),
            **{path.replace("__", "/"): text for path, text in files.items()},
            **(more_files or {}),
        },
        config="\n".join(lines) + "\n",
        heaps=dict(heaps) if isinstance(heaps, Mapping) else {name: {} for name in heaps},
        heap_folder="ok" if heaps else "missing",
        nodes=[] if listed == () else list(_heap_class(listed)),
        results=[result(name, "open") for name in heaps],
        hello=HELLO | {"release": release},
    )


def _heap_class(listed: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    for name in listed or ():
        yield node_line(f"/sys/class/dma_heap/{name}", 0o777, 0, 0, type="link")
    state = {"state": "missing" if listed is None else "ok", "errno": 0, "count": len(listed or ()), "truncated": False}
    yield {"t": "glob", "pattern": "/sys/class/dma_heap/*"} | state


@dataclass(frozen=True)
class Row:
    """One board.

    :param first: outcome and cause (empty: none is known) of the first finding; ``None``: nothing is found, but
        that no board config matches.
    :param words: what the first finding says, in its text, evidence or fix.
    :param never: causes that are not named.
    :param alone: no other finding fails.
    """

    report: str
    board: ScriptedBoard
    first: tuple[str, str] | None
    words: Sequence[str] = ()
    never: Sequence[str] = ()
    config: str = ""
    alone: bool = True
    results: Sequence[dict[str, Any]] = ()


def _looked_at(row: Row, folder: Path, given: BoardConfig | None) -> tuple[Finding, ...]:
    board = replace(row.board, results=[*row.board.results, *row.results])
    config = given or (find_config(row.config) if row.config else None)
    run = judge(Facts(board.record(folder / "record"), config, "as the test says"))
    return tuple(one for one in findings(run.verdicts) if one.cause is None or one.cause.id != _NO_CONFIG)


def assert_found(row: Row, folder: Path, config: BoardConfig | None = None) -> None:
    """Judge the board of a row, and compare the first finding with what the row says, all with what was read last."""
    found = _looked_at(row, folder, config)
    assert_said("checks/field_boards", row.report, (finding.verdicts[0] for finding in found))
    assert not {one.cause.id for one in found if one.cause} & set(row.never)
    if row.first is None:
        assert found == ()
        return
    first, *others = found
    assert (first.outcome.value, first.cause.id if first.cause else "") == row.first, first.text
    verdict = first.verdicts[0]
    said = "\n".join((first.text, *verdict.evidence, *verdict.remedy, *first.steps))
    for words in row.words:
        assert words in said
    if row.alone:
        assert [one.text for one in others if one.outcome.value == "fail"] == []

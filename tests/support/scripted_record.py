"""A record made by hand, for states that no board here can produce. Written by the real journal, read by the real reader."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bringup.config.schema import BoardConfig
from bringup.record.journal import SCHEMA, Journal
from bringup.record.load import Record, load_record
from bringup.record.questions import BUFFER_LISTS, BUFFERS_IN_SYSFS

#: What was read of each path: its content, or more fields of its line.
BoardFiles = dict[str, str | bytes | dict[str, Any]]

BOOT_ID = "0b9c7f0e-3c0e-4d0b-9d77-0123456789ab"
HELLO: dict[str, Any] = {
    "t": "hello", "protocol": 1, "source": "0" * 12, "abi": "arm64-v8a", "page_size": 4096, "pid": 99, "uid": 0,
    "label": None, "boot_id": BOOT_ID, "sysname": "Linux", "release": "6.12.107", "version": "#1 SMP",
    "machine": "aarch64", "budget": 1 << 29,
}  # fmt: skip
MISSING = {"state": "missing", "errno": 2, "size": 0, "truncated": False}
DENIED = {"state": "denied", "errno": 13, "size": 0, "truncated": False}

RESERVED = "/sys/firmware/devicetree/base/reserved-memory"
#: Device tree numbers are big-endian cells; these have no byte above 127, so they are text, too.
TREE = {
    f"{RESERVED}/#address-cells": "\0\0\0\2",
    f"{RESERVED}/#size-cells": "\0\0\0\2",
    f"{RESERVED}/linux,cma/compatible": "shared-dma-pool\0",
    f"{RESERVED}/linux,cma/size": "\0\0\0\0\4\0\0\0",
    f"{RESERVED}/linux,cma/reusable": "",
    f"{RESERVED}/linux,cma/linux,cma-default": "",
}

#: A healthy arm64 board: what every test starts from and then breaks in one place.
FILES: dict[str, str] = {
    "/proc/cmdline": "console=ttyAMA0\n",
    "/proc/meminfo": "MemTotal:        2014208 kB\nMemFree:         1514208 kB\nCmaTotal:          65536 kB\nCmaFree:           65536 kB\n",
    "/proc/modules": "",
    "dmesg": "[    0.000000] Linux version 6.12.107\n[    0.000000] Reserved memory: created CMA memory pool at 0x000000007c000000, size 64 MiB\n",
    "/vendor/etc/ueventd.rc": "/dev/dma_heap/system  0444  system  system\n/dev/dma_heap/linux,cma 0666 system graphics\n",
    "/sys/kernel/debug/dma_buf/bufinfo": "Dma-buf Objects:\n",
} | TREE
CONFIG = """#
# Linux/arm64 6.12.107 Kernel Configuration
#
CONFIG_ARM64=y
CONFIG_DMA_SHARED_BUFFER=y
CONFIG_SYNC_FILE=y
CONFIG_IKCONFIG=y
CONFIG_IKCONFIG_PROC=y
CONFIG_CMA=y
CONFIG_DMA_CMA=y
CONFIG_CMA_SIZE_MBYTES=64
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
CONFIG_DMABUF_HEAPS_CMA=y
"""


def node(path: str, mode: int = 0o444, uid: int = 1000, gid: int = 1000, **more: Any) -> dict[str, Any]:
    """A node line of the journal."""
    kind = "dir" if path == "/dev/dma_heap" else "char"
    return {
        "t": "node", "path": path, "state": "ok", "errno": 0, "type": kind, "mode": mode, "uid": uid, "gid": gid,
        "rdev": [250, 0], "size": 0, "label": None, "target": None,
    } | more  # fmt: skip


def result(heap: str, test: str, outcome: str = "pass", **more: Any) -> dict[str, Any]:
    """A test result line of the journal."""
    return {
        "t": "result", "heap": heap, "test": test, "outcome": outcome, "asserts": f"{test} holds", "seen": "",
        "errno": 0, "ns": 1000,
    } | more  # fmt: skip


@dataclass(frozen=True)
class ScriptedReturn:
    """What is read of a board that was lost in its tests, once it is back; ``boot_id`` empty: it does not come back."""

    boot_id: str = "11111111-3c0e-4d0b-9d77-0123456789ab"
    files: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    why: str = ""


@dataclass
class ScriptedBoard:
    """What a scripted record says was observed. Change a field, then :meth:`record`."""

    files: BoardFiles = field(default_factory=lambda: dict(FILES))
    config: str | None = CONFIG
    heaps: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "system": {},
            "linux,cma": {"mode": 0o666, "gid": 1003},
        }
    )
    files_after: dict[str, str] = field(default_factory=dict)  # read a second time, after the heaps
    #: Walks over the processes, each a list of lines, and what the kernel's list of buffers had in between, a text;
    #: ``None``: it was missing. Or what the program that reads sysfs printed, and how it ended.
    walks: list[list[dict[str, Any]] | list[tuple[str, int]] | str | None] = field(default_factory=list)
    heap_folder: str = "ok"
    reserved: str = "ok"
    nodes: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(
        default_factory=lambda: [result("system", "open"), result("linux,cma", "open")]
    )
    latencies: list[dict[str, Any]] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    has_udev: bool = False
    root_reason: str = ""
    place: str = ""
    logcat: str | None = "--------- beginning of main\n"
    hello: dict[str, Any] | None = field(default_factory=lambda: dict(HELLO))
    end: dict[str, Any] = field(default_factory=lambda: {"t": "end", "complete": True, "round_trips": 4})
    bye_boot_id: str | None = BOOT_ID
    asked: str | None = "*"
    asked_tests: tuple[str, ...] = ()
    asked_exhaustion: bool = False
    programs: dict[str, tuple[str, int | None] | None] = field(default_factory=dict)  # what each printed, its status
    first_boot_id: str = BOOT_ID
    returned: ScriptedReturn | None = None
    stopped_at: str | None = None

    def record(self, folder: Path) -> Record:
        """Write it down and read it back."""
        with Journal(folder) as journal:
            asked = {"heaps": self.asked, "tests": self.asked_tests, "exhausts": self.asked_exhaustion}
            programs = {"programs": list(self.programs)}
            begin = {"t": "record", "schema": SCHEMA, "tool": "0", "started": "2026-01-01T00:00:00Z"}
            journal.line(begin | asked | programs)
            board = {"serial": "scripted", "root": "adbd", "root_reason": self.root_reason, "machine": "aarch64"}
            board |= {"boot_id": self.first_boot_id, "place": self.place}
            journal.line({"t": "board"} | board)
            if self.hello is not None:
                journal.line(self.hello)
                self._facts(journal)
                self._programs(journal)
                if self.returned is None:
                    bye = {"t": "bye", "lines": 1, "boot_id": self.bye_boot_id}
                    journal.line(bye | {"complete": self.stopped_at is None, "stopped_at": self.stopped_at})
            if self.returned is not None:
                self._return(journal, self.returned)
            journal.line(self.end)
        return load_record(folder)

    def _facts(self, journal: Journal) -> None:
        if self.has_udev:
            state = {"state": "ok", "errno": 0, "count": 1, "truncated": False}
            journal.line({"t": "glob", "pattern": "/run/udev"} | state)
        for path, content in self.files.items():
            if isinstance(content, dict):
                journal.line({"t": "file", "path": path} | content)
            else:
                self._file(journal, path, content if isinstance(content, bytes) else content.encode())
        tree = {"state": self.reserved, "errno": 0, "count": len(TREE), "truncated": False}
        journal.line({"t": "glob", "pattern": RESERVED} | tree)
        if self.config is not None:
            self._file(journal, "/proc/config.gz", gzip.compress(self.config.encode(), mtime=0))
        else:
            journal.line({"t": "file", "path": "/proc/config.gz"} | MISSING)
        self._heaps(journal)
        if self.asked_tests or self.asked_exhaustion:
            journal.line({"t": "heaps", "pattern": "*", "state": "ok", "errno": 0, "names": sorted(self.heaps)})
        for line in (*self.nodes, *self.results, *self.latencies):
            journal.line(line)
        self._after_tests(journal)
        self._getprop(journal, self.properties)
        if self.logcat is not None:
            self._ran(journal, "/system/bin/logcat", self.logcat)

    def _programs(self, journal: Journal) -> None:
        for name, printed in self.programs.items():
            if printed is not None:
                self._ran(journal, f"ktap/{name}", *printed)

    def _return(self, journal: Journal, back: ScriptedReturn) -> None:
        journal.line({"t": "return", "boot_id": back.boot_id})
        if back.boot_id:
            journal.line(HELLO | {"boot_id": back.boot_id})
        for path, text in back.files.items():
            self._file(journal, path, text.encode())
        self._getprop(journal, back.properties)
        if back.why:
            journal.line({"t": "return", "why": back.why})

    def _getprop(self, journal: Journal, properties: dict[str, str]) -> None:
        if properties:
            text = "".join(f"[{key}]: [{value}]\n" for key, value in properties.items())
            self._ran(journal, "/system/bin/getprop", text)

    def _after_tests(self, journal: Journal) -> None:
        for path, text in self.files_after.items():
            self._file(journal, path, text.encode())
        for step in self.walks:
            if isinstance(step, str):
                self._file(journal, BUFFER_LISTS[0], step.encode())
            elif step is None:
                journal.line({"t": "file", "path": BUFFER_LISTS[0]} | MISSING)
            else:
                for line in step:
                    if isinstance(line, tuple):
                        self._ran(journal, tuple(map(str, BUFFERS_IN_SYSFS[0].argv)), *line)
                    else:
                        journal.line(line)

    @staticmethod
    def _ran(journal: Journal, program: str | tuple[str, ...], text: str, status: int | None = 0) -> None:
        argv = [program] if isinstance(program, str) else list(program)
        line = {"t": "ran", "argv": argv, "state": "ok", "errno": 0, "exit": status, "stderr": {"size": 0}}
        journal.line(line | {"stdout": journal.store(f"ran{argv[0]}", text.encode())})

    def _heaps(self, journal: Journal) -> None:
        there = self.heap_folder == "ok"
        if there:
            journal.line(node("/dev/dma_heap", 0o755, 0, 0))
            for name, more in self.heaps.items():
                journal.line(node(f"/dev/dma_heap/{name}", **more))
        state = {"state": self.heap_folder, "errno": 0 if there else 13, "truncated": False}
        journal.line({"t": "glob", "pattern": "/dev/dma_heap", "count": int(there)} | state)
        journal.line({"t": "glob", "pattern": "/dev/dma_heap/*", "count": len(self.heaps) if there else 0} | state)
        ion = sum(one.get("path") == "/dev/ion" for one in self.nodes)
        journal.line(
            {
                "t": "glob",
                "pattern": "/dev/ion",
                "state": "ok" if ion else "missing",
                "errno": 0,
                "count": ion,
                "truncated": False,
            }
        )

    @staticmethod
    def _file(journal: Journal, path: str, data: bytes) -> None:
        line = {"t": "file", "path": path, "state": "ok", "errno": 0, "size": len(data), "truncated": False}
        journal.line(line | (journal.store(path, data) if data else {}))


BOARD_CONFIG = BoardConfig.model_validate(
    {
        "name": "scripted",
        "title": "A scripted board",
        "heaps": [
            {"name": "system", "kind": "system", "node": {"mode": "0444", "owner": "system", "group": "system"}},
            {
                "name": "linux,cma",
                "kind": "cma",
                "last": "6.16",
                "aliases": [{"name": "default_cma_region", "first": "6.17"}],
                "region": {"declared_in": "device-tree", "size": 64 << 20, "reusable": True, "default": True},
                "node": {"label": "vendor_cma_heap_device"},
            },
        ],
    }
)


def linux_board(rules: str = "", **fields: Any) -> ScriptedBoard:
    """The healthy board as a Linux that is not Android: udev, /etc/group, and rules for heaps."""
    board = broken(has_udev=True, logcat=None, **fields)
    board.files.pop("/vendor/etc/ueventd.rc")
    board.files |= {"/etc/group": "root:x:0:\nvideo:x:44:camera\n", "/etc/udev/rules.d/70-heaps.rules": rules}
    return board


#: What shows a Linux without udev and without Android: no /run/udev, no getprop.
LINUX_WITHOUT_UDEV: list[dict[str, Any]] = [
    {"t": "glob", "pattern": "/run/udev", "state": "missing", "errno": 2, "count": 0, "truncated": False},
    {"t": "ran", "argv": ["/system/bin/getprop"], "state": "missing", "errno": 2, "exit": None}
    | {"stdout": {"size": 0}, "stderr": {"size": 0}},
]


def broken(**fields: Any) -> ScriptedBoard:
    board = ScriptedBoard()
    for name, value in fields.items():
        setattr(board, name, value)
    return board


def files(**changed: str | bytes | dict[str, Any]) -> BoardFiles:
    """The healthy files with some replaced. Keys are written with __ for /."""
    return ScriptedBoard().files | {key.replace("__", "/"): value for key, value in changed.items()}

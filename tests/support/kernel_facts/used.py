"""What bringup looks for and where it looks, collected from its code: each has to have a row."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import bringup.allocator
import bringup.causes
import bringup.checks
import bringup.facts
from bringup.allocator.plan import Files, Glob, Item, Read, Tree
from bringup.causes.known import known_causes
from bringup.record.questions import COUNTERS, EVERYTHING, TRACE_EVENTS

__all__ = ["OWN", "logged_words", "paths", "patterns", "trace_events"]

_PATH = re.compile(r'"(/(?:proc|sys|dev)/[^"\s]+)"')
_OF_THE_KERNEL = ("/proc/", "/sys/", "/dev/")

#: Patterns and paths for which no kernel source has a text, and why.
OWN = {
    "bringup.facts.log.kernel_line:": "forms in which a log is kept, around the kernel's words",
    "bringup.facts.log.android_line:": "Android's log",
    "bringup.facts.log.running_test:": "lines of the test allocator",
    "bringup.facts.log.splats:": "stack traces and registers, in the forms of each architecture",
    "bringup.facts.board:_PROPERTY": "Android's getprop",
    "bringup.facts.board:_GROUP": "/etc/group",
    "bringup.facts.ktap:": "what a vendor's test program prints",
    "bringup.checks.suite.ktap:": "bringup's own text",
    "bringup.facts.udev:": "rules of udev",
    "bringup.facts.selinux_log:_HEX": "a part of a field",
    "bringup.causes.fix_lines:": "lines that bringup writes",
    "bringup.causes.rendered_lines:": "lines that bringup writes",
    "bringup.causes.allocation_failed:_REFUSED": "a line of the test allocator",
    "bringup.causes.no_root:_REFUSED": "bringup's own text",
    "bringup.checks.explain:_RANGE": "bringup's own text",
    "bringup.checks.suite.clients:": "Android's log",
    "/dev/null": "every system has it",
    "/proc/last_kmsg": "Android's and vendors' kernels only",
    "/sys/fs/pstore/": "where pstore is mounted (fs/pstore/inode.c)",
    "/dev/dri/": "not about heaps: a device to import a buffer into",
    "/sys/fs/bpf/": "Android pins its iterator there",
    "/sys/kernel/dma_heap/": "Android Common Kernels only",
}


def _is_own(name: str) -> bool:
    return any(name.startswith(begin) for begin in OWN)


def patterns() -> Iterator[str]:
    """``module:NAME`` of every compiled pattern in the rooms that read what a board says."""
    for room in (bringup.facts, bringup.causes, bringup.checks):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, re.Pattern) and not _is_own(f"{module.name}:{name}"):
                    yield f"{module.name}:{name}"


def logged_words() -> Iterator[tuple[str, str]]:
    """The id of each known cause, and the words of a log's line that show it."""
    for cause in known_causes().values():
        for words in cause.logged:
            yield cause.id, words


def paths() -> Iterator[str]:
    """Every file, folder or pattern below /proc, /sys and /dev that is read on a board."""
    for item in (*EVERYTHING, *COUNTERS):
        path = _path_of(item)
        if path.startswith(_OF_THE_KERNEL) and not _is_own(path):
            yield path
    for source in sorted((Path(bringup.allocator.__path__[0]) / "src").glob("*.[ch]")):
        yield from (path for path in _PATH.findall(source.read_text("utf-8")) if not _is_own(path))


def _path_of(item: Item) -> str:
    """What the item reads, a path or a pattern; empty where it is neither."""
    match item:
        case Read(path=path) | Tree(path=path):
            return os.fsdecode(path)
        case Files(pattern=pattern) | Glob(pattern=pattern):
            return os.fsdecode(pattern)
        case _:
            return ""


def trace_events() -> tuple[str, ...]:
    """Every trace event whose format is read."""
    return TRACE_EVENTS

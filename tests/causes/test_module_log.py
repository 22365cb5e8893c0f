"""What the kernel's log says of a module that did not load, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.causes.module_log import refusals_to_load
from tests.support.scripted_facts import facts
from tests.support.scripted_record import DENIED, broken, files

REBUILD = "build the module from the sources and the configuration of the kernel that runs"
SIGN = "sign the module with a key that this kernel knows"


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("system_heap: Unknown symbol dma_heap_add (err -2)", "load the module that exports this symbol first, or build a kernel that exports it"),
        ("system_heap: disagrees about version of symbol module_layout", REBUILD),
        ("system_heap: version magic '6.1.1 SMP' should be '6.1.2 SMP'", REBUILD),
        ("init: insmod system-heap.ko: Invalid module format", REBUILD),
        ("module: Loading of module with invalid module format: system_heap", REBUILD),
        ("system_heap: exports protected symbol dma_heap_add", "the kernel's own module has to export this symbol: take that module"),
        ("system_heap: exports duplicate symbol dma_heap_add (owned by kernel)", "two modules, or the kernel and a module, bring the same driver: keep one of them"),
        ("Loading of module with unavailable key is rejected: system_heap, module is rejected", SIGN),
        ("modprobe: system-heap.ko: Required key not available", SIGN),
        ("libmodprobe: Failed to insmod '/lib/modules/system_heap.ko' with args ''", "see the error at the end of this line"),
        ("libmodprobe: Failed to load module /lib/modules/system-heap.ko", "see the error at the end of this line"),
        ("system_heap: loading out-of-tree module taints kernel.", None),
        ("cma_heap: Unknown symbol dma_heap_add (err -2)", None),
    ],
)  # fmt: skip
def test_a_line_about_the_module_shows_why_and_what_to_do(tmp_path: Path, line: str, fix: str | None) -> None:
    known = facts(broken(files=files(dmesg=f"first\n{line}\nlast\n")), tmp_path)
    assert refusals_to_load(known, "system_heap") == (((line,), (fix,)) if fix else ((), ()))


def test_the_last_four_lines_are_shown_and_each_fix_once(tmp_path: Path) -> None:
    lines = [f"system_heap: Unknown symbol s{number} (err -2)" for number in range(5)]
    log = "\n".join([*lines, "system_heap: version magic 'a' should be 'b'"])
    shown, fixes = refusals_to_load(facts(broken(files=files(dmesg=log)), tmp_path), "system_heap")
    assert shown == (*lines[2:], "system_heap: version magic 'a' should be 'b'")
    assert [fix.partition(" ")[0] for fix in fixes] == ["load", "build"]


def test_a_log_that_was_not_read_says_nothing(tmp_path: Path) -> None:
    assert refusals_to_load(facts(broken(files=files(dmesg=DENIED)), tmp_path), "system_heap") == ((), ())

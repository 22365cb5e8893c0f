"""Who holds buffers, as the terminal shows it: who still has ION."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from rich.console import Console

from bringup.record.questions import ION_LIBRARIES
from bringup.report.holders import buffer_rows, holders_tree
from bringup.results.holders import (
    BufferFacts,
    BufferSource,
    HeldShare,
    HoldersDocument,
    HoldersFacts,
    HoldingProcess,
    UnheldBuffer,
)
from bringup.scan.knowledge.entry import Kind
from bringup.scan.knowledge.shipped import knowledge


def shown(*processes: HoldingProcess, **more: Any) -> str:
    console = Console(width=200, no_color=True)
    values: dict[str, Any] = {"buffers": 0, "bytes": 0, "held": 0, "unheld": (), "sources": ()}
    facts = HoldersFacts(**(values | {"processes": processes} | more))
    with console.capture() as capture:
        console.print(holders_tree(facts))
    return capture.get()


@pytest.mark.parametrize(
    ("path", "is_ion"),
    [
        ("/vendor/lib64/libion.so", True),
        ("/vendor/lib64/libion_mtk.so", True),
        ("/vendor/lib64/libhisi_ion.so", True),
        ("/vendor/lib64/libexynosion.so", True),
        ("/data/production/lib64/libdmabufheap.so", False),
        ("/vendor/lib64/libmotion.so", False),
        ("/vendor/lib64/libionization.so", False),
    ],
)
def test_a_library_is_of_ion_by_its_own_name(path: str, is_ion: bool) -> None:
    text = shown(HoldingProcess(7, 70, "camera", libraries=(path,)))
    assert ("who still has ION" in text, path in text) == (is_ion, is_ion)


def test_a_process_that_has_the_node_open_is_listed_with_its_libraries_of_ion_alone() -> None:
    libraries = ("/system/lib64/libdmabufheap.so", "/vendor/lib64/libion.so")
    text = shown(HoldingProcess(7, 70, "camera", ion=2, libraries=libraries))
    assert "camera 7: /dev/ion open 2×, /vendor/lib64/libion.so\n" in text


def test_every_library_of_ion_that_is_known_is_looked_for() -> None:
    names = {entry.name for entry in knowledge().entries if entry.kind is Kind.LIBRARY and entry.rule == "ion.library"}
    assert "libhion" in names
    not_looked_for = {
        name for name in names if not any(fnmatchcase(f"{name}.so", pattern) for pattern in ION_LIBRARIES)
    }
    assert not_looked_for == set()


def test_a_name_stays_in_its_line() -> None:
    share = HeldShare("sys\ttem", "pre\nview", 1, 4096, 4096, 0)
    process = HoldingProcess(7, 70, "cam\nera", 1, 4096, 4096, 0, (share,))
    lines = shown(process).splitlines()
    assert lines[1].startswith(r"cam\x0aera 7 ")
    assert r"└ sys\x09tem “pre\x0aview”" in lines[2]


def test_what_the_kernel_says_is_compared() -> None:
    sources = tuple(
        BufferSource(path, state, "nothing", buffers, size, wrong=wrong)
        for path, state, buffers, size, wrong in (
            ("/same", "ok", 2, 8192, ""), ("/more", "ok", 3, 8192, ""), ("/odd", "ok", 2, 8192, "it ends before its total"),
            ("/kept", "denied", None, None, ""),
        )
    )  # fmt: skip
    text = shown(buffers=2, bytes=8192, sources=sources)
    assert "  /same: 2 buffers, 8 KiB (8192 bytes): the same\n" in text
    assert "  /more: 3 buffers, 8 KiB (8192 bytes): not the same\n" in text
    assert "  /odd: 2 buffers, 8 KiB (8192 bytes): it ends before its total\n" in text
    assert "  /kept: denied\n    costs nothing\n" in text


def test_what_was_not_seen_is_not_said_to_be_held_by_no_process() -> None:
    buffer = UnheldBuffer(5, 4096, "system")
    text = shown(unheld=None, not_seen=(buffer,))
    assert ("holder not seen" in text, "held by no process" in text) == (True, False)
    assert "held by no process" in shown(unheld=(buffer,))
    assert "held by no process" not in shown(unheld=None)


def test_each_buffer_with_its_holders() -> None:
    processes = tuple(HoldingProcess(pid, 70, "camera", 1, 4096, 512) for pid in range(1, 11))
    facts = HoldersFacts(buffers=2, bytes=8192, held=4096, unheld=(), processes=processes, sources=())
    document = HoldersDocument(
        serial="x", kernel=None, holders=facts,
        list=(
            BufferFacts(1, 4096, "system", "a\tb", ((1, 2, 1, 4096), (2, 0, 1, 4096), *((pid, 1, 0, 0) for pid in range(3, 11)))),
            BufferFacts(2, None, None, None, (), ("soc:isp",)),
        ),
    )  # fmt: skip
    first, second = buffer_rows(document)
    assert first == (
        "1", "4 KiB", "system", r"a\x09b",
        "camera 1 (2 fds, mapped), camera 2 (only mapped), camera 3, camera 4, camera 5, camera 6, camera 7, camera 8, 2 more",
        "",
    )  # fmt: skip
    assert second == ("2", "unknown", "unknown", "", "held by no process", "soc:isp")

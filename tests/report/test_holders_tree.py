"""Who holds buffers, as the terminal shows it: who still has ION."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from rich.console import Console

from bringup.record.questions import ION_LIBRARIES
from bringup.report.holders import holders_tree
from bringup.results.holders import HoldersFacts, HoldingProcess
from bringup.scan.knowledge.entry import Kind
from bringup.scan.knowledge.shipped import knowledge


def shown(*processes: HoldingProcess) -> str:
    console = Console(width=200, no_color=True)
    facts = HoldersFacts(buffers=0, bytes=0, held=0, unheld=(), processes=processes, sources=())
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

"""The page of the history, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.compare.history import History
from bringup.lab.run_index import HistoryFilter, RunIndex
from bringup.report.history.page import render
from tests.support.report.browser import Browser, write_pages
from tests.support.report.many_runs import runs_of

HOSTILE = '"><script>document.title="owned"</script>\x1b[31m\u202e{{ 7 * 7 }}'
MARKS = {"heap.present system": "..FF", "heap.mode": "....", "exhaustion.clean system": ".F..", "kconfig.cma": "F..."}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("history")
    index = RunIndex(folder / "index")
    kernels = ("6.12.1", "6.12.1", "6.12.2", HOSTILE)
    for serial in ("made-up-1", HOSTILE):
        for number, run in enumerate(runs_of(MARKS, kernels, serial=serial, alloc_ns=(100, 120, 90, 1e6))):
            index.add(run, folder / f"{len(serial)}-{number}")
    return index.history(HistoryFilter())


@pytest.fixture(scope="module")
def page(history: History, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pages(tmp_path_factory.mktemp("pages"), {"history": render(history)})["history"]


@pytest.mark.parametrize("width", [360, 1200])
def test_it_fits_complains_of_nothing_and_loads_nothing(
    width: int, browser: Browser, page: Path, artifacts: Path
) -> None:
    browser.look(width)
    browser.open(page)
    assert browser.js("return document.documentElement.scrollWidth") == width
    browser.picture(artifacts / f"history-{width}.png")
    assert browser.complaints() == []
    assert browser.js("return performance.getEntriesByType('resource').length") == 0
    assert browser.js("return document.title") == "History of 2 boards"


def test_it_shows_each_run_of_each_check_and_the_timings(browser: Browser, page: Path) -> None:
    browser.open(page)
    rows = browser.js("return [...document.querySelectorAll('table.history tbody tr')].map((row) => row.innerText)")
    assert len(rows) == 6
    assert "heap.present" in rows[0]
    assert "kernel 6.12.1" in rows[0]
    strips = browser.js("return [...document.querySelectorAll('svg.strip')].map((strip) => strip.children.length)")
    assert strips == [4] * 6
    assert browser.js("return document.querySelectorAll('.plot .band').length") == 8


def test_axe_finds_nothing_serious(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.axe() == []

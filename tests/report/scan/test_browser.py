"""The page of a scan in a real browser: on a phone, in light and dark."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bringup.report.scan import find_scan_format
from bringup.scan.document import Scan
from bringup.scan.tree import scan_tree
from bringup.text import visible
from tests.support.report import hostile
from tests.support.report.browser import Browser, write_pages
from tests.support.scan.sample import vendor_tree

_OPEN = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
PAGES = ("sample", "hostile")


def _hostile(scan: Scan) -> Scan:
    text = visible("".join(hostile.SNIPPETS).replace("\n", "") + "x" * 300)
    hits = tuple(msgspec.structs.replace(hit, path=text, text=text, word=text, component=text) for hit in scan.hits)
    components = tuple(msgspec.structs.replace(one, name=text, owners=(text,)) for one in scan.components)
    return msgspec.structs.replace(scan, tree=text, hits=hits, components=components)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    scan = scan_tree(vendor_tree(tmp_path_factory.mktemp("vendor")))
    render = find_scan_format("html").render
    return write_pages(tmp_path_factory.mktemp("pages"), {"sample": render(scan), "hostile": render(_hostile(scan))})


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_on_a_phone_or_complains(
    name: str, browser: Browser, pages: dict[str, Path], artifacts: Path
) -> None:
    browser.look(360)
    browser.open(pages[name])
    browser.js(_OPEN)
    assert browser.js("return document.documentElement.scrollWidth") == 360
    browser.picture(artifacts / f"scan-{name}-phone.png")
    assert browser.complaints() == []
    assert browser.js("return performance.getEntriesByType('resource').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(scheme: str, browser: Browser, pages: dict[str, Path], artifacts: Path) -> None:
    browser.look(1180, scheme=scheme)
    browser.open(pages["sample"])
    browser.picture(artifacts / f"scan-{scheme}.png")
    browser.js(_OPEN)
    assert browser.axe() == []

"""The page of a comparison in a real browser: light, dark, on a phone, on paper, without scripts, by keyboard, by link."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.compare.runs import Comparison, compare
from bringup.report import rendered
from bringup.report.load import load_document
from bringup.results.verdict import Outcome
from tests.support.report import compared, hostile
from tests.support.report.browser import Browser, write_pages

PAIRS: dict[str, Callable[[], Comparison]] = {
    "regressed": compared.regressed,
    "newer": compared.newer_kernel,
    "slower": compared.slower,
    "many": compared.many,
    "lost": lambda: compared.all_of(Outcome.PASS, Outcome.ERROR),
    "hostile": lambda: compare(
        hostile.one_line_of("x"), hostile.one_line_of("".join(hostile.SNIPPETS).replace("\n", "") + "x" * 300)
    ),
}
_OPEN = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
_FOLDED = "vanished/allocator.open/linux,cma"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each comparison's page, with and without its script."""
    texts = {name: rendered(pair(), "html") for name, pair in PAIRS.items()}
    return write_pages(tmp_path_factory.mktemp("pages"), texts)


@pytest.mark.parametrize("name", PAIRS)
def test_no_page_scrolls_sideways_on_a_phone_or_complains(
    name: str, browser: Browser, pages: dict[str, Path], artifacts: Path
) -> None:
    browser.look(360)
    browser.open(pages[name])
    browser.js(_OPEN)
    assert browser.js("return document.documentElement.scrollWidth") == 360
    browser.picture(artifacts / f"compare-{name}-phone.png")
    assert browser.complaints() == []
    assert browser.js("return performance.getEntriesByType('resource').length") == 0


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("regressed", "light"), ("slower", "light"), ("slower", "dark"), ("many", "dark"), ("lost", "dark")],
)
def test_axe_finds_nothing_serious(
    name: str, scheme: str, browser: Browser, pages: dict[str, Path], artifacts: Path
) -> None:
    browser.look(1180, scheme=scheme)
    browser.open(pages[name])
    browser.picture(artifacts / f"compare-{name}-{scheme}.png")
    browser.js(_OPEN)
    assert browser.axe() == []


def test_without_scripts_everything_is_there(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["regressed-still"])
    assert not browser.js("return document.querySelector('.finder, button')"), "the script ran"
    assert browser.js("return document.querySelectorAll('.finding').length") == 4
    browser.js("document.querySelector('.fold summary').click()")
    assert "allocator.alloc.64k" in browser.js("return document.querySelector('.fold').innerText")
    browser.open(pages["slower-still"])
    assert browser.js("return document.querySelectorAll('.moved circle').length") == 20


@pytest.mark.parametrize("page", ["regressed", "regressed-still"])
def test_a_link_opens_what_is_folded(page: str, browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages[page], _FOLDED)
    browser.until("document.getElementById(arguments[0]).closest('details').open", _FOLDED)
    browser.until("document.getElementById(arguments[0]).getBoundingClientRect().top <= 900", _FOLDED)
    assert browser.js("return document.getElementById(arguments[0]).getBoundingClientRect().top", _FOLDED) >= 0


@pytest.mark.parametrize("page", ["regressed", "regressed-still"])
def test_paper_has_what_is_folded(page: str, browser: Browser, pages: dict[str, Path], artifacts: Path) -> None:
    browser.look(1180, media="print")
    browser.open(pages[page])
    assert browser.js("return document.getElementById(arguments[0]).checkVisibility()", _FOLDED)
    assert not browser.js("return document.querySelector('.tools').checkVisibility()")
    browser.look(1180)
    assert browser.pdf(artifacts / f"compare-{page}.pdf").startswith(b"%PDF-")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["slower"])
    reached = browser.tab_stops("a[href], button, input, summary, pre[tabindex], .scroll")
    assert reached[0][0] == "Ajump", "the first stop skips to the report"
    assert all(one[1] == "solid" and one[2] >= 2 for one in reached), reached


def test_finding_hides_the_others(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["regressed"])
    browser.driver.find_element("id", "find").send_keys("facts cma.size")
    browser.driver.find_element("id", "find").clear()
    browser.driver.find_element("id", "find").send_keys("cmatotal")
    browser.settled()
    shown = browser.js("return [...document.querySelectorAll('[data-find]:not([hidden])')].map((one) => one.id)")
    assert "facts/kernel_configuration/cma.size" in shown
    assert not browser.js("return document.querySelector('.finding:not([hidden])')")


def test_a_page_that_was_saved_and_opened_again_is_the_same(
    browser: Browser, pages: dict[str, Path], tmp_path: Path
) -> None:
    browser.open(pages["regressed"])
    saved = tmp_path / "saved.html"
    saved.write_text("<!DOCTYPE html>\n" + browser.js("return document.documentElement.outerHTML"), encoding="utf-8")
    browser.open(saved)
    assert browser.complaints() == []
    assert browser.js("return document.querySelectorAll('.finder').length") == 1
    assert load_document(saved) == compared.regressed()

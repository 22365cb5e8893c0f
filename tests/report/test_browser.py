"""The page in a real browser: light, dark, on a phone, on paper, without scripts, by keyboard, by link."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from bringup.report import find_format
from bringup.report.load import load_report
from bringup.results.run import Run
from tests.support.report import hostile, sample
from tests.support.report.browser import Browser, write_pages

RUNS: dict[str, Callable[[], Run]] = {
    "one": sample.run,
    "healthy": sample.healthy,
    "few": lambda: sample.many(2),
    "many": lambda: sample.many(60),
    "hostile": lambda: hostile.one_line_of("".join(hostile.SNIPPETS).replace("\n", "") + "x" * 300),
    "none": lambda: Run(boards=(), tool="0", started=sample.STARTED),
}
FOLDED = "made-up-board-7/kconfig.sysfs"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each run's page, with and without its script."""
    texts = {name: find_format("html").render(run()) for name, run in RUNS.items()}
    return write_pages(tmp_path_factory.mktemp("pages"), texts)


@pytest.mark.parametrize("name", RUNS)
def test_no_page_scrolls_sideways_on_a_phone_or_complains(
    name: str, browser: Browser, pages: dict[str, Path], artifacts: Path
) -> None:
    browser.look(360)
    browser.open(pages[name])
    browser.js("document.querySelectorAll('details:not([data-board])').forEach((one) => { one.open = true; })")
    assert browser.js("return document.documentElement.scrollWidth") == 360
    browser.picture(artifacts / f"{name}-phone.png")
    assert browser.complaints() == []
    assert browser.js("return performance.getEntriesByType('resource').length") == 0


@pytest.mark.parametrize(("name", "scheme"), [("one", "light"), ("one", "dark"), ("few", "light"), ("many", "dark")])
def test_axe_finds_nothing_serious(
    name: str, scheme: str, browser: Browser, pages: dict[str, Path], artifacts: Path
) -> None:
    browser.look(1180, scheme=scheme)
    browser.open(pages[name])
    browser.picture(artifacts / f"{name}-{scheme}.png")
    browser.js("document.querySelectorAll('details:not([data-board])').forEach((one) => { one.open = true; })")
    assert browser.axe() == []


def test_axe_would_find_something(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text('<!doctype html><html><title>t</title><p style="color:#ccc;background:#fff">pale</p>')
    browser.open(file)
    assert any(one.startswith("color-contrast") for one in browser.axe())


def test_light_and_dark_differ(browser: Browser, pages: dict[str, Path]) -> None:
    papers = []
    for scheme in ("light", "dark"):
        browser.look(1180, scheme=scheme)
        browser.open(pages["one"])
        papers.append(browser.js("return getComputedStyle(document.documentElement).backgroundColor"))
    assert papers == ["rgb(253, 253, 251)", "rgb(22, 24, 27)"]


def test_without_scripts_everything_is_there(browser: Browser, pages: dict[str, Path], artifacts: Path) -> None:
    browser.open(pages["one-still"])
    assert not browser.js("return document.querySelector('.finder, button')"), "the script ran"
    assert browser.js("return document.querySelectorAll('.finding').length") == 5
    browser.js("document.querySelector('.fold summary').click()")
    shown = browser.js("return document.querySelector('.fold').innerText")
    assert "CONFIG_DMABUF_HEAPS is y or m" in shown
    browser.picture(artifacts / "one-without-scripts.png")
    browser.open(pages["many-still"])
    browser.js("document.querySelector('.brief summary').click()")
    assert "/proc/config.gz: # CONFIG_DMABUF_HEAPS_CMA" in browser.js(
        "return document.querySelector('.brief').textContent"
    )


@pytest.mark.parametrize("page", ["one", "one-still"])
def test_a_link_opens_what_is_folded(page: str, browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages[page], FOLDED)
    browser.until("document.getElementById(arguments[0]).closest('details').open", FOLDED)
    browser.until("document.getElementById(arguments[0]).getBoundingClientRect().top <= 900", FOLDED)
    assert browser.js("return document.getElementById(arguments[0]).getBoundingClientRect().top", FOLDED) >= 0


@pytest.mark.parametrize("fragment", ["%", "%zz", "no-such-name", "made-up-board-7%2Fkconfig.sysfs"])
def test_an_odd_link_stops_nothing(fragment: str, browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["one"], fragment)
    assert browser.complaints() == []
    assert browser.js("return document.querySelectorAll('.finder, .remedy button').length") == 6
    assert browser.js("return document.querySelector('.fold').open") == fragment.endswith("sysfs")


def test_a_page_that_was_saved_and_opened_again_is_the_same(
    browser: Browser, pages: dict[str, Path], tmp_path: Path
) -> None:
    browser.open(pages["one"])
    saved = tmp_path / "saved.html"
    saved.write_text("<!DOCTYPE html>\n" + browser.js("return document.documentElement.outerHTML"), encoding="utf-8")
    browser.open(saved)
    assert browser.complaints() == []
    assert browser.js("return document.querySelectorAll('.finder, .remedy button').length") == 6
    assert load_report(saved) == sample.run()


@pytest.mark.parametrize("page", ["one", "one-still"])
def test_paper_has_what_is_folded(page: str, browser: Browser, pages: dict[str, Path], artifacts: Path) -> None:
    browser.look(1180, media="print")
    browser.open(pages[page])
    seen = "return document.getElementById(arguments[0]).checkVisibility()"
    assert browser.js(seen, FOLDED)
    assert not browser.js("return document.querySelector('.tools').checkVisibility()")
    browser.look(1180)
    browser.js("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
    assert not browser.js(seen, FOLDED)
    assert browser.pdf(artifacts / f"{page}.pdf").startswith(b"%PDF-")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["one"])
    reached = browser.tab_stops("a[href], button, input, summary, pre[tabindex]")
    assert reached[0][0] == "Ajump", "the first stop skips to the report"
    assert {"INPUT", "BUTTON", "SUMMARY", "PRE"} <= {re.split("[^A-Z]", one[0])[0] for one in reached}
    assert all(one[1] == "solid" and one[2] >= 2 and one[3] for one in reached), reached


def test_a_folded_part_opens_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["one"])
    browser.js("document.querySelector('.fold summary').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.js("return document.querySelector('.fold').open")


def test_each_row_of_a_folded_part_has_its_link_once_it_is_open(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["one"])
    fold = browser.driver.find_element("css selector", ".fold")
    fold.find_element("tag name", "summary").click()
    browser.until("document.querySelector(`[id='${arguments[0]}'] .self`)", FOLDED)
    (link,) = browser.driver.find_elements("css selector", f"[id='{FOLDED}'] .self")
    assert str(link.get_attribute("href")).endswith(f"#{FOLDED}")
    assert link.get_attribute("aria-label") == "Link to kconfig.sysfs"
    of_heap = browser.driver.find_element("css selector", "[id='made-up-board-7/alloc.open/system'] + .self")
    assert of_heap.get_attribute("aria-label") == "Link to alloc.open on system"


def test_finding_hides_the_others_and_counts(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["one"])
    field = browser.driver.find_element("id", "find")
    field.send_keys("kconfig cma")
    browser.settled()
    shown = browser.js("return [...document.querySelectorAll('[data-find]:not([hidden])')].map((one) => one.id)")
    assert shown == [
        "made-up-board-7/because/kconfig.dmabuf-heaps-cma-unset",
        "made-up-board-7/kconfig.cma",
        "made-up-board-7/kconfig.dma-cma",
    ]
    assert browser.js("return document.querySelector('output').value") == "3 of 51"
    assert browser.js("return document.getElementById('made-up-board-7/kconfig.cma').checkVisibility()")
    field.clear()
    field.send_keys(" ")
    browser.settled()
    assert not browser.js("return document.querySelector('[data-find][hidden]')")


def test_a_remedy_is_copied(browser: Browser, pages: dict[str, Path]) -> None:
    grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    browser.driver.execute_cdp_cmd("Browser.grantPermissions", grant)
    browser.open(pages["one"])
    browser.js(
        "const button = document.querySelector('.remedy button');"
        "new MutationObserver(() => { window.answered = true; }).observe(button, { childList: true });"
    )
    browser.driver.find_element("css selector", ".remedy button").click()
    browser.until("window.answered")
    text = browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])")
    assert text == "CONFIG_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_DMABUF_HEAPS_CMA=y\nCONFIG_CMA_SIZE_MBYTES=64\n"


def _opened(browser: Browser, index: int) -> str:
    """Open one board's short part and wait until the script has filled it."""
    text: str = browser.driver.execute_async_script(
        """
        const [index, done] = arguments;
        const part = document.querySelector(`details[data-board="${index}"]`);
        const filled = () => part.querySelector(".verdicts") && done(part.textContent);
        new MutationObserver(filled).observe(part, { childList: true, subtree: true });
        part.open = true;
        """,
        index,
    )
    return text


def test_a_board_of_many_is_filled_when_it_is_opened(browser: Browser, pages: dict[str, Path], artifacts: Path) -> None:
    browser.open(pages["many"])
    text = _opened(browser, 17)
    assert "Made-Up Board 3" in text
    assert browser.js("return document.querySelectorAll('details[data-board=\"17\"] .verdicts tbody tr').length") == 60
    assert text.index("No ION node is left behind") >= 0
    browser.js("document.querySelector('details[data-board=\"17\"]').scrollIntoView()")
    assert browser.axe() == []
    assert browser.complaints() == []


_ROWS = (
    "return [...document.querySelectorAll('.matrix tbody tr:not([hidden])')]"
    ".map((row) => [row.querySelector('a').textContent, row.cells[arguments[0]].textContent])"
)


def test_the_matrix_sorts_by_a_board_or_a_check_and_back(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["many"])
    heads = browser.driver.find_elements("css selector", ".block:first-child thead .sort")
    worst_first = browser.js(_ROWS, 1)
    assert len(worst_first) == 60
    heads[0].click()
    browser.settled()
    assert [name for name, _ in browser.js(_ROWS, 1)] == sorted(name for name, _ in worst_first)
    assert browser.js("return document.querySelector('.matrix thead th').ariaSort") == "ascending"
    heads[2].send_keys(Keys.ENTER)
    browser.settled()
    letters = [letter for _, letter in browser.js(_ROWS, 2)]
    assert letters == sorted(letters, key="FEW·–".index)
    assert len(set(letters)) > 1
    assert browser.js("return document.querySelectorAll('.matrix thead [aria-sort]').length") == 1
    heads[2].click()
    browser.settled()
    assert browser.js(_ROWS, 1) == worst_first
    assert browser.axe() == []
    assert browser.complaints() == []


def test_the_counts_choose_which_boards_are_shown(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["many"])
    fail, error = browser.driver.find_elements("css selector", ".counts .choose")[:2]
    fail.click()
    browser.settled()
    told = browser.js(
        "return [...document.querySelectorAll('.matrix tbody tr:not([hidden]) .outcome')].map((one) => one.textContent)"
    )
    assert set(told) == {"fail"}
    assert fail.text == f"{len(told)} fail"
    assert fail.get_attribute("aria-pressed") == "true"
    error.click()
    browser.settled()
    assert len(browser.js(_ROWS, 1)) > len(told)
    browser.driver.find_element("id", "find").send_keys("made-up-0001")
    browser.settled()
    assert len(browser.js(_ROWS, 1)) <= 1
    browser.driver.find_element("id", "find").clear()
    fail.click()
    error.click()
    browser.driver.find_element("id", "find").send_keys(" ")
    browser.settled()
    assert len(browser.js(_ROWS, 1)) == 60


def test_what_the_script_fills_in_is_as_safe_as_the_rest(browser: Browser, tmp_path: Path) -> None:
    lines = ["<img src=x onerror=alert(1)>\u202eevil\x1b[31m\ud800", *hostile.SNIPPETS, *"abcdefgh"]
    boards = tuple(board for line in lines for board in hostile.one_line_of(line).boards)
    file = tmp_path / "page.html"
    file.write_text(find_format("html").render(Run(boards=boards, tool="0", started=sample.STARTED)), encoding="utf-8")
    browser.open(file)
    text = _opened(browser, 0)
    assert r"<img src=x onerror=alert(1)>\u202eevil\x1b[31m\ud800" in text
    assert not re.search("[\x1b\u202e\ud800-\udfff]", text)
    assert not browser.js("return document.querySelector('img')")
    assert browser.complaints() == []

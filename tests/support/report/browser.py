"""A real headless Chromium for the page, and axe-core to judge it."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import platformdirs
import pytest
from selenium import webdriver
from selenium.common.exceptions import JavascriptException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
)  # fmt: skip
#: Seconds for what takes a moment on a quiet machine.
_PATIENCE = 300
_AXE = "axe-core@4.14.1"
_AXE_INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


def missing(what: str) -> NoReturn:
    """Skip, saying what is not there; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def write_pages(folder: Path, texts: Mapping[str, str]) -> dict[str, Path]:
    """Each page as a file; ``NAME-still`` is the same with its script forbidden by its own policy."""
    files = {}
    for name, text in texts.items():
        still, count = re.subn(r"script-src 'sha256-[^']+'", "script-src 'none'", text)
        assert count == 1
        for key, content in ((name, text), (f"{name}-still", still)):
            files[key] = folder / f"{key}.html"
            files[key].write_text(content, encoding="utf-8")
    return files


class Browser:
    """One Chromium, with what these tests ask of it."""

    def __init__(self, profile: Path) -> None:
        chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if chromium is None or driver is None:
            missing("there is no chromium with its chromedriver: apt-get install chromium chromium-driver")
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.driver.set_script_timeout(_PATIENCE)

    def open(self, file: Path, fragment: str = "") -> None:
        """Load a page anew, whole.

        The end of the blank page's loading may come late, and chromedriver takes it for the end of this page's.
        """
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get(file.as_uri() + (f"#{fragment}" if fragment else ""))
        WebDriverWait(self.driver, _PATIENCE, poll_frequency=0.01, ignored_exceptions=[JavascriptException]).until(
            lambda driver: driver.execute_script(
                "return document.URL.split('#')[0] === arguments[0] && document.readyState === 'complete'",
                file.as_uri(),
            )
        )

    def js(self, script: str, *arguments: object) -> Any:
        """Run a function body in the page."""
        return self.driver.execute_script(script, *arguments)

    def until(self, expression: str, *arguments: object) -> Any:
        """Wait until an expression of JavaScript is true, and return its value."""
        return self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            f"const look = () => {{ const value = {expression}; if (value) done(value); else setTimeout(look, 5); }};"
            "look();",
            *arguments,
        )

    def settled(self) -> None:
        """Wait until the page has done what it was asked: a search and a sort are cut into slices."""
        self.until("!document.querySelector('[aria-busy=true]')")

    def tab_stops(self, selector: str) -> list[list[Any]]:
        """Press TAB until everything visible that the selector names has had the focus, or three times as often.

        Of each in order: its tag and classes, its outline's style and width, whether it has a width.
        """
        wanted = self.js(
            "window.stops = [...document.querySelectorAll(arguments[0])].filter((stop) => stop.checkVisibility());"
            "return window.stops.length",
            selector,
        )
        reached: dict[int, list[Any]] = {}
        for _ in range(3 * wanted):
            self.driver.switch_to.active_element.send_keys(Keys.TAB)
            index, *seen = self.js(
                "const stop = document.activeElement; const style = getComputedStyle(stop);"
                "return [window.stops.indexOf(stop), stop.tagName + stop.className, style.outlineStyle,"
                " parseFloat(style.outlineWidth), stop.getBoundingClientRect().width > 0]"
            )
            reached.setdefault(index, seen)
            if reached.keys() >= set(range(wanted)):
                break
        assert reached.keys() >= set(range(wanted)), "the keyboard does not reach everything"
        return list(reached.values())

    def complaints(self) -> list[str]:
        """What the browser wrote on its console: errors, and everything that the CSP stopped."""
        return [one["message"] for one in self.driver.get_log("browser")]

    def look(self, width: int, *, scheme: str = "light", media: str = "") -> None:
        """Set the window's width, its colour scheme and its medium."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
        self.until("innerWidth === arguments[0]", width)

    def picture(self, file: Path) -> None:
        """The whole page as a PNG."""
        # Chromium takes the page's size from the last frame that it drew: there is none yet where a machine is busy.
        width, height = self.js(
            "const page = document.documentElement; return [page.scrollWidth, Math.min(page.scrollHeight, 16384)]"
        )
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        got = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        file.write_bytes(base64.b64decode(got["data"]))

    def pdf(self, file: Path) -> bytes:
        """The page as it is printed."""
        got = self.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
        file.write_bytes(base64.b64decode(got["data"]))
        return file.read_bytes()

    def axe(self) -> list[str]:
        """What axe-core finds serious or critical."""
        self.js(axe_source())
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then((r) => done(JSON.stringify(r.violations)))"
        )
        return [
            f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
            for one in json.loads(found)
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def close(self) -> None:
        """End Chromium and its driver."""
        self.driver.get("about:blank")
        self.driver.quit()


def axe_source() -> str:
    """axe-core's one file, from the npm registry, kept in the user's cache; npm checks what it fetched."""
    cache = platformdirs.user_cache_path("bringup") / "tests" / _AXE.replace("@", "-")
    file = cache / "axe.min.js"
    if not file.exists():
        _fetch_axe(cache)
    return file.read_text(encoding="utf-8")


def _fetch_axe(cache: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        missing("there is no npm to fetch axe-core with: apt-get install npm")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        done = subprocess.run(
            [npm, "pack", "--json", _AXE], cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            missing(f"npm cannot fetch {_AXE}: {done.stderr.strip()[-300:]}")
        packed = json.loads(done.stdout)[0]
        assert packed["integrity"] == _AXE_INTEGRITY
        with tarfile.open(Path(folder) / packed["filename"]) as tar:
            script = tar.extractfile("package/axe.min.js")
            assert script is not None
            (Path(folder) / "axe.min.js").write_bytes(script.read())
        (Path(folder) / "axe.min.js").replace(cache / "axe.min.js")

"""What the tests of pages share: one Chromium, and where its pictures go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.report.browser import Browser


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    from tests.support.report.browser import Browser

    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """The session's Chromium, as wide as a desk's, light and on a screen whatever the test before asked for."""
    chromium.look(1180)
    return chromium


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where the pictures go: out/browser, or where BRINGUP_ARTIFACTS says."""
    folder = Path(os.environ.get("BRINGUP_ARTIFACTS") or Path(__file__).parents[2] / "out" / "browser")
    folder.mkdir(parents=True, exist_ok=True)
    return folder

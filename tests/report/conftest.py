"""What the tests of pages share: one Chromium a module, and where its pictures go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.report.browser import Browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    from tests.support.report.browser import Browser

    one = Browser(tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def artifacts() -> Path:
    """Where the pictures go: out/browser, or where BRINGUP_ARTIFACTS says."""
    folder = Path(os.environ.get("BRINGUP_ARTIFACTS") or Path(__file__).parents[2] / "out" / "browser")
    folder.mkdir(parents=True, exist_ok=True)
    return folder

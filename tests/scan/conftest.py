"""C read with tree-sitter and without: what a test says must not depend on the extra ``scan``."""

from __future__ import annotations

import pytest

from bringup.scan.readers import c


@pytest.fixture(params=["with tree-sitter", "without"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``usefixtures("parser")`` a test runs both ways."""
    if request.param == "without":
        monkeypatch.setattr(c, "parse", lambda *_: None)
    else:
        pytest.importorskip("tree_sitter_cpp", reason="the extra scan is not installed")

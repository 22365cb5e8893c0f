"""Plug-ins as pip installs them: a module, and a folder that says what package it is of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bringup.plug_ins import installed

__all__ = ["Install", "installing", "put_plug_in"]

Install = Callable[..., None]


def put_plug_in(place: Path, name: str, source: str, group: str = "bringup.checks") -> None:
    """Put a package with an entry point into a folder of ``sys.path``."""
    (place / f"{name}_checks.py").write_text(source)
    about = place / f"{name}-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}_checks\n")


@contextmanager
def installing(folder: Path, monkeypatch: pytest.MonkeyPatch, group: str = "bringup.checks") -> Iterator[Install]:
    """Puts packages where Python finds them, as pip does: name=source. Afterwards none is installed."""
    place = folder / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))

    def put(**sources: str) -> None:
        for name, source in sources.items():
            put_plug_in(place, name, source, group)
        installed.cache_clear()

    yield put
    monkeypatch.undo()
    installed.cache_clear()

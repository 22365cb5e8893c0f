from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.allocator_programs import Program, compile_real, compile_scripted, sanitized
from tests.support.once import made_once


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Built from the sources with sanitizers, on this machine's kernel."""
    return sanitized(made_once(tmp_path_factory, "allocator-real", compile_real) / "real")


@pytest.fixture(scope="session")
def _with_scripted_heap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "allocator-scripted", compile_scripted)


@pytest.fixture(scope="session")
def scripted(_with_scripted_heap: Path) -> Program:
    """The same with a scripted heap."""
    return sanitized(_with_scripted_heap / "scripted")


@pytest.fixture(scope="session")
def impatient(_with_scripted_heap: Path) -> Program:
    """With a scripted heap, and 3 seconds for each test and each read: for those that hang."""
    return sanitized(_with_scripted_heap / "impatient")


@pytest.fixture
def unprivileged() -> dict[str, Any]:
    """Options for a process that is not root: root may read everything."""
    return {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that others may pass through."""
    for parent in (tmp_path, *tmp_path.parents):
        with contextlib.suppress(PermissionError):
            if parent.stat().st_mode & 0o005 != 0o005:
                parent.chmod(parent.stat().st_mode | 0o055)
    return tmp_path

from __future__ import annotations

import pytest

from tests.support.allocator_programs import Program, compile_real, compile_scripted


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Built from the sources with sanitizers, on this machine's kernel."""
    return compile_real(tmp_path_factory.mktemp("allocator"))


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The same with a scripted heap."""
    return compile_scripted(tmp_path_factory.mktemp("allocator"))

"""constraints/dev.txt, which development and CI install from: it has what pyproject.toml asks for, with hashes, from anywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "constraints" / "dev.txt").read_text(encoding="utf-8")
TOOLS = (ROOT / "constraints" / "tools.txt").read_text(encoding="utf-8")
REQUIRED = [
    *PROJECT["project"]["dependencies"],
    *(text for extra in PROJECT["project"]["optional-dependencies"].values() for text in extra),
    *(text for name, group in PROJECT["dependency-groups"].items() if name != "tools" for text in group),
]


def locked(lock: str = LOCK) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each package."""
    entries = re.findall(
        r"^([\w.-]+)==(\S+)[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}[ \\]*\n?)+)", lock, re.MULTILINE
    )
    return {canonicalize_name(name): (version, hashes.count("--hash")) for name, version, hashes in entries}


@pytest.mark.parametrize("text", PROJECT["dependency-groups"]["tools"])
def test_tools_are_locked_too_and_agree_with_what_tests_use(text: str) -> None:
    requirement = Requirement(text)
    tools, others = locked(TOOLS), locked()
    assert requirement.specifier.contains(tools[canonicalize_name(requirement.name)][0]), "run make lock"
    both = tools.keys() & others.keys()
    assert {name: tools[name][0] for name in both} == {name: others[name][0] for name in both}


@pytest.mark.parametrize("text", REQUIRED)
def test_what_is_required_is_locked_in_a_version_that_will_do(text: str) -> None:
    requirement = Requirement(text)
    version, _ = locked()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version), "run make lock"


def test_every_line_is_a_package_or_a_hash_and_names_no_index() -> None:
    for lock in (LOCK, TOOLS):
        lines = [line for line in lock.splitlines() if not line.startswith(("#", "    --hash=sha256:"))]
        assert len(lines) == len(locked(lock))
        assert "://" not in lock

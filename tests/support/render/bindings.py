"""The kernel's device tree bindings as dt-validate takes them, and what it says of whole trees."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import pytest

__all__ = ["Complaint", "complaints", "processed", "tool"]

_CACHE = "dt-schema"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that dt-validate finds wrong: at which node, by which schema; empty: no schema knows the node."""

    node: str
    schema: str
    message: str


def tool(name: str) -> str:
    """A program of dtschema, beside this Python."""
    pytest.importorskip("dtschema", reason="dtschema is not installed (PyPI)")
    program = Path(sys.executable).parent / name
    if not program.is_file():
        pytest.skip(f"{name} is not beside this Python")
    return str(program)


def processed(tree: Path) -> Path:
    """The bindings of a kernel, and dtschema's own. Processed once (over a minute), then kept in the cache."""
    make = tool("dt-mk-schema")
    bindings = tree / "Documentation/devicetree/bindings"
    if not bindings.is_dir():
        pytest.skip(f"{tree} has no bindings")
    folder = platformdirs.user_cache_path("bringup") / _CACHE
    target = folder / f"{_version_of(bindings)}.json"
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / "schema.json"
            done = subprocess.run(
                [make, "-j", "-o", str(made), str(bindings)], capture_output=True, text=True, timeout=1200, check=False
            )
            assert done.returncode == 0, done.stderr[-2000:]
            made.replace(target)
    return target


def _version_of(bindings: Path) -> str:
    import dtschema

    files = sorted(bindings.rglob("*.yaml"))
    assert files, f"no bindings in {bindings}"
    told = "\n".join(f"{one.relative_to(bindings)} {one.stat().st_size} {int(one.stat().st_mtime)}" for one in files)
    return hashlib.sha256(f"{dtschema.__version__}\n{told}".encode()).hexdigest()[:16]


def complaints(schema: Path, blobs: Sequence[Path], folder: Path, *limit: str) -> dict[Path, list[Complaint]]:
    """What dt-validate finds in each tree, and in which nodes nothing was looked at because no schema knows them.

    What it found in a tree is kept in the cache, by the tree's, the schema's and its own version.

    :param limit: parts of schemas' names; only these are asked.
    """
    report = folder / "complaints.json"
    cache = platformdirs.user_cache_path("bringup") / _CACHE / "found"
    argv = [tool("dt-validate"), "--show-unmatched", "--schema", str(schema), "--json-output", str(report)]
    argv += ["--cache-dir", str(cache), *(["--limit", ":".join(limit)] if limit else []), *map(str, blobs)]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    found: dict[Path, list[Complaint]] = {blob: [] for blob in blobs}
    told: list[dict[str, Any]] = json.loads(report.read_text())
    for one in told:
        blob = (folder / one["file"]).resolve()
        found[blob].append(Complaint(one.get("node") or "", one.get("schema") or "", one["message"]))
    return found

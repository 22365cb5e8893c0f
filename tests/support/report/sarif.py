"""SARIF's published schema, from the npm registry (Microsoft's jest-sarif has it), kept in the user's cache."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import platformdirs

from tests.support.report.browser import missing

_PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"
_INTEGRITY = "sha512-A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A=="
_SCHEMA = "package/lib/schemas/sarif-2.1.0-rtm.5.json"


def results_of(log: str) -> list[dict[str, Any]]:
    """The results of a log that fits the schema.

    :raises jsonschema.ValidationError: it does not.
    """
    document = json.loads(log)
    schema = _schema()
    kind = jsonschema.validators.validator_for(schema)
    kind(schema, format_checker=kind.FORMAT_CHECKER).validate(document)
    results: list[dict[str, Any]] = document["runs"][0]["results"]
    return results


@cache
def _schema() -> Any:
    file = platformdirs.user_cache_path("bringup") / "tests" / "sarif-2.1.0-rtm.5.json"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.{id(file)}.part")
        part.write_bytes(_fetched())
        part.replace(file)
    return json.loads(file.read_bytes())


def _fetched() -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        missing("there is no npm to fetch SARIF's schema with: apt-get install npm")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [npm, "pack", "--json", _PACKAGE], cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            missing(f"npm cannot fetch {_PACKAGE}: {done.stderr.strip()[-300:]}")
        packed = json.loads(done.stdout)[0]
        assert packed["integrity"] == _INTEGRITY
        with tarfile.open(fileobj=io.BytesIO((Path(folder) / packed["filename"]).read_bytes())) as tar:
            schema = tar.extractfile(_SCHEMA)
            assert schema is not None
            return schema.read()

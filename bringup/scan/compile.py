"""``python -m bringup.scan.compile``: the YAML files of ``knowledge/data/`` → ``knowledge/compiled.json``.

People read and change the YAML; bringup loads the JSON, which is checked and loads fast. ``--check`` only compares.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from bringup.compiled_file import keep_compiled
from bringup.errors import ConfigError
from bringup.scan.knowledge.entry import Asks, Entry, Kind, Owner, Source
from bringup.scan.knowledge.shipped import COMPILED, Knowledge
from bringup.yaml_file import plain, read_file

__all__ = ["compiled", "main"]

DATA = COMPILED.parent / "data"
#: A part of a source: a repository with commit and file, or a release and what was read there.
_PLACE = re.compile(
    r"(?:[\w.-]+(?:/[\w.-]+)+ [0-9a-f]{7,40}|(?:Linux|Android Common Kernel|Android) \d+(?:\.\d+)?), \S.*"
)
_DAY = re.compile(r"20\d\d-\d\d-\d\d")


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names that share all facts."""

    kind: Kind
    rule: str
    source: str
    names: tuple[str, ...]
    asks: Asks = Asks()
    heap: str | None = None
    user: tuple[str, ...] = ()
    kernel: tuple[str, ...] = ()
    shared: bool = False
    beside: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    owner: Owner
    sources: dict[str, Source]
    names: tuple[_Group, ...]


def _read(path: Path) -> _File:
    content: Any = plain(read_file(path))
    try:
        return msgspec.convert(content, _File)
    except msgspec.ValidationError as error:
        raise ConfigError(path, str(error)) from error


def compiled(folder: Path = DATA) -> str:
    """The compiled form of a folder of YAML files: one JSON document, an entry per name.

    :raises ConfigError: a file is wrong, a source is not listed, or a name stands twice.
    """
    entries: dict[tuple[str, Kind], Entry] = {}
    sources: dict[str, Source] = {}
    for path in sorted(folder.glob("*.yaml")):
        file = _read(path)
        for key, source in file.sources.items():
            if not (all(_PLACE.fullmatch(part) for part in source.text.split("; ")) and _DAY.fullmatch(source.read)):
                raise ConfigError(
                    path,
                    f"source '{key}' does not say where and when it was read",
                    hint="OWNER/REPOSITORY COMMIT, FILE, or Linux VERSION, FILE; and a day",
                )
            sources[f"{path.stem}.{key}"] = source
        for group in file.names:
            if group.source not in file.sources:
                raise ConfigError(path, f"no source '{group.source}'", hint="list it under 'sources'")
            for name in group.names:
                if (name, group.kind) in entries:
                    raise ConfigError(path, f"{name} ({group.kind}) stands twice", hint="keep one of the two")
                entries[name, group.kind] = _entry(name, group, file.owner, f"{path.stem}.{group.source}")
    content = Knowledge(sources, tuple(entries[key] for key in sorted(entries)))
    lines = ",\n".join(msgspec.json.encode(entry).decode() for entry in content.entries)
    return f'{{"sources": {msgspec.json.encode(content.sources).decode()},\n"entries": [\n{lines}\n]}}\n'


def _entry(name: str, group: _Group, owner: Owner, source: str) -> Entry:
    facts = {field: getattr(group, field) for field in group.__struct_fields__ if field not in ("names", "source")}
    return Entry(name=name, owner=owner, source=source, **facts)


def main(arguments: list[str]) -> int:
    """See :func:`keep_compiled`."""
    return keep_compiled(COMPILED, compiled, "bringup.scan.compile", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The templates: each file in a template folder is one.

A template begins with a comment that says what it is::

    {#---
    fragment: ueventd
    title: Permissions of the heaps' device nodes
    output: ueventd.{board}.rc
    language: ueventd
    ---#}

Several files may belong to one fragment; one of them may say what the whole fragment is (``about:``). A user's file
replaces the shipped file of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from bringup.config.shipped import template_dirs
from bringup.errors import ConfigError, os_reason
from bringup.files import open_input
from bringup.render.language import LANGUAGES
from bringup.yaml_file import Node, read_text

__all__ = ["Fragment", "Template", "fragments"]

_OPEN = "{#---"
_CLOSE = "---#}"
_REQUIRED = ("fragment", "title", "output", "language")
_KNOWN = (*_REQUIRED, "about")
_MAX_TEMPLATE = 256 << 10


@dataclass(frozen=True, slots=True)
class Template:
    """One template file.

    :param name: its file name; a file of the same name in a folder that is searched earlier replaces it.
    :param output: relative path of what it renders; ``{board}`` stands for the board config's name.
    :param about: what the whole fragment is, where this template says so.
    """

    name: str
    path: Path
    fragment: str
    title: str
    output: str
    language: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Fragment:
    """What ``bringup render`` can be asked for: one or more templates."""

    id: str
    title: str
    templates: tuple[Template, ...]


def fragments(dirs: Sequence[Path] | None = None) -> tuple[Fragment, ...]:
    """Every fragment, by id.

    :param dirs: template folders in search order; default: the user's, then bringup's own.
    :raises ConfigError: the head of a template is wrong.
    """
    found: dict[str, Template] = {}
    for folder in template_dirs() if dirs is None else dirs:
        for path in sorted(folder.glob("*.j2")):
            if not path.name.startswith("_") and path.name not in found:
                stat = path.stat()
                found[path.name] = _read(path, (stat.st_mtime_ns, stat.st_size))
    grouped: dict[str, list[Template]] = {}
    for name in sorted(found):
        grouped.setdefault(found[name].fragment, []).append(found[name])
    return tuple(Fragment(key, _title(parts), tuple(parts)) for key, parts in sorted(grouped.items()))


def _title(parts: Sequence[Template]) -> str:
    return next((part.about for part in parts if part.about), parts[0].title)


@lru_cache(maxsize=256)
def _read(path: Path, _version: tuple[int, int]) -> Template:
    """Read one template; ``_version`` is part of the cache's key, so that a changed file is read again."""
    try:
        with open_input(path) as file:
            raw = file.read(_MAX_TEMPLATE + 1)
    except OSError as error:
        raise ConfigError(path, os_reason(error)) from error
    if len(raw) > _MAX_TEMPLATE:
        raise ConfigError(path, "the template is larger than 256 KiB")
    try:
        source = raw.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ConfigError(path, "the template is not UTF-8") from error
    head, closed, _ = source.partition(_CLOSE)
    first, _, body = head.partition("\n")
    if first.strip() != _OPEN or not closed:
        hint = f"the first line is {_OPEN}, then fragment:, title:, output:, language:, then {_CLOSE}"
        raise ConfigError(path, "the template's head is missing", line=1, column=1, hint=hint)
    root = read_text(("\n" + body).encode(), path)
    fields = _fields(root, path)
    return Template(path.name, path, **fields)


def _fields(root: Node, path: Path) -> dict[str, str]:
    values = root.value if isinstance(root.value, dict) else {}
    for key in _REQUIRED:
        if key not in values:
            raise ConfigError(path, f"the template's head lacks '{key}'", line=1, column=1)
    for key, node in values.items():
        if key not in _KNOWN:
            raise node.named_at.error(f"unknown key '{key}'", f"known keys here: {', '.join(_KNOWN)}")
        if not isinstance(node.value, str):
            raise node.place.error(f"'{key}' must be text", "write it in quotes")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", values["fragment"].value):
        raise values["fragment"].place.error("a fragment's id is lower-case letters, digits and '-'")
    if values["language"].value not in LANGUAGES:
        known = ", ".join(sorted(LANGUAGES))
        raise values["language"].place.error(f"unknown language '{values['language'].value}'", f"known: {known}")
    output = PurePosixPath(values["output"].value)
    if output.is_absolute() or ".." in output.parts or not output.name:
        raise values["output"].place.error("'output' must be a path below the output folder")
    return {key: str(node.value) for key, node in values.items()}

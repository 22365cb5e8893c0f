"""Who has to act: the module that a file is built into, else its repository or folder; and the owners of the folder."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import NamedTuple

from bringup.scan.finding.globs import compile_globs
from bringup.scan.finding.walk import shown
from bringup.text import visible

__all__ = ["Place", "component_of"]

_MOST = 1 << 20
_OWNERS = 3
_MODULE = re.compile(r"^(\w+)[ \t]*\{", re.MULTILINE)
_NAME = re.compile(r"\bname[ \t]*:[ \t]*\"([^\"\n]{1,200})\"")
_STRING = re.compile(r"\"([^\"\n]{1,300})\"")
_CLEAR = re.compile(r"^[ \t]*include[ \t]+\$\(CLEAR_VARS\)", re.MULTILINE)
_LOCAL_MODULE = re.compile(r"^[ \t]*LOCAL_MODULE[ \t]*[:+?]?=[ \t]*([^\s#]{1,200})", re.MULTILINE)
_OBJECT = re.compile(
    r"^[ \t]*([\w.$(){}-]{1,120}?)-(?:y|m|objs|\$[({](\w{1,100})[)}])[ \t]*[:+]?=[ \t]*([^\n]*)", re.MULTILINE
)
_ADDRESS = re.compile(r"^[ \t]*([\w.+-]{1,64}@[\w.-]{1,128})", re.MULTILINE)


class Place(NamedTuple):
    """A component.

    :param kind: Soong module, make module, Kbuild object, project or folder.
    """

    kind: str
    name: str
    owners: tuple[str, ...] = ()


class _Module(NamedTuple):
    name: str
    first: int
    last: int
    text: str


def component_of(root: str, path: str, line: int) -> Place:
    """The component of a line.

    :param root: the tree, an absolute path.
    :param path: the file, an absolute path in it.
    """
    folder = os.path.dirname(path)  # noqa: PTH120
    owners = _owners(root, folder)
    for above in _folders(root, folder):
        place = _soong(above, root, path, line) or _make(above, root, path, line) or _kbuild(above, root, path)
        if place is not None:
            return place._replace(owners=owners)
    return _project(root, folder)._replace(owners=owners)


def _folders(root: str, folder: str) -> list[str]:
    """The folder and those above it, up to the tree."""
    found = [folder]
    while folder not in (root, "/") and len(found) < 64:
        folder = os.path.dirname(folder)  # noqa: PTH120
        found.append(folder)
    return found


@lru_cache(maxsize=4096)
def _text(path: str) -> str:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:  # noqa: PTH123
            return file.read(_MOST).decode("utf-8", "replace")
    except OSError:
        return ""


def _relative(path: str, root: str) -> str:
    name = os.path.relpath(path, root)
    return shown("" if name == "." else name)


def _soong(folder: str, root: str, path: str, line: int) -> Place | None:
    file = os.path.join(folder, "Android.bp")  # noqa: PTH118
    return _in_modules(_blueprint(file), "Soong module", file, root, path, line)


def _make(folder: str, root: str, path: str, line: int) -> Place | None:
    file = os.path.join(folder, "Android.mk")  # noqa: PTH118
    return _in_modules(_makefile(file), "make module", file, root, path, line)


def _in_modules(modules: Sequence[_Module], kind: str, file: str, root: str, path: str, line: int) -> Place | None:
    folder = os.path.dirname(file)  # noqa: PTH120
    if path == file:
        owner = next((module for module in modules if module.first <= line <= module.last), None)
    else:
        below = os.path.relpath(path, folder)
        owner = next((module for module in modules if _builds(module.text, below)), None)
        owner = owner or (modules[0] if len(modules) == 1 else None)
    if owner is None:
        return None
    return Place(kind, visible(f"{_relative(folder, root) or '.'}: {owner.name}"))


@lru_cache(maxsize=1024)
def _blueprint(path: str) -> tuple[_Module, ...]:
    text = _text(path)
    starts = list(_MODULE.finditer(text))
    ends = [*(match.start() for match in starts), len(text)][1:]
    modules = []
    for match, end in zip(starts, ends, strict=True):
        body = text[match.start() : end]
        if (name := _NAME.search(body)) is not None:
            first = text.count("\n", 0, match.start()) + 1
            modules.append(_Module(name[1], first, first + body.count("\n"), body))
    return tuple(modules)


@lru_cache(maxsize=1024)
def _makefile(path: str) -> tuple[_Module, ...]:
    text = _text(path)
    starts = [match.start() for match in _CLEAR.finditer(text)]
    modules = []
    for start, end in zip(starts, [*starts, len(text)][1:], strict=True):
        body = text[start:end]
        if (name := _LOCAL_MODULE.search(body)) is not None:
            first = text.count("\n", 0, start) + 1
            modules.append(_Module(name[1], first, first + body.count("\n"), body))
    return tuple(modules)


def _builds(text: str, below: str) -> bool:
    """Whether a module's text names a source file: by its path, by a glob, or by its last part in a makefile."""
    if re.search(rf"(?<![\w./-]){re.escape(below)}(?![\w./-])", text):
        return True
    globs = [glob for glob in _STRING.findall(text) if "*" in glob]
    expression = compile_globs([f"/{glob}" for glob in globs])
    return expression is not None and expression.fullmatch(below) is not None


@lru_cache(maxsize=1024)
def _built(folder: str) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """What the Kbuild or the Makefile of a folder builds: name, the symbol that asks for it, objects."""
    text = next((text for name in ("Kbuild", "Makefile") if "obj-" in (text := _text(os.path.join(folder, name)))), "")  # noqa: PTH118
    return tuple((found[1], found[2], tuple(found[3].split())) for found in _OBJECT.finditer(text.replace("\\\n", " ")))


def _kbuild(folder: str, root: str, path: str) -> Place | None:
    below = PurePath(os.path.relpath(path, folder))
    if below.suffix not in (".c", ".S", ".rs"):
        return None
    target = str(below.with_suffix(".o"))
    built = _built(folder)
    for _ in range(4):  # an object of a composite object, and so on
        part = next(((name, symbol) for name, symbol, objects in built if target in objects), None)
        if part is None:
            return None
        if part[0] == "obj":
            symbol = f" ({part[1]})" if part[1] else ""
            return Place("Kbuild object", visible(f"{_relative(folder, root) or '.'}: {target}{symbol}"))
        target = f"{part[0]}.o"
    return None


def _project(root: str, folder: str) -> Place:
    listed = _text(os.path.join(root, ".repo", "project.list")).split("\n")  # noqa: PTH118
    relative = os.path.relpath(folder, root)
    inside = [name for name in listed if name and (relative == name or relative.startswith(f"{name}/"))]
    if inside:
        return Place("project", visible(max(inside, key=len)))
    for above in _folders(root, folder)[:-1]:
        if os.path.lexists(os.path.join(above, ".git")):  # noqa: PTH118
            return Place("project", _relative(above, root))
    return Place("folder", _relative(folder, root) or ".")


@lru_cache(maxsize=4096)
def _owners(root: str, folder: str) -> tuple[str, ...]:
    for above in _folders(root, folder):
        names = _ADDRESS.findall(_text(os.path.join(above, "OWNERS")))  # noqa: PTH118
        if names:
            return tuple(dict.fromkeys(names))[:_OWNERS]
    return ()

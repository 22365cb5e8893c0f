"""A kernel source tree and an architecture → every symbol it has, with type, prompt and dependencies.

Reads the Kconfig files from the tree's own ``Kconfig`` on. Macros other than ``$(SRCARCH)`` and ``$(srctree)`` are left
as they are: what depends on the compiler is not in the text. Nothing of the tree is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from bringup.errors import ConfigError, os_reason
from bringup.kernel.history.architecture import arch_of_machine
from bringup.kernel.history.symbols import Era, SymbolType
from bringup.kernel.history.version import ANY_VERSION, Flavour, KernelVersion
from bringup.kernel.kconfig.kconfig_file import Block, Definition, Statement, read_statements

__all__ = ["SourceTree", "TreeSymbol", "read_tree", "tree_version"]

_MAX_FILES = 20_000
_MAX_FILE = 4 << 20
_MAX_TOTAL = 128 << 20
_DEPTH = 64
_MAKE = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)\s*=\s*(\S*)\s*$", re.MULTILINE)
_UNKNOWN_NOTES = 200


class TreeSymbol(Struct, frozen=True):
    """One symbol of a tree. Defined in several places, its dependencies are any of theirs.

    :param depends: Kconfig expression, surrounding ``if`` and ``menu`` included; empty for none.
    :param places: ``file:line`` of each definition.
    :param choice: the members of the ``choice`` it belongs to, itself included.
    """

    name: str
    type: SymbolType
    prompt: bool
    depends: str
    defaults: tuple[tuple[str, str], ...]
    selects: tuple[tuple[str, str], ...]
    selected_by: tuple[tuple[str, str], ...]
    places: tuple[str, ...]
    choice: tuple[str, ...] = ()

    def as_era(self) -> Era:
        """The symbol in the form in which its history is kept."""
        return Era(
            ANY_VERSION,
            self.type,
            depends=self.depends,
            prompt=self.prompt,
            defaults=self.defaults,
            choice=self.choice,
            selects=tuple(name for name, _ in self.selects),
            selected_by=self.selected_by,
            sources=self.places,
        )


class SourceTree(Struct, frozen=True):
    """All symbols of a tree for one architecture. Usable wherever symbols are looked up.

    :param arch: the folder below ``arch/``.
    :param notes: files that could not be read and lines that were not understood, with their place.
    """

    path: Path
    arch: str
    version: KernelVersion | None
    symbols: Mapping[str, TreeSymbol]
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """A tree shows every ``select``."""
        return True

    def known(self, name: str, version: KernelVersion | None) -> bool:
        """A tree knows all symbols: one that it does not define does not exist in it."""
        del name, version
        return True

    def era(self, name: str, version: KernelVersion | None, flavour: Flavour | None) -> Era | None:
        """How the symbol looks in this tree, ``None`` where it is not defined."""
        del version, flavour
        symbol = self.symbols.get(name)
        return None if symbol is None else symbol.as_era()

    def everywhere(self, name: str, version: KernelVersion | None) -> bool:
        """A tree says of itself what it has."""
        del version
        return name in self.symbols

    def life(self, name: str, version: KernelVersion | None) -> str:
        """Why a symbol is missing, for people."""
        del version
        return f"CONFIG_{name} is not defined in {self.path} for {self.arch}"


def read_tree(path: Path, arch: str) -> SourceTree:
    """Read a source tree.

    :param arch: a folder below ``arch/``, or a usual name for one (``x86_64``).
    :raises ConfigError: no kernel source tree, no such architecture in it, or beyond the limits.
    """
    if not (path / "Kconfig").is_file() or not (path / "arch").is_dir():
        raise ConfigError(path, "no kernel source tree: it has no Kconfig and arch/")
    folder = arch if (path / "arch" / arch / "Kconfig").is_file() else arch_of_machine(arch) or arch
    if "/" in folder or not (path / "arch" / folder / "Kconfig").is_file():
        known = ", ".join(sorted(each.parent.name for each in (path / "arch").glob("*/Kconfig")))
        raise ConfigError(path, f"has no architecture {arch!r}", hint=f"it has: {known}")
    reader = _Reader(path.resolve(), folder)
    reader.read("Kconfig", (), 0)
    return SourceTree(path, folder, tree_version(path), reader.finished(), tuple(reader.notes[:_UNKNOWN_NOTES]))


def tree_version(path: Path) -> KernelVersion | None:
    """The release that a tree's Makefile names; ``None``: it names none."""
    try:
        found = dict(_MAKE.findall((path / "Makefile").read_text("utf-8", "replace")[:4096]))
        return KernelVersion.parse(
            f"{found['VERSION']}.{found['PATCHLEVEL']}.{found.get('SUBLEVEL') or 0}{found.get('EXTRAVERSION', '')}"
        )
    except (OSError, KeyError, ConfigError):
        return None


@dataclass(slots=True)
class _Gathered:
    """One symbol while files are still being read."""

    type: str | None = None
    prompt: bool = False
    choice: list[str] = field(default_factory=list)
    depends: list[str] = field(default_factory=list)
    defaults: list[tuple[str, str]] = field(default_factory=list)
    selects: list[tuple[str, str]] = field(default_factory=list)
    implies: list[tuple[str, str]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Choice:
    """A ``choice`` while it is open: the defaults it names and the members met so far."""

    defaults: list[tuple[str, str]]
    members: list[str] = field(default_factory=list)


# What is open, with the conditions that hold inside.
_Stack = list[tuple[str | _Choice, tuple[str, ...]]]


class _Reader:
    def __init__(self, root: Path, arch: str) -> None:
        self._root, self._arch = root, arch
        self._symbols: dict[str, _Gathered] = {}
        self._files = 0
        self._total = 0
        self.notes: list[str] = []

    def read(self, name: str, conditions: tuple[str, ...], depth: int) -> None:
        """Read a file and those it names, with the conditions it stands under."""
        text = self._text(name, depth)
        if text is None:
            return
        stack: _Stack = [("file", conditions)]
        for statement in read_statements(text):
            if isinstance(statement, Definition):
                self._define(statement, name, stack)
            elif isinstance(statement, Block):
                self._block(statement, name, stack)
            elif statement.kind == "unknown":
                self.notes.append(f"{name}:{statement.line}: not understood: {statement.text[:80]}")
            else:
                for path in self._sourced(statement, name):
                    self.read(path, stack[-1][1], depth + 1)

    def _text(self, name: str, depth: int) -> str | None:
        if depth > _DEPTH:
            raise ConfigError(self._root / name, f"sourced more than {_DEPTH} files deep")
        self._files += 1
        try:
            path = (self._root / name).resolve()
            if not path.is_relative_to(self._root):
                self.notes.append(f"{name}: outside of the tree, not read")
                return None
            text = path.read_bytes()[: _MAX_FILE + 1].decode("utf-8", "replace")
        except OSError as error:
            self.notes.append(f"{name}: {os_reason(error)}")
            return None
        self._total += len(text)
        if self._files > _MAX_FILES or self._total > _MAX_TOTAL or len(text) > _MAX_FILE:
            raise ConfigError(self._root / name, "more Kconfig than any kernel has")
        return text

    def _sourced(self, statement: Statement, name: str) -> Iterator[str]:
        path = statement.text.replace("$(SRCARCH)", self._arch).replace("$SRCARCH", self._arch)
        path = path.replace("$(srctree)/", "")
        if statement.kind in {"rsource", "orsource"}:
            path = f"{Path(name).parent}/{path}"
        if "$" in path:
            self.notes.append(f"{name}:{statement.line}: {statement.text}: a macro that is not known here")
        elif "*" in path:
            yield from sorted(str(each.relative_to(self._root)) for each in self._root.glob(path))
        else:
            yield path

    def _block(self, block: Block, name: str, stack: _Stack) -> None:
        if block.kind == "comment":
            return
        if not block.ends:
            own = ([block.condition] if block.condition else []) + block.depends
            opened = _Choice(block.defaults) if block.kind == "choice" else block.kind
            stack.append((opened, (*stack[-1][1], *own)))
        elif stack[-1][0] == block.kind or (block.kind == "choice" and isinstance(stack[-1][0], _Choice)):
            self._close(stack.pop()[0])
        else:
            self.notes.append(f"{name}:{block.line}: end{block.kind} where none is open")

    def _close(self, opened: str | _Choice) -> None:
        """At the end of a choice its default becomes the default of that member; without one, of the first."""
        if not isinstance(opened, _Choice) or not opened.members:
            return
        for name, condition in opened.defaults or [(opened.members[0], "")]:
            if name in self._symbols:
                self._symbols[name].defaults.append(("y", condition))

    def _define(self, definition: Definition, name: str, stack: _Stack) -> None:
        kind, conditions = stack[-1]
        gathered = self._symbols.setdefault(definition.name, _Gathered())
        gathered.type = gathered.type or definition.type
        gathered.prompt = gathered.prompt or (definition.prompt and definition.prompt_if != "n")
        if isinstance(kind, _Choice):
            kind.members.append(definition.name)
            gathered.choice = kind.members
        gathered.depends.append(_all_of((*conditions, *definition.depends)))
        gathered.defaults += definition.defaults
        gathered.selects += definition.selects
        gathered.implies += definition.implies
        gathered.places.append(f"{name}:{definition.line}")

    def finished(self) -> dict[str, TreeSymbol]:
        """The symbols, with who selects them."""
        selected_by: dict[str, list[tuple[str, str]]] = {}
        for name, gathered in self._symbols.items():
            for target, condition in gathered.implies:
                if target in self._symbols:  # implied is as good as a default that a person may still change
                    self._symbols[target].defaults.append((name, condition))
            for target, condition in gathered.selects:
                selected_by.setdefault(target, []).append((name, condition))
        return {
            name: TreeSymbol(
                name,
                SymbolType(gathered.type),
                gathered.prompt,
                _any_of(gathered.depends),
                tuple(gathered.defaults),
                tuple(gathered.selects),
                tuple(dict.fromkeys(selected_by.get(name, ()))),
                tuple(gathered.places),
                tuple(dict.fromkeys(gathered.choice)),
            )
            for name, gathered in self._symbols.items()
            if gathered.type is not None
        }


def _all_of(parts: tuple[str, ...]) -> str:
    parts = tuple(dict.fromkeys(part for part in parts if part))
    return parts[0] if len(parts) == 1 else " && ".join(f"({part})" if "||" in part else part for part in parts)


def _any_of(parts: list[str]) -> str:
    parts = list(dict.fromkeys(parts))
    return "" if "" in parts else parts[0] if len(parts) == 1 else " || ".join(f"({part})" for part in parts)

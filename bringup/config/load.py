"""A board config from a file: read, put on top of what it extends, validated. Every error has file, line and column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bringup.config.extends import merge
from bringup.config.rules import problems
from bringup.config.schema import BoardConfig
from bringup.errors import ConfigError
from bringup.text import visible
from bringup.yaml_file import Node, Place, TreePath, at, read_file, read_text, walk
from bringup.yaml_model import first_of, parsed

__all__ = ["Resolve", "load_config", "load_text"]

Resolve = Callable[[str], Path | None]
"""Finds the file of a config that another one extends."""

_MAX_PARENTS = 8


def load_config(path: Path, resolve: Resolve | None = None) -> BoardConfig:
    """Load one board config.

    :param resolve: finds the file of a name given under ``extends``; without it, the file's own folder is searched.
    :raises ConfigError: the first thing wrong, with its place; others found with it are listed in the same message.
    """
    path = Path(path)
    return _validated(_with_parents(read_file(path), resolve or _beside(path), (_identify(path),)), path)


def load_text(raw: bytes, name: Path | str) -> BoardConfig:
    """Load a board config from text, which extends none; ``name`` is the file that errors speak of.

    :raises ConfigError: as :func:`load_config`.
    """
    root = _with_parents(read_text(raw, name), lambda _: None, (str(name),))
    return _validated(root, None)


def _beside(path: Path) -> Resolve:
    def resolve(name: str) -> Path | None:
        found = path.parent / f"{name}.yaml"
        return found if found.is_file() else None

    return resolve


def _identify(path: Path) -> str:
    return str(path.resolve())


def _with_parents(root: Node, resolve: Resolve, chain: tuple[str, ...]) -> Node:
    if not isinstance(root.value, dict):
        raise root.place.error("expected 'key: value' lines", "a board config begins with 'name:' and 'title:'")
    extends = root.value.get("extends")
    if extends is None or not isinstance(extends.value, str):
        return root
    if len(chain) > _MAX_PARENTS:
        raise extends.place.error(f"more than {_MAX_PARENTS} configs on top of one another")
    path = resolve(extends.value)
    if path is None:
        raise extends.place.error(
            f"no config named '{visible(extends.value)}' to extend", "list the known ones with: bringup config list"
        )
    if _identify(path) in chain:
        names = " → ".join(Path(step).stem for step in (*chain, str(path)))
        raise extends.place.error(f"configs extend each other in a circle: {names}")
    parent = _with_parents(read_file(path), resolve, (*chain, _identify(path)))
    return merge(parent, root, extends.value)


def _validated(root: Node, path: Path | None) -> BoardConfig:
    config, found = _parsed(root)
    if config is not None and not found:
        found = [_at(root, problem.path).error(problem.text, problem.hint) for problem in problems(config)]
        if path is not None and config.name != path.stem:
            hint = f"rename the file, or write name: {path.stem}"
            found.append(_at(root, ("name",)).error(f"name is '{config.name}', the file is {path.name}", hint))
    if found or config is None:
        raise first_of(found)
    return config


def _parsed(root: Node) -> tuple[BoardConfig | None, list[ConfigError]]:
    """The config, and what the schema refuses; keys without a value are refused, too."""
    config, found = parsed(root, BoardConfig)
    refused = {(error.path, error.line, error.column) for error in found}
    for path, node in walk(root):
        if node.value is None and (node.place.file, node.place.line, node.place.column) not in refused:
            found.append(node.named_at.error(f"'{path[-1]}' has no value", "leave out what is not known"))
    return config, found


def _at(root: Node, path: TreePath) -> Place:
    return at(root, path).place

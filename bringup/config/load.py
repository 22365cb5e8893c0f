"""A board config from a file: read, put on top of what it extends, validated. Every error has file, line and column."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bringup.config.extends import merge
from bringup.config.nodes import Node, Place, TreePath, at, plain, read_file, read_text, walk
from bringup.config.rules import problems
from bringup.config.schema import BoardConfig
from bringup.errors import ConfigError
from bringup.text import visible

__all__ = ["Resolve", "load_config", "load_text"]

Resolve = Callable[[str], Path | None]
"""Finds the file of a config that another one extends."""

_MAX_PARENTS = 8
_MAX_SHOWN = 20


def load_config(path: Path, resolve: Resolve | None = None) -> BoardConfig:
    """Load one board config.

    :param resolve: finds the file of a name given under ``extends``; without it, the file's own folder is searched.
    :raises ConfigError: the first thing wrong, with its place; others found with it are listed in the same message.
    """
    path = Path(path)
    return _validated(_with_parents(read_file(path), resolve or _beside(path), (_identify(path),)), path)


def load_text(raw: bytes, name: Path | str, resolve: Resolve | None = None) -> BoardConfig:
    """Load a board config from text; ``name`` is the file that errors speak of.

    :raises ConfigError: as :func:`load_config`.
    """
    root = _with_parents(read_text(raw, name), resolve or (lambda _: None), (str(name),))
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
        raise _first_of(found)
    return config


def _parsed(root: Node) -> tuple[BoardConfig | None, list[ConfigError]]:
    """The config, and what the schema refuses; keys without a value are refused, too."""
    config: BoardConfig | None = None
    found: list[ConfigError] = []
    refused: set[Place] = set()
    try:
        # JSON mode is strict about types and still takes lists for tuples and text for enums.
        config = BoardConfig.model_validate_json(json.dumps(plain(root)), strict=True)
    except ValidationError as error:
        for details in _without_echoes(error.errors(include_url=False)):
            refused.add(at(root, details["loc"]).place)
            found.append(_describe(root, details))
    for path, node in walk(root):
        if node.value is None and node.place not in refused:
            found.append(node.named_at.error(f"'{path[-1]}' has no value", "leave out what is not known"))
    return config, found


def _without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out 'X is missing' where a misspelt X is reported in the same mapping."""
    meant = {
        (details["loc"][:-1], _closest(str(details["loc"][-1]), _keys_at(details["loc"][:-1])))
        for details in errors
        if details["type"] == "extra_forbidden"
    }
    return [
        details
        for details in errors
        if details["type"] != "missing" or (details["loc"][:-1], details["loc"][-1]) not in meant
    ]


def _at(root: Node, path: TreePath) -> Place:
    return at(root, path).place


def _first_of(found: list[ConfigError]) -> ConfigError:
    """The first error by place; the others are listed below its text."""
    errors = sorted(found, key=lambda error: (str(error.path), error.line or 0, error.column or 0))
    first, others = errors[0], errors[1:]
    if not others:
        return first
    lines = [_with_hint(first.seen, first)]
    lines += [f"also {_with_hint(str(other), other)}" for other in others[:_MAX_SHOWN]]
    if len(others) > _MAX_SHOWN:
        lines.append(f"and {len(others) - _MAX_SHOWN} more")
    return ConfigError(first.path, "\n".join(lines), line=first.line, column=first.column)


def _with_hint(text: str, error: ConfigError) -> str:
    return f"{text} ({error.hint})" if error.hint else text


def _describe(root: Node, details: ErrorDetails) -> ConfigError:
    path = details["loc"]
    context = details.get("ctx", {})
    node = at(root, path)
    match details["type"]:
        case "extra_forbidden":
            return node.named_at.error(*_unknown_key(str(path[-1]), _keys_at(path[:-1]), node.value))
        case "missing":
            where = "in the file" if len(path) == 1 else f"in this entry of '{_field(path)}'"
            return node.place.error(f"'{path[-1]}' is missing {where}")
        case "enum":
            allowed = [part.strip("' ") for part in context["expected"].replace(" or ", ", ").split(",")]
            return node.place.error(
                f"{_shown(node.value)} is not one of {', '.join(allowed)}", _near(node.value, allowed)
            )
        case "value_error":
            return node.place.error(f"{_shown(node.value)}: {context['error']}")
        case "string_type":
            return node.place.error(f"expected text, found {_shown(node.value)}", "write text in quotes")
        case kind:
            return node.place.error(_message(kind, details["msg"], node.value))


def _message(kind: str, message: str, value: object) -> str:
    expected = {
        "bool_type": "true or false",
        "int_type": "a whole number",
        "tuple_type": "a list",
        "string_too_short": "text",
        "string_pattern_mismatch": "text without control characters",
        "dict_type": "'key: value' lines",
        "model_type": "'key: value' lines",
        "model_attributes_type": "'key: value' lines",
    }.get(kind)
    return f"expected {expected}, found {_shown(value)}" if expected else f"{_shown(value)}: {message}"


def _shown(value: object) -> str:
    match value:
        case None | "":
            return "nothing"
        case bool():
            return str(value).lower()
        case int():
            return f"the number {value}"
        case str():
            return f"'{visible(value[:60])}'"
        case list():
            return "a list"
        case _:
            return "'key: value' lines"


def _field(path: TreePath) -> str:
    return next((str(step) for step in reversed(path[:-1]) if isinstance(step, str)), "")


def _unknown_key(key: str, known: list[str], value: object) -> tuple[str, str]:
    if value is None and _closest(key, known) is None:
        return (
            f"unknown key '{visible(key)}' without a value",
            "inside { } a comma separates: put text with a comma in quotes",
        )
    return f"unknown key '{visible(key)}'", _near(key, known) or f"known keys here: {', '.join(known)}"


def _near(value: object, known: list[str]) -> str:
    close = _closest(str(value), known)
    return f"did you mean '{close}'?" if close else ""


def _closest(text: str, known: list[str]) -> str | None:
    close = difflib.get_close_matches(text, known, n=1, cutoff=0.6)
    return close[0] if close else None


def _keys_at(path: TreePath) -> list[str]:
    """The keys that the schema knows at ``path``."""
    model: Any = BoardConfig
    for step in path:
        if isinstance(step, str) and isinstance(model, type) and issubclass(model, BaseModel):
            model = _model_in(model.model_fields[step].annotation) if step in model.model_fields else None
    return list(model.model_fields) if model is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation if issubclass(annotation, BaseModel) else None
    return next((model for part in get_args(annotation) if (model := _model_in(part)) is not None), None)

"""From a YAML tree to a pydantic model, with the places and words for what the model refuses.

Imports pydantic, so nothing on the start-up path imports this module.
"""

from __future__ import annotations

import difflib
import re
from typing import Any, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bringup.errors import ConfigError
from bringup.text import visible
from bringup.yaml_file import Node, TreePath, at, plain

__all__ = ["first_of", "matching", "parsed"]

_MAX_SHOWN = 20
_KEY = "[key]"  # pydantic's last step to a mapping's key
_EXPECTED = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_too_short": "text",
    "dict_type": "'key: value' lines",
    "model_type": "'key: value' lines",
    "model_attributes_type": "'key: value' lines",
}

Model = TypeVar("Model", bound=BaseModel)


def parsed(root: Node, model: type[Model]) -> tuple[Model | None, list[ConfigError]]:
    """The model that the tree describes, or ``None`` and all that the model refuses, each with its place."""
    try:
        return model.model_validate(plain(root)), []
    except ValidationError as error:
        details = _without_echoes(error.errors(include_url=False), model)
        return None, [_describe(root, model, refused) for refused in details]


def first_of(found: list[ConfigError]) -> ConfigError:
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


def matching(pattern: str, expected: str) -> Any:
    """A validator for text of which all matches ``pattern``; ``expected`` says so to people."""
    regex = re.compile(pattern)

    def check(value: str) -> str:
        if not regex.fullmatch(value):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


def _with_hint(text: str, error: ConfigError) -> str:
    return f"{text} ({error.hint})" if error.hint else text


def _without_echoes(errors: list[ErrorDetails], model: type[BaseModel]) -> list[ErrorDetails]:
    """Leave out 'X is missing' where a misspelt X is reported in the same mapping."""
    meant = {
        (details["loc"][:-1], _closest(str(details["loc"][-1]), _keys_at(model, details["loc"][:-1])))
        for details in errors
        if details["type"] == "extra_forbidden"
    }
    return [
        details
        for details in errors
        if details["type"] != "missing" or (details["loc"][:-1], details["loc"][-1]) not in meant
    ]


def _describe(root: Node, model: type[BaseModel], details: ErrorDetails) -> ConfigError:
    path = details["loc"]
    context = details.get("ctx", {})
    node = at(root, path)
    if path and path[-1] == _KEY:
        node = Node(path[-2], node.named_at)
    match details["type"]:
        case "extra_forbidden":
            return node.named_at.error(*_unknown_key(str(path[-1]), _keys_at(model, path[:-1]), node.value))
        case "missing":
            where = "in the file" if len(path) == 1 else f"in this entry of '{_field(path[:-1])}'"
            return node.place.error(f"'{path[-1]}' is missing {where}")
        case "enum" | "literal_error":
            allowed = [part.strip("' ") for part in context["expected"].replace(" or ", ", ").split(",")]
            expected = f"is not one of {', '.join(allowed)}" if len(allowed) > 1 else f"is not {allowed[0]}"
            return node.place.error(f"{_shown(node.value)} {expected}", _near(node.value, allowed))
        case "value_error":
            what = f"'{_field(path)}'" if isinstance(node.value, dict | list) else _shown(node.value)
            return node.place.error(f"{what}: {context['error']}")
        case "string_type":
            return node.place.error(f"expected text, found {_shown(node.value)}", "write text in quotes")
        case kind if kind in _EXPECTED:
            return node.place.error(f"expected {_EXPECTED[kind]}, found {_shown(node.value)}")
        case _:
            return node.place.error(f"{_shown(node.value)}: {details['msg']}")


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
    """The name of the last field on a path."""
    return next((str(step) for step in reversed(path) if isinstance(step, str)), "")


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


def _keys_at(model: type[BaseModel], path: TreePath) -> list[str]:
    """The keys that the model knows at ``path``."""
    here: Any = model
    for step in path:
        if isinstance(step, str):
            here = _value_type(here, step)
    found = _model_in(here)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _value_type(annotation: Any, key: str) -> Any:
    """The type of what a model, or a mapping, holds under a key."""
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    model = _model_in(annotation)
    fields = model.model_fields if model else {}
    return next((field.annotation for name, field in fields.items() if key == (field.alias or name)), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation if issubclass(annotation, BaseModel) else None
    return next((model for part in get_args(annotation) if (model := _model_in(part)) is not None), None)

"""The whole command line as data: every command, its options and its arguments."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any

from bringup.cli.entry import _group

__all__ = ["command_tree"]


def command_tree() -> dict[str, Any]:
    """``"bringup heap list"`` → its parameters by name."""
    return dict(_commands("bringup", _group()))


def _commands(path: str, command: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    command = getattr(command, "_real", command)
    yield path, {one.name: _parameter(one) for one in command.params}
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(f"{path} {name}", inner)


def _parameter(one: Any) -> dict[str, Any]:
    found = {"kind": one.param_type_name, "names": sorted((*one.opts, *one.secondary_opts)), "required": one.required}
    if one.multiple or one.nargs == -1:
        found["many"] = True
    if getattr(one, "is_flag", False):
        found["flag"] = True
    annotation = one.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        found["choices"] = sorted(str(choice.value) for choice in annotation)
    if one.default is not None and isinstance(one.default, str | int | float):
        found["default"] = getattr(one.default, "value", one.default)
    return found

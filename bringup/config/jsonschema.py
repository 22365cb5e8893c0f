"""The JSON Schema of board configs, for editors: ``bringup config schema > board-config.schema.json``."""

from __future__ import annotations

from typing import Any

from bringup.config.schema import BoardConfig

__all__ = ["SCHEMA_ID", "board_config_schema"]

SCHEMA_ID = "bringup.board-config/1"

_FROM_PARENT = (("Heap", "kind"), ("Soc", "name"), ("IonHeap", "name"), ("Region", "declared_in"))
"""Required fields that a file may leave to the one it extends."""


def board_config_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) for one file.

    A file that extends another may leave out what the other gives, so a heap's ``kind`` and the like are not required
    here; the loader asks for them once the files are put together.
    """
    schema = BoardConfig.model_json_schema(mode="validation")
    _without_null(schema)
    for model, key in _FROM_PARENT:
        definition = schema["$defs"][model]
        definition["required"] = [name for name in definition["required"] if name != key]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}


def _without_null(part: Any) -> None:
    """What is not known is left out, so no field may be null, although each optional one is None in the model."""
    if isinstance(part, list):
        for item in part:
            _without_null(item)
    if not isinstance(part, dict):
        return
    for item in part.values():
        _without_null(item)
    choices = part.get("anyOf", [])
    if {"type": "null"} in choices:
        choices.remove({"type": "null"})
        part.pop("default", None)
        if len(choices) == 1:
            del part["anyOf"]
            part |= choices[0]

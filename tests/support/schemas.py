"""Checks documents against their published schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

import bringup.report

RUN_SCHEMA = json.loads((Path(bringup.report.__file__).parent / "schemas" / "run-1.json").read_text())


def closed(schema: Any) -> Any:
    """The schema with no room for a field that it does not name."""
    if isinstance(schema, dict):
        inner = {key: closed(value) for key, value in schema.items()}
        return inner | ({"additionalProperties": False} if "properties" in inner else {})
    return [closed(one) for one in schema] if isinstance(schema, list) else schema


RUN_VALIDATOR = jsonschema.Draft202012Validator(closed(RUN_SCHEMA))

"""What every block of a board config is: frozen, without unknown keys, its facts with their sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from bringup.config.units import SourceRefs

__all__ = ["Block", "Model"]


class Model(BaseModel):
    """A part of a board config."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Block(Model):
    """A block of facts with its sources."""

    source: SourceRefs = Field(default_factory=dict)
    """Where the facts of this block are from: keys of 'sources', for the block or per field."""

    not_facts: ClassVar[frozenset[str]] = frozenset({"source"})

    def facts(self) -> Iterator[str]:
        """The fields that are given and need a source."""
        return (name for name in type(self).model_fields if name in self.model_fields_set - self.not_facts)

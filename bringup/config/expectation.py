"""Expectations: what facts of a board have to be, in a board config or in a YAML file of their own."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from bringup.config.block import Model
from bringup.config.units import Address, HeapName, PropertyName, Symbol, Text, TrueOrFalse
from bringup.yaml_file import TreePath, at, read_file
from bringup.yaml_model import first_of, parsed

__all__ = ["Expectation", "Otherwise", "load_expectations", "repeated_ids"]

_FACTS = ("android_property", "file", "meminfo", "kconfig", "cmdline", "heap")
_CONDITIONS = ("exists", "equals", "contains", "at_least", "at_most")


class Otherwise(enum.StrEnum):
    """The outcome where the board is not so."""

    FAIL = "fail"
    WARN = "warn"


class Expectation(Model):
    """One fact and what it has to be."""

    id: Text = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    """Its verdict is expect.ID."""
    title: Text
    """A statement that holds on a board that is right."""
    android_property: PropertyName | None = Field(default=None, alias="property")
    """An Android property."""
    file: Text | None = Field(default=None, pattern="^/")
    """A file that the record has; its text without the line end."""
    meminfo: Text | None = None
    """A line of /proc/meminfo, in bytes."""
    kconfig: Symbol | None = None
    """An option of the running kernel: y, m, n or its value."""
    cmdline: Text | None = None
    """A parameter of the kernel's command line."""
    heap: HeapName | None = None
    """A DMA-BUF heap; its value is the mode of its node, such as 0444."""
    exists: TrueOrFalse | None = None
    """Whether it is there at all."""
    equals: Text | None = None
    """The whole of its text."""
    contains: Text | None = None
    """A part of its text."""
    at_least: Address | None = None
    """A number, or a size such as 256 MiB."""
    at_most: Address | None = None
    """A number, or a size."""
    otherwise: Otherwise = Otherwise.FAIL
    """The verdict where it is not so."""
    why: Text | None = None
    """Why it matters, for a person whose board is not so."""
    fix: tuple[Text, ...] = ()
    """What to do then."""

    @model_validator(mode="after")
    def _one_fact_and_one_condition(self) -> Self:
        for names, what in ((_FACTS, "fact"), (_CONDITIONS, "condition")):
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) != 1:
                found = f"found {' and '.join(given)}" if given else "found none"
                text = f"expected one {what} ({', '.join(names)}), {found}"
                raise ValueError(text.replace("android_property", "property"))
        if self.kconfig is not None and self.exists is not None:
            raise ValueError("expected equals: 'y', 'm' or 'n', not exists: an option that is not there is n")
        return self

    @property
    def fact(self) -> tuple[str, str]:
        """Of what kind the fact is, and its name."""
        kind = next(kind for kind in _FACTS if getattr(self, kind) is not None)
        return kind.removeprefix("android_"), getattr(self, kind)


class _File(Model):
    expect: tuple[Expectation, ...]


def load_expectations(path: Path) -> tuple[Expectation, ...]:
    """The expectations in a file.

    :raises ConfigError: the file is wrong; with its line and column.
    """
    root = read_file(path)
    file, found = parsed(root, _File)
    if file is None:
        raise first_of(found)
    problems = [at(root, path).place.error(text) for path, text in repeated_ids(file.expect)]
    if problems:
        raise first_of(problems)
    return file.expect


def repeated_ids(expectations: Sequence[Expectation]) -> Iterator[tuple[TreePath, str]]:
    """The place of each id that an expectation before has, and what is wrong."""
    seen: set[str] = set()
    for index, expectation in enumerate(expectations):
        if expectation.id in seen:
            yield ("expect", index, "id"), f"'{expectation.id}' is there twice"
        seen.add(expectation.id)

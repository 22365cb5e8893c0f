"""Where a file may hold a word of ION: offsets of identifiers and of longer names (paths, libraries) around them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from bringup.kernel.history.heap_names import default_cma_names
from bringup.scan.finding.forms import Forms, forms_of
from bringup.scan.knowledge.shipped import words

__all__ = ["HEAP_WORDS", "Candidate", "candidates", "finder_forms"]

#: What a file holds that names a DMA-BUF heap by a name that only some kernels use.
HEAP_WORDS = ("/dma_heap/", '"restricted,', *(f'"{name}"' for name in default_cma_names()))
_LONGEST = 256
_IDENTIFIER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
_NAME = _IDENTIFIER + b"./,@:+-"


class Candidate(NamedTuple):
    """An identifier, and the longest name around it that has no blank, quote, bracket or ``=`` in it."""

    start: int
    end: int
    name_start: int
    name_end: int


@cache
def finder_forms() -> Forms:
    """What files are searched for."""
    return forms_of((*words(alone=True), *HEAP_WORDS))


@cache
def _forms() -> Forms:
    return forms_of(words())


def candidates(data: bytes) -> Iterator[Candidate]:
    """In order, none twice."""
    reached = 0
    for at, at_end in _forms().places(data):
        if at < reached:
            continue
        start = _run_start(data, at, _IDENTIFIER)
        end = reached = _run_end(data, at_end, _IDENTIFIER)
        yield Candidate(start, end, _run_start(data, start, _NAME), _run_end(data, end, _NAME))


def _run_start(data: bytes, at: int, of: bytes) -> int:
    return max(at - _LONGEST, 0) + len(data[max(at - _LONGEST, 0) : at].rstrip(of))


def _run_end(data: bytes, at: int, of: bytes) -> int:
    after = data[at : at + _LONGEST]
    return at + len(after) - len(after.lstrip(of))

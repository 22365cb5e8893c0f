"""Documents: written without control characters, read back equal, and refused with the place of what is wrong."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.document import (
    DocumentError,
    always_written,
    computed,
    read_document,
    require_finite,
    set_computed,
    write_document,
)
from bringup.text import visible


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    weight: float = 0.0
    notes: tuple[str, ...] = always_written()
    heavy: bool = computed()

    def __post_init__(self) -> None:
        require_finite(self)
        set_computed(self, heavy=self.weight > 1)


class List(msgspec.Struct, frozen=True, tag_field="schema", tag="made-up.list/1"):
    items: tuple[Item, ...]


texts = st.text(st.characters(exclude_categories=["Cs"]))
lists = st.builds(List, st.lists(st.builds(Item, texts, st.floats(allow_nan=False, allow_infinity=False))).map(tuple))


@given(lists, st.sampled_from([0, 2]))
def test_what_is_written_is_read_back_equal(document: List, indent: int) -> None:
    text = write_document(document, indent=indent)
    assert visible(text) == text
    assert read_document(text, List) == document
    assert json.loads(text)["schema"] == "made-up.list/1"


def test_what_follows_from_other_fields_is_not_taken_from_the_file() -> None:
    assert read_document('{"name": "a", "weight": 3, "heavy": false}', Item).heavy
    assert not msgspec.structs.replace(Item("a", 3.0), weight=0.5).heavy


def test_defaults_are_left_out_where_the_class_says_so() -> None:
    assert json.loads(write_document(Item("a"))) == {"name": "a", "notes": [], "heavy": False}


@given(st.text(st.characters(categories=["Cs"]), min_size=1))
def test_a_lone_surrogate_becomes_visible_text(text: str) -> None:
    again = read_document(write_document({"document": Item(text)}), dict[str, Item])
    assert again["document"].name == visible(text)


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (
            '{"schema": "made-up.list/1", "items": [{"name": "a"}, {"name": 5}]}',
            "items[1].name: Expected 'str', got 'int'",
        ),
        ('{"schema": "made-up.list/1", "items": [{}]}', "items[0]: Object missing required field 'name'"),
        ('{"schema": "made-up.list/2", "items": []}', "its schema is 'made-up.list/2', not 'made-up.list/1'"),
        ('{"items": []}', "Object missing required field 'schema'"),
        ("[]", "Expected 'object', got 'array'"),
        ('{"schema": "made-up.list/1",\n "items": [}]}', "it is not JSON: line 2, column 12: invalid character"),
        ('{"schema": "made-up.list/1"', "it is not JSON: Input data was truncated"),
        (
            '{"schema": "made-up.list/1", "items": [{"name": "a", "weight": NaN}]}',
            "it is not JSON: line 1, column 64: invalid character",
        ),
        (
            '{"schema": "made-up.list/1", "items": [{"name": "a", "weight": 1e999}]}',
            "items[0].weight: Number out of range",
        ),
        ('{"schema": "made-up.list/1", "items": [{"name": "\\ud800 "}]}', "it is not JSON: "),
        (b'{"schema": "made-up.list/1", "items": [{"name": "\xff"}]}', "it is not UTF-8"),
        ("", "it is not JSON: Input data was truncated"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(raw: str | bytes, seen: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(raw, List)
    assert str(caught.value).startswith(seen)


def test_a_document_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(DocumentError, match="nested too deeply"):
        read_document("[" * 200_000, list[object])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_hold_is_refused_before_it_is_written(number: float) -> None:
    with pytest.raises(ValueError, match=r"weight is .+, which is not a finite number"):
        Item("a", number)


def test_large_numbers_are_read_back_equal() -> None:
    numbers = [2**64, -(2**64), 2**63, 10**30]
    assert read_document(write_document(numbers), list[int]) == numbers

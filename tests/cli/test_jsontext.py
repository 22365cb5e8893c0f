"""Our writer of JSON gives what the standard library's gives."""

from __future__ import annotations

import enum
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.cli.jsontext import json_text

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.booleans() | st.none() | st.floats(), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(documents)
def test_the_same_bytes(document: Any) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    assert json_text(document) == text.encode("utf-8", "backslashreplace").decode()
    assert repr(json.loads(json_text(document))) == repr(json.loads(json.dumps(document)))


def test_a_name_of_any_bytes_is_still_json() -> None:
    assert json_text({"source": "bad\udcffname"}) == '{\n  "source": "bad\\udcffname"\n}'


def test_enums_are_their_values() -> None:
    class Word(enum.StrEnum):
        ONE = 'o"ne'

    class Number(enum.IntEnum):
        TWO = 2

    document = {Word.ONE: [Word.ONE, Number.TWO], "deep": {"empty": [{}, []]}}
    assert json_text(document) == json.dumps(document, indent=2, ensure_ascii=False)


@pytest.mark.parametrize("wrong", [{1, 2}, {(1,): 2}, [object()]])
def test_what_is_no_json_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        json_text(wrong)

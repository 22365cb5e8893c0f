"""Kconfig expressions: read as the language says, worked out as the language says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.kernel.kconfig.expression import (
    And,
    BadExpression,
    Compare,
    Expression,
    Not,
    Or,
    Symbol,
    parse_expression,
    symbols_in,
    value_of,
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("DMABUF_HEAPS && DMA_CMA", ["DMABUF_HEAPS", "DMA_CMA"]),
        ("DMA_SHARED_BUFFER && (MEMFD_CREATE || COMPILE_TEST) && MMU", ["DMA_SHARED_BUFFER", "MEMFD_CREATE", "COMPILE_TEST", "MMU"]),
        ("DMABUF_HEAPS && ARCH_HAS_MEM_ENCRYPT && DMABUF_HEAPS_SYSTEM=y", ["DMABUF_HEAPS", "ARCH_HAS_MEM_ENCRYPT", "DMABUF_HEAPS_SYSTEM"]),
        ("!CMA_SIZE_SEL_PERCENTAGE", ["CMA_SIZE_SEL_PERCENTAGE"]),
        ("RPMB || !RPMB", ["RPMB", "RPMB"]),
        ('CC_VERSION >= 120000 && LOCALVERSION != ""', ["CC_VERSION", "LOCALVERSION"]),
        ("64BIT && !(X86_32 || UML)", ["64BIT", "X86_32", "UML"]),
        ("$(cc-option,-fsanitize=kernel-hwaddress) && ARM64", ["ARM64"]),
        ("y && m", []),
    ],
)  # fmt: skip
def test_what_kernels_write(text: str, names: list[str]) -> None:
    assert list(symbols_in(parse_expression(text))) == names


@pytest.mark.parametrize(
    "text", ["A &&", "&& A", "(A", "A)", "A B", "A & B", "!", "A = ", "()", "A ||| B", "$(x", "A \x00"]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        parse_expression(text)


def test_an_endless_one_is_refused() -> None:
    with pytest.raises(BadExpression):
        parse_expression("(" * 5000 + "A" + ")" * 5000)
    with pytest.raises(BadExpression):
        parse_expression("A && " * 10_000 + "A")
    with pytest.raises(BadExpression):
        parse_expression("!" * 5000 + "A")


@pytest.mark.parametrize(
    ("text", "values", "level"),
    [
        ("A && B", {"A": "y", "B": "m"}, 1),
        ("A || B", {"A": "n", "B": "m"}, 1),
        ("A && B", {"A": "y"}, 0),
        ("!A", {"A": "m"}, 1),
        ("!A", {}, 2),
        ("A=y", {"A": "m"}, 0),
        ("A!=n", {"A": "m"}, 2),
        ("A=n", {}, 2),
        ("N > 8", {"N": "19"}, 2),
        ("N > 8", {"N": "0x7"}, 0),
        ("N <= 9", {"N": "10"}, 0),
        ('S = "board"', {"S": '"board"'}, 2),
        ("$(success,true)", {}, 2),
        ("m", {}, 1),
        ("", {}, 2),
    ],
)
def test_levels(text: str, values: dict[str, str], level: int) -> None:
    assert value_of(parse_expression(text), values.get) == level


_names = st.sampled_from(["A", "B", "C", "DMA_CMA", "64BIT"])
_trees: st.SearchStrategy[Expression] = st.recursive(
    _names.map(Symbol) | st.builds(Compare, _names, st.sampled_from(["=", "!="]), st.sampled_from(["y", "m", "n"])),
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
    ),
    max_leaves=12,
)
_values = st.dictionaries(_names, st.sampled_from(["y", "m", "n"]))


@given(_trees, _values)
def test_what_is_printed_means_the_same(tree: Expression, values: dict[str, str]) -> None:
    again = parse_expression(str(tree))
    assert value_of(again, values.get) == value_of(tree, values.get)


@given(_trees, _values)
def test_opposites_add_up(tree: Expression, values: dict[str, str]) -> None:
    assert value_of(tree, values.get) + value_of(Not(tree), values.get) == 2


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expression = parse_expression(text)
    except BadExpression:
        return
    assert value_of(expression, lambda _: None) in {0, 1, 2}

"""Requirements as their files write them: every field, what is accepted of a symbol, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from bringup.errors import UsageError
from bringup.kernel.history.version import ANY_VERSION, Flavour, VersionRange
from bringup.kernel.requirements.need_check import accepts
from bringup.kernel.requirements.proof import Proof, ProofKind
from bringup.kernel.requirements.requirement import Absent, Requirement, SymbolNeed, need_from_data
from bringup.kernel.requirements.verdict import Severity
from bringup.outcome import Cause

LEAST: dict[str, Any] = {"id": "mine", "title": "Mine", "need": {"A": "y"}}
A = SymbolNeed("A", frozenset({"y"}))


@pytest.mark.parametrize(
    ("written", "field", "value", "default"),
    [
        ({"severity": "recommended"}, "severity", Severity.RECOMMENDED, Severity.REQUIRED),
        ({"kernel": "5.6..6.1"}, "kernel", VersionRange.parse("5.6..6.1"), ANY_VERSION),
        ({"flavour": ["gki", "vendor"]}, "flavours", frozenset({Flavour.GKI, Flavour.VENDOR}), frozenset()),
        ({"arch": ["arm64"]}, "archs", frozenset({"arm64"}), frozenset()),
        ({"when": {"B": "n"}}, "when", SymbolNeed("B", frozenset({"n"})), None),
        ({"user_build": True}, "user_build_only", True, False),
        ({"proof": [{"node": "system"}, {"cma_total": 4096}]}, "proofs", (Proof(ProofKind.NODE, "system"), Proof(ProofKind.CMA_TOTAL, "4096")), ()),
        ({"proof_needed": True}, "proof_needed", True, False),
        ({"spoiled_by": [{"parameter": "cma=0"}]}, "spoiled_by", (Proof(ProofKind.PARAMETER, "cma=0"),), ()),
        ({"unset_is_right": ["gki"]}, "unset_is_right", frozenset({Flavour.GKI}), frozenset()),
        ({"cause": {"id": "c", "text": "it is off"}}, "cause", Cause("c", "it is off"), None),
        ({"remedy": ["do it"]}, "remedy", ("do it",), ()),
        ({"why": "because"}, "why", "because", ""),
        ({"source": ["a file"]}, "sources", ("a file",), ()),
        ({"heap": "system"}, "heap", "system", None),
        ({"absent": {"cause": {"id": "c", "text": "t"}, "remedy": ["move"]}}, "absent", Absent(Cause("c", "t"), ("move",)), None),
        ({"module_needs": {"C": "y"}}, "module_needs", SymbolNeed("C", frozenset({"y"})), None),
        ({"on_gki": ["load it"]}, "on_gki", ("load it",), ()),
        ({"set": {"A": 64}}, "settings", {"A": "64"}, {}),
    ],
)  # fmt: skip
def test_each_field_is_read_or_has_its_default(
    written: dict[str, Any], field: str, value: object, default: object
) -> None:
    assert getattr(Requirement.from_data(LEAST | written), field) == value
    assert getattr(Requirement.from_data(LEAST), field) == default
    assert Requirement.from_data(LEAST | written, "a.yaml").origin == "a.yaml"


def test_the_modules_of_a_requirement_are_those_that_prove_it() -> None:
    proofs = [{"node": "system"}, {"module": "system_heap"}, {"module": "qcom_dma_heaps"}]
    requirement = Requirement.from_data(
        LEAST | {"proof": proofs, "need": {"all": [{"A": "y"}, {"B": "y"}, {"A": "m"}]}}
    )
    assert requirement.modules == ("system_heap", "qcom_dma_heaps")
    assert requirement.symbols == ("A", "B")


@pytest.mark.parametrize(
    "written", [{"severity": "bad"}, {"flavour": ["x"]}, {"proof": [{"x": "y"}]}, {"unset_is_right": ["x"]}]
)
def test_a_value_that_is_none_of_those_allowed_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="read requirement 'mine'"):
        Requirement.from_data(LEAST | written)


@pytest.mark.parametrize(
    ("accepted", "shown", "right", "wrong"),
    [
        ("y", "y", ["y"], ["m", "n", '"y"', "Y"]),
        (["m", "y"], "y|m", ["y", "m"], ["n"]),
        (["absent", "n", "m"], "m|n|absent", ["n", "absent"], ["y"]),
        ("1..16", "1..16", ["1", "16", "0x10"], ["0", "17", "y", '"7"']),
        ("-4..", "-4..", ["-4", "0", "99999"], ["-5"]),
        ("..0x10", "..16", ["16", "-3"], ["17"]),
        (["0x8..", "none"], "none|8..", ["8", '"none"', "none"], ["7"]),
        (64, "64", ["64"], ["65"]),
        ("a..b", "a..b", ["a..b", '"a..b"'], ["a"]),
    ],
)  # fmt: skip
def test_what_is_accepted_of_a_symbol(accepted: object, shown: str, right: list[str], wrong: list[str]) -> None:
    need = need_from_data({"A": accepted})
    assert isinstance(need, SymbolNeed)
    assert str(need) == f"CONFIG_A={shown}"
    assert [value for value in (*right, *wrong) if accepts(need, value)] == right


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"A": "y"}, "CONFIG_A=y"),
        ({"A": "y", "B": "n"}, "CONFIG_A=y and CONFIG_B=n"),
        ({"all": [{"A": "y"}, {"any": [{"B": "y"}, {"C": "y"}]}]}, "CONFIG_A=y and (CONFIG_B=y or CONFIG_C=y)"),
        ({"any": [{"A": "y", "B": "y"}, {"C": "y"}]}, "(CONFIG_A=y and CONFIG_B=y) or CONFIG_C=y"),
        ({"any": ({"A": "y"},)}, "CONFIG_A=y"),
        ({"6LOWPAN": "y"}, "CONFIG_6LOWPAN=y"),
        ({"ARM64_4K_pages": "y"}, "CONFIG_ARM64_4K_pages=y"),
    ],
)
def test_an_expression_is_shown_as_it_is_meant(data: object, shown: str) -> None:
    assert str(need_from_data(data)) == shown


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        ([], "[] is no mapping of symbols to accepted values"),
        ({}, "{} is no mapping"),
        ({"any": []}, "any: wants a list"),
        ({"all": "AB"}, "all: wants a list"),
        ({"any": {"A": "y"}}, "any: wants a list"),
        ({"CONFIG_A": "y"}, "'CONFIG_A' is no symbol name (without CONFIG_)"),
        ({"_A": "y"}, "'_A' is no symbol name"),
        ({"a": "y"}, "'a' is no symbol name"),
        ({"A-B": "y"}, "'A-B' is no symbol name"),
        ({"Ä": "y"}, "'Ä' is no symbol name"),
        ({3: "y"}, "3 is no symbol name"),
        ({"A": True}, "A: True is no accepted value; write y, m, n, absent, a number, 1..16 or a text"),
        ({"A": None}, "A: None is no accepted value"),
        ({"A": ["y", 1.5]}, "A: 1.5 is no accepted value"),
        ({"A": []}, "A: accepts nothing"),
    ],
)
def test_what_is_no_need_is_refused_and_shown_how_to_write(data: object, seen: str) -> None:
    with pytest.raises(UsageError) as error:
        need_from_data(data)
    assert seen in error.value.seen
    assert error.value.hint == "need: {DMABUF_HEAPS: y} or need: {any: [...]}"


@pytest.mark.parametrize(("levels", "is_read"), [(16, True), (17, False)])
def test_needs_nest_sixteen_deep(levels: int, is_read: bool) -> None:
    need: object = {"A": "y"}
    for _ in range(levels):
        need = {"any": [need]}
    if is_read:
        assert str(need_from_data(need)).strip("()") == str(A)
    else:
        with pytest.raises(UsageError, match="nested too deeply"):
            need_from_data(need)

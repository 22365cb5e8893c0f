"""Our light dataclasses against those of the standard library: the same class, written once, made by both."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup import frozen


def made_by(kit: Any) -> Any:
    """A class with every kind of field that is used."""

    @kit.dataclass(frozen=True, slots=True, order=True)
    class Sample:
        """A sample."""

        one: int
        two: int = 2
        three: list[int] = kit.field(default_factory=list)
        hidden: str = kit.field(default="h", compare=False, repr=False)
        total: int = kit.field(default=0, init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "total", self.one + self.two)

        @property
        def double(self) -> int:
            return 2 * self.total

    return Sample


Ours, Theirs = made_by(frozen), made_by(dataclasses)
arguments = st.tuples(
    st.lists(st.integers(-2, 2), max_size=2).map(tuple),
    st.dictionaries(st.sampled_from(["one", "two", "hidden", "total", "other"]), st.integers(-2, 2), max_size=3),
)


def build(kind: Any, given_: Any) -> Any:
    try:
        return kind(*given_[0], **given_[1])
    except TypeError:
        return TypeError


@given(arguments, arguments)
def test_the_same_as_the_standard_librarys(first: Any, second: Any) -> None:
    ours, theirs = build(Ours, first), build(Theirs, first)
    if theirs is TypeError:
        assert ours is TypeError
        return
    assert repr(ours) == repr(theirs)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert ours.double == theirs.double
    others = build(Ours, second), build(Theirs, second)
    if others[1] is not TypeError:
        assert (ours == others[0], ours < others[0], ours >= others[0]) == (
            theirs == others[1], theirs < others[1], theirs >= others[1],
        )  # fmt: skip


def test_it_is_frozen_and_has_slots_only() -> None:
    one = Ours(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'two'"):
        one.two = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.two
    assert not hasattr(one, "__dict__")
    assert one.__match_args__ == Theirs(1).__match_args__
    with pytest.raises(TypeError):
        frozen.dataclass(frozen=False, slots=True)


def test_the_tools_for_dataclasses_work() -> None:
    one = Ours(1, 5)
    assert dataclasses.is_dataclass(one)
    assert [field.name for field in dataclasses.fields(Ours)] == [field.name for field in dataclasses.fields(Theirs)]
    assert dataclasses.replace(one, two=7) == frozen.replace(one, two=7) == Ours(1, 7)
    assert copy.copy(one) == copy.deepcopy(one) == one
    assert Ours(1).three is not Ours(1).three


def test_a_class_of_this_project_is_one() -> None:
    from bringup.outcome import Cause

    cause = Cause("a.b", "because")
    assert {cause: 1}[Cause("a.b", "because")] == 1
    assert pickle.loads(pickle.dumps(cause)) == cause
    assert Cause.__doc__
    assert (Cause.__qualname__, Cause.__module__) == ("Cause", "bringup.outcome")

"""Large values for Hypothesis, quickly: it draws some texts, a size and a seed, and plain random numbers do the rest.

A run has hundreds of texts, and Hypothesis takes a hundred times as long to draw each of them by itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

_CHARACTERS = ("abc xyz-_.,:;/\\'\"<>&|=%#@*()[]{}$~`\n\t", "".join(map(chr, range(256))))


class Source(random.Random):
    """What one value is made from.

    :param most: items that a list may have.
    """

    def __init__(self, seed: int, most: int, texts: Sequence[str], snippets: Sequence[str]) -> None:
        super().__init__(seed)
        self.most, self._texts, self._snippets = most, texts, snippets

    def text(self) -> str:
        if self.random() < 0.3:
            return self.choice(self._texts)
        parts = self.choices(self._snippets, k=self.randrange(4))
        parts += self.choices(self.choice(_CHARACTERS), k=self.randrange(20))
        parts += [chr(self.randrange(0x110000)) for _ in range(self.randrange(4))]
        return "".join(parts)

    def count(self, low: int, high: int) -> int:
        return self.randint(low, max(low, min(high, self.most)))


class Drawn:
    """Values of one kind; its methods and the functions below are named as Hypothesis names them."""

    def __init__(self, make: Callable[[Source], Any]) -> None:
        self.make = make

    def __or__(self, other: Drawn) -> Drawn:
        return one_of(self, other)

    def map(self, change: Callable[[Any], Any]) -> Drawn:
        return Drawn(lambda source: change(self.make(source)))


texts = Drawn(Source.text)


def one_of(*kinds: Drawn) -> Drawn:
    return Drawn(lambda source: source.choice(kinds).make(source))


def just(value: Any) -> Drawn:
    return Drawn(lambda _: value)


def none() -> Drawn:
    return just(None)


def sampled_from(values: Iterable[Any]) -> Drawn:
    members = tuple(values)
    return Drawn(lambda source: source.choice(members))


def booleans() -> Drawn:
    return sampled_from((False, True))


def integers(low: int, high: int) -> Drawn:
    """Half of them small or an end of the range."""
    edges = [number for number in (low, high, 0, 1, low + 1, high - 1, 4096) if low <= number <= high]
    bits = (high - low).bit_length()

    def make(source: Source) -> int:
        if source.random() < 0.5:
            return source.choice(edges)
        return low + source.getrandbits(source.randint(1, bits)) % (high - low + 1)

    return Drawn(make)


def floats(low: float, high: float) -> Drawn:
    """Half of them whole, tiny or an end of the range."""
    edges = [number for number in (low, high, 0.0, 1.0, 0.1, 1e-9, 5e-324) if low <= number <= high]
    return Drawn(lambda source: source.choice((*edges, *[source.uniform(low, high)] * len(edges))))


def lists(items: Drawn, *, min_size: int = 0, max_size: int) -> Drawn:
    return Drawn(lambda source: [items.make(source) for _ in range(source.count(min_size, max_size))])


def tuples(*items: Drawn) -> Drawn:
    return Drawn(lambda source: tuple(item.make(source) for item in items))


def dictionaries(keys: Drawn, values: Drawn, *, max_size: int) -> Drawn:
    return lists(tuples(keys, values), max_size=max_size).map(dict)


def builds(kind: Callable[..., Any], /, *items: Drawn, **named: Drawn) -> Drawn:
    return Drawn(
        lambda source: kind(
            *(item.make(source) for item in items), **{name: item.make(source) for name, item in named.items()}
        )
    )


def strategy(kind: Drawn, texts: st.SearchStrategy[str], snippets: Sequence[str]) -> st.SearchStrategy[Any]:
    """The values as Hypothesis takes them; it may make each of the texts, and the lists, shorter."""
    return st.builds(
        lambda seed, most, few: kind.make(Source(seed, most, few, snippets)),
        st.integers(0, 2**64 - 1),
        st.integers(0, 40),
        st.lists(texts, min_size=1, max_size=6),
    )

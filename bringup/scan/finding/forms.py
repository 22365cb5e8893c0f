"""The forms that words of ION have, as few passes over bytes find them.

A form is wider than the words: a file without any form holds no word; one with a form may hold one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["LONGEST_WORD", "Forms", "forms_of"]

#: Bytes. What a chunk repeats of the chunk before it, so that no word is cut.
LONGEST_WORD = 256

# A pass begins with a fixed text, which Python's re searches for alone: ten times as fast as a set of characters. What
# stands around that text is looked at only where it was found.
_PASSES: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (b"ion", (rb"(?<![a-z]ion)(?![a-z])", rb"(?<=libion)(?![a-z])", rb"(?<=lion)(?<![a-z]lion)(?![a-z])")),
    (b"I", (rb"ON(?<![A-Z]ION)(?![A-Z])", rb"on(?![a-z])")),
    (b"heap", ()),
    (b'"', ()),
)
# The forms of the first two in the language of ripgrep, which has no look-around.
_FOR_RIPGREP = (
    r"(?:(?:^|[^a-z])l?|lib)ion(?:[^a-z]|$)",
    r"(?:^|[^A-Z])ION(?:[^A-Z]|$)",
    r"Ion(?:[^a-z]|$)",
)


class Forms:
    """What to search for.

    :param others: words that have none of the forms of ``ion``, in ASCII.
    """

    def __init__(self, others: Iterable[str]) -> None:
        self.others = sorted(others)
        words = [word.encode("ascii") for word in self.others]
        self.ripgrep = "(?-u)" + "|".join((*_FOR_RIPGREP, *(re.escape(word.decode()) for word in words)))
        self.passes = tuple(map(re.compile, _passes(words)))
        self._searches = tuple(one.search for one in self.passes)

    def occur(self, data: bytes | bytearray, end: int, start: int = 0, last: int | None = None) -> bool:
        """Whether ``data[:end]`` holds a form.

        :param start: where a form begins at the earliest; what stands before it is looked at.
        :param last: before which a form begins: what stands behind it is looked at.
        """
        for search in self._searches:
            match = search(data, start, end)
            if match is not None and (last is None or match.start() < last):
                return True
        return False

    def places(self, data: bytes) -> list[tuple[int, int]]:
        """Where the forms stand, begin and end; in order, and maybe one in another."""
        return sorted(match.span() for one in self.passes for match in one.finditer(data))


def _passes(words: list[bytes]) -> Iterator[bytes]:
    """One expression per fixed text, for its forms and for the words that hold it; one per word for the others."""
    left = list(words)
    for text, forms in _PASSES:
        around = [*forms, *(_around(word, text) for word in left if text in word)]
        if around:
            yield re.escape(text) + b"(?:" + b"|".join(around) + b")"
        left = [word for word in left if text not in word]
    yield from map(re.escape, left)


def _around(word: bytes, text: bytes) -> bytes:
    """What is left to check of a word when the text in it was found."""
    before, _, after = word.partition(text)
    return (b"(?<=" + re.escape(before + text) + b")" if before else b"") + re.escape(after)


_COVERED = re.compile(b"|".join(re.escape(text) + b"(?:" + b"|".join(forms) + b")" for text, forms in _PASSES if forms))


def forms_of(words: Iterable[str]) -> Forms:
    """The forms that find each of these words."""
    return Forms(word for word in words if not _COVERED.search(f" {word} ".encode()))

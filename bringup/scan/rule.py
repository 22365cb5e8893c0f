"""A rule, and the kinds of files it looks at."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field

from bringup.scan.document import RuleDescription

__all__ = ["Kind", "Rule", "kind_of"]


class Kind(enum.StrEnum):
    """A kind of file, recognised by its name."""

    C = "C, C++"
    BLUEPRINT = "Android.bp"
    MAKE = "make, CMake"
    SEPOLICY = "sepolicy"
    RC = "init, ueventd"
    PROPERTIES = "properties"
    DEVICE_TREE = "device tree"
    KCONFIG = "kconfig"


_NAMES = (
    (Kind.C, r".*\.(?:c|h|cc|cpp|cxx|c\+\+|hh|hpp|hxx|inl|ipp|tcc)"),
    (Kind.BLUEPRINT, r".*\.bp"),
    (Kind.MAKE, r".*\.(?:mk|cmake)|(?:gnu)?makefile.*|kbuild.*|cmakelists\.txt"),
    (Kind.SEPOLICY, r".*\.te|.*_contexts|te_macros|attributes"),
    (Kind.RC, r".*\.rc"),
    (Kind.PROPERTIES, r".*\.prop"),
    (Kind.DEVICE_TREE, r".*\.dts[io]?"),
    (Kind.KCONFIG, r"kconfig.*|.*defconfig|\.config|.*\.(?:config|cfg|fragment)"),
)
_KINDS = tuple((kind, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for kind, pattern in _NAMES)


def kind_of(name: str) -> Kind | None:
    """The kind of a file with this name; ``None``: no rule looks at it."""
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(name)), None)


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to use ION, and what replaces it. Fields that are printed: see :class:`RuleDescription`.

    :param kinds: the files it looks at.
    :param pattern: matches within a line, outside comments; its group ``word``, or all of it, is what was found.
    :param literals: in C, look at string literals, too; else at code alone.
    :param heaps: the replacement depends on the heap that is named, and on the board.
    :param since: since when it no longer works, or its replacement works.
    """

    id: str
    title: str
    kinds: tuple[Kind, ...]
    pattern: str
    why: str
    replacement: tuple[str, ...]
    since: str
    source: str
    literals: bool = False
    heaps: bool = False
    ion: bool = True
    regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "regex", re.compile(self.pattern, re.MULTILINE))

    @property
    def description(self) -> RuleDescription:
        """The rule for a reader."""
        return RuleDescription(
            id=self.id,
            title=self.title,
            files=tuple(kind.value for kind in self.kinds),
            ion=self.ion,
            why=self.why,
            replacement="\n".join(self.replacement),
            since=self.since,
            source=self.source,
        )

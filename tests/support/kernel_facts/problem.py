"""What a check of facts found: how many facts it compared, and which are wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Findings", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fact that a source contradicts.

    :param fact: what it is about: ``CONFIG_X``, or the id of a row.
    :param where: the tree, or the tree's file and line.
    """

    fact: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.fact}: {self.where}: {self.text}"


@dataclass(slots=True)
class Findings:
    """Gathers the outcome of one check after another. :param subject: the tree, or a file of it."""

    subject: str
    checked: int = 0
    problems: list[Problem] = field(default_factory=list)

    def expect(self, holds: bool, fact: str, text: str) -> bool:
        """Count one fact, and note it if it does not hold."""
        self.checked += 1
        if not holds:
            self.problems.append(Problem(fact, self.subject, text))
        return holds

    def equal(self, fact: str, what: str, said: object, real: object) -> None:
        """Count one fact whose value the tree shows."""
        self.expect(said == real, fact, f"{what}: the data says {said!r}, the tree {real!r}")

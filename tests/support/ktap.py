"""A strict reader of KTAP."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

RESULT = re.compile(r"(not )?ok (\d+) ((?:[^#\\]|\\[#\\])+?)(?: # SKIP (.*))?$")


@dataclass
class Group:
    """One KTAP document: its results, each with what is nested before it."""

    results: list[tuple[bool, str, str | None, Group | None]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


def parse(text: str) -> Group:
    """Read one document (docs.kernel.org/dev-tools/ktap.html): version, plan, results numbered from 1."""
    lines = text.splitlines()
    assert lines.pop(0) == "KTAP version 1"
    group = Group()
    while lines and lines[0].startswith("# "):
        group.comments.append(lines.pop(0)[2:])
    plan = re.fullmatch(r"1\.\.(\d+)(?: # SKIP (.+))?", lines.pop(0))
    assert plan is not None
    nested: list[str] = []
    for line in lines:
        if line.startswith("    "):
            nested.append(line[4:])
            continue
        if line.startswith("# "):
            group.comments.append(line[2:])
            continue
        match = RESULT.fullmatch(line)
        assert match is not None, line
        assert int(match[2]) == len(group.results) + 1
        below = parse("\n".join(nested)) if nested else None
        group.results.append((match[1] is None, match[3], match[4], below))
        nested = []
    assert nested == []
    assert len(group.results) == int(plan[1])
    return group


def below(group: Group, index: int) -> Group:
    nested = group.results[index][3]
    assert nested is not None
    return nested

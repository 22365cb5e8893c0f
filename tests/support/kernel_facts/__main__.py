"""``python -m tests.support.kernel_facts``: check every fact against every tree that was fetched, and print a table.

Exit status 1: a tree contradicts a fact. A tree that is newer than the data is printed as a reason to look, and so are
facts of Android that were read more than a year ago: neither is an error.
"""

from __future__ import annotations

import datetime as dt
import sys

from tests.support.kernel import fetch
from tests.support.kernel_facts.android import android_facts, outdated
from tests.support.kernel_facts.checking import Checked, check_all, load_trees


def main() -> int:
    """Print the table, the problems and the reasons to look."""
    trees = load_trees(fetch.fact_trees())
    if not trees:
        _say("no kernel sources: python -m tests.support.kernel.fetch facts")
        return 1
    checked = check_all(trees)
    for tree in checked:
        _say(_line(tree))
    wrong = [problem for tree in checked if not tree.is_newer for problem in tree.problems]
    for problem in wrong:
        _say(f"wrong: {problem}")
    for tree in (tree for tree in checked if tree.is_newer):
        _say(
            f"look: {tree.name} is newer than the data; {len(tree.problems)} facts of the last series do not hold in it"
        )
        for problem in tree.problems:
            _say(f"look: {problem}")
    old = outdated(dt.datetime.now(dt.UTC).date())
    _say(f"{len(android_facts())} facts of Android, read by hand; {len(old)} of them more than a year ago")
    for fact in old:
        _say(f"look: {fact}")
    return 1 if wrong else 0


def _line(tree: Checked) -> str:
    counts = "  ".join(f"{subject} {count}" for subject, count in tree.counts.items())
    return f"{tree.name:<34} {sum(tree.counts.values()):>4} facts: {counts}; wrong: {len(tree.problems)}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())

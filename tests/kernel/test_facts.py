"""Facts about kernels: each pattern and path of bringup has a row, and each row, option and name agrees with the sources."""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import bringup
from bringup.kernel.history.upstream import looked_at
from tests.support.kernel import fetch
from tests.support.kernel_facts import mistakes, used
from tests.support.kernel_facts.android import android_facts, outdated
from tests.support.kernel_facts.checking import KernelTree, check_all, check_tree, load_trees, shipped
from tests.support.kernel_facts.symbols import check_selectors
from tests.support.kernel_facts.texts import is_matched, lines_of, rows

TREES = load_trees(fetch.fact_trees())
NO_TREES = "python -m tests.support.kernel.fetch facts brings kernel sources"
USED_BY = {user for row in rows() for user in row.used_by} | {user for fact in android_facts() for user in fact.used_by}


# -- the rows and the code ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", list(used.patterns()))
def test_a_pattern_has_a_row(pattern: str) -> None:
    assert pattern in USED_BY, "write a row in tests/support/kernel_facts/texts/log.yaml"


@pytest.mark.parametrize(("row", "user"), [(row, user) for row in rows() for user in row.used_by if ":" in user])
def test_a_pattern_finds_what_the_kernel_prints(row: object, user: str) -> None:
    (row,) = (known for known in rows() if known is row)
    for line in lines_of(row):
        assert is_matched(line, user), f"{row.id}: {user} does not find {line!r}"


def test_the_words_of_known_causes_are_in_lines_of_rows() -> None:
    lines = [line for row in rows() if row.kind == "log" for line in lines_of(row)]
    assert [words for _, words in used.logged_words() if not any(words in line for line in lines)] == []


@pytest.mark.parametrize("path", sorted({*used.paths(), *used.trace_events()}))
def test_a_path_has_a_row(path: str) -> None:
    known = {user.rstrip("/") for user in USED_BY}
    assert path.rstrip("/") in known, "write a row in tests/support/kernel_facts/texts/file.yaml or event.yaml"


def test_every_file_of_a_row_is_unpacked() -> None:
    files = {seen.file for row in rows() for seen in row.seen}
    assert [file for file in files if not any(fnmatchcase(f"x/{file}", pattern) for pattern in fetch.FACT_FILES)] == []


def test_an_id_is_there_once() -> None:
    ids = [row.id for row in rows()] + [fact.id for fact in android_facts()]
    assert len(ids) == len(set(ids))


# -- facts of Android -----------------------------------------------------------------------------------------------


def test_a_fact_of_android_is_old_after_a_year() -> None:
    newest = max(fact.read for fact in android_facts())
    assert outdated(newest + dt.timedelta(days=366)) == list(android_facts())
    assert outdated(min(fact.read for fact in android_facts())) == []


def test_what_states_a_fact_of_android_is_there() -> None:
    root = Path(bringup.__file__).parents[1]
    files = {user for fact in android_facts() for user in fact.used_by if ":" not in user}
    assert [file for file in files if not (root / file).is_file()] == []


@pytest.mark.parametrize("fact", [fact for fact in android_facts() if fact.example], ids=lambda fact: fact.id)
def test_a_pattern_finds_what_android_prints(fact: object) -> None:
    (fact,) = (known for known in android_facts() if known is fact)
    for user in fact.used_by:
        assert is_matched(fact.example, user), f"{user} does not find {fact.example!r}"


# -- the sources ----------------------------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.skipif(not TREES, reason=NO_TREES)
def test_every_fact_holds_in_every_tree() -> None:
    checked = check_all(TREES)
    assert [str(problem) for tree in checked if not tree.is_newer for problem in tree.problems] == []
    assert all(sum(tree.counts.values()) > 500 for tree in checked[:-1])


@pytest.mark.kernels
@pytest.mark.skipif(not TREES, reason=NO_TREES)
@pytest.mark.parametrize("mistake", mistakes.MISTAKES, ids=lambda mistake: mistake.id)
def test_a_wrong_fact_is_caught(mistake: mistakes.Mistake) -> None:
    """One fact is made wrong; exactly that fact is found, in every tree that shows it."""
    tree = next((tree for tree in TREES if tree.version.series >= mistake.series), None)
    assert tree is not None, f"no tree of {mistake.series} or later"
    wrong = mistake.make(shipped())
    known = [(tree.path, tree.version) for tree in TREES if tree.version.series <= looked_at().series]
    problems = check_tree(wrong, tree).problems or list(check_selectors(wrong.symbols, known))
    assert {problem.fact for problem in problems} == {mistake.fact}


def test_a_tree_that_is_newer_is_a_reason_to_look(tmp_path: Path) -> None:
    """A tree of a series after the data's last one is compared, and its differences are not errors."""
    (tmp_path / "arch/arm64").mkdir(parents=True)
    (tmp_path / "arch/arm64/Kconfig").write_text("config ARM64\n\tdef_bool y\n")
    (tmp_path / "Kconfig").write_text('source "arch/$(SRCARCH)/Kconfig"\n')
    (tmp_path / "Makefile").write_text("VERSION = 99\nPATCHLEVEL = 1\nSUBLEVEL = 0\nEXTRAVERSION =\n")
    (tree,) = load_trees([tmp_path])
    checked, _ = check_all([tree])
    assert checked.is_newer
    assert len(checked.problems) > 100
    assert isinstance(tree, KernelTree)

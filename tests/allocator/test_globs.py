"""Patterns, files and trees: what the program finds on this machine's real file systems."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bringup.allocator.abi import Abi
from bringup.allocator.answer import FileFact, GlobFact, NodeFact, NodeType, State
from bringup.allocator.plan import Files, Glob, Plan, Tree
from tests.support.allocator_programs import Program, committed
from tests.support.facts import make_tree

NAMES = ["a", "b", "ab", "ba", "aab", "abb", "a-b", "a]b", "[ab]", "a*b", "a?", "!a", ".a", ".ab", "-", "]", "a\\b"]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    for name in NAMES:
        (folder / name).touch()
    return folder


one_set = st.builds(
    "[{}{}]".format, st.sampled_from(["", "!"]), st.sampled_from(["a", "]", "]a", "ab", "a-b", "-b", "b-", "*?"])
)
# Python takes a range whose end is before its beginning for something else than nothing: none is drawn.
a_pattern = st.lists(st.sampled_from(["a", "b", "*", "?", "-", "]", "."]) | one_set, min_size=1, max_size=6).map(
    "".join
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(patterns=st.lists(a_pattern, min_size=1, max_size=20))
@example(patterns=["*", "**", "a*b", "[!a]*", "[]]", "[]a]*", "[a-b]", "*[", "[", "[!", "?*?", ".*", "[.]a", "*a*b*"])
def test_a_pattern_matches_what_it_matches_elsewhere(real: Program, names: Path, patterns: list[str]) -> None:
    plan = Plan()
    for pattern in patterns:
        plan = plan.add(Glob(f"{names}/{pattern}", 100))
    found: list[str] = []
    answers = []
    for one in real.run(plan).lines:
        if isinstance(one, NodeFact) and one.state is State.OK:
            found.append(one.path)
        elif isinstance(one, GlobFact):
            answers.append((one, found))
            found = []
    for pattern, (answer, paths) in zip(patterns, answers, strict=True):
        if not set(pattern) & set("*?["):
            expected = [pattern] if pattern in (*NAMES, ".", "..") else []
        else:
            expected = [name for name in NAMES if fnmatch.fnmatchcase(name, pattern)]
            expected = [name for name in expected if not name.startswith(".") or pattern.startswith(".")]
        assert sorted(paths) == sorted(f"{names}/{name}" for name in expected), pattern
        assert (answer.count, answer.truncated) == (len(expected), False)


def test_a_backslash_makes_a_wildcard_an_ordinary_byte(real: Program, names: Path) -> None:
    plan = Plan().add(Glob(f"{names}/a\\*b", 9), Glob(f"{names}/a\\\\b", 9), Glob(f"{names}/\\[ab]", 9))
    assert [node.path for node in real.run(plan).of(NodeFact)] == [
        f"{names}/a*b",
        f"{names}/a\\b",
        f"{names}/[ab]",
    ]


def test_a_glob_distinguishes_missing_empty_denied_and_cut(folder: Path, unprivileged: dict[str, Any]) -> None:
    (folder / "empty").mkdir()
    (folder / "secret").mkdir(mode=0o700)
    (folder / "full").mkdir()
    for name in "abc":
        (folder / "full" / name).touch()
    patterns = ("nothing/*", "empty/*", "nothing", "full/*", "*/a", "secret/*", "no*/x")
    plan = Plan()
    for pattern in patterns:
        plan = plan.add(Glob(f"{folder}/{pattern}", 2))
    (folder / "secret").chmod(0 if os.geteuid() else 0o700)
    answer = committed(Abi.X86_64).run(plan, **unprivileged)
    seen = [(one.state, one.count, one.truncated) for one in answer.of(GlobFact)]
    assert seen == [
        (State.MISSING, 0, False),
        (State.OK, 0, False),
        (State.MISSING, 0, False),
        (State.OK, 2, True),
        (State.DENIED, 1, False),
        (State.DENIED, 0, False),
        (State.OK, 0, False),
    ]


def test_files_reads_what_is_a_file_and_looks_at_the_rest(real: Program, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "two").write_bytes(b"22222")
    (tmp_path / "link").symlink_to("one")
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "below").mkdir()
    answer = real.run(Plan().add(Files(f"{tmp_path}/*", 10, 3)))
    read = {Path(one.path).name: (one.data, one.truncated) for one in answer.of(FileFact)}
    assert read == {"one": (b"1", False), "two": (b"222", True), "link": (b"1", False)}
    assert {Path(one.path).name: one.type for one in answer.of(NodeFact)} == {
        "dangling": NodeType.LINK,
        "below": NodeType.DIR,
    }
    assert (answer.one(GlobFact).count, answer.one(GlobFact).pattern) == (5, f"{tmp_path}/*")


def test_a_tree_is_read_without_following_links(real: Program, tmp_path: Path) -> None:
    make_tree(tmp_path)
    answer = real.run(Plan().add(Tree(str(tmp_path), 9, 100, 100)))
    files = {str(Path(one.path).relative_to(tmp_path)): one.data for one in answer.of(FileFact)}
    assert files == {"top": b"top", "a/reg": b"\0\1", "a/b/deep": b"deep", "a/b/c/deeper": b"deeper"}
    links = {str(Path(one.path).relative_to(tmp_path)): one.target for one in answer.of(NodeFact)}
    assert links == {"a/up": "..", "a/file": "reg"}
    end = answer.one(GlobFact)
    assert (end.pattern, end.state, end.count, end.truncated) == (str(tmp_path), State.OK, 6, False)


def test_a_tree_has_a_depth_and_a_count(real: Program, tmp_path: Path) -> None:
    make_tree(tmp_path)
    shallow = real.run(Plan().add(Tree(str(tmp_path), 1, 100, 100)))
    assert [one.path for one in shallow.of(FileFact)] == [f"{tmp_path}/top"]
    assert shallow.one(GlobFact).truncated
    two = real.run(Plan().add(Tree(str(tmp_path), 2, 100, 100)))
    assert {Path(one.path).name for one in two.of(FileFact)} == {"top", "reg"}
    few = real.run(Plan().add(Tree(str(tmp_path), 9, 3, 100))).one(GlobFact)
    assert (few.count, few.truncated) == (3, True)
    exact = real.run(Plan().add(Tree(str(tmp_path), 4, 6, 100))).one(GlobFact)
    assert (exact.count, exact.truncated) == (6, False)


def test_a_tree_may_begin_at_a_link_and_says_what_is_missing_or_denied(
    real: Program, folder: Path, unprivileged: dict[str, Any]
) -> None:
    (folder / "tree").mkdir()
    make_tree(folder / "tree")
    (folder / "link").symlink_to("tree")
    assert len(real.run(Plan().add(Tree(f"{folder}/link", 9, 100, 100))).of(FileFact)) == 4
    missing = real.run(Plan().add(Tree(f"{folder}/nothing", 9, 100, 100)))
    assert (missing.one(GlobFact).state, missing.one(NodeFact).state) == (State.MISSING, State.MISSING)
    (folder / "tree" / "a" / "b").chmod(0)
    denied = committed(Abi.X86_64).run(Plan().add(Tree(f"{folder}/tree", 9, 100, 100)), **unprivileged)
    assert denied.one(GlobFact).state is State.DENIED
    assert [one.path for one in denied.of(NodeFact) if one.state is State.DENIED] == [f"{folder}/tree/a/b"]
    assert {Path(one.path).name for one in denied.of(FileFact)} == {"top", "reg"}
    (folder / "tree" / "a" / "b").chmod(0o700)


def test_a_path_too_long_is_said_and_survived(real: Program, tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    name = "d" * 250
    for _ in range(20):  # 5000 bytes: longer than a path may be
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    end = real.run(Plan().add(Tree(str(tmp_path), 32, 100, 100))).one(GlobFact)
    assert (end.state, end.errno) == (State.FAILED, 36)

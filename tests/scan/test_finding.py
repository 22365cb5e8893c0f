"""Which files hold a word of ION: with ripgrep and without, the same; in trees as they are found."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bringup.errors import UsageError
from bringup.scan.document import Unread
from bringup.scan.finding import find as find_module
from bringup.scan.finding.find import find, find_in_tree
from bringup.scan.finding.forms import LONGEST_WORD, forms_of
from bringup.scan.finding.globs import compile_globs
from bringup.scan.finding.ripgrep import TreeSearch, find_ripgrep
from bringup.scan.finding.search import Searcher
from bringup.scan.finding.searchers import InProcess, OwnProcesses
from bringup.scan.finding.walk import Listed, Walk

WORDS = (
    "ion_open",
    "ION_HEAP_",
    "/dev/ion",
    "C2AllocatorIon",
    "libion",
    "heap_id_mask",
    '"linux,cma"',
    "/dma_heap/",
    "two.words",
)
FORMS = forms_of(WORDS)
RIPGREP = find_ripgrep()
PADDING = b"int x; " * 60_000  # more than one chunk


def is_source(name: str) -> bool:
    return name.endswith(".c")


NEEDS_RIPGREP = pytest.mark.skipif(RIPGREP is None, reason="ripgrep is not installed")


def write(path: Path, data: bytes = b"ion_open();\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def found(walk: Walk, *trees: Path) -> tuple[list[str], list[str], int]:
    """Names of files that hold a form, of those that were not read, and how many were searched."""
    counts: list[int] = []
    result = [one for tree in trees for one in find_in_tree(walk, tree, "", FORMS, counts.append)]
    holders = [one.shown for one in result if isinstance(one, Listed)]
    return holders, [one.path for one in result if isinstance(one, Unread)], sum(counts)


HOLDERS = [
    *(word.encode() for word in WORDS),
    b"x_ion_y",
    b"ION4",
    b"<ion.h>",
    b"-lion ",
    b"a\nion\n",
    b"\xff\xfe" + "ion_open".encode("utf-16-le"),
    b"\0\0ion_open",
    PADDING + b" ion_open",
    PADDING[: 262_144 - 4] + b"\nion_open",  # a word across two chunks
]
OTHERS = [b"", b"region function lionheart", b"VERSION VISIONS", b"Ionut Ionic", b"heap", b'"', PADDING, b"two words"]


@pytest.mark.parametrize("kind", [InProcess, OwnProcesses])
def test_every_search_of_ours_finds_the_same(kind: type[InProcess | OwnProcesses], tmp_path: Path) -> None:
    for number, data in enumerate([*HOLDERS, *OTHERS]):
        write(tmp_path / f"{number:02}", data)
    paths = [str(tmp_path / f"{number:02}") for number in range(len(HOLDERS) + len(OTHERS))]
    search = kind(FORMS)
    try:
        assert search([*paths, str(tmp_path / "gone")]) == (
            list(range(len(HOLDERS))),
            {len(paths): "No such file or directory"},
        )
        assert search([]) == ([], {})
        assert search(paths[:1]).holders == [0]  # once more
    finally:
        if isinstance(search, OwnProcesses):
            search.close()


@pytest.fixture
def large_tree(tmp_path: Path) -> Path:
    """More files than are searched without a process, and one of each kind that holds a form or none."""
    for number in range(find_module._FEW_FILES):
        write(tmp_path / "many" / f"{number:03}.c", b"region")
    for number, data in enumerate([*HOLDERS, *OTHERS]):
        write(tmp_path / "kinds" / f"{number:02}.c", data)
    return tmp_path


def holders_in(tree: Path) -> list[str]:
    return [f"kinds/{number:02}.c" for number in range(len(HOLDERS))]


@pytest.fixture
def only_ripgrep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own search of files is out of order."""
    monkeypatch.setattr(find_module, "find", None)


@NEEDS_RIPGREP
@pytest.mark.usefixtures("only_ripgrep")
def test_ripgrep_alone_finds_the_same_in_a_tree(large_tree: Path) -> None:
    for name in ("out/a.c", ".git/a.c", "x/.repo/a.c", ".hidden.c", "x/out/a.c"):
        write(large_tree / name)
    write(large_tree / "x/.git", b"gitdir: ion_open")
    walk = Walk(is_source)
    files = find_module._FEW_FILES + len(HOLDERS) + len(OTHERS) + 3
    assert found(walk, large_tree) == ([".hidden.c", *holders_in(large_tree), "x/.git", "x/out/a.c"], [], files)


@NEEDS_RIPGREP
def test_a_line_that_does_not_fit_into_memory_is_searched_by_ourselves(large_tree: Path) -> None:
    with (large_tree / "a.c").open("wb") as file:
        file.truncate(1 << 40)
    assert RIPGREP is not None
    search = TreeSearch(RIPGREP, str(large_tree), FORMS)
    list(search.names())
    assert not search.is_whole()
    search.close()
    assert found(Walk(is_source), large_tree)[0] == holders_in(large_tree)


@NEEDS_RIPGREP
@pytest.mark.usefixtures("only_ripgrep")
def test_what_globs_leave_out_ripgrep_may_find(large_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(large_tree / "test/a.c")
    walk = Walk(is_source, exclude=["test/", "many/00*"])
    files = find_module._FEW_FILES - 10 + len(HOLDERS) + len(OTHERS)
    assert found(walk, large_tree) == (holders_in(large_tree), [], files)
    monkeypatch.setattr(find_module, "_MOST_WAITING", 7)  # ripgrep is waited for in the middle of the walk
    assert found(Walk(is_source), large_tree)[0] == [*holders_in(large_tree), "test/a.c"]


def test_a_ripgrep_that_fails_is_replaced_by_our_own_search(
    large_tree: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path_factory.mktemp("bin") / "rg"
    expected: tuple[list[str], list[str], int] = (
        holders_in(large_tree),
        [],
        find_module._FEW_FILES + len(HOLDERS) + len(OTHERS),
    )
    program.write_text("#!/bin/sh\nexit 2\n")
    program.chmod(0o755)
    for path in (str(program), "/nowhere/rg"):
        monkeypatch.setattr(find_module, "find_ripgrep", lambda path=path: path)
        assert found(Walk(is_source), large_tree) == expected


@NEEDS_RIPGREP
def test_a_search_that_has_begun_already_is_used(large_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RIPGREP is not None
    begun = TreeSearch(RIPGREP, str(large_tree), FORMS)
    monkeypatch.setattr(find_module, "TreeSearch", None)  # no second one begins
    files = find_in_tree(Walk(is_source), large_tree, "", FORMS, lambda _: None, begun)
    assert [one.shown for one in files if isinstance(one, Listed)] == holders_in(large_tree)
    begun.close()  # once more


@NEEDS_RIPGREP
def test_files_are_known_early_but_not_those_that_are_left_out(large_tree: Path) -> None:
    write(large_tree / "test/a.c")
    write(large_tree / "top.c")
    early: list[Listed] = []
    walk = Walk(is_source, exclude=["test/"])
    files = list(find_in_tree(walk, large_tree, "", FORMS, lambda _: None, early=early.append))
    assert sorted(early) == sorted(one for one in files if isinstance(one, Listed))
    assert "top.c" in [one.name for one in early]


@NEEDS_RIPGREP
@settings(max_examples=30)  # each starts a process
@given(
    st.lists(
        st.sampled_from(
            [b"ion", b"ION", b"Ion", b"lib", b"l", b"a", b"Z", b"_", b" ", b"\n", b"7", b"\xe9", b"heap_id_mask"]
        )
    ).map(b"".join)
)
def test_ripgrep_and_our_own_search_agree(data: bytes) -> None:
    import re

    assert RIPGREP is not None
    argv = [RIPGREP, "--quiet", "--no-config", "--regexp", FORMS.ripgrep, "-"]
    theirs = subprocess.run(argv, input=data, check=False).returncode == 0
    assert FORMS.occur(data, len(data)) == theirs, re.escape(data)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_found_wherever_it_stands_in_a_long_file(word: str, tmp_path: Path) -> None:
    assert len(word) < LONGEST_WORD
    searcher = Searcher(FORMS)
    for before in (262_144 - LONGEST_WORD, *range(262_144 - len(word) - 2, 262_144 + 1, 4)):
        write(tmp_path / "x", b"." * before + b" " + word.encode() + b" " + b"." * 300_000)
        assert searcher.holds(str(tmp_path / "x"))


def test_a_word_that_chunks_cut_is_no_other_word(tmp_path: Path) -> None:
    searcher = Searcher(FORMS)
    for before in range(262_144 - LONGEST_WORD - 12, 262_144 + 4):
        write(tmp_path / "x", b"." * before + b"REG_VERSION_X regional" + b"." * 300_000)
        assert not searcher.holds(str(tmp_path / "x")), before
    for end in (262_144, 262_144 + 262_144 - LONGEST_WORD):  # the file ends with its chunk
        write(tmp_path / "x", b"." * (end - 9) + b" ion_open")
        assert searcher.holds(str(tmp_path / "x"))


def test_a_killed_process_of_ours_is_replaced_by_this_one(tmp_path: Path) -> None:
    write(tmp_path / "a")
    search = OwnProcesses(FORMS)
    assert search([str(tmp_path / "a")]).holders == [0]
    search._processes[0].kill()
    search._processes[0].wait()
    assert search([str(tmp_path / "a")]).holders == [0]
    search.close()


def test_holes_are_skipped(tmp_path: Path) -> None:
    with (tmp_path / "sparse.c").open("wb") as file:
        file.truncate(1 << 30)
        file.seek(600 << 20)
        file.write(b"\nion_open\n")
        file.truncate(1 << 40)
    assert found(Walk(is_source), tmp_path) == (["sparse.c"], [], 1)


@pytest.mark.parametrize("has_ripgrep", [True, False])
def test_many_files_come_in_the_order_of_their_names(
    has_ripgrep: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_ripgrep:
        monkeypatch.setattr(find_module, "find_ripgrep", lambda: None)
    monkeypatch.setattr(find_module, "_BATCH", 300)
    names = [f"{folder:02}/{number:02}.c" for folder in range(30) for number in range(30)]
    for place, name in enumerate(names):
        write(tmp_path / name, b"ion_open" if place % 7 == 0 else b"region")
    write(tmp_path / "large.c", b"." * (9 << 20) + b" ion_open")
    assert found(Walk(is_source), tmp_path) == (["large.c", *names[::7]], [], 901)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    for name in ("a.c", "out/a.c", "x/out/a.c", ".git/a.c", "x/.repo/a.c", "test/a.c", "x/test/b.c"):
        write(tmp_path / name)
    walk = Walk(is_source, exclude=["test/"])
    assert found(walk, tmp_path)[0] == ["a.c", "x/out/a.c"]
    assert walk.left_out == {"the folder out, where builds write": 1, "excluded": 2}
    walk = Walk(is_source, include=["out/**", "b.c"])
    assert found(walk, tmp_path)[0] == ["out/a.c", "x/test/b.c"]
    assert walk.left_out == {"not included": 3}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_git_ignores_is_left_out_but_not_what_it_tracks(tmp_path: Path) -> None:
    def git(*words: str, at: Path) -> None:
        identity = ["-c", "user.name=A", "-c", "user.email=a@localhost"]
        subprocess.run(["git", *identity, *words], cwd=at, check=True, capture_output=True)

    for repository in (tmp_path, tmp_path / "inner"):
        write(repository / ".gitignore", b"*.o\n/built/\n")
        for name in ("a.c", "a.o", "kept.o", "built/a.c", "sub/b.o"):
            write(repository / name)
        git("init", "-q", at=repository)
        git("add", "-f", "kept.o", at=repository)
    walk = Walk(is_source)
    assert found(walk, tmp_path)[0] == ["a.c", "kept.o", "inner/a.c", "inner/kept.o"]
    assert walk.left_out == {"ignored by git": 6}
    assert found(Walk(is_source), tmp_path / "sub")[0] == []
    assert found(Walk(is_source, include=["*.o"]), tmp_path / "sub")[0] == ["b.o"]
    assert found(Walk(is_source), tmp_path / "a.o")[0] == [str(tmp_path / "a.o")]


def test_a_hostile_repository_runs_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.c")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    hook.chmod(0o755)
    subprocess.run(["git", "-C", tmp_path, "config", "core.fsmonitor", hook], check=True)
    assert found(Walk(is_source), tmp_path)[0] == ["a.c"]
    assert not (tmp_path / "ran").exists()


def test_files_of_a_list(tmp_path: Path) -> None:
    for name in ("a.c", "b.c", "no.c"):
        write(tmp_path / name, b"nothing" if name == "no.c" else b"ion_open")
    (tmp_path / "folder").mkdir()
    walk = Walk(is_source)
    counts: list[int] = []
    listed = walk.named(["b.c", "a.c", "b.c", "gone.c", "folder", "no.c"], tmp_path)
    result = list(find(listed, FORMS, counts.append))
    assert [one.shown if isinstance(one, Listed) else one.path for one in result] == ["b.c", "a.c", "folder"]
    assert (sum(counts), walk.left_out) == (3, {"no longer there": 1})


def test_a_prefix_for_several_trees(tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.c")
    walk = Walk(is_source)
    assert [one.name for one in walk.files_of(tmp_path / "one", "one") if isinstance(one, Listed)] == ["one/a.c"]


@pytest.mark.parametrize(
    ("glob", "matches", "others"),
    [
        ("*.c", ["a.c", "x/a.c"], ["a.cc", "a.c.h"]),
        ("out/", ["out", "out/x", "a/out/x"], ["outer", "about"]),
        ("/out", ["out", "out/x"], ["a/out"]),
        ("a/b", ["a/b", "a/b/c"], ["x/a/b"]),
        ("a/*.c", ["a/b.c"], ["a/x/b.c"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b/c"], ["ab", "a/xb"]),
        ("a/**", ["a", "a/x"], ["b"]),
        ("**", ["a", "a/b"], []),
        ("[ab]?.c", ["ax.c", "b1.c"], ["c1.c", "a.c", "a/.c"]),
        ("[!a].c", ["b.c"], ["a.c"]),
        ("a.c", ["a.c"], ["abc"]),
    ],
)
def test_globs(glob: str, matches: list[str], others: list[str]) -> None:
    expression = compile_globs([glob])
    assert expression is not None
    assert [path for path in (*matches, *others) if expression.fullmatch(path)] == matches


def test_a_tree_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        list(Walk(is_source).files_of(tmp_path / "gone"))


def test_no_globs() -> None:
    assert compile_globs([]) is None


def test_special_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.c")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "out.c").symlink_to("/dev/null")
    (tmp_path / "gone.c").symlink_to("gone")
    assert found(Walk(is_source), tmp_path) == ([], ["out.c", "pipe.c"], 0)

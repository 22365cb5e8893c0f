"""Facts, read by the program from this machine's real kernel and file systems."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import resource
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bringup.allocator.abi import Abi
from bringup.allocator.answer import Bye, FileFact, GlobFact, HeapsFact, Hello, NodeFact, NodeType, Ran, Result, State
from bringup.allocator.items import MAX_FILE_BYTES
from bringup.allocator.plan import Plan
from bringup.allocator.reader import Reader
from bringup.outcome import Outcome
from bringup.text import from_board
from tests.support.allocator_programs import Program, cannot, committed

EACCES, EISDIR, EINVAL, ENOEXEC, ETIMEDOUT = 13, 21, 22, 8, 110


@pytest.fixture
def unprivileged() -> dict[str, Any]:
    """Options for a process that is not root: root may read everything."""
    return {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that others may pass through."""
    for parent in (tmp_path, *tmp_path.parents):
        with contextlib.suppress(PermissionError):
            if parent.stat().st_mode & 0o005 != 0o005:
                parent.chmod(parent.stat().st_mode | 0o055)
    return tmp_path


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_hello_tells_who_answers(real: Program) -> None:
    answer = real.run(Plan())
    hello, uname = answer.one(Hello), os.uname()
    assert (hello.sysname, hello.release, hello.version, hello.machine) == (
        uname.sysname,
        uname.release,
        uname.version,
        uname.machine,
    )
    assert (hello.uid, hello.page_size, hello.boot_id) == (os.getuid(), resource.getpagesize(), boot_id())
    assert hello.source == "unstamped"
    bye = answer.one(Bye)
    assert (bye.lines, bye.boot_id, bye.complete, bye.stopped_at) == (1, boot_id(), True, None)
    assert answer.status == 0


def free_memory() -> int:
    (line,) = (one for one in Path("/proc/meminfo").read_text().splitlines() if one.startswith("MemFree:"))
    return int(line.split()[1]) * 1024


def test_the_default_budget_is_half_of_what_is_free(real: Program) -> None:
    before = free_memory()
    budget = real.run(Plan()).one(Hello).budget
    after = free_memory()
    # others take and give back memory meanwhile
    assert min(before, after) * 0.4 < budget < max(before, after) * 0.6
    assert real.run(Plan(budget_bytes=4096)).one(Hello).budget == 4096
    assert real.run(Plan(budget_bytes=2**63)).one(Hello).budget < 2**62, "not what is asked for, but what there is"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 65535, 65536, 65537, 200_001])
def test_a_file_is_read_to_the_byte(real: Program, tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    for limit in {max(1, size), size + 1, MAX_FILE_BYTES}:
        file = real.run(Plan().read(bytes(path), limit)).one(FileFact)
        assert (file.data, file.truncated, file.state, file.errno) == (path.read_bytes(), False, State.OK, 0)
    if size > 1:
        cut = real.run(Plan().read(bytes(path), size - 1)).one(FileFact)
        assert (cut.data, cut.truncated) == (path.read_bytes()[:-1], True)


def test_files_of_the_kernel_have_no_size_and_are_read_all_the_same(real: Program) -> None:
    plan = Plan().read("/proc/version", 4096).read("/proc/sys/kernel/random/boot_id", 4096).read("/proc/version", 5)
    version, random_id, cut = real.run(plan).of(FileFact)
    assert version.data == Path("/proc/version").read_bytes()
    assert random_id.data.decode().strip() == boot_id()
    assert (cut.data, cut.truncated) == (b"Linux", True)


def test_missing_denied_empty_and_not_a_file_are_four_things(
    real: Program, folder: Path, unprivileged: dict[str, Any]
) -> None:
    (folder / "empty").touch()
    (folder / "secret").write_bytes(b"secret")
    (folder / "secret").chmod(0)
    names = ("empty", "nothing", "empty/below", "secret", ".")
    plan = Plan()
    for name in names:
        plan = plan.read(f"{folder}/{name}", 100)
    answer = committed(Abi.X86_64).run(plan, **unprivileged) if unprivileged else real.run(plan)
    seen = [(one.state, one.errno) for one in answer.of(FileFact)]
    assert seen == [
        (State.OK, 0),
        (State.MISSING, 2),
        (State.MISSING, 20),
        (State.DENIED, EACCES),
        (State.FAILED, EISDIR),
    ]
    assert all(one.data == b"" for one in answer.of(FileFact))


def test_what_may_block_or_act_is_never_opened(real: Program, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(tmp_path)
        listener.bind("socket")
        names = [str(tmp_path / name) for name in ("fifo", "link", "socket")] + ["/dev/zero", "/dev/null", "/proc/kmsg"]
        plan = Plan()
        for name in names:
            plan = plan.read(name, 100)
        files = real.run(plan).of(FileFact)
    assert [(one.state, one.errno) for one in files] == [(State.FAILED, EINVAL)] * len(names)


def test_what_loses_what_is_read_from_it_is_not_read(real: Program, tmp_path: Path) -> None:
    (tmp_path / "trace_pipe").write_bytes(b"gone once read")
    file = real.run(Plan().read(f"{tmp_path}/trace_pipe", 10)).one(FileFact)
    assert (file.state, file.errno, file.data) == (State.FAILED, EINVAL, b"")


def test_a_file_that_blocks_is_given_up(impatient: Program, tmp_path: Path) -> None:
    (tmp_path / "blocks").write_bytes(bytes(4321))
    plan = Plan().read(f"{tmp_path}/blocks", 10).read("/proc/version", 10)
    blocked, after = impatient.run(plan, env={"BRINGUP_FAULT": "read_blocks"}).of(FileFact)
    assert (blocked.state, blocked.errno, blocked.data) == (State.FAILED, ETIMEDOUT, b"")
    assert after.data == b"Linux vers"


def test_names_are_bytes(real: Program, tmp_path: Path) -> None:
    name = b'new\nline\ttab \xff\xfe \\ " \x1b[2J \xc3\xa9'
    path = bytes(tmp_path) + b"/" + name
    with open(path, "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"there")
    answer = real.run(Plan().read(path, 10).node(path).glob(bytes(tmp_path) + b"/*", 10))
    assert answer.one(FileFact).data == b"there"
    assert answer.one(FileFact).path == from_board(path)
    assert [node.path for node in answer.of(NodeFact)] == [from_board(path)] * 2
    assert answer.stdout.isascii()


def test_a_node_is_what_stat_says(real: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "file").chmod(0o4751)
    (tmp_path / "link").symlink_to("else where\n")
    os.mkfifo(tmp_path / "fifo", 0o600)
    paths = [tmp_path / "file", tmp_path, tmp_path / "link", tmp_path / "fifo", Path("/dev/null")]
    types = [NodeType.FILE, NodeType.DIR, NodeType.LINK, NodeType.FIFO, NodeType.CHAR]
    plan = Plan()
    for path in paths:
        plan = plan.node(str(path))
    for path, node, kind in zip(paths, real.run(plan).of(NodeFact), types, strict=True):
        found = path.lstat()
        assert (node.path, node.state, node.type) == (str(path), State.OK, kind)
        assert (node.mode, node.uid, node.gid) == (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        assert node.size == found.st_size
        device = stat.S_ISCHR(found.st_mode)
        assert node.rdev == ((os.major(found.st_rdev), os.minor(found.st_rdev)) if device else None)
        assert node.target == ("else where\n" if kind is NodeType.LINK else None)


def test_a_label_is_read_where_there_is_one(real: Program, tmp_path: Path) -> None:
    path = tmp_path / "labelled"
    path.touch()
    assert real.run(Plan().node(str(path))).one(NodeFact).label is None
    try:
        os.setxattr(path, "security.selinux", b"u:object_r:dmabuf_heap_device:s0\0")
    except OSError as error:
        pytest.skip(f"no label can be set here: {error}")
    assert real.run(Plan().node(str(path))).one(NodeFact).label == "u:object_r:dmabuf_heap_device:s0"


def test_a_node_that_is_not_there(real: Program, tmp_path: Path) -> None:
    node = real.run(Plan().node(str(tmp_path / "nothing"))).one(NodeFact)
    assert (node.state, node.errno, node.type, node.mode, node.label) == (State.MISSING, 2, None, None, None)


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
        plan = plan.glob(f"{names}/{pattern}", 100)
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
    plan = Plan().glob(f"{names}/a\\*b", 9).glob(f"{names}/a\\\\b", 9).glob(f"{names}/\\[ab]", 9)
    assert [node.path for node in real.run(plan).of(NodeFact)] == [
        f"{names}/a*b",
        f"{names}/a\\b",
        f"{names}/[ab]",
    ]


def test_a_glob_tells_missing_empty_denied_and_cut_apart(folder: Path, unprivileged: dict[str, Any]) -> None:
    (folder / "empty").mkdir()
    (folder / "secret").mkdir(mode=0o700)
    (folder / "full").mkdir()
    for name in "abc":
        (folder / "full" / name).touch()
    patterns = ("nothing/*", "empty/*", "nothing", "full/*", "*/a", "secret/*", "no*/x")
    plan = Plan()
    for pattern in patterns:
        plan = plan.glob(f"{folder}/{pattern}", 2)
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
    answer = real.run(Plan().files(f"{tmp_path}/*", 10, 3))
    read = {Path(one.path).name: (one.data, one.truncated) for one in answer.of(FileFact)}
    assert read == {"one": (b"1", False), "two": (b"222", True), "link": (b"1", False)}
    assert {Path(one.path).name: one.type for one in answer.of(NodeFact)} == {
        "dangling": NodeType.LINK,
        "below": NodeType.DIR,
    }
    assert (answer.one(GlobFact).count, answer.one(GlobFact).pattern) == (5, f"{tmp_path}/*")


def make_tree(root: Path) -> None:
    (root / "a" / "b" / "c").mkdir(parents=True)
    (root / "top").write_bytes(b"top")
    (root / "a" / "reg").write_bytes(b"\0\1")
    (root / "a" / "b" / "deep").write_bytes(b"deep")
    (root / "a" / "b" / "c" / "deeper").write_bytes(b"deeper")
    (root / "a" / "up").symlink_to("..")
    (root / "a" / "file").symlink_to("reg")


def test_a_tree_is_read_without_following_links(real: Program, tmp_path: Path) -> None:
    make_tree(tmp_path)
    answer = real.run(Plan().tree(str(tmp_path), 9, 100, 100))
    files = {str(Path(one.path).relative_to(tmp_path)): one.data for one in answer.of(FileFact)}
    assert files == {"top": b"top", "a/reg": b"\0\1", "a/b/deep": b"deep", "a/b/c/deeper": b"deeper"}
    links = {str(Path(one.path).relative_to(tmp_path)): one.target for one in answer.of(NodeFact)}
    assert links == {"a/up": "..", "a/file": "reg"}
    end = answer.one(GlobFact)
    assert (end.pattern, end.state, end.count, end.truncated) == (str(tmp_path), State.OK, 6, False)


def test_a_tree_has_a_depth_and_a_count(real: Program, tmp_path: Path) -> None:
    make_tree(tmp_path)
    shallow = real.run(Plan().tree(str(tmp_path), 1, 100, 100))
    assert [one.path for one in shallow.of(FileFact)] == [f"{tmp_path}/top"]
    assert shallow.one(GlobFact).truncated
    two = real.run(Plan().tree(str(tmp_path), 2, 100, 100))
    assert {Path(one.path).name for one in two.of(FileFact)} == {"top", "reg"}
    few = real.run(Plan().tree(str(tmp_path), 9, 3, 100)).one(GlobFact)
    assert (few.count, few.truncated) == (3, True)
    exact = real.run(Plan().tree(str(tmp_path), 4, 6, 100)).one(GlobFact)
    assert (exact.count, exact.truncated) == (6, False)


def test_a_tree_may_begin_at_a_link_and_says_what_is_missing_or_denied(
    real: Program, folder: Path, unprivileged: dict[str, Any]
) -> None:
    make_tree(folder / "tree") if (folder / "tree").mkdir() is None else None
    (folder / "link").symlink_to("tree")
    assert len(real.run(Plan().tree(f"{folder}/link", 9, 100, 100)).of(FileFact)) == 4
    missing = real.run(Plan().tree(f"{folder}/nothing", 9, 100, 100))
    assert (missing.one(GlobFact).state, missing.one(NodeFact).state) == (State.MISSING, State.MISSING)
    (folder / "tree" / "a" / "b").chmod(0)
    denied = committed(Abi.X86_64).run(Plan().tree(f"{folder}/tree", 9, 100, 100), **unprivileged)
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
    end = real.run(Plan().tree(str(tmp_path), 32, 100, 100)).one(GlobFact)
    assert (end.state, end.errno) == (State.FAILED, 36)


def test_the_kernels_log(real: Program) -> None:
    (whole,) = real.run(Plan().dmesg(4 * 1024 * 1024)).of(FileFact)
    assert whole.path == "dmesg"
    if whole.state is State.DENIED:
        pytest.skip("this machine shows its log to nobody")
    (end,) = real.run(Plan().dmesg(200)).of(FileFact)
    assert (end.size, end.truncated) == (200, True)
    assert whole.data.rstrip(b"\n").splitlines()[-1][-20:] in end.data


def run_one(program: Program, *argv: str, milliseconds: int = 45_000, limit: int = 1000, **options: Any) -> Ran:
    return program.run(Plan().run(milliseconds, limit, argv), **options).one(Ran)


def test_a_program_is_run_without_a_shell(real: Program) -> None:
    ran = run_one(real, "printf", "%s|", "$(id)", "a b", "", "*", "; rm -rf x", "\xff\n")
    assert ran.stdout == "$(id)|a b||*|; rm -rf x|ÿ\n|".encode()
    assert (ran.state, ran.exit, ran.signal, ran.stderr, ran.truncated) == (State.OK, 0, None, b"", False)
    assert ran.argv[2] == "$(id)"


def test_exit_status_signal_and_both_outputs(real: Program) -> None:
    ran = run_one(real, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (ran.exit, ran.signal, ran.stdout, ran.stderr) == (7, None, b"out\n", b"err\n")
    ran = run_one(real, "sh", "-c", "kill -11 $$")
    assert (ran.state, ran.exit, ran.signal) == (State.OK, None, 11)
    assert run_one(real, "cat").stdout == b""


@pytest.mark.parametrize(
    ("name", "mode", "text", "state", "errno"),
    [
        ("nothing", None, "", State.MISSING, 2),
        ("no-mode", 0o644, "#!/bin/sh\n", State.DENIED, EACCES),
        ("no-program", 0o755, "text", State.FAILED, ENOEXEC),
        ("no-interpreter", 0o755, "#!/nothing\n", State.MISSING, 2),
    ],
)
def test_a_program_that_cannot_be_run_has_no_exit_status(
    real: Program, tmp_path: Path, name: str, mode: int | None, text: str, state: State, errno: int
) -> None:
    if mode is not None:
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    ran = run_one(real, str(tmp_path / name))
    assert (ran.state, ran.errno, ran.exit, ran.signal) == (state, errno, None, None)


def test_output_is_bounded_and_a_chatty_program_still_ends(real: Program) -> None:
    ran = run_one(real, "sh", "-c", "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo end >&2", limit=100)
    assert (ran.stdout, ran.stderr, ran.truncated, ran.exit) == (bytes(100), bytes(100), True, 0)
    exact = run_one(real, "head", "-c", "100", "/dev/zero", limit=100)
    assert (len(exact.stdout), exact.truncated) == (100, False)


def ends(pid: int) -> bool:
    """Whether a process that was sent SIGKILL is gone within a generous while."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        os.sched_yield()
    return False


def test_a_program_that_does_not_end_is_killed_with_all_it_started(real: Program) -> None:
    ran = run_one(real, "sh", "-c", "sleep 1000 & echo $!; trap '' TERM; sleep 1001", milliseconds=3000)
    assert (ran.state, ran.exit, ran.signal) == (State.TIMEOUT, None, 9)
    assert ends(int(ran.stdout))


def test_an_endless_writer_is_killed(real: Program) -> None:
    ran = run_one(real, "yes", milliseconds=3000)
    assert (ran.state, ran.truncated, len(ran.stdout)) == (State.TIMEOUT, True, 1000)


def test_what_a_program_leaves_behind_does_not_hold_the_next_item(real: Program) -> None:
    ran = run_one(real, "sh", "-c", "sleep 1000 & echo $!")  # which is given a minute, see Program.call
    assert (ran.state, ran.exit) == (State.OK, 0)
    assert ends(int(ran.stdout))


def test_the_time_budget_ends_between_items_and_says_where(real: Program) -> None:
    plan = (
        Plan(budget_ms=3000)
        .read("/proc/version", 100)
        .run(60_000, 10, ["sleep", "3.1"])
        .read("/proc/meminfo", 9)
        .dmesg(9)
    )
    answer = real.run(plan)
    assert len(answer.of(FileFact)) == 1
    assert answer.one(Ran).state is State.OK
    bye = answer.one(Bye)
    assert (bye.complete, bye.stopped_at) == (False, "read /proc/meminfo")


def test_the_time_budget_ends_between_tests_and_says_where(real: Program) -> None:
    plan = Plan(budget_ms=1000).heaps("a").run(60_000, 10, ["sleep", "1.1"])
    bye = real.run(plan.test("*")).one(Bye)
    assert (bye.complete, bye.stopped_at) == (False, "test *")


def test_heaps_of_a_board_without_the_folder_are_missing(real: Program) -> None:
    if Path("/dev/dma_heap").exists():
        pytest.skip("this machine has DMA-BUF heaps")
    answer = real.run(Plan().heaps("*").test("*").bench(1))
    heaps = answer.one(HeapsFact)
    assert (heaps.state, heaps.names) == (State.MISSING, ())
    assert answer.of(Result) == []


def test_a_heap_that_is_not_there_fails_to_open_and_skips_the_rest(real: Program) -> None:
    answer = real.run(Plan().heaps("no-such-heap").test("*").bench(1))
    first, *rest = answer.of(Result)
    assert (first.test, first.outcome, first.errno, first.seen) == ("open", Outcome.FAIL, 2, "open: ENOENT")
    assert {one.outcome for one in rest} == {Outcome.SKIP}
    assert {one.seen for one in rest} == {"the heap does not open: ENOENT"}


def test_a_heaps_name_does_not_lead_out_of_the_folder(real: Program) -> None:
    answer = real.run(Plan().heaps("../null").test("open"))
    assert answer.one(Result).outcome is Outcome.FAIL


def test_a_reader_that_goes_away_ends_the_program_with_3(real: Program, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(1_000_000))
    process = subprocess.Popen([*real.argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdin.write(Plan().read(str(tmp_path / "big"), 1_000_000).encode())
    process.stdin.close()
    assert process.wait(60) == 3


def test_a_full_disk_ends_the_program_with_3(real: Program) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run([*real.argv, "--list"], stdout=full, check=False)
    assert done.returncode == 3


def child_that_runs(parent: int, name: str) -> int:
    """The process id of a child, once it runs that program."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                    return int(pid)
        os.sched_yield()
    raise AssertionError(f"no child runs {name}")


def test_killed_half_way_the_lines_before_stand(real: Program) -> None:
    plan = Plan().read("/proc/version", 100).node("/dev/null").run(600_000, 10, ["sleep", "1000"])
    reader = Reader()
    lines = []
    with subprocess.Popen([*real.argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(plan.encode())
        process.stdin.close()
        try:
            while len(lines) < 3:
                lines += reader.feed(os.read(process.stdout.fileno(), 4096))
            child = child_that_runs(process.pid, "sleep")
        finally:
            process.kill()
        process.stdout.read()
    assert [type(one) for one in lines] == [Hello, FileFact, NodeFact]
    assert reader.why_incomplete == "it ends after 3 lines without bye"
    assert ends(child), "what it ran outlives it"


@pytest.mark.parametrize("files", [4, 5, 6, 8, 16])
def test_few_descriptors_are_enough_or_said(files: int, tmp_path: Path) -> None:
    make_tree(tmp_path)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    plan = Plan().read("/proc/version", 100).tree(str(tmp_path), 9, 9, 9).run(1000, 10, ["true"]).heaps("x").test("*")
    answer = committed(Abi.X86_64).run(plan, preexec_fn=limit)
    assert answer.of(FileFact)[0].state is State.OK
    end, ran = answer.one(GlobFact), answer.one(Ran)
    assert end.state is State.OK or end.errno == 24
    assert ran.state is State.OK or ran.errno == 24
    if files == 16:
        assert (end.state, ran.state) == (State.OK, State.OK)


def test_without_proc_and_sys_what_can_be_told_is_told(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        cannot("a folder can be made the root by root alone")
    program = committed(Abi.X86_64)
    if len(program.argv) != 1:
        pytest.skip("not this machine's own program")
    shutil.copy(program.argv[0], tmp_path / "alloc")
    plan = Plan().read("/proc/version", 9).glob("/dev/*", 9).tree("/sys", 9, 9, 9).run(1000, 9, ["true"]).heaps("*")
    done = subprocess.run(
        ["chroot", str(tmp_path), "/alloc"], input=plan.encode(), capture_output=True, check=True, timeout=300
    )
    reader = Reader()
    lines = reader.feed(done.stdout)
    assert reader.complete
    hello = lines[0]
    assert isinstance(hello, Hello)
    assert (hello.boot_id, hello.label) == (None, None)
    assert hello.budget > 0, "sysinfo(2) needs no /proc"
    assert {one.state for one in lines if isinstance(one, FileFact | GlobFact | NodeFact | Ran | HeapsFact)} == {
        State.MISSING
    }

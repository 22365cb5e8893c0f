"""Facts, read by the program from this machine's real kernel and file systems."""

from __future__ import annotations

import os
import resource
import socket
import stat
from errno import EACCES, EINVAL, EISDIR, ETIMEDOUT
from pathlib import Path
from typing import Any

import pytest

from bringup.allocator.abi import Abi
from bringup.allocator.answer import Bye, FileFact, HeapsFact, Hello, NodeFact, NodeType, Result, State
from bringup.allocator.plan import MAX_FILE_BYTES, Bench, Dmesg, Glob, Heaps, Node, Plan, Read, Test
from bringup.outcome import Outcome
from bringup.text import from_board
from tests.support.allocator_programs import Program, committed


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_hello_says_who_answers(real: Program) -> None:
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
    assert real.run(Plan(budget_bytes=2**63 - 1)).one(Hello).budget < 2**62, "not what is asked for, but what there is"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 65535, 65536, 65537, 200_001])
def test_a_file_is_read_to_the_byte(real: Program, tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    for limit in {max(1, size), size + 1, MAX_FILE_BYTES}:
        file = real.run(Plan().add(Read(bytes(path), limit))).one(FileFact)
        assert (file.data, file.truncated, file.state, file.errno) == (path.read_bytes(), False, State.OK, 0)
    if size > 1:
        cut = real.run(Plan().add(Read(bytes(path), size - 1))).one(FileFact)
        assert (cut.data, cut.truncated) == (path.read_bytes()[:-1], True)


def test_files_of_the_kernel_have_no_size_and_are_read_all_the_same(real: Program) -> None:
    plan = Plan().add(
        Read("/proc/version", 4096), Read("/proc/sys/kernel/random/boot_id", 4096), Read("/proc/version", 5)
    )
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
        plan = plan.add(Read(f"{folder}/{name}", 100))
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
            plan = plan.add(Read(name, 100))
        files = real.run(plan).of(FileFact)
    assert [(one.state, one.errno) for one in files] == [(State.FAILED, EINVAL)] * len(names)


def test_what_loses_what_is_read_from_it_is_not_read(real: Program, tmp_path: Path) -> None:
    (tmp_path / "trace_pipe").write_bytes(b"gone once read")
    file = real.run(Plan().add(Read(f"{tmp_path}/trace_pipe", 10))).one(FileFact)
    assert (file.state, file.errno, file.data) == (State.FAILED, EINVAL, b"")


def test_a_file_that_blocks_is_given_up(impatient: Program, tmp_path: Path) -> None:
    (tmp_path / "blocks").write_bytes(bytes(4321))
    plan = Plan().add(Read(f"{tmp_path}/blocks", 10), Read("/proc/version", 10))
    blocked, after = impatient.run(plan, env={"BRINGUP_FAULT": "read_blocks"}).of(FileFact)
    assert (blocked.state, blocked.errno, blocked.data) == (State.FAILED, ETIMEDOUT, b"")
    assert after.data == b"Linux vers"


def test_names_are_bytes(real: Program, tmp_path: Path) -> None:
    name = b'new\nline\ttab \xff\xfe \\ " \x1b[2J \xc3\xa9'
    path = bytes(tmp_path) + b"/" + name
    with open(path, "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"there")
    answer = real.run(Plan().add(Read(path, 10), Node(path), Glob(bytes(tmp_path) + b"/*", 10)))
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
        plan = plan.add(Node(str(path)))
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
    assert real.run(Plan().add(Node(str(path)))).one(NodeFact).label is None
    try:
        os.setxattr(path, "security.selinux", b"u:object_r:dmabuf_heap_device:s0\0")
    except OSError as error:
        pytest.skip(f"no label can be set here: {error}")
    assert real.run(Plan().add(Node(str(path)))).one(NodeFact).label == "u:object_r:dmabuf_heap_device:s0"


def test_a_node_that_is_not_there(real: Program, tmp_path: Path) -> None:
    node = real.run(Plan().add(Node(str(tmp_path / "nothing")))).one(NodeFact)
    assert (node.state, node.errno, node.type, node.mode, node.label) == (State.MISSING, 2, None, None, None)


def test_the_kernels_log(real: Program) -> None:
    (whole,) = real.run(Plan().add(Dmesg(4 * 1024 * 1024))).of(FileFact)
    assert whole.path == "dmesg"
    if whole.state is State.DENIED:
        pytest.skip("this machine shows its log to nobody")
    (end,) = real.run(Plan().add(Dmesg(200))).of(FileFact)
    assert (end.size, end.truncated) == (200, True)
    assert whole.data.rstrip(b"\n").splitlines()[-1][-20:] in end.data


def test_the_kernels_log_record_by_record(real: Program) -> None:
    """Whole records, numbered one after the other; of less than all of them the newest."""
    whole, end = real.run(Plan().add(Read("/dev/kmsg", MAX_FILE_BYTES), Read("/dev/kmsg", 2000))).of(FileFact)
    if whole.state in (State.DENIED, State.MISSING):
        pytest.skip("this machine shows its log to nobody")
    numbers = [int(line.split(b",")[1]) for line in whole.data.splitlines() if not line.startswith(b" ")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert whole.truncated is False
    assert 0 < end.size <= 2000
    assert end.truncated is (whole.size > 2000)
    assert whole.data.endswith(end.data)


def test_heaps_of_a_board_without_the_folder_are_missing(real: Program) -> None:
    if Path("/dev/dma_heap").exists():
        pytest.skip("this machine has DMA-BUF heaps")
    answer = real.run(Plan().add(Heaps("*"), Test("*"), Bench(1)))
    heaps = answer.one(HeapsFact)
    assert (heaps.state, heaps.names) == (State.MISSING, ())
    assert answer.of(Result) == []


def test_a_heap_that_is_not_there_fails_to_open_and_skips_the_rest(real: Program) -> None:
    answer = real.run(Plan().add(Heaps("no-such-heap"), Test("*"), Bench(1)))
    first, *rest = answer.of(Result)
    assert (first.test, first.outcome, first.errno, first.seen) == ("open", Outcome.FAIL, 2, "open: ENOENT")
    assert {one.outcome for one in rest} == {Outcome.SKIP}
    assert {one.seen for one in rest} == {"the heap does not open: ENOENT"}


def test_a_heaps_name_does_not_lead_out_of_the_folder(real: Program) -> None:
    answer = real.run(Plan().add(Heaps("../null"), Test("open")))
    assert answer.one(Result).outcome is Outcome.FAIL

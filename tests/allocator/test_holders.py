"""The walk over processes on this machine's kernel: whose paths are open or mapped, what is refused, what is bounded."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bringup.allocator.answer import FileFact, HeldBuffer, Holder, HoldersEnd, State
from bringup.allocator.bounds import Bounds
from bringup.allocator.plan import Holders, Plan, Run
from bringup.allocator.reader import Reader
from bringup.errors import AllocatorError
from tests.support.allocator_programs import Answer, Program
from tests.support.lying_board import HELLO, encoded
from tests.support.walks import bufinfo, process, walk

NO_LIST = "/there/is/no/list"


def looked(real: Program, *patterns: str) -> tuple[dict[int, Holder], HoldersEnd]:
    answer: Answer = real.run(Plan().add(Holders(1000, 1000, 0, NO_LIST, patterns)))
    assert answer.of(HeldBuffer) == [], "no buffer is on this machine"
    return {line.pid: line for line in answer.of(Holder)}, answer.one(HoldersEnd)


def test_who_has_a_path_open_or_mapped(real: Program, tmp_path: Path) -> None:
    library = tmp_path / "libion_of_a_vendor.so"
    library.write_bytes(b"x" * mmap.PAGESIZE)
    with library.open("rb") as one, library.open("rb"), mmap.mmap(one.fileno(), 0, prot=mmap.PROT_READ):
        holders, end = looked(real, "libion*.so")
        by_path, _ = looked(real, str(library))
        neither, _ = looked(real, "libion", f"{tmp_path}/lib")
    own = holders[os.getpid()]
    # mmap keeps a descriptor of its own.
    assert (own.paths, own.paths_opened, own.paths_mapped) == ((str(library),), (3,), (1,))
    assert by_path[os.getpid()].paths == own.paths
    assert os.getpid() not in neither
    assert (end.state, end.truncated, end.denied) == (State.OK, False, 0)
    assert end.processes > end.kernel
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert (own.start, own.uid) == (int(fields[19]), os.getuid())


def test_a_process_whose_first_thread_has_ended_is_looked_at(real: Program, tmp_path: Path) -> None:
    library = tmp_path / "libion.so"
    library.write_bytes(b"x")
    ends_its_first_thread = (
        "import ctypes, sys, threading\n"
        f"file = open({str(library)!r})\n"
        "def wait():\n"
        "    while open('/proc/self/stat').read().rpartition(')')[2].split()[0] != 'Z': pass\n"
        "    print(flush=True)\n"
        "    sys.stdin.read()\n"
        "threading.Thread(target=wait).start()\n"
        "ctypes.CDLL(None).syscall(60, 0)\n"
    )
    if os.uname().machine != "x86_64":
        pytest.skip("the number of exit(2) here is that of x86-64")
    argv = [sys.executable, "-c", ends_its_first_thread]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as own:
        assert own.stdout is not None
        own.stdout.readline()
        holders, _ = looked(real, "libion.so")
        own.kill()
    assert holders[own.pid].paths == (str(library),)


def test_more_processes_than_asked_for_are_left_out_and_said(real: Program, tmp_path: Path) -> None:
    library = tmp_path / "libion.so"
    library.write_bytes(b"x")
    with library.open("rb") as own, subprocess.Popen(["sleep", "1000"], stdin=own) as other:
        answer = real.run(Plan().add(Holders(1, 1, 0, NO_LIST, ("libion.so",))))
        other.kill()
    assert len(answer.of(Holder)) == 1
    assert answer.one(HoldersEnd).truncated


def test_a_board_that_sends_more_than_was_asked_for_is_refused() -> None:
    plan = Plan().add(Holders(1, 1, 0, NO_LIST))
    buffers = walk([(1, 4096, "system", ""), (2, 4096, "system", "")])
    with pytest.raises(AllocatorError, match="more 'buffer' lines"):
        Reader(Bounds(plan)).feed(encoded(HELLO, *buffers))
    with pytest.raises(AllocatorError, match="more 'holder' lines"):
        Reader(Bounds(plan)).feed(encoded(HELLO, process(1), process(2)))
    with pytest.raises(AllocatorError, match="lists of different lengths"):
        Reader(Bounds(plan)).feed(encoded(HELLO, process(1, (1, 1, 0, 0)) | {"fds": []}))


ONE, TWO, ODD = (
    (1, 4096, "system", ""),
    (2, 65536, "system", "preview"),
    (3, 4096, "system", "a name\n4096 of two lines"),
)
#: As Linux 5.2 has it: no inodes.
OLD_LIST = "\nDma-buf Objects:\nsize    \tflags   \tmode    \tcount   \texp_name\n00004096\t00000002\t00080007\t00000001\tsystem\n"


@pytest.mark.parametrize(
    ("before", "after", "unchanged"),
    [
        (bufinfo(ONE, TWO), bufinfo(ONE, TWO), True),
        (bufinfo(ONE, TWO), bufinfo(TWO), True),
        (bufinfo(), bufinfo(), True),
        (bufinfo(ONE), bufinfo(ONE, TWO), False),
        (bufinfo(), bufinfo(ONE), False),
        (OLD_LIST, OLD_LIST, False),
        (bufinfo(ODD), bufinfo(ODD), False),
        (None, bufinfo(), False),
        (bufinfo(), None, False),
    ],
    ids=[
        "same",
        "fewer",
        "none",
        "one more",
        "the first",
        "no inodes",
        "a name that looks like a buffer",
        "no list before",
        "no list after",
    ],
)
def test_processes_are_looked_at_again_unless_the_list_has_nothing_new(
    real: Program, tmp_path: Path, before: str | None, after: str | None, unchanged: bool
) -> None:
    listed, then = tmp_path / "bufinfo", tmp_path / "then"
    for path, text in ((listed, before), (then, after)):
        if text is not None:
            path.write_text(text)
    replace = Run(10_000, 1000, ("/bin/sh", "-c", f"rm -f {listed}; [ ! -e {then} ] || mv {then} {listed}"))
    walks = [Holders(1000, 1000, only_new, str(listed), ("python*",)) for only_new in (0, 1)]
    answer: Answer = real.run(Plan().add(walks[0]).add(replace).add(walks[1]))
    first, second = answer.of(HoldersEnd)
    assert (first.unchanged, second.unchanged) == (False, unchanged)
    assert [file.data for file in answer.of(FileFact)] == [(text or "").encode() for text in (before, after)]
    if unchanged:
        assert (second.processes, second.kernel) == (first.processes, first.kernel)
        assert len({line.pid for line in answer.of(Holder)}) == len(answer.of(Holder))


def test_the_first_walk_is_always_made(real: Program, tmp_path: Path) -> None:
    (tmp_path / "bufinfo").write_text(bufinfo())
    answer: Answer = real.run(Plan().add(Holders(1000, 1000, 1, str(tmp_path / "bufinfo"))))
    assert not answer.one(HoldersEnd).unchanged
    assert answer.one(HoldersEnd).processes

"""The test allocator as the tests run it: the committed binaries, and two builds with sanitizers.

``real`` asks this machine's kernel; ``scripted`` has a heap made of memfds that can be given a defect.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from bringup.allocator.abi import Abi
from bringup.allocator.answer import Line
from bringup.allocator.build import SOURCES
from bringup.allocator.manifest import HeapTest, binary
from bringup.allocator.plan import Plan
from bringup.allocator.reader import Reader

SCRIPTED = Path(__file__).parent / "scripted"
#: The target of libFuzzer, what gives files to it where there is no libFuzzer, and its corpus.
PLAN_FUZZER = Path(__file__).parents[2] / "fuzz" / "allocator"
SECONDS = 300
T = TypeVar("T")
# A sanitizer's finding is an abort, and not mistaken for one of the program's own statuses.
SANITIZED = {"ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1"}
EMULATORS = {
    Abi.ARM64: "qemu-aarch64",
    Abi.ARM: "qemu-arm",
    Abi.X86: "qemu-i386",
    Abi.X86_64: "qemu-x86_64",
    Abi.RISCV64: "qemu-riscv64",
}


def cannot(reason: str) -> None:
    """Skip, with the reason; in CI, where it must not happen, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True)
class Answer:
    """One run of the program."""

    status: int
    stdout: bytes
    lines: list[Line] = field(default_factory=list)

    def of(self, kind: type[T]) -> list[T]:
        return [line for line in self.lines if isinstance(line, kind)]

    def one(self, kind: type[T]) -> T:
        (line,) = self.of(kind)
        return line


@dataclass(frozen=True)
class Program:
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def call(self, *arguments: str, stdin: bytes = b"", **options: Any) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, **self.environment, **options.pop("env", {})}
        return subprocess.run(
            [*self.argv, *arguments],
            input=stdin,
            capture_output=True,
            env=environment,
            timeout=SECONDS,
            check=False,
            **options,
        )

    def run(self, plan: Plan, **options: Any) -> Answer:
        """Carry out a plan; the answer has to be whole and the program must not have complained."""
        done = self.call(stdin=plan.encode(), **options)
        reader = Reader()
        lines = reader.feed(done.stdout)
        assert reader.complete, (reader.why_incomplete, done.returncode, done.stderr[-2000:])
        assert done.stderr == b""
        return Answer(done.returncode, done.stdout, lines)

    def items(self, plan: bytes) -> tuple[int, list[dict[str, Any]]]:
        """What the program understands of a plan, and its exit status."""
        done = self.call("--check-plan", stdin=plan)
        assert done.stderr == b"", done.stderr[-2000:]
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def list_tests(program: Program) -> list[HeapTest]:
    """The table of tests, as the program prints it."""
    return msgspec.json.Decoder(HeapTest).decode_lines(program.call("--list").stdout)


@cache
def _compiler() -> tuple[str, ...]:
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    return (found, "-fsanitize=address,undefined") if found else (sys.executable, "-m", "ziglang", "cc")


_FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-DSLOW_MILLISECONDS=0", "-O1", "-g", "-Wall", "-Wextra", "-Werror")
#: How long a test and a read may take: longer than a busy machine needs, and for what is to hang, as short as can be.
_PATIENT = ("-DTEST_SECONDS=120u", "-DREAD_SECONDS=120")
_IMPATIENT = ("-DTEST_SECONDS=3u", "-DREAD_SECONDS=3")
#: The two sources that these limits are in.
_LIMITED = ("isolate.c", "read.c")


def _compiler_says(*arguments: str) -> None:
    done = subprocess.run([*_compiler(), *arguments], capture_output=True, text=True, check=False)
    if "No module named" in done.stderr:
        cannot("no C compiler: apt-get install gcc, or pip install ziglang")
    assert done.returncode == 0, done.stderr


def _objects(sources: Sequence[Path], folder: Path, *more: str) -> list[Path]:
    folder.mkdir()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [folder / f"{source.stem}.o" for source in sources]
        compiled = [
            pool.submit(_compiler_says, *_FLAGS, f"-I{SOURCES}", *more, "-c", str(source), "-o", str(target))
            for source, target in zip(sources, objects, strict=True)
        ]
        for done in compiled:
            done.result()
    return objects


def _link(objects: Sequence[Path], program: Path) -> None:
    _compiler_says(*map(str, objects), "-o", str(program))


def sanitized(program: Path) -> Program:
    """A program that was compiled with sanitizers."""
    return Program((str(program),), SANITIZED)


def compile_real(folder: Path) -> None:
    """``real``, which asks this machine's kernel."""
    _link(_objects(sorted(SOURCES.glob("*.c")), folder / "objects", *_PATIENT), folder / "real")


def compile_scripted(folder: Path) -> None:
    """``scripted``, with a heap made of memfds, and ``impatient``, the same that waits 3 seconds for a test or a read."""
    sources = [path for path in sorted(SOURCES.glob("*.c")) if not path.name.endswith("_linux.c")]
    sources += sorted(SCRIPTED.glob("*.c"))
    scripted = ("-Dread=scripted_read", f"-I{SCRIPTED}")
    objects = _objects(sources, folder / "objects", *scripted, *_PATIENT)
    _link(objects, folder / "scripted")
    limited = [source for source in sources if source.name in _LIMITED]
    others = [one for one in objects if f"{one.stem}.c" not in _LIMITED]
    _link([*others, *_objects(limited, folder / "limited", *scripted, *_IMPATIENT)], folder / "impatient")


def compile_replay(folder: Path, objects: Path, target: Path = PLAN_FUZZER) -> None:
    """``replay``, which gives files to the plan reader's fuzzing target; the rest of the program is from ``real``'s objects.

    :param target: the folder with the target; a ``plan.c`` in it is taken instead of the program's.
    """
    own = _objects(sorted(path for path in target.glob("*.c") if path.name != "plan.c"), folder / "objects")
    others = [path for path in sorted(objects.glob("*.o")) if path.name not in ("main.o", "plan.o")]
    _link([*own, *others], folder / "replay")


def committed(abi: Abi) -> Program:
    """The committed binary, natively where this machine can, else emulated."""
    path = str(binary(abi).path)
    if abi is Abi.X86_64 and platform.machine() == "x86_64":
        return Program((path,))
    emulator = shutil.which(EMULATORS[abi]) or shutil.which(f"{EMULATORS[abi]}-static")
    if emulator is None:
        cannot(f"{EMULATORS[abi]} is not installed: apt-get install qemu-user")
    return Program((str(emulator), path))

"""Builds the test allocator for every ABI, or checks that the committed binaries are what the sources give.

    python -m bringup.allocator.build             build all, write bin/ and its manifest
    python -m bringup.allocator.build --check     build all elsewhere and compare byte for byte

``zig cc`` (PyPI ``ziglang``) builds every target on any host. The first build of a target compiles musl, one file after
the other, in 40 s of CPU; so as many targets are built at once as there are CPUs. The result depends on the sources,
the flags and the compiler's version alone: not on the folder, the time or the host.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from bringup.allocator.abi import Abi, abi_of_machine
from bringup.allocator.elf import read_elf
from bringup.allocator.manifest import BINARIES, SCHEMA, BuiltBinary, HeapTest, Manifest, read_manifest
from bringup.deadline import Deadline
from bringup.errors import AllocatorError, BringupError, HostError

__all__ = [
    "COMPILER",
    "FLAGS",
    "MAX_BYTES",
    "SOURCES",
    "TARGETS",
    "build",
    "check",
    "disagreements",
    "main",
    "source_hash",
]

SOURCES: Final = Path(__file__).parent / "src"
COMPILER: Final = "zig 0.17.1"
# Guards against a libc that creeps in, not against tests: 30 KB more are not noticed when they are pushed.
MAX_BYTES: Final = 131_072

# armeabi-v7a is the soft-float calling convention, and the program computes no floats: it runs with and without VFP.
# Its code is Thumb-2, as the NDK's is: a quarter smaller, and every Armv7-A has it.
TARGETS: Final = {
    Abi.ARM64: ("aarch64-linux-musl", "generic"),
    Abi.ARM: ("thumb-linux-musleabi", "generic+v7a"),
    Abi.X86_64: ("x86_64-linux-musl", "x86_64"),
    Abi.X86: ("x86-linux-musl", "i686"),
    Abi.RISCV64: ("riscv64-linux-musl", "baseline_rv64"),
}

# The page size of a kernel is up to 64 KiB; a segment must begin on a page of its own.
FLAGS: Final = (
    "-std=c11", "-D_GNU_SOURCE", "-Os", "-Wall", "-Wextra", "-Werror", "-static", "-s", "-fno-pie",
    "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables",
    "-mllvm", "-inline-threshold=0", "-mllvm", "-enable-machine-outliner=always",
    "-Wl,--gc-sections", "-Wl,--build-id=none", "-Wl,-z,max-page-size=65536",
)  # fmt: skip


def _files(sources: Path) -> list[Path]:
    return sorted(path for path in sources.iterdir() if path.suffix in (".c", ".h"))


def source_hash(sources: Path = SOURCES) -> str:
    """SHA-256 over the compiler, the flags, the targets, and every source file's name and bytes. 64 hex digits."""
    digest = hashlib.sha256()
    targets = [f"{abi}={target}={cpu}" for abi, (target, cpu) in TARGETS.items()]
    for text in (COMPILER, *FLAGS, *targets):
        digest.update(text.encode() + b"\0")
    for path in _files(sources):
        data = path.read_bytes()
        digest.update(f"{path.name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _zig(arguments: Sequence[str], deadline: Deadline, cwd: Path, cache: Path) -> str:
    command = [sys.executable, "-m", "ziglang", *arguments]
    environment = {**os.environ, "ZIG_LOCAL_CACHE_DIR": str(cache)}
    action = f"run zig {arguments[0]}"
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=False,
            timeout=deadline.require(action),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise HostError(action, f"no end within {deadline.budget:g} s") from error
    if done.returncode != 0:
        hint = "pip install ziglang==0.17.1" if "No module named" in done.stderr else ""
        raise HostError(action, done.stderr.strip() or f"exit status {done.returncode}", hint=hint)
    return done.stdout


def _build_one(abi: Abi, sources: Path, stamp: str, output: Path, cache: Path, deadline: Deadline) -> BuiltBinary:
    sys.stderr.write(f"building {abi}\n")
    target, cpu = TARGETS[abi]
    place = output / abi / "bringup-alloc"
    place.parent.mkdir(parents=True, exist_ok=True)
    names = [path.name for path in _files(sources) if path.suffix == ".c"]
    stamps = [f'-DBRINGUP_SOURCE="{stamp}"', f"-ffile-prefix-map={sources}=."]
    _zig(
        ["cc", "-target", target, f"-mcpu={cpu}", *FLAGS, *stamps, *names, "-o", str(place.resolve())],
        deadline, sources, cache,
    )  # fmt: skip
    data = place.read_bytes()
    elf = read_elf(data)
    if not abi.matches(elf) or len(data) > MAX_BYTES:
        raise AllocatorError(f"build the test allocator for {abi}", f"{elf}, {len(data)} bytes")
    place.chmod(0o755)
    return BuiltBinary(target, cpu, elf.machine, elf.bits, len(data), hashlib.sha256(data).hexdigest())


def _list_tests(output: Path, deadline: Deadline) -> tuple[HeapTest, ...]:
    """The table of tests, as the binary for this host prints it."""
    action = "list the test allocator's tests"
    program = output / abi_of_machine(platform.machine()) / "bringup-alloc"
    try:
        done = subprocess.run([program, "--list"], capture_output=True, check=True, timeout=deadline.require(action))
        return tuple(msgspec.json.Decoder(HeapTest).decode_lines(done.stdout))
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
        raise HostError(action, f"{program}: {error}", hint="build on Linux") from error


def build(output: Path, deadline: Deadline, sources: Path = SOURCES) -> None:
    """Build every ABI into ``output`` and write ``manifest.json`` there.

    :raises HostError: there is no compiler, it is another version, or it refused the sources.
    :raises AllocatorError: what it built is not what was asked for.
    """
    with tempfile.TemporaryDirectory(prefix="bringup-zig-") as cache:
        version = _zig(["version"], deadline, sources, Path(cache)).strip()
        if f"zig {version}" != COMPILER:
            raise HostError(
                "build the test allocator",
                f"the compiler is zig {version}",
                hint=f"pip install ziglang=={COMPILER[4:]}",
            )
        stamp = source_hash(sources)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            built = {abi: pool.submit(_build_one, abi, sources, stamp, output, Path(cache), deadline) for abi in Abi}
        entries = {abi: binary.result() for abi, binary in built.items()}
    manifest = Manifest(SCHEMA, stamp, COMPILER, FLAGS, entries, _list_tests(output, deadline))
    (output / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def disagreements(folder: Path = BINARIES, sources: Path = SOURCES) -> list[str]:
    """What does not agree between sources, manifest and binaries, without building. Empty: all agree."""
    manifest = read_manifest(folder)
    found = []
    if manifest.source != source_hash(sources):
        found.append("the sources, flags or targets are not those that the manifest names")
    for abi in Abi:
        path = folder / abi / "bringup-alloc"
        if abi not in manifest.binaries or not path.is_file():
            found.append(f"{abi}: no binary")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != manifest.binaries[abi].sha256:
            found.append(f"{abi}: the binary is not the one that the manifest names")
    return found


def check(deadline: Deadline, folder: Path = BINARIES, sources: Path = SOURCES) -> list[str]:
    """Build again elsewhere and compare byte for byte. Empty: the same.

    :raises HostError: the compiler cannot be run.
    """
    found = disagreements(folder, sources)
    with tempfile.TemporaryDirectory(prefix="bringup-allocator-") as scratch:
        build(Path(scratch), deadline, sources)
        for name in ("manifest.json", *(f"{abi}/bringup-alloc" for abi in Abi)):
            committed = folder / name
            if not committed.is_file() or committed.read_bytes() != (Path(scratch) / name).read_bytes():
                found.append(f"{name}: a new build differs")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Build or check. Returns the exit status: 0 done, 1 ``--check`` found a difference, 3 it could not be built."""
    parser = argparse.ArgumentParser(prog="python -m bringup.allocator.build", description="Build the test allocator.")
    parser.add_argument("--check", action="store_true", help="build elsewhere and compare byte for byte")
    parser.add_argument("--output", type=Path, default=BINARIES, help="where to build to")
    parser.add_argument("--time-limit", type=float, default=1800.0, help="seconds")
    options = parser.parse_args(argv)
    deadline = Deadline.after(options.time_limit)
    try:
        if not options.check:
            build(options.output, deadline)
            return 0
        found = check(deadline, options.output)
    except BringupError as error:
        sys.stderr.write(f"{error}\n{error.hint}\n")
        return int(error.exit_code)
    sys.stderr.write("".join(f"{line}\n" for line in found) or "the same, byte for byte\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Damaged images by the million: ``python -m tests.support.kernel.fuzz [--count N] [--seed N] [--seconds S]``.

Each input is a small valid image, changed: bits, numbers, lengths, ends, pieces of another image in it. What the readers
make of it must be a result or one of our own errors, within a second and 768 MiB. The first input that is anything else
is written to a file, and the exit status is 1. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from bringup.errors import BringupError
from bringup.kernel.sources.source import source_from_bytes
from tests.support.kernel import images
from tests.support.kernel.images import PACKERS, plain_kernel

__all__ = ["SEEDS", "main", "mutated"]

_SMALL = plain_kernel(size=6 << 10)
_RAMDISK = PACKERS["lz4"](images.cpio({"init": b"#!/bin/sh\n", "lib/modules/modules.load": b"system_heap.ko\n"}))

SEEDS: dict[str, bytes] = {
    "Image": _SMALL,
    **{f"Image.{name}": pack(_SMALL) for name, pack in PACKERS.items()},
    "vmlinuz.efi gzip": images.zboot(PACKERS["gzip"](_SMALL), b"gzip"),
    "vmlinuz.efi zstd": images.zboot(PACKERS["zstd"](_SMALL), b"zstd22"),
    "bzImage": images.bzimage(PACKERS["lz4"](_SMALL)),
    "zImage": images.zimage(PACKERS["xz"](_SMALL)),
    "uImage": images.uimage(PACKERS["gzip"](_SMALL)),
    "boot v0": images.boot_v0(0, PACKERS["gzip"](_SMALL), _RAMDISK, cmdline=b"quiet"),
    "boot v2": images.boot_v0(2, PACKERS["gzip"](_SMALL), _RAMDISK, cmdline=b"quiet", dtb=images.fdt()),
    "boot v4": images.boot_v3(4, PACKERS["lz4"](_SMALL), _RAMDISK, cmdline=b"quiet"),
    "init_boot v4": images.boot_v3(4, b"", _RAMDISK),
    "vendor_boot v3": images.vendor_boot(3, [_RAMDISK], dtb=images.fdt()),
    "vendor_boot v4": images.vendor_boot(4, [_RAMDISK, _RAMDISK], dtb=images.fdt(), bootconfig=b"kernel.x = 1\n"),
    "config": images.CONFIG,
    "config.gz": PACKERS["gzip"](images.CONFIG),
}

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_SECONDS = 1.0
_MEMORY = 768 << 20


def mutated(chance: random.Random, seed: bytes) -> bytes:
    """The seed, changed in one to six ways; headers are hit more often than what is behind them."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(min(len(data), 64 if chance.random() < 0.5 else len(data)) or 1)
        way = chance.randrange(6)
        if way == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif way == 1:
            data[at : at + 4] = chance.choice(_NUMBERS).to_bytes(4, chance.choice(["little", "big"]))
        elif way == 2:
            data[at : at + 8] = chance.randbytes(chance.randint(0, 16))
        elif way == 3:
            del data[at : at + chance.randint(1, 64)]
        elif way == 4:
            other = chance.choice(list(SEEDS.values()))
            start = chance.randrange(len(other))
            data[at:at] = other[start : start + chance.randint(1, 256)]
        else:
            del data[chance.randrange(len(data) or 1) :]
        if not data:
            break
    return bytes(data)


class _TooSlow(Exception):
    """The readers took longer than they may."""


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise _TooSlow


def _verdict(data: bytes) -> str:
    """``read``, our own error's name, or anything else for what must not be."""
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        source_from_bytes(data, "fuzz")
    except BringupError as error:
        return type(error).__name__
    except _TooSlow:
        return f"! longer than {_SECONDS} s"
    except MemoryError:
        return f"! more than {_MEMORY >> 20} MiB"
    except Exception as error:  # noqa: BLE001, this is what the run looks for
        return f"! {type(error).__name__}: {error}"
    else:
        return "read"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main(arguments: list[str]) -> int:
    """Run. :returns: 0, or 1 with the input in a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long, whatever the count")
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.signal(signal.SIGALRM, _alarm)
    chance = random.Random(options.seed)
    seeds = list(SEEDS.values())
    seen: Counter[str] = Counter()
    begun = time.monotonic()
    for number in range(options.count):
        data = mutated(chance, chance.choice(seeds))
        verdict = _verdict(data)
        seen[verdict] += 1
        if verdict.startswith("!"):
            path = Path(f"fuzz-{options.seed}-{number}.bin")
            path.write_bytes(data)
            sys.stderr.write(f"input {number} of seed {options.seed}: {verdict}: {path}\n")
            return 1
        if time.monotonic() - begun > options.seconds:
            break
    spent = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    total = sum(seen.values())
    sys.stdout.write(f"{total} inputs of seed {options.seed} in {spent:.0f} s, {peak} MiB: {dict(seen)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

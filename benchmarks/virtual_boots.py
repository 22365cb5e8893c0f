"""Boots a virtual board from cold, again and again, each time until its adbd answers: how many come up, how fast.

python benchmarks/virtual_boots.py [--profile amd64] [--count 20] [--cpus N] [--swap OLD==NEW]…

--swap replaces one of the profile's QEMU arguments, to compare machines, accelerators and CPUs.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import sys
import time

from bringup import virtual
from bringup.deadline import Deadline
from bringup.errors import BringupError

_BOOT_LIMIT = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="amd64")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--cpus", type=int)
    parser.add_argument("--swap", action="append", default=[], metavar="OLD==NEW")
    options = parser.parse_args()
    profile = virtual.find_profile(options.profile)
    swaps = dict(swap.rsplit("==", 1) for swap in options.swap)
    arguments = tuple(swaps.get(argument, argument) for argument in profile.qemu_args)
    profile = dataclasses.replace(profile, qemu_args=arguments, cpus=options.cpus or profile.cpus)
    virtual.setup(profile, Deadline.after(600))
    seconds = []
    for number in range(1, options.count + 1):
        begin = time.monotonic()
        try:
            with virtual.running_board(profile, Deadline.after(_BOOT_LIMIT)):
                seconds.append(time.monotonic() - begin)
                print(f"boot {number}: adbd answered after {seconds[-1]:.2f} s")
        except BringupError as error:
            print(f"boot {number}: {error}")
    print(f"{len(seconds)} of {options.count} boots, {os.cpu_count()} host CPUs, load {os.getloadavg()[0]:.1f}")
    if seconds:
        print(f"median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s")
    return 0 if len(seconds) == options.count else 1


if __name__ == "__main__":
    sys.exit(main())

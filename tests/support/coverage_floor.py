"""What each room must have of its lines and branches: ``make coverage``, after its tests."""

from __future__ import annotations

import sys
from pathlib import Path

import coverage

FLOOR = 92.0
#: Where a line that no test runs may be a false verdict.
STRICT = 97.0
ROOMS = ("checks", "causes", "facts", "kernel", "record", "board")


def main() -> int:
    counted = coverage.Coverage()
    counted.load()
    counted.html_report(directory="out/coverage/html")
    low = []
    for room, least in [("*", FLOOR), *((f"{room}/*", STRICT) for room in ROOMS)]:
        with Path("/dev/null").open("w", encoding="utf-8") as nothing:
            share = counted.report(include=f"bringup/{room}", file=nothing)
        sys.stdout.write(f"bringup/{room}: {share:.1f} %, at least {least:g} %\n")
        low += [room] if share < least else []
    sys.stdout.write("lines and branches that no test ran: out/coverage/html/index.html\n")
    return int(bool(low))


if __name__ == "__main__":
    sys.exit(main())

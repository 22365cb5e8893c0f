"""``python -m benchmarks [NAME…]``: run them all, or those named; exit status 1 when a goal is missed."""

from __future__ import annotations

import importlib
import sys

ALL = (
    "start",
    "shell_exchange",
    "observation",
    "kconfig_speed",
    "render_all",
    "many_boards",
    "boards_at_once",
    "own_noise",
    "scan_speed",
    "watch_errors",
    "holders",
)


def main() -> int:
    missed = [name for name in sys.argv[1:] or ALL if importlib.import_module(f"benchmarks.{name}").main()]
    if missed:
        print(f"\ngoals missed in: {', '.join(missed)}")
    return int(bool(missed))


sys.exit(main())

"""``make faults``: every fault in every phase, and what came of it into docs/reliability.md."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"BRINGUP_FAULTS": folder, "BRINGUP_REQUIRE_BOARD": "1"}
        # In this order: the last fault of the virtual board leaves none.
        options = ["-p", "no:randomly", "-n", "2", "--dist", "loadfile", "-q", "tests/faults"]
        status = pytest.main([*options, *sys.argv[1:]])
        if status == pytest.ExitCode.OK:
            from tests.support.faults.document import write

            write(Path(folder))
    return int(status)


if __name__ == "__main__":
    sys.exit(main())

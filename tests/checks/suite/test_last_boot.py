"""What a board has left of the boot before this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.results.verdict import Outcome
from tests.support.scripted_record import DENIED, BoardFiles, broken, files
from tests.support.splats import SPLATS
from tests.support.suite import Broken, ask, suite_tests

ABOUT_HEAPS = next(splat for splat in SPLATS if splat.heap_frame)
OTHER = next(splat for splat in SPLATS if splat.kind == "Oops" and not splat.heap_frame)
PSTORE = "/sys/fs/pstore/dmesg-ramoops-0"


def left(text: str, path: str = PSTORE) -> BoardFiles:
    return files() | {path: "Panic#1 Part1\n" + text}


BROKEN = (
    Broken("crashed", "kernel.last-boot", "warn", broken(files=left(OTHER.text)), "kernel.crashed-before"),
    Broken("last_kmsg", "kernel.last-boot", "warn", broken(files=left(OTHER.text, "/proc/last_kmsg")), "kernel.crashed-before"),
    Broken("crashed in a heap", "kernel.last-boot", "fail", broken(files=left(OTHER.text + "x\n" * 200 + ABOUT_HEAPS.text)), "kernel.crashed-before"),
    Broken("boot reason", "kernel.last-boot", "warn", broken(properties={"sys.boot.reason": "kernel_panic,sysrq"}), "kernel.crashed-before"),
    Broken("hung", "kernel.last-boot", "warn", broken(properties={"ro.boot.bootreason": "watchdog"}), "kernel.crashed-before"),
    Broken("denied", "kernel.last-boot", "skip", broken(files=files() | {PSTORE: DENIED})),
)  # fmt: skip

# A healthy board keeps nothing.
test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "last_boot", BROKEN, skips={"kernel.last-boot"}
)


@pytest.mark.parametrize(
    ("kept", "reason"), [("[  9.0] reboot: Restarting system\n", ""), ("", "reboot,userrequested"), ("", "cold")]
)
def test_an_ordinary_end_passes(tmp_path: Path, kept: str, reason: str) -> None:
    given = broken(files=left(kept) if kept else files(), properties={"sys.boot.reason": reason} if reason else {})
    (verdict,) = ask("kernel.last-boot", tmp_path, given)
    assert verdict.outcome is Outcome.PASS

"""How ``make chaos`` and ``make soak`` end, in processes of their own: their signals are the process's."""

from __future__ import annotations

import subprocess
import sys

import pytest

_MAIN = """
import os, signal
from tests.support.faults.command import carry_out, holding

def main():
    with holding(lambda: "3 runs"):
        {what}

signal.signal(signal.SIGINT, signal.SIG_IGN)
carry_out(main)
"""


@pytest.mark.parametrize(
    ("what", "status", "said"),
    [
        ("pass", 0, "held: 3 runs\n"),
        ("assert False, 'a lock is left'", 1, "held until then: 3 runs\nNOT HELD: a lock is left\n"),
        ("os.kill(os.getpid(), signal.SIGINT)", 130, "held until then: 3 runs\n"),
        ("os.kill(os.getpid(), signal.SIGTERM)", 130, "held until then: 3 runs\n"),
    ],
)
def test_what_held_is_said_however_it_ends(what: str, status: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MAIN.format(what=what)], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, said, "")

"""What ``make chaos`` and ``make soak`` share: their seed, a folder with an adb server, and what they say at the end."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bringup.errors import BringupError, ExitCode
from tests.support.native_adbd import AdbServer

__all__ = ["carry_out", "holding", "own_place", "parser", "say"]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """Of the command ``make NAME``, which draws everything from one seed."""
    made = argparse.ArgumentParser(prog=f"make {name}", description=description)
    made.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    return made


@contextlib.contextmanager
def own_place(name: str) -> Iterator[tuple[Path, AdbServer]]:
    """A folder and an adb server, until the end."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder, contextlib.ExitStack() as ends:
        adb = Path(folder) / "adb"
        adb.mkdir()
        server = AdbServer(adb)
        ends.callback(server.kill)
        yield Path(folder), server


@contextlib.contextmanager
def holding(sums: Callable[[], str]) -> Iterator[None]:
    """Say what held in the end, and where it ends early, what held until then."""
    try:
        yield
    except BaseException:
        say(f"held until then: {sums()}")
        raise
    say(f"held: {sums()}")


def carry_out(main: Callable[[], None]) -> None:
    """Run it as a command, which needs its boards; what does not hold ends it with exit status 1, SIGINT and SIGTERM
    with 130."""
    os.environ.setdefault("BRINGUP_REQUIRE_BOARD", "1")
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT is ignored in the background of a script
        signal.signal(number, signal.default_int_handler)
    try:
        main()
    except (AssertionError, BringupError) as error:
        say("\n".join([f"NOT HELD: {error}", *getattr(error, "__notes__", ())]))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)

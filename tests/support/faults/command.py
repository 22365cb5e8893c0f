"""What ``make chaos`` and ``make soak`` share: their seed, a folder with an adb server, and how they end."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bringup.errors import BringupError
from tests.support.native_adbd import AdbServer

__all__ = ["carry_out", "own_place", "parser", "say"]


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


def carry_out(main: Callable[[], None]) -> None:
    """Run it as a command, which needs its boards; what does not hold ends it with exit status 1."""
    os.environ.setdefault("BRINGUP_REQUIRE_BOARD", "1")
    try:
        main()
    except (AssertionError, BringupError) as error:
        say("\n".join([f"NOT HELD: {error}", *getattr(error, "__notes__", ())]))
        sys.exit(1)

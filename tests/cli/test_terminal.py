"""The command line on a real terminal: what stands on the screen while it runs and after, byte for byte what it sent."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest

from bringup.report import write_report
from tests.support.native_adbd import AdbServer, NativeBoard
from tests.support.report import hostile, sample

Make = Callable[..., NativeBoard]

#: What rich needs of a terminal: colours, the cursor shown and hidden, up, erase a line, return.
_KNOWN = re.compile(rb"\x1b\[(?:[0-9;]*m|\?25[lh]|[0-9]*[AK])|\r")


class Terminal:
    """A pseudo terminal with a program on it, and the screen that a person would see."""

    def __init__(self, master: int, columns: int, rows: int) -> None:
        self._master = master
        self.screen = pyte.HistoryScreen(columns, rows, history=500)
        self._stream = pyte.ByteStream(self.screen)
        self._unseen = b""
        self.sent = b""

    def read(self, seconds: float = 120.0) -> bool:
        """Take what comes next; ``False``: the program has ended."""
        if not select.select([self._master], [], [], seconds)[0]:
            raise TimeoutError("nothing came from the program")
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux: the other end is closed
            return False
        self.sent += data
        self._unseen += data
        return bool(data)

    def draw(self) -> bool:
        """Put what came up to the next return or control sequence on the screen; ``False``: there is nothing more."""
        at = min((at for mark in b"\r\x1b" if (at := self._unseen.find(mark, 1)) > 0), default=len(self._unseen))
        self._stream.feed(self._unseen[:at])
        self._unseen = self._unseen[at:]
        return bool(self._unseen)

    def until(self, met: Callable[[list[str]], bool], seconds: float = 120.0) -> list[str]:
        """Read until the screen is as asked. No state of it is missed, however much comes at once."""
        deadline = time.monotonic() + seconds
        while not met(self.lines):
            assert time.monotonic() < deadline, self.lines
            if not self.draw():
                assert met(self.lines) or self.read(), self.lines
        return self.lines

    def finish(self) -> list[str]:
        """Read to the end."""
        while self.read():
            pass
        while self.draw():
            pass
        return self.lines

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def scrolled_off(self) -> int:
        return len(self.screen.history.top)


@contextmanager
def terminal(*arguments: str, environ: dict[str, str], size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
    """``bringup`` on a terminal of (columns, rows)."""
    columns, rows = size
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        known = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        os.execve(
            sys.executable,
            [sys.executable, "-m", "bringup", *arguments],
            {**known, "TERM": "xterm-256color", **environ},
        )
    try:
        yield Terminal(master, columns, rows)
    finally:
        os.close(master)
        os.waitpid(pid, 0)


@pytest.fixture
def environ(adb_server: AdbServer) -> dict[str, str]:
    return {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)}


@pytest.mark.parametrize("size", [(80, 24), (48, 24), (120, 12)], ids=["80x24", "48x24", "120x12"])
def test_one_board_is_shown_live_and_then_as_a_report(
    size: tuple[int, int], environ: dict[str, str], make_native_board: Make, tmp_path: Path
) -> None:
    board = make_native_board()
    run = ("run", "-s", board.serial, "-o", str(tmp_path / "r"))
    with terminal(*run, environ=environ, size=size) as screen:
        live = screen.until(lambda lines: any(re.search(r"\d:\d\d ", line) for line in lines))
        assert board.serial[:8] in next(line for line in live if line)
        last = screen.finish()
    assert not any(re.search(r"\d:\d\d ", line) for line in last), "the live line is gone"
    shown = " ".join(last)
    if size[1] >= 24:
        assert last[0].startswith(board.serial[:20])
        assert "This board cannot be used yet" in " ".join(shown.split())
        assert screen.scrolled_off == 0
    assert re.sub(rb"\s", b"", (str(tmp_path / "r" / "report.html")).encode()) in re.sub(rb"\s", b"", screen.sent)


def test_more_boards_than_lines_stay_on_the_screen(
    environ: dict[str, str], make_native_board: Make, tmp_path: Path
) -> None:
    serials = [make_native_board().serial for _ in range(6)]
    options = [word for serial in serials for word in ("-s", serial)]
    with terminal("run", *options, "-o", str(tmp_path / "r"), environ=environ, size=(80, 8)) as screen:
        live = screen.until(lambda lines: any("more not shown" in line for line in lines))
        assert sum(any(serial in line for serial in serials) for line in live) == 4
        last = [line for line in live if line][-1]
        assert re.search("[0-5] of 6 boards done, 2 more not shown(, (at most|about) [0-9]:[0-9]{2} left)?$", last), (
            last
        )
        screen.finish()
    assert b"6 boards" in screen.sent


def test_no_color_and_no_terminal_get_no_control_byte(
    environ: dict[str, str], make_native_board: Make, tmp_path: Path
) -> None:
    board = make_native_board()
    with terminal("run", "-s", board.serial, "-o", str(tmp_path / "r"), environ=environ | {"NO_COLOR": "1"}) as screen:
        screen.finish()
    assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", screen.sent)


def test_what_a_board_says_reaches_no_terminal_as_control(tmp_path: Path) -> None:
    texts = ["".join(hostile.SNIPPETS), *hostile.SNIPPETS]
    before = write_report(hostile.one_line_of("x"), "json", tmp_path / "before.json")
    for number, text in enumerate(texts[:6]):
        after = write_report(hostile.one_line_of(text), "json", tmp_path / f"{number}.json")
        with terminal("compare", str(before), str(after), environ={}) as screen:
            screen.finish()
        rest = _KNOWN.sub(b"", screen.sent).decode()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", rest), rest


def test_a_comparison_on_a_narrow_terminal(tmp_path: Path) -> None:
    before = write_report(sample.many(20, seed=1), "json", tmp_path / "a.json")
    after = write_report(sample.many(20, seed=2), "json", tmp_path / "b.json")
    with terminal("compare", str(before), str(after), environ={}, size=(60, 50)) as screen:
        lines = screen.finish()
    assert re.fullmatch(r"\d+ regressed(, \d+ \w+)+", lines[0])
    assert screen.scrolled_off == 0

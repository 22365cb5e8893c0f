"""Root on a board: use it where adbd has it, get it by ``adb root`` or ``su`` where allowed, say why not."""

from __future__ import annotations

import enum
import shlex
import threading
from dataclasses import dataclass

from bringup.board.command import run_command
from bringup.board.link import UID_SCRIPT, Link
from bringup.board.network import wait_until_it_answers
from bringup.board.shell import Exit, Stderr, Stdout
from bringup.board.wire import Broken, Refused, TimedOut, receive
from bringup.deadline import Deadline
from bringup.errors import BoardError, DeadlineExceeded, RootRequired, UsageError
from bringup.text import from_board, visible

__all__ = ["Root", "RootPolicy", "RootState", "find_root"]

# AOSP's su of userdebug builds takes a uid and a command, Magisk's and most others -c and a script.
SU_STYLES = (("su", "0", "sh", "-c"), ("su", "-c"))
ANSWER_SECONDS = 5.0
SU_SECONDS = 5.0
RESTART_SECONDS = 20.0
PAUSE_SECONDS = 0.1
ANSWER_AT_MOST = 4096


class RootPolicy(enum.StrEnum):
    """Whether root is used."""

    AUTO = "auto"
    NEVER = "never"
    REQUIRE = "require"

    @classmethod
    def named(cls, text: str) -> RootPolicy:
        """The policy that ``--root`` names.

        :raises UsageError: it names none.
        """
        try:
            return cls(text)
        except ValueError as error:
            seen = f"{visible(text)!r} is not one of {', '.join(cls)}"
            raise UsageError("read --root", seen, hint="auto is the default") from error


class RootState(enum.StrEnum):
    """How commands run as root."""

    ADBD = "adbd"
    SU = "su"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Root:
    """Whether commands run as root now.

    :param reason: how it came, or all that stood in the way.
    :param su: what a script is appended to so that it runs as root; empty unless the state is ``su``.
    """

    state: RootState
    reason: str
    su: tuple[str, ...] = ()


def find_root(link: Link, policy: RootPolicy, deadline: Deadline) -> Root:
    """Find a way to be root on the board, and take it.

    ``adb root`` restarts adbd: other connections to the board break then.

    :raises RootRequired: the policy is ``require``, and there is none.
    :raises BoardError: the board does not answer.
    """
    uid, link.uid = link.uid or _uid(link, deadline), None
    if uid == "0":
        return Root(RootState.ADBD, "adbd runs as root")
    obstacles = [f"adbd runs as uid {uid}"]
    if policy is RootPolicy.NEVER:
        return Root(RootState.NONE, f"{obstacles[0]}, and root is not to be used")
    for attempt in (_adb_root, _su):
        root = attempt(link, deadline)
        if root.state is not RootState.NONE:
            return root
        obstacles.append(root.reason)
    reason = "; ".join(obstacles)
    if policy is RootPolicy.REQUIRE:
        hint = "use a userdebug build, or one with su; or go on without: --root auto"
        raise RootRequired("become root", reason, hint=hint, board=link.serial)
    return Root(RootState.NONE, reason)


def _adb_root(link: Link, deadline: Deadline) -> Root:
    try:
        said = _ask_adbd(link, deadline.within(ANSWER_SECONDS))
    except Refused as refused:
        text = str(refused)
        return Root(RootState.NONE, f"adb root: {'adbd refuses it' if text == 'closed' else visible(text)}")
    except TimedOut:
        return Root(RootState.NONE, f"adb root: no answer within {ANSWER_SECONDS:g} s")
    except Broken:
        said = "restarting"  # adbd ended before it could say so
    if "restarting" not in said:
        return Root(RootState.NONE, f"adb root: {visible(said) or 'no answer'}")
    action = "restart adbd as root"
    limit = deadline.within(RESTART_SECONDS)
    pause = threading.Event()
    try:
        while True:
            wait_until_it_answers(link, limit, action)
            if _uid(link, limit) == "0":
                return Root(RootState.ADBD, "adbd was restarted as root")
            pause.wait(min(PAUSE_SECONDS, limit.require(action, link.serial)))
    except DeadlineExceeded:
        if deadline.expired:
            raise
    return Root(RootState.NONE, f"adb root: adbd is not root {limit.budget:g} s after it said: {visible(said)}")


def _ask_adbd(link: Link, deadline: Deadline) -> str:
    stream = link.open("root:", "adb root", deadline)
    said = b""
    try:
        while len(said) < ANSWER_AT_MOST:
            said += receive(stream, ANSWER_AT_MOST - len(said), deadline)
    except Broken:
        if not said:
            raise
    finally:
        stream.close()
    return from_board(said).strip()


def _su(link: Link, deadline: Deadline) -> Root:
    obstacles = []
    for style in SU_STYLES:
        output = {Stdout: b"", Stderr: b""}
        try:
            for chunk in run_command(link, shlex.join([*style, UID_SCRIPT]), deadline.within(SU_SECONDS)):
                if not isinstance(chunk, Exit):
                    output[type(chunk)] = (output[type(chunk)] + chunk.data)[:ANSWER_AT_MOST]
        except DeadlineExceeded:
            if deadline.expired:
                raise
            return Root(RootState.NONE, f"su: no answer within {SU_SECONDS:g} s (it may ask on the board's screen)")
        if output[Stdout].strip() == b"0":
            return Root(RootState.SU, f"commands run through {shlex.join(style)}", style)
        said = visible(from_board(output[Stderr] or output[Stdout])).strip().splitlines()[-1:] or ["no root"]
        obstacles += [text for text in said if text not in obstacles]
    return Root(RootState.NONE, f"su: {'; '.join(obstacles)}")


def _uid(link: Link, deadline: Deadline) -> str:
    action = "see as whom adbd runs"
    with link.failing(action, deadline):
        code, output = link.ask_shell(UID_SCRIPT, deadline)
    uid = from_board(output).strip()
    if code != 0 or not uid.isdigit():
        raise BoardError(action, f"/proc/self/status says '{visible(uid)}'", board=link.serial)
    return uid

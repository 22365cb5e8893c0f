"""What adb says of a board that is not ready, and the one next step for each."""

from __future__ import annotations

from bringup.board.server import adb_command, with_adb
from bringup.errors import BoardError, BoardNotFound, BoardNotReady
from bringup.text import visible

__all__ = ["READY", "is_state", "next_step", "not_ready", "refusal"]

READY = "device"

# The states that `adb devices` prints (AOSP packages/modules/adb, transport.cpp, to_string(ConnectionState)).
# {adb …} becomes a call that works on this host.
_NEXT_STEPS = {
    "unauthorized": "confirm the RSA key on the board's screen, or name a key it knows in ADB_VENDOR_KEYS "
    "and run: {adb reconnect offline}",
    "authorizing": "wait a moment and repeat; if it stays so, confirm the RSA key on the board's screen",
    "offline": "wait a moment, then run: {adb reconnect offline}",
    "connecting": "wait a moment and repeat; if it stays so, run: {adb reconnect offline}",
    "recovery": "leave recovery: {adb reboot}",
    "rescue": "leave rescue mode: {adb reboot}",
    "sideload": "leave sideload: {adb reboot}",
    "bootloader": "let it boot: fastboot reboot",
    "no permissions": "let this user have the USB device by a udev rule (on Debian: "
    "apt install android-sdk-platform-tools-common), then plug it in again",
    "host": "it is another adb host, not a board: leave it out with -s",
}
_FALLBACK = "see what adb makes of it: {adb devices -l}"


def is_state(text: str) -> bool:
    """Whether it is adb's word for a state, and not ours for why a board could not be used."""
    return text == READY or any(text.startswith(name) for name in _NEXT_STEPS)


def next_step(state: str) -> str:
    """The one thing to do about a board in this state."""
    for name, step in _NEXT_STEPS.items():
        if state.startswith(name):
            return with_adb(step)
    return with_adb(_FALLBACK)


def not_ready(action: str, serial: str, state: str) -> BoardNotReady:
    """The error for a board that adb lists in another state than ``device``."""
    error = BoardNotReady(action, f"adb lists it as '{visible(state)}'", hint=next_step(state), board=serial)
    error.state = state
    return error


def refusal(action: str, serial: str, text: str) -> BoardError:
    """The error for the text of a ``FAIL``."""
    if "not found" in text or text.startswith("no devices"):
        hint = f"see what is connected: {adb_command('devices')}"
        return BoardNotFound(action, f"adb says: {visible(text)}", hint=hint, board=serial)
    first_line = text.partition("\n")[0]
    for state in ("unauthorized", "authorizing", "offline", "connecting", "no permissions"):
        if state in first_line or (state == "no permissions" and "insufficient permissions" in first_line):
            return BoardNotReady(action, f"adb says: {visible(first_line)}", hint=next_step(state), board=serial)
    return BoardError(action, f"refused: {visible(text)}", board=serial)

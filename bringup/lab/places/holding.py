"""Holding places of labgrid for as long as a block runs, however the block, or the process, ends."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

import msgspec

from bringup.errors import HostError, UsageError
from bringup.lab.places.messages import Busy, Held, KeeperMessage, Note, PlaceRequest, Released, Trouble
from bringup.text import shell_word, visible

__all__ = ["held_places", "place_in_use"]

_ACTION = "hold places of labgrid"
_MESSAGES = msgspec.json.Decoder(KeeperMessage)
#: Bytes of one message; a coordinator of thousands of places stays far below.
_MESSAGE = 4 << 20
#: How long the end is waited for: longer than the keeper tries to release.
_END_SECONDS = 90.0


@contextmanager
def held_places(request: PlaceRequest, say: Callable[[str], None]) -> Iterator[Held]:
    """The boards of places that are held until the block ends.

    :param say: takes what the person who watches should know.
    :raises HostError: labgrid is not installed, its coordinator does not answer, or the wait was too long.
    :raises UsageError: there is no such place.
    """
    if importlib.util.find_spec("labgrid") is None:
        raise HostError(_ACTION, "labgrid is not installed", hint="pip install 'bringup[lab]'")
    with tempfile.TemporaryFile() as log, _keeper(log) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        try:
            with suppress(BrokenPipeError):
                keeper.stdin.write(msgspec.json.encode(request) + b"\n")
                keeper.stdin.flush()
            yield _until_held(keeper.stdout, say, log)
        finally:
            _end(keeper, say)


@contextmanager
def _keeper(log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    # gRPC writes to stderr what is no concern of a user's
    environment = {"GRPC_VERBOSITY": "NONE", **os.environ}
    argv = [sys.executable, "-m", "bringup.lab.places.keeper"]
    keeper = subprocess.Popen(
        argv,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,  # Ctrl-C is not for it
    )
    try:
        yield keeper
    finally:
        for stream in (keeper.stdin, keeper.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()


def _until_held(answers: IO[bytes], say: Callable[[str], None], log: IO[bytes]) -> Held:
    while line := answers.readline(_MESSAGE):
        message = _MESSAGES.decode(line)
        if isinstance(message, Held):
            return message
        if isinstance(message, Trouble):
            kind = UsageError if message.is_usage else HostError
            raise kind(_ACTION, visible(message.seen), hint=visible(message.hint))
        if isinstance(message, Note):
            say(f"labgrid: {message.text}")
    log.seek(0)
    said = log.read()[-2000:].decode("utf-8", "replace").strip().splitlines()[-1:]
    raise HostError(_ACTION, f"the process that holds them ended: {visible(' '.join(said)) or 'without a word'}")


def _end(keeper: subprocess.Popen[bytes], say: Callable[[str], None]) -> None:
    """End the input, so that the places are released, and wait for that."""
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    with suppress(OSError):
        keeper.stdin.write(b"\n")  # a process that this one has started may have the pipe open, too
        keeper.stdin.close()
    released = False
    too_late = threading.Timer(_END_SECONDS, keeper.kill)
    too_late.daemon = True  # if somebody interrupts this, too
    too_late.start()
    for line in keeper.stdout:
        message = _MESSAGES.decode(line)
        if isinstance(message, Note):
            say(f"labgrid: {message.text}")
        if isinstance(message, Released):
            released = True
            for place, why in message.left.items():
                say(f"labgrid: {place} could not be released: {why}")
                say(f"  → labgrid-client -p {shell_word(place)} release")
    keeper.wait()
    too_late.cancel()
    if not released:
        say("labgrid: the process that held the places was killed, so they may still be held")
        say("  → labgrid-client who; labgrid-client -p PLACE release")


def place_in_use(busy: Busy) -> HostError:
    """The error for a place that somebody else holds: who, since when, and what can be done."""
    minutes = int(busy.since // 60)
    age = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    by = f"{visible(busy.owner)}, which is you, in another process or by hand" if busy.is_own else visible(busy.owner)
    release = f"labgrid-client -p {shell_word(busy.place)} release"
    hint = f"when nobody uses it any more: {release}" if busy.is_own else "wait for it: --reserve SECONDS"
    return HostError(f"use the place {visible(busy.place)}", f"it is held by {by}, for {age}", hint=hint)

"""A board that answers to the test allocator's plan whatever the test wants it to. The name says it: nothing here is real."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from bringup.allocator.abi import Abi
from bringup.allocator.manifest import binary, read_manifest
from bringup.board import LOCK_NAME, Board, Completed, Exit, Root, RootState, Stdout

__all__ = ["BYE", "HELLO", "LyingBoard", "encoded", "file", "lying_board", "ran"]

BOOT_ID = "0b9c7f0e-3c0e-4d0b-9d77-0123456789ab"
HELLO: dict[str, Any] = {
    "t": "hello", "protocol": 1, "source": read_manifest().source, "abi": "x86_64", "page_size": 4096, "pid": 7, "uid": 0,
    "label": None, "boot_id": BOOT_ID, "sysname": "Linux", "release": "6.12.1", "version": "#1", "machine": "x86_64",
    "budget": 1,
}  # fmt: skip
BYE: dict[str, Any] = {"t": "bye", "lines": 1, "complete": True, "boot_id": BOOT_ID}


def file(data: bytes = b"", path: str = "/a", **more: Any) -> dict[str, Any]:
    text = base64.b64encode(data).decode()
    return {
        "t": "file",
        "path": path,
        "state": "ok",
        "errno": 0,
        "size": len(data),
        "truncated": False,
        "data": text,
    } | more


def ran(stdout: bytes = b"", stderr: bytes = b"", argv: tuple[str, ...] = ("true",), **more: Any) -> dict[str, Any]:
    outputs = {name: base64.b64encode(data).decode() for name, data in (("stdout", stdout), ("stderr", stderr))}
    return {"t": "ran", "argv": argv, "state": "ok", "errno": 0, "truncated": False} | outputs | more


def encoded(*lines: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@dataclass(eq=False)
class LyingBoard:
    """:ivar answer: what the test allocator prints, or what is raised in its place."""

    answer: bytes | Exception = b""
    status: int = 0
    serial: str = "lying"
    known_boot_id: str | None = BOOT_ID
    round_trips: int = 1
    answered_in: float | None = None
    server: str = field(default_factory=lambda: str(uuid.uuid4()))  # no two are one board, in whatever process

    def become_root(self, *_: object) -> Root:
        return Root(RootState.ADBD, "")

    def shell(self, script: str, *_: object) -> Completed:
        """The one program is there; who wants the lock has it."""
        taken = "taken\n" if LOCK_NAME in script else ""
        answer = f"{taken}x86_64\n/data/local/tmp/{binary(Abi.X86_64).remote_name}\n"
        return Completed(0, answer.encode(), b"", truncated=False, seconds=0.0)

    def stream(self, *_: object, **__: object) -> Iterator[Stdout | Exit]:
        if isinstance(self.answer, Exception):
            raise self.answer
        yield Stdout(self.answer)
        yield Exit(self.status)

    def interrupt(self) -> None:
        """Nothing waits."""

    def release(self, *_: object) -> None:
        """There is no file."""


def lying_board(*lines: dict[str, Any] | Exception, serial: str = "lying", status: int = 0) -> Board:
    """A board whose test allocator says hello, these lines, and bye; or one that raises."""
    said = [line for line in lines if not isinstance(line, Exception)]
    raised = next((line for line in lines if isinstance(line, Exception)), None)
    answer = raised or encoded(HELLO, *said, BYE | {"lines": len(said) + 1})
    return cast("Board", LyingBoard(answer, status, serial))

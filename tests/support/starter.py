"""Starts ``bringup`` again and again, without loading the libraries that it uses each time.

A process that has loaded those (and nothing of bringup) forks for each command line; the child goes on as ``python -m
bringup`` does, with the arguments, environment, folder and files it was given. The first time that a command is run, it
imports bringup's own modules in the order that it would. From then on that command is forked from a process that has
imported just these, and has run nothing. It ends as Python ends.

``python -m tests.support.starter FD``: requests come over that socket, one at a time.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MOST_BYTES = 1 << 20
_LIBRARIES = (
    "jinja2.sandbox", "msgspec.json", "platformdirs", "pydantic", "pydantic.main", "pydantic.functional_validators", "rich.console",
    "rich.markup", "rich.progress", "rich.table", "rich.text", "ruamel.yaml", "typer", "typer.main",
    "asyncio", "concurrent.futures.thread", "csv", "difflib", "encodings.idna", "gzip", "hashlib", "html", "importlib.readers",
    "pkgutil", "resource", "shlex", "sqlite3", "statistics", "tarfile", "tempfile", "xml.etree.ElementTree", "zoneinfo",
    # what adbutils imports; itself it looks at the environment then
    "deprecation", "requests", "PIL.Image", "retry.api",
)  # fmt: skip


#: Commands whose second word says what is to be done.
_GROUPS = (["kconfig"], ["config"], ["heap"], ["virtual"])


@dataclass(frozen=True)
class _Wanted:
    """A command line to run, and the file that is told which modules it took (-1: none)."""

    arguments: list[str]
    environ: dict[str, str]
    cwd: str
    teaches: int


def request(
    server: socket.socket, arguments: tuple[str, ...], environ: dict[str, str], cwd: str, files: list[int]
) -> int:
    """Have a command run with these three files as its stdin, stdout and stderr; its exit status, negative for a signal."""
    message = json.dumps({"arguments": arguments, "environ": environ, "cwd": cwd}).encode()
    socket.send_fds(server, [message], files)
    answer = server.recv(64)
    assert answer, "the starter has ended"
    return os.waitstatus_to_exitcode(int(answer))


class _Servers:
    """Those that can be asked: for a command that has run before, one that has loaded what it loaded then."""

    def __init__(self) -> None:
        self._by_command: dict[tuple[str, ...], socket.socket] = {}

    def close(self) -> None:
        for server in self._by_command.values():
            server.close()

    def run(self, message: bytes, files: list[int]) -> int | _Wanted:
        """The status of the command, as waitpid says it. In the process that has to run it: what it has to run."""
        wanted = json.loads(message)
        command = tuple(wanted["arguments"][: 2 if wanted["arguments"][:1] in _GROUPS else 1])
        if command in self._by_command:
            socket.send_fds(self._by_command[command], [message], files)
            return int(self._by_command[command].recv(64))
        learns, teaches = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(learns)
            self.close()
            return _in_child(wanted, files, teaches)
        os.close(teaches)
        status = os.waitpid(child, 0)[1]
        os.set_blocking(learns, False)
        names: list[str] = []
        with contextlib.suppress(BlockingIOError):  # it may have left a child that could still write
            names = os.read(learns, _MOST_BYTES).decode().split()
        os.close(learns)
        return self._begin(command, names, files, status) if names else status

    def _begin(self, command: tuple[str, ...], names: list[str], files: list[int], status: int) -> int | _Wanted:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork():
            its.close()
            self._by_command[command] = ours
            return status
        ours.close()
        self.close()
        for file in files:
            os.close(file)
        for name in names:
            importlib.import_module(name)
        gc.freeze()
        return _serve(its, _run_in_child)


def _run_in_child(message: bytes, files: list[int]) -> int | _Wanted:
    child = os.fork()
    return os.waitpid(child, 0)[1] if child else _in_child(json.loads(message), files)


def _in_child(wanted: dict[str, Any], files: list[int], teaches: int = -1) -> _Wanted:
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    return _Wanted(**wanted, teaches=teaches)


def _serve(requests: socket.socket, run: Callable[[bytes, list[int]], int | _Wanted]) -> _Wanted:
    """Have each command run. Returns in the process that has to run one; the others end once nobody asks any more."""
    while True:
        message, files, _, _ = socket.recv_fds(requests, _MOST_BYTES, 3)
        if not message:
            sys.exit()
        outcome = run(message, files)
        if isinstance(outcome, _Wanted):
            requests.close()
            return outcome
        for file in files:
            os.close(file)
        requests.send(str(outcome).encode())


def _become(wanted: _Wanted) -> None:
    os.environ.clear()
    os.environ.update(wanted.environ)
    os.chdir(wanted.cwd)
    sys.path[0] = wanted.cwd
    sys.argv = ["bringup", *wanted.arguments]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    try:
        runpy.run_module("bringup", run_name="__main__", alter_sys=True)
    finally:
        if wanted.teaches >= 0:
            os.write(wanted.teaches, " ".join(_of_bringup()).encode())


def _of_bringup() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "bringup"]


def _run_a_command() -> None:
    """One of no program's: typer and pydantic import half of theirs when they are first used."""
    import typer
    from typer.main import get_command

    app = typer.Typer(add_completion=False)

    @app.command()
    def command(number: int = 0, path: Path | None = None, names: list[str] | None = None) -> None:
        """Do nothing."""

    get_command(app).main(["--number", "1", "--path", "x", "--names", "y"], standalone_mode=False)


def main() -> None:
    for name in _LIBRARIES:
        importlib.import_module(name)
    _run_a_command()
    assert not _of_bringup(), f"the starter has loaded {_of_bringup()}"
    gc.freeze()
    requests = socket.socket(fileno=int(sys.argv[1]))
    requests.set_inheritable(False)
    _become(_serve(requests, _Servers().run))


if __name__ == "__main__":
    main()

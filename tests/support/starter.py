"""Starts ``bringup`` again and again, without loading the libraries that it uses each time.

A process that has loaded those (and nothing of bringup) forks for each command line; the child goes on as ``python -m
bringup`` does, with the arguments, environment, folder and files it was given, and imports bringup's own modules in the
order that it would. It ends as Python ends. That takes a third of the CPU of a start from nothing.

``python -m tests.support.starter FD``: requests come over that socket, one at a time.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import socket
import sys
from typing import Any

_MOST_BYTES = 1 << 20
_LIBRARIES = (
    "jinja2.sandbox", "msgspec.json", "platformdirs", "pydantic", "pydantic.main", "pydantic.functional_validators", "rich.console",
    "rich.markup", "rich.progress", "rich.table", "rich.text", "ruamel.yaml", "typer", "typer.main",
    "concurrent.futures.thread", "csv", "difflib", "hashlib", "html", "tarfile", "tempfile", "zoneinfo",
)  # fmt: skip


def request(
    server: socket.socket, arguments: tuple[str, ...], environ: dict[str, str], cwd: str, files: list[int]
) -> int:
    """Have a command run with these three files as its stdin, stdout and stderr; its exit status, negative for a signal."""
    message = json.dumps({"arguments": arguments, "environ": environ, "cwd": cwd}).encode()
    socket.send_fds(server, [message], files)
    answer = server.recv(64)
    assert answer, "the starter has ended"
    return os.waitstatus_to_exitcode(int(answer))


def _serve(requests: socket.socket) -> dict[str, Any] | None:
    """Fork for each request. In a child: what it has to run; in the parent, once nobody asks any more: ``None``."""
    while True:
        message, files, _, _ = socket.recv_fds(requests, _MOST_BYTES, 3)
        if not message:
            return None
        child = os.fork()
        if child == 0:
            requests.close()
            for target, file in enumerate(files):
                os.dup2(file, target)
                os.close(file)
            return dict(json.loads(message))
        for file in files:
            os.close(file)
        requests.send(str(os.waitpid(child, 0)[1]).encode())


def _become(wanted: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(wanted["environ"])
    os.chdir(wanted["cwd"])
    sys.path[0] = wanted["cwd"]
    sys.argv = ["bringup", *wanted["arguments"]]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    runpy.run_module("bringup", run_name="__main__", alter_sys=True)


def main() -> None:
    for name in _LIBRARIES:
        importlib.import_module(name)
    loaded = [name for name in sys.modules if name.partition(".")[0] == "bringup"]
    assert not loaded, f"the starter has loaded {loaded}"
    gc.freeze()
    wanted = _serve(socket.socket(fileno=int(sys.argv[1])))
    if wanted is not None:
        _become(wanted)


if __name__ == "__main__":
    main()

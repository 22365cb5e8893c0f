"""The command line as a user starts it: a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from tests.support import starter

#: What Python itself looks at when it starts: with other values of these the process has to be started from nothing.
_OF_PYTHON = ("PYTHON", "LC_", "LANG")
_one_at_a_time = threading.Lock()


def bringup(
    *arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``bringup`` to its end."""
    if stdin or any(name.startswith(_OF_PYTHON) for name in environ or {}):
        return subprocess.run(
            [sys.executable, "-m", "bringup", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env=os.environ | dict(environ or {}),
            input=stdin,
        )
    with _one_at_a_time, open(os.devnull) as nothing, ThreadPoolExecutor(2) as pool:  # noqa: PTH123
        (out, into_out), (err, into_err) = os.pipe(), os.pipe()
        texts = [pool.submit(_text_of, pipe) for pipe in (out, err)]
        try:
            environment = dict(os.environ | dict(environ or {}))
            files = [nothing.fileno(), into_out, into_err]
            status = starter.request(_starter(), arguments, environment, str(cwd or Path.cwd()), files)
        finally:
            os.close(into_out)
            os.close(into_err)
        return subprocess.CompletedProcess(["bringup", *arguments], status, texts[0].result(), texts[1].result())


@cache
def _starter() -> socket.socket:
    """A starter of this process's own: it ends when this one does, for nobody asks it any more then."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        os.set_inheritable(its.fileno(), True)
        argv = [sys.executable, "-m", "tests.support.starter", str(its.fileno())]
        os.posix_spawn(sys.executable, argv, os.environ)
    return ours


def _text_of(pipe: int) -> str:
    with open(pipe, encoding="utf-8") as file:
        return file.read()

"""Searching files by ourselves: in this process, or in a process per processor."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import NamedTuple

from bringup.scan.finding.forms import Forms
from bringup.scan.finding.search import Searcher
from bringup.scan.finding.worker import search

__all__ = ["Answer", "InProcess", "OwnProcesses"]


class Answer(NamedTuple):
    """Of a sequence of files: which hold a form, and why some could not be read; both by position."""

    holders: list[int]
    errors: dict[int, str]


class InProcess:
    """Searches in this process."""

    def __init__(self, forms: Forms) -> None:
        self._searcher = Searcher(forms)

    def __call__(self, paths: Sequence[str]) -> Answer:
        """Search these files."""
        return Answer(*search(self._searcher, paths))


class OwnProcesses:
    """Searches with a process of our own for each thread that calls."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._processes: list[subprocess.Popen[bytes]] = []
        self._own = threading.local()

    def __call__(self, paths: Sequence[str]) -> Answer:
        """Search these files."""
        process = self._process()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(paths).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
        except (OSError, ValueError):  # it was killed: the work is done here
            return InProcess(self._forms)(paths)
        return Answer(answer[0], {int(position): reason for position, reason in answer[1].items()})

    def _process(self) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] | None = getattr(self._own, "process", None)
        if process is None:
            argv = [sys.executable, "-m", "bringup.scan.finding.worker"]
            process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._processes.append(process)
            self._own.process = process
            assert process.stdin is not None
            process.stdin.write(json.dumps(self._forms.others).encode() + b"\n")
        return process

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.kill()
            process.communicate()

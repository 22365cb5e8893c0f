"""A process with a virtual board's mark on its command line: as much of a board as ``virtual list`` and ``stop`` look at."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bringup.virtual.running.state import Folder, VirtualBoard, folder_of


@contextmanager
def marked_process(name: str) -> Iterator[Folder]:
    """Such a process, and its folder: below XDG_RUNTIME_DIR, which has to be the test's own."""
    folder = folder_of(name)
    folder.path.mkdir(parents=True)
    wait = "import signal; print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", wait, f"unix:{folder.qmp},server=on"], stdout=subprocess.PIPE) as own:
        assert own.stdout is not None
        own.stdout.readline()
        folder.pidfile.write_text(str(own.pid))
        folder.save(VirtualBoard(name, "amd64", "127.0.0.1:9", 9, own.pid, folder.qmp, folder.console, "x"))
        yield folder
        if own.poll() is None:
            own.kill()

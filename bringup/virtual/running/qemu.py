"""QEMU as a process: its command line, two ways to start it, one way to end it."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from threading import Event

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.text import from_board, visible
from bringup.virtual.profile import Profile
from bringup.virtual.running.qmp import Qmp
from bringup.virtual.running.state import Folder

__all__ = ["Guard", "find_qemu", "forwarded_port", "kill", "spawn_detached", "spawn_guarded"]

_POLL = 0.02
_ORPHAN = 30.0
# adb servers take ports 5555 to 5585 on the loopback for emulators and list such a board a second time.
_EMULATOR_PORTS = range(5554, 5588)
_FORWARD = re.compile(r"TCP\[HOST_FORWARD\]\s+\S+\s+127\.0\.0\.1\s+(\d+)\s+10\.0\.2\.15\s+5555")

# Ends QEMU when standard input closes, that is, when the process that holds the other end is gone, however it went.
# setpriv covers the case that this shell itself is killed. Exits with QEMU's status.
_GUARD = """
exec 3<&0
setpriv --pdeathsig KILL "$@" 3<&- &
qemu=$!
(read -r _ <&3; kill -KILL $qemu) >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait $qemu
status=$?
kill -KILL $watch 2>/dev/null
wait $watch 2>/dev/null
exit $status
"""


class Guard:
    """A QEMU that cannot outlive this process."""

    def __init__(self, folder: Folder, process: subprocess.Popen[bytes]) -> None:
        self._folder, self._process = folder, process

    def await_monitor(self, deadline: Deadline) -> None:
        """Return when QEMU answers QMP commands.

        :raises VirtualBoardError: it has ended instead.
        """
        action = f"start the virtual board {self._folder.name}"
        pause = Event()
        while True:
            code = self._process.poll()
            if code is not None:
                raise _refused(action, self._folder.log.read_bytes(), code)
            with suppress(VirtualBoardError):  # nobody listens on the socket yet
                if self._folder.qmp.exists():
                    Qmp(self._folder.qmp).status(deadline)
                    return
            pause.wait(min(_POLL, deadline.require(action)))

    def close(self, deadline: Deadline) -> None:
        """End QEMU, if it still runs, and what watches it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(deadline.remaining)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def find_qemu(profile: Profile) -> str:
    """The path of the emulator.

    :raises VirtualBoardError: it is not installed.
    """
    path = shutil.which(profile.qemu)
    if path is None:
        raise VirtualBoardError(
            f"start the virtual board {profile.name}",
            f"{profile.qemu} is not on PATH",
            hint=f"sudo apt-get install --no-install-recommends {profile.qemu_package}",
        )
    return path


def spawn_detached(folder: Folder, argv: Sequence[str], deadline: Deadline) -> None:
    """Start a QEMU that outlives this process.

    It goes to the background by itself once its devices stand; until then it can still say what is wrong.

    :raises VirtualBoardError: it refused.
    :raises DeadlineExceeded: its devices do not stand in time. It has ended then.
    """
    action = f"start the virtual board {folder.name}"
    lives, held = os.pipe()
    try:
        done = subprocess.run(
            [*argv, "-daemonize"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline.require(action),
            check=False,
            pass_fds=[held],
        )
    except subprocess.TimeoutExpired as error:
        # The killed process may have left a child that is still going to the background. The child ends when it finds
        # that its parent is gone; the other end of the pipe stays open until then.
        os.close(held)
        held = -1
        select.select([lives], [], [], _ORPHAN)
        raise DeadlineExceeded(action, f"QEMU has not come up within {deadline.budget:g} s") from error
    finally:
        os.close(lives)
        if held >= 0:
            os.close(held)
    if done.returncode != 0:
        raise _refused(action, done.stderr, done.returncode)


def spawn_guarded(folder: Folder, argv: Sequence[str]) -> Guard:
    """Start a QEMU that ends with this process, SIGKILL included."""
    with folder.log.open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", *argv],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return Guard(folder, process)


def _refused(action: str, said: bytes, code: int) -> VirtualBoardError:
    text = visible(from_board(said)).strip()
    taken = "Could not set up host forwarding rule" in text
    hint = "the port is in use: give another one, or none to have a free one chosen" if taken else ""
    return VirtualBoardError(action, text or f"QEMU ended with {code}", hint=hint)


def forwarded_port(folder: Folder, deadline: Deadline) -> int:
    """The port on 127.0.0.1 that leads to adbd.

    The host's kernel chose it when QEMU bound it, so that there is no moment at which another process could take it.

    :raises VirtualBoardError: QEMU forwards none.
    """
    qmp = Qmp(folder.qmp)
    for _ in range(len(_EMULATOR_PORTS) + 1):
        found = _FORWARD.search(qmp.monitor("info usernet", deadline))
        if found is None:
            break
        port = int(found[1])
        if port not in _EMULATOR_PORTS:
            return port
        qmp.monitor("hostfwd_add net0 tcp:127.0.0.1:0-:5555", deadline)
        qmp.monitor(f"hostfwd_remove net0 tcp:127.0.0.1:{port}", deadline)
    raise VirtualBoardError(f"start the virtual board {folder.name}", "QEMU forwards no port to it")


def kill(folder: Folder, deadline: Deadline) -> bool:
    """End the folder's QEMU, as a power cut does.

    :returns: False when none runs.
    """
    pid = folder.pid()
    if pid is None:
        return False
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if folder.pid() != pid:  # asked again now that the handle keeps the pid from being used anew
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        action = f"stop the virtual board {folder.name}"
        if not select.select([handle], [], [], deadline.require(action))[0]:
            raise DeadlineExceeded(action, f"QEMU (pid {pid}) was killed and has not ended")
    finally:
        os.close(handle)
    return True

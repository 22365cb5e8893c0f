"""Starting and stopping QEMU."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.text import from_board, visible
from bringup.virtual import cpio
from bringup.virtual.answer import adbd_banner
from bringup.virtual.image import Image, setup
from bringup.virtual.initramfs import property_file
from bringup.virtual.locks import locked
from bringup.virtual.profile import Profile
from bringup.virtual.progress import Progress, Silent
from bringup.virtual.qmp import Qmp, require_qmp
from bringup.virtual.state import Folder, VirtualBoard, folder_of, folders

__all__ = ["running", "start", "stop"]

_POLL = 0.05
_PROBE = 0.5
# adb servers take ports 5555 to 5585 on the loopback for emulators and list such a board a second time.
_EMULATOR_PORTS = range(5554, 5588)
_FORWARD = re.compile(r"TCP\[HOST_FORWARD\]\s+\S+\s+127\.0\.0\.1\s+(\d+)\s+10\.0\.2\.15\s+5555")
_READY = b"bringup: starting adbd"
_PANIC = b"Kernel panic - not syncing"

# Ends QEMU when standard input closes, that is, when the process that holds the other end is gone, however it went.
# setpriv covers the case that this shell itself is killed. Exits with QEMU's status.
_GUARD = """
exec 3<&0
setpriv --pdeathsig KILL "$@" 3<&- &
qemu=$!
(read -r _ <&3; kill -KILL $qemu) 2>/dev/null &
exec 3<&-
wait $qemu
"""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a board is started with."""

    profile: Profile
    append: str = ""
    memory: int | None = None
    port: int | None = None
    extra_files: Mapping[str, cpio.Entry | bytes] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """The same for the same board."""
        known = (
            self.profile,
            self.append,
            self.memory,
            sorted(self.extra_files.items()),
            sorted(self.properties.items()),
        )
        return hashlib.sha256(repr(known).encode()).hexdigest()[:16]


def start(
    profile: Profile,
    deadline: Deadline,
    *,
    name: str | None = None,
    append: str = "",
    memory: int | None = None,
    port: int | None = None,
    extra_files: Mapping[str, cpio.Entry | bytes] | None = None,
    properties: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> VirtualBoard:
    """Start a board and return when its adbd answers. It outlives this process, until :func:`stop`.

    Built first if need be. A board of that name which was started with the same options is returned as it is.

    :param name: the profile's, unless several are to run.
    :param append: added to the kernel command line.
    :param memory: MiB, instead of the profile's.
    :param port: on 127.0.0.1; by default one that is free.
    :param extra_files: by path; bytes become a file with mode 0644. They replace files of the image.
    :param properties: added to those of the profile.
    :raises VirtualBoardError: QEMU is missing, refused, or the kernel panicked; or the name is taken.
    :raises DeadlineExceeded: adbd did not answer in time.
    """
    wanted = _Wanted(profile, append, memory, port, extra_files or {}, properties or {})
    folder = folder_of(name or profile.name)
    action = f"start the virtual board {folder.name}"
    require_qmp()
    qemu = _qemu(profile)
    image = setup(profile, deadline, progress)
    with locked(folder.lock, deadline, action):
        known = folder.load()
        if known is not None:
            if known.options != wanted.digest():
                raise VirtualBoardError(
                    action,
                    "it runs already, started with other options",
                    hint=f"bringup virtual stop {folder.name}, or give the new one another name",
                )
            return known
        _end(folder, deadline)
        (progress or Silent()).step(f"boot {profile.name}")
        try:
            _spawn_detached(folder, [qemu, *_arguments(image, wanted, folder)], deadline)
            return _wait_until_up(folder, wanted, deadline)
        except BaseException:
            _end(folder, Deadline.after(5))
            raise


def _qemu(profile: Profile) -> str:
    path = shutil.which(profile.qemu)
    if path is None:
        raise VirtualBoardError(
            f"start the virtual board {profile.name}",
            f"{profile.qemu} is not on PATH",
            hint=f"sudo apt-get install --no-install-recommends {profile.qemu_package}",
        )
    return path


def _arguments(image: Image, wanted: _Wanted, folder: Folder) -> list[str]:
    profile = wanted.profile
    return [
        *("-name", folder.name, "-nodefaults", "-no-user-config", "-display", "none"),
        *profile.qemu_args,
        *("-m", str(wanted.memory or profile.memory), "-smp", str(profile.cpus)),
        *("-kernel", str(image.kernel), "-initrd", str(_initramfs(image, wanted, folder))),
        *("-append", f"{profile.cmdline} {wanted.append}".strip()),
        *("-netdev", f"user,id=net0,hostfwd=tcp:127.0.0.1:{wanted.port or 0}-:5555"),
        *("-serial", f"file:{folder.console}"),
        *("-qmp", f"unix:{folder.qmp},server=on,wait=off", "-pidfile", str(folder.pidfile)),
    ]


def _initramfs(image: Image, wanted: _Wanted, folder: Folder) -> Path:
    """The image's own, or a copy with another archive behind it: the kernel unpacks both, the later file wins."""
    files = dict(wanted.extra_files)
    if wanted.properties:
        files.setdefault("odm/etc/build.prop", property_file(dict(wanted.properties)))
    if not files:
        return image.initramfs
    entries = {path: cpio.file(entry) if isinstance(entry, bytes) else entry for path, entry in files.items()}
    path = folder.path / "initramfs"
    path.write_bytes(image.initramfs.read_bytes() + cpio.newc(cpio.with_parents(entries)))
    return path


def _spawn_detached(folder: Folder, argv: list[str], deadline: Deadline) -> None:
    """QEMU goes to the background by itself, once its devices stand; until then it can still say what is wrong."""
    action = f"start the virtual board {folder.name}"
    try:
        done = subprocess.run(
            [*argv, "-daemonize"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline.require(action),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeadlineExceeded(action, f"QEMU has not come up within {deadline.budget:g} s") from error
    if done.returncode != 0:
        raise _refused(action, done.stderr, done.returncode)


def _refused(action: str, said: bytes, code: int) -> VirtualBoardError:
    text = visible(from_board(said)).strip()
    taken = "Could not set up host forwarding rule" in text
    hint = "the port is in use: give another one, or none to have a free one chosen" if taken else ""
    return VirtualBoardError(action, text or f"QEMU ended with {code}", hint=hint)


def _wait_until_up(folder: Folder, wanted: _Wanted, deadline: Deadline) -> VirtualBoard:
    action = f"boot the virtual board {folder.name}"
    port = _port(folder, deadline)
    pause = Event()
    while True:
        console = _console(folder)
        if _PANIC in console:
            raise VirtualBoardError(action, f"the kernel panicked: {_tail(console)}")
        pid = folder.pid()
        if pid is None:
            raise VirtualBoardError(action, f"QEMU has ended: {_tail(console)}")
        if _READY in console and adbd_banner(port, deadline.within(_PROBE)) is not None:
            break
        if deadline.expired:
            raise DeadlineExceeded(
                action,
                f"adbd has not answered within {deadline.budget:g} s; the console's last lines: {_tail(console)}",
            )
        pause.wait(min(_POLL, deadline.remaining))
    serial = f"127.0.0.1:{port}"
    options = wanted.digest()
    board = VirtualBoard(folder.name, wanted.profile.name, serial, port, pid, folder.qmp, folder.console, options)
    folder.save(board)
    return board


def _port(folder: Folder, deadline: Deadline) -> int:
    """The port that the host's kernel chose when QEMU bound it: no window in which another could take it."""
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


def _console(folder: Folder) -> bytes:
    try:
        return folder.console.read_bytes()
    except FileNotFoundError:
        return b""


def _tail(console: bytes) -> str:
    lines = visible(from_board(console[-2000:])).strip().splitlines()
    return " | ".join(lines[-5:]) or "the console is empty"


def stop(name: str, deadline: Deadline) -> bool:
    """Cut a board's power and forget it.

    :returns: False when it did not run.
    """
    folder = folder_of(name)
    with locked(folder.lock, deadline, f"stop the virtual board {name}"):
        return _end(folder, deadline)


def _end(folder: Folder, deadline: Deadline) -> bool:
    pid = folder.pid()
    if pid is not None:
        _kill(folder, pid, deadline)
    folder.clear()
    folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return pid is not None


def _kill(folder: Folder, pid: int, deadline: Deadline) -> None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if folder.pid() != pid:  # now that the handle holds it, nobody else can get this pid
            return
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        action = f"stop the virtual board {folder.name}"
        if not select.select([handle], [], [], deadline.require(action))[0]:
            raise DeadlineExceeded(action, f"QEMU (pid {pid}) was killed and has not ended")
    finally:
        os.close(handle)


def running() -> list[VirtualBoard]:
    """Every board that runs and has answered, of any process of this user."""
    return [board for board in (folder.load() for folder in folders()) if board is not None]

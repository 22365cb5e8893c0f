"""Virtual boards that run: start, stop, list."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import TypedDict, Unpack

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.text import from_board, visible
from bringup.virtual.boot import cpio
from bringup.virtual.boot.devicetree import device_tree
from bringup.virtual.boot.initramfs import property_file
from bringup.virtual.image import Image, find_image, setup
from bringup.virtual.kernel.building import BuiltKernel, find_kernel
from bringup.virtual.locks import locked
from bringup.virtual.profile import Profile
from bringup.virtual.progress import Progress, Silent
from bringup.virtual.running.answer import adbd_banner
from bringup.virtual.running.qemu import find_qemu, forwarded_port, kill, spawn_detached, spawn_guarded
from bringup.virtual.running.qmp import require_qmp
from bringup.virtual.running.snapshot import await_resumed, resume_arguments
from bringup.virtual.running.state import Folder, VirtualBoard, folder_of, folders

__all__ = ["Options", "running", "running_board", "start", "stop"]

_POLL = 0.05
_PROBE = 0.5
_CLEANUP = 5.0
_READY = b"bringup: adbd started"
_PANIC = b"Kernel panic - not syncing"
# QEMU 7.2 on a busy host now and then lets an x86 guest come to this while it boots.
_EMULATORS = "Fatal exception in interrupt"
_numbers = itertools.count(1)


class Options(TypedDict, total=False):
    """What one board is started with, beyond its profile.

    :param append: added to the kernel command line.
    :param memory: MiB, instead of the profile's.
    :param port: on 127.0.0.1; by default one that is free.
    :param extra_files: by path without leading slash; bytes become a file with mode 0644. They replace files of
        the image.
    :param properties: added to those of the profile.
    :param kernel: a kernel image to boot instead of the profile's, e.g. one of ``build_kernel``. The modules on the
        board stay those of the profile's kernel.
    :param overlay: a device-tree overlay instead of the profile's: source, compiled, or a file with either; empty for
        QEMU's tree as it is. arm64 only.
    """

    append: str
    memory: int
    port: int
    extra_files: Mapping[str, cpio.Entry | bytes]
    properties: Mapping[str, str]
    kernel: Path
    overlay: bytes | Path


def start(
    profile: Profile,
    deadline: Deadline,
    *,
    name: str | None = None,
    progress: Progress | None = None,
    **options: Unpack[Options],
) -> VirtualBoard:
    """Start a board and return when its adbd answers. It outlives this process, until :func:`stop`.

    Put together first if need be, but its kernel is not compiled here, see :func:`setup`. A board of that name which
    was started with the same options is returned as it is.

    :param name: the profile's, unless several are to run.
    :param options: see :class:`Options`.
    :raises VirtualBoardError: QEMU is missing, refused, or the kernel panicked; or the name is taken.
    :raises DeadlineExceeded: adbd did not answer in time.
    """
    folder = folder_of(name or profile.name)
    action = f"start the virtual board {folder.name}"
    require_qmp()
    qemu = find_qemu(profile)
    image = _image(profile, deadline, progress)
    with locked(folder.lock, deadline, action):
        known = folder.load()
        if known is not None:
            if known.options != _digest(profile, options):
                seen = "it runs already, started with other options"
                hint = f"bringup virtual stop {folder.name}, or give the new one another name"
                raise VirtualBoardError(action, seen, hint=hint)
            return known

        def boot() -> VirtualBoard:
            _renew(folder, deadline)
            spawn_detached(folder, _command_line(qemu, image, options, folder, deadline), deadline)
            return _wait_until_up(folder, profile, options, deadline)

        try:
            return _booted(boot, profile, progress or Silent())
        except BaseException:
            _forget(folder)
            raise


@contextmanager
def running_board(
    profile: Profile,
    deadline: Deadline,
    *,
    progress: Progress | None = None,
    snapshot: Path | None = None,
    **options: Unpack[Options],
) -> Iterator[VirtualBoard]:
    """A board for as long as the block lasts. It ends with this process at the latest, however that ends.

    Arguments and errors as :func:`start`; the name is made up and unique.

    :param snapshot: a file of :func:`save_snapshot`, of a board with the same profile and options: the board continues
        there instead of booting. It has the saved board's kernel command line (so its serial number), clock and
        perhaps boot_id, until a reset boots it with its own.
    """
    require_qmp()
    qemu = find_qemu(profile)
    image = _image(profile, deadline, progress)
    _sweep()
    folder = folder_of(f"{profile.name}-{os.getpid()}-{next(_numbers)}")
    with ExitStack() as forgotten, ExitStack() as ended:
        forgotten.callback(_forget, folder)

        def boot() -> VirtualBoard:
            ended.close()
            _renew(folder, deadline)
            folder.own(os.getpid())
            resumed = resume_arguments(snapshot) if snapshot else ()
            guard = spawn_guarded(folder, [*_command_line(qemu, image, options, folder, deadline), *resumed])
            ended.callback(lambda: guard.close(Deadline.after(_CLEANUP)))
            if snapshot:
                await_resumed(folder, guard, deadline)
            else:
                guard.await_monitor(deadline)
            return _wait_until_up(folder, profile, options, deadline, os.getpid(), has_booted=snapshot is not None)

        yield _booted(boot, profile, progress or Silent())


def _booted(boot: Callable[[], VirtualBoard], profile: Profile, progress: Progress) -> VirtualBoard:
    """Boot, and once more where the emulator is to blame: a kernel's own panic comes again."""
    progress.step(f"boot {profile.name}")
    try:
        return boot()
    except VirtualBoardError as error:
        if _EMULATORS not in error.seen:
            raise
        progress.step(f"boot {profile.name} once more: {error.seen}")
        return boot()


def _image(profile: Profile, deadline: Deadline, progress: Progress | None) -> Image:
    """As :func:`setup`, but a kernel is compiled only by those who ask for that."""
    missing = find_image(profile) is None and isinstance(profile.kernel, BuiltKernel) and find_kernel(profile) is None
    if missing:
        hint = f"bringup virtual setup {profile.name} (about 10 minutes on 2 cores)"
        raise VirtualBoardError(f"start the virtual board {profile.name}", "its kernel has not been built", hint=hint)
    return setup(profile, deadline, progress)


def _digest(profile: Profile, options: Options) -> str:
    """The same for boards that are alike."""
    known: dict[str, object] = {}
    for key, value in options.items():
        content = value.read_bytes() if isinstance(value, Path) else value
        known[key] = sorted(content.items()) if isinstance(content, Mapping) else content
    return hashlib.sha256(repr((profile, sorted(known.items()))).encode()).hexdigest()[:16]


def _command_line(qemu: str, image: Image, options: Options, folder: Folder, deadline: Deadline) -> list[str]:
    profile = image.profile
    machine = [
        *(qemu, "-nodefaults", "-no-user-config", "-display", "none"),
        *profile.qemu_args,
        *("-m", str(options.get("memory") or profile.memory), "-smp", str(profile.cpus)),
    ]
    tree = _device_tree(profile, machine, options, folder, deadline)
    return [
        *(*machine, "-name", folder.name, *tree),
        *("-kernel", str(options.get("kernel") or image.kernel), "-initrd", str(_initramfs(image, options, folder))),
        *("-append", f"{profile.cmdline} bringup.serialno={folder.name} {options.get('append', '')}".strip()),
        *("-netdev", f"user,id=net0,hostfwd=tcp:127.0.0.1:{options.get('port', 0)}-:5555"),
        *("-serial", f"file:{folder.console}"),
        *("-qmp", f"unix:{folder.qmp},server=on,wait=off", "-pidfile", str(folder.pidfile)),
    ]


def _device_tree(
    profile: Profile, machine: list[str], options: Options, folder: Folder, deadline: Deadline
) -> list[str]:
    overlay = options.get("overlay", profile.overlay.encode())
    content = overlay.read_bytes() if isinstance(overlay, Path) else overlay
    if not content:
        return []
    if profile.arch != "arm64":
        raise VirtualBoardError("apply a device-tree overlay", f"{profile.name} starts without a device tree")
    return ["-dtb", str(device_tree(machine, content, folder.path, deadline))]


def _initramfs(image: Image, options: Options, folder: Folder) -> Path:
    """The image's own, or a copy with another archive behind it: the kernel unpacks both, the later file wins."""
    files = dict(options.get("extra_files", {}))
    if options.get("properties"):
        files.setdefault("odm/etc/build.prop", property_file(options["properties"]))
    if not files:
        return image.initramfs
    entries = {path: cpio.file(entry) if isinstance(entry, bytes) else entry for path, entry in files.items()}
    path = folder.path / "initramfs"
    path.write_bytes(image.initramfs.read_bytes() + cpio.newc(cpio.with_parents(entries)))
    return path


def _wait_until_up(
    folder: Folder,
    profile: Profile,
    options: Options,
    deadline: Deadline,
    owner: int | None = None,
    *,
    has_booted: bool = False,
) -> VirtualBoard:
    action = f"boot the virtual board {folder.name}"
    port = forwarded_port(folder, deadline)
    pause = Event()
    while True:
        console = _console(folder)
        pid = folder.pid()
        if _PANIC in console:
            words = console[console.index(_PANIC) :].split(b"\n", 1)[0]
            raise VirtualBoardError(action, visible(from_board(words)).strip())
        if pid is None:
            raise VirtualBoardError(action, f"QEMU has ended: {_tail(console)}")
        if (has_booted or _READY in console) and adbd_banner(port, deadline.within(_PROBE)) is not None:
            break
        if deadline.expired:
            seen = f"adbd has not answered within {deadline.budget:g} s; the console's last lines: {_tail(console)}"
            raise DeadlineExceeded(action, seen)
        pause.wait(min(_POLL, deadline.remaining))
    board = VirtualBoard(
        name=folder.name,
        profile=profile.name,
        serial=f"127.0.0.1:{port}",
        port=port,
        pid=pid,
        qmp=folder.qmp,
        console=folder.console,
        options=_digest(profile, options),
        owner=owner,
    )
    folder.save(board)
    return board


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
        ended = kill(folder, deadline)
        folder.clear()
    return ended


def running() -> list[VirtualBoard]:
    """Every board that runs and has answered, of any process of this user."""
    return [board for board in (folder.load() for folder in folders()) if board is not None]


def _renew(folder: Folder, deadline: Deadline) -> None:
    """An empty folder; a board that was left in it half started is ended."""
    kill(folder, deadline)
    folder.clear()
    folder.path.mkdir(parents=True, mode=0o700)


def _forget(folder: Folder) -> None:
    kill(folder, Deadline.after(_CLEANUP))
    folder.clear()


def _sweep() -> None:
    """Remove what processes left that were killed before they could. Ends nothing: their QEMU ends by itself."""
    for folder in folders():
        owner = folder.owner()
        if owner is not None and not Path(f"/proc/{owner}").exists() and folder.pid() is None:
            folder.clear()

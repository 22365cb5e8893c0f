"""What is known of boards that run: one folder each, readable by any later process.

A board's folder holds ``board.json`` (written when adbd has answered), QEMU's pid file, QMP socket and console log.
A pid alone proves nothing, pids are used again: the process must have QEMU's own mark on its command line.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from bringup.errors import UsageError, VirtualBoardError
from bringup.text import safe_name
from bringup.virtual.image import cache_folder

__all__ = ["Folder", "VirtualBoard", "folder_of", "folders"]

_MAX_SOCKET_PATH = 100  # sun_path holds 108 bytes


@dataclass(frozen=True, slots=True)
class VirtualBoard:
    """A virtual board that runs.

    :param serial: what ``adb connect`` takes and adb then calls it: ``127.0.0.1:PORT``.
    :param pid: QEMU's.
    :param qmp: QEMU's QMP socket, see :class:`bringup.virtual.Qmp`.
    :param console: log of the serial console.
    :param options: digest of what it was started with.
    :param owner: pid of the process that it ends with; None when it was started to stay.
    """

    name: str
    profile: str
    serial: str
    port: int
    pid: int
    qmp: Path
    console: Path
    options: str
    owner: int | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one board, whether it runs or not."""

    path: Path

    @property
    def name(self) -> str:
        """The board's name."""
        return self.path.name

    @property
    def lock(self) -> Path:
        """Held while the board is started or stopped. Not in the folder, so that the folder can be removed."""
        return self.path.parent / f".{self.name}.lock"

    @property
    def qmp(self) -> Path:
        """QEMU's QMP socket."""
        return self.path / "qmp.sock"

    @property
    def console(self) -> Path:
        """The serial console's log."""
        return self.path / "console.log"

    @property
    def pidfile(self) -> Path:
        """Written by QEMU."""
        return self.path / "qemu.pid"

    @property
    def log(self) -> Path:
        """What QEMU said."""
        return self.path / "qemu.log"

    def own(self, pid: int) -> None:
        """Note that the board ends with that process."""
        (self.path / "owner").write_text(str(pid))

    def owner(self) -> int | None:
        """The process that the board ends with, if it was started so."""
        try:
            return int((self.path / "owner").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def pid(self) -> int | None:
        """QEMU's pid, if this very QEMU still lives."""
        try:
            pid = int(self.pidfile.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return pid if os.fsencode(str(self.qmp)) in command else None

    def load(self) -> VirtualBoard | None:
        """The board, if it runs."""
        pid = self.pid()
        if pid is None:
            return None
        try:
            known = json.loads((self.path / "board.json").read_bytes())
            paths = {"qmp": Path(known["qmp"]), "console": Path(known["console"])}
            board = VirtualBoard(**{**known, **paths})
        except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
            return None
        return board if board.pid == pid else None

    def save(self, board: VirtualBoard) -> None:
        """Make the board known to other processes."""
        scratch = self.path / ".board.json"
        scratch.write_text(json.dumps(asdict(board), default=str))
        scratch.replace(self.path / "board.json")

    def clear(self) -> None:
        """Forget what an earlier board of this name left behind."""
        shutil.rmtree(self.path, ignore_errors=True)


def _runtime() -> Path:
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    root = Path(given) / "bringup" if given and os.access(given, os.W_OK) else cache_folder().parent / "run"
    if len(os.fsencode(str(root))) + 40 > _MAX_SOCKET_PATH:
        root = Path(tempfile.gettempdir()) / f"bringup-{os.getuid()}"
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = root.lstat().st_uid
    except OSError as error:
        raise VirtualBoardError("make a folder for running boards", f"{root}: {error.strerror}") from error
    if owner != os.getuid() or root.is_symlink():
        raise VirtualBoardError("use the folder for running boards", f"{root} belongs to another user")
    return root


def folder_of(name: str) -> Folder:
    """The folder for a board of that name.

    :raises UsageError: no name for a file.
    """
    if safe_name(name) != name or len(name) > 30:
        raise UsageError(
            "name a virtual board", f"{name!r} is not a usable name", hint="letters, digits, - and _; at most 30"
        )
    return Folder(_runtime() / name)


def folders() -> list[Folder]:
    """The folders of all boards, running or left behind."""
    return [Folder(path) for path in sorted(_runtime().iterdir()) if path.is_dir() and not path.name.startswith(".")]

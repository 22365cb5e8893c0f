"""A native board on which a run can be held: while the program is put there, before it answers, and amid its answer.

What holds it stands in for a slow board. The test allocator, and every byte of its answer, are the real ones.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from pathlib import Path

from bringup.allocator.abi import Abi
from bringup.allocator.manifest import binary
from bringup.deadline import Deadline
from tests.support.faults.case import Phase
from tests.support.faults.process import SECONDS, RunProcess
from tests.support.native_adbd import NativeBoard

__all__ = ["PhasedNative"]

_FOLDERS = ("data/local/tmp", "tmp", "dev")
_REAL = "data/local/tmp/the-real-one"
#: Waits for the test, a while at most.
_GATE = """
touch /tmp/reached
i=0
until [ -e /tmp/released ] || [ $i = 20000 ]; do i=$((i + 1)); sleep 0.02; done
"""
#: Where bringup looks for its program's hash: before the program is pushed.
_SHA256SUM = f'#!/system/bin/sh\n{_GATE}\nexec /system/bin/sha256sum "$@"\n'
_ANSWER = """#!/system/bin/sh
[ "$1" = --version ] && exit 0
/{real} >/tmp/answer
lines=$(wc -l </tmp/answer)
head -n {before} /tmp/answer
{gate}
{then}
tail -n +{after} /tmp/answer
"""


class PhasedNative:
    """See :class:`tests.support.faults.stage.PhasedBoard`.

    :ivar stuck: it is never let go on.
    :ivar then: what the program does after it was held: nothing, or what breaks it (a script).
    """

    restarts = 0

    def __init__(self, native: NativeBoard) -> None:
        self.native = native
        self.then = ""
        self.stuck = False
        self._own = binary(Abi.X86_64)

    @property
    def serial(self) -> str:
        return self.native.serial

    @property
    def files(self) -> Path:
        return self.native.files

    def script(self, place: str, text: str) -> None:
        path = self.files / place
        path.write_text(text)
        path.chmod(0o755)

    def hold(self, phase: Phase) -> None:
        named = f"data/local/tmp/{self._own.remote_name}"
        if phase is Phase.PUSH:
            self.script(named, "#!/system/bin/sh\nexit 1\n")
            self.script("vendor/bin/sha256sum", _SHA256SUM)
        elif phase in (Phase.OBSERVE, Phase.RECORD):
            (self.files / _REAL).write_bytes(self._own.path.read_bytes())
            (self.files / _REAL).chmod(0o755)
            half = "$((lines / 2))"
            before, after = ("0", "1") if phase is Phase.OBSERVE else (half, "$((lines / 2 + 1))")
            self.script(named, _ANSWER.format(real=_REAL, before=before, after=after, gate=_GATE, then=self.then))
            self.script("vendor/bin/sha256sum", f'#!/system/bin/sh\necho "{self._own.sha256}  $1"\n')

    def reached(self, phase: Phase, process: RunProcess) -> None:
        deadline, pause = Deadline.after(SECONDS), threading.Event()
        while not (self.files / "tmp/reached").exists():
            assert process.process.poll() is None, (process.events, process.end())
            assert not deadline.expired, phase
            pause.wait(0.01)
        if phase is Phase.RECORD:  # what was sent before is on its way
            process.wait_for(lambda event: event.get("step") == "facts and tests", "the observation begins")

    def release(self) -> None:
        if self.stuck or self.native._process is None:  # it is off
            return
        with contextlib.suppress(OSError):  # its folder is read-only, or full
            (self.files / "tmp/released").touch()

    def left(self) -> list[str]:
        """Waits a while for processes: they end after they were told to."""
        deadline, pause = Deadline.after(SECONDS), threading.Event()
        while running := [command for command in self.native.processes().values() if self._is_ours(command)]:
            if deadline.expired:
                return running
            pause.wait(0.05)
        whole = {self._own.remote_name}
        return [
            str(path)
            for folder in _FOLDERS
            for path in (self.files / folder).glob("bringup-*")
            if path.name not in whole
        ]

    @staticmethod
    def _is_ours(command: str) -> bool:
        return "bringup-" in command or _REAL in command

    def mount(self, folder: str, options: str) -> None:
        """A tmpfs in the board's own namespace."""
        native = self.native
        place = f"{native._folder}/root{folder}"
        enter = ["nsenter", f"--mount=/proc/{native._first_process()}/ns/mnt"]
        subprocess.run([*enter, "mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True, capture_output=True)

    def bind(self, source: str, place: str) -> None:
        """One of the board's files, mounted over another."""
        native = self.native
        root = f"{native._folder}/root"
        enter = ["nsenter", f"--mount=/proc/{native._first_process()}/ns/mnt"]
        subprocess.run([*enter, "mount", "--bind", root + source, root + place], check=True, capture_output=True)

"""Linux's own build, run on one source tree: configure, compile, and say what went wrong in its words.

Only for arm64. Debian calls the compiler ``aarch64-linux-gnu-gcc`` on arm64 hosts, too.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.text import from_board, visible
from bringup.virtual.kernel.kconfig import fragment, not_kept
from bringup.virtual.progress import Progress

__all__ = ["ARCH", "Kbuild", "compiler_version", "require_tools"]

ARCH = "arm64"
_PREFIX = "aarch64-linux-gnu-"
_TOOLS = ("make", "gcc", f"{_PREFIX}gcc", "flex", "bison", "bc", "perl", "xz", "tar", "setpriv")
_PACKAGES = "make gcc libc6-dev gcc-aarch64-linux-gnu flex bison bc perl xz-utils"
_TELL = 60.0
_GRACE = 20.0
_BLAMED = re.compile(r"error:|\*\*\*|fatal:|not found|undefined reference")


@cache
def compiler_version() -> str | None:
    """The cross compiler's version, as in ``gcc-12.2.0``; None when there is none."""
    path = shutil.which(f"{_PREFIX}gcc")
    if path is None:
        return None
    done = subprocess.run([path, "-dumpfullversion"], capture_output=True, check=False)
    return f"gcc-{from_board(done.stdout).strip()}" if done.returncode == 0 else None


def require_tools(action: str) -> None:
    """See that this host can build a kernel.

    :raises VirtualBoardError: tools are missing; they are named.
    """
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise VirtualBoardError(
            action,
            f"not on PATH: {', '.join(missing)}",
            hint=f"sudo apt-get install --no-install-recommends {_PACKAGES}",
        )


@dataclass(frozen=True, slots=True)
class Kbuild:
    """A source tree and the folder for what is compiled of it.

    ``objects`` is used again for every configuration: kbuild compiles only what an option changes. A build that was
    killed may leave half-written files that look finished; its mark is found by the next one, which starts anew.

    :param name: for messages, e.g. ``"Linux 6.12.107-1"``.
    """

    name: str
    tree: Path
    objects: Path
    deadline: Deadline
    progress: Progress

    @property
    def log(self) -> Path:
        """What the build said."""
        return self.objects / "build.log"

    def configure(self, options: Mapping[str, str]) -> None:
        """Make a configuration of these options, what they need, and nothing else.

        :raises VirtualBoardError: an option is not in the result: unknown there, or what it depends on is missing.
        """
        if (self.objects / "unfinished").exists():
            shutil.rmtree(self.objects)
        self.objects.mkdir(parents=True, exist_ok=True)
        wanted = self.objects / "wanted.config"
        wanted.write_text(fragment(options))
        self._make([f"KCONFIG_ALLCONFIG={wanted}", "allnoconfig"], f"configure {self.name}")
        lost = not_kept(options, (self.objects / ".config").read_text())
        if lost:
            seen = f"its configuration did not keep what was asked for: {', '.join(lost)}"
            hint = "the option is unknown to this kernel, or one that it depends on is missing"
            raise VirtualBoardError(f"configure {self.name}", seen, hint=hint)

    def build(self) -> None:
        """Compile kernel and modules.

        :raises VirtualBoardError: it does not compile.
        """
        self._make(["Image", "modules"], f"compile {self.name}")

    def modules(self) -> list[Path]:
        """The modules of this build; files that an earlier configuration left are not among them."""
        order = (self.objects / "modules.order").read_text().split()
        return [(self.objects / name).with_suffix(".ko") for name in order]

    def release(self) -> str:
        """What ``uname -r`` says."""
        return (self.objects / "include/config/kernel.release").read_text().strip()

    def _make(self, targets: Sequence[str], action: str) -> None:
        jobs = len(os.sched_getaffinity(0))
        # ends with this process; others on this machine go first
        argv = ["setpriv", "--pdeathsig", "TERM", "nice", "-n", "5", "make", f"-j{jobs}", "-C", str(self.tree)]
        argv += [f"O={self.objects}", f"ARCH={ARCH}", f"CROSS_COMPILE={_PREFIX}", *targets]
        self.progress.step(action)
        mark = self.objects / "unfinished"
        mark.touch()
        with (
            self.log.open("wb") as log,
            subprocess.Popen(argv, env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
        ):
            try:
                self._wait(process, action)
            except BaseException:
                process.send_signal(signal.SIGTERM)  # make takes away what is half written
                try:
                    process.wait(_GRACE)
                    mark.unlink()
                except subprocess.TimeoutExpired:
                    process.kill()
                raise
        mark.unlink()
        if process.returncode != 0:
            raise VirtualBoardError(action, _blame(self.log), hint=f"the whole output: {self.log}")

    def _wait(self, process: subprocess.Popen[bytes], action: str) -> None:
        while True:
            if self.deadline.expired:
                seen = f"it has not ended within {self.deadline.budget:g} s"
                raise DeadlineExceeded(action, seen, hint="try again: what was compiled is kept")
            try:
                process.wait(min(_TELL, self.deadline.remaining))
            except subprocess.TimeoutExpired:
                self.progress.step(f"{action}: {self.log.read_bytes().count(b'  CC ')} files so far")
            else:
                return


def _environment() -> dict[str, str]:
    """The host's, without what a calling make adds; nothing of the host's name or the time goes into the kernel."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "KBUILD_", "KCONFIG_"))}
    kept.pop("ARCH", None)
    reproducible = {
        "KBUILD_BUILD_TIMESTAMP": "1970-01-01",
        "KBUILD_BUILD_USER": "bringup",
        "KBUILD_BUILD_HOST": "bringup",
    }
    return {**kept, **reproducible, "LC_ALL": "C"}


def _blame(log: Path) -> str:
    lines = visible(from_board(log.read_bytes()[-200_000:])).splitlines()
    blamed = [line.strip() for line in lines if _BLAMED.search(line)]
    return " | ".join((blamed or lines[-4:])[:4]) or "make failed and said nothing"

"""Debian packages through apt, with a configuration of our own: no root, nothing of the host is changed.

Own lists, own cache, an empty status file, one source. apt verifies the archive's signature and every package's
checksum as it does for the host. What the host says about reaching the archive (proxy, retries, credentials) holds.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.text import from_board, pluralize, visible
from bringup.virtual.debian.sources import Archive
from bringup.virtual.progress import Progress

__all__ = ["Package", "PrivateApt"]

_URI = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})$")
_SIGNATURE = ("NO_PUBKEY", "not signed", "couldn't be verified", "EXPKEYSIG", "Missing key")
_POLL = 0.2


@dataclass(frozen=True, slots=True)
class Package:
    """A package as the archive offers it.

    :param file: its file name in the archive's pool.
    :param size: bytes.
    """

    file: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The package's name."""
        return self.file.split("_")[0]

    @property
    def version(self) -> str:
        """The package's version, without epoch."""
        return unquote(self.file.split("_")[1])


class PrivateApt:
    """apt with its state in ``folder``, for one suite of one archive and one architecture."""

    def __init__(self, folder: Path, archive: Archive, suite: str, arch: str) -> None:
        for tool in ("apt-get", "apt-cache", "apt-config", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise VirtualBoardError(
                    "fetch the board's packages", f"{tool} is not on PATH", hint="virtual boards are built on Debian"
                )
        self.folder = folder
        self.archives = folder / "archives"
        self._archive, self._suite, self._arch = archive, suite, arch
        self._config = folder / "apt.conf"

    def prepare(self, deadline: Deadline) -> None:
        """Write the configuration and fetch the suite's package lists.

        :raises VirtualBoardError: the archive cannot be reached or its signature does not verify.
        """
        for path in ("lists/partial", "cache/archives/partial", "sources.d", "empty.d", "archives"):
            (self.folder / path).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        signed_by = f"Signed-By: {self._archive.signed_by}\n" if self._archive.signed_by else ""
        (self.folder / "sources.d/bringup.sources").write_text(
            f"Types: deb\nURIs: {self._archive.uri}\nSuites: {self._suite}\nComponents: main\n{signed_by}"
        )
        self._config.write_text(self._settings(self._acquire_settings(deadline)))
        self._run(["apt-get", "-q", "update", "--error-on=any"], deadline, f"fetch the package lists of {self._suite}")

    def newest(self, pattern: str, deadline: Deadline) -> str:
        """The package name that matches the pattern and has the highest numbers in it.

        :param pattern: a regular expression for the whole name.
        :raises VirtualBoardError: the suite has none.
        """
        names = self._run(["apt-cache", "pkgnames"], deadline, "list package names").split()
        found = [name for name in names if re.fullmatch(pattern, name)]
        if not found:
            raise VirtualBoardError("choose a package", f"{self._suite} has no package that matches {pattern}")
        return max(found, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])

    def resolve(self, packages: Sequence[str], deadline: Deadline) -> list[Package]:
        """The packages and all that they depend on."""
        argv = ["apt-get", "-qq", "-y", "--print-uris", "--no-install-recommends", "install", *packages]
        return self._packages(argv, deadline)

    def alone(self, packages: Sequence[str], deadline: Deadline) -> list[Package]:
        """The packages without what they depend on."""
        return self._packages(["apt-get", "-qq", "--print-uris", "download", *packages], deadline)

    def _packages(self, argv: list[str], deadline: Deadline) -> list[Package]:
        lines = self._run(argv, deadline, f"resolve packages of {self._suite}").splitlines()
        matches = [match for match in map(_URI.match, lines) if match]
        if not matches:
            raise VirtualBoardError("resolve packages", f"apt named none for {' '.join(argv[4:])}")
        return [Package(match["file"], int(match["size"]), match["sha256"]) for match in matches]

    def download(self, packages: Sequence[Package], deadline: Deadline, progress: Progress) -> list[Path]:
        """Fetch what is not there yet; each file's checksum is compared again before it is used.

        :raises VirtualBoardError: apt failed, or a file is not what the archive announced.
        """
        paths = [self.archives / package.file for package in packages]
        missing = [p for p, path in zip(packages, paths, strict=True) if not _intact(path, p)]
        if missing:
            self._fetch(missing, deadline, progress)
        for package, path in zip(packages, paths, strict=True):
            if not _intact(path, package):
                raise VirtualBoardError("download packages", f"{path} is not the file that the archive announced")
        return paths

    def _fetch(self, missing: Sequence[Package], deadline: Deadline, progress: Progress) -> None:
        total = sum(package.size for package in missing)
        action = f"download {pluralize(len(missing), 'package')} ({total / 1e6:.1f} MB)"
        progress.step(action)
        for package in missing:
            (self.archives / package.file).unlink(missing_ok=True)
        log = self.folder / "download.log"
        argv = ["apt-get", "-q", "download", *(package.name for package in missing)]
        with (
            log.open("wb") as out,
            subprocess.Popen(
                argv, cwd=self.archives, env=self._environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out
            ) as process,
        ):
            while True:
                try:
                    code = process.wait(min(_POLL, deadline.require(action)))
                    break
                except subprocess.TimeoutExpired:
                    progress.bytes(sum(_size(self.archives / package.file) for package in missing), total)
                except BaseException:
                    process.kill()
                    raise
        if code != 0:
            raise _failed(action, log.read_bytes())
        progress.bytes(total, total)

    def _acquire_settings(self, deadline: Deadline) -> str:
        """The host's own ``Acquire`` settings: how it reaches its archive."""
        argv = ["apt-config", "dump", "Acquire"]
        dump = self._run(argv, deadline, "read the host's apt configuration", own=False)
        return "\n".join(line for line in dump.splitlines() if line.startswith("Acquire"))

    def _settings(self, acquire: str) -> str:
        here = str(self.folder)
        own = {
            "Dir::State": here,
            "Dir::State::Lists": f"{here}/lists",
            "Dir::State::Status": f"{here}/status",
            "Dir::Cache": f"{here}/cache",
            "Dir::Etc::Parts": f"{here}/empty.d",
            "Dir::Etc::Main": "/dev/null",
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": f"{here}/sources.d",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": f"{here}/empty.d",
            "APT::Architecture": self._arch,
            "APT::Sandbox::User": "",
            "APT::Get::AllowUnauthenticated": "false",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::AllowWeakRepositories": "false",
            "Acquire::AllowDowngradeToInsecureRepositories": "false",
            "Acquire::ForceHash": "sha256",
        }
        lines = [f'{name} "{value}";' for name, value in own.items()]
        lines += ["#clear APT::Architectures;", f'APT::Architectures:: "{self._arch}";']
        lines += ["#clear Acquire::Languages;", 'Acquire::Languages "none";']
        return "\n".join([acquire, *lines, ""])

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "APT_CONFIG": str(self._config), "LC_ALL": "C.UTF-8"}

    def _run(self, argv: list[str], deadline: Deadline, action: str, *, own: bool = True) -> str:
        environment = self._environment() if own else {**os.environ, "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                argv,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=deadline.require(action),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DeadlineExceeded(action, f"apt has not ended within {deadline.budget:g} s") from error
        if done.returncode != 0:
            raise _failed(action, done.stdout + done.stderr)
        return from_board(done.stdout)


def _failed(action: str, output: bytes) -> VirtualBoardError:
    text = visible(from_board(output))
    said = [line for line in text.splitlines() if line.startswith(("E:", "Err:"))] or text.splitlines()[-3:]
    if any(word in text for word in _SIGNATURE):
        hint = "this host does not know the key: sudo apt-get install --only-upgrade debian-archive-keyring"
    else:
        hint = "can this host reach the archive? sudo apt-get update shows it"
    return VirtualBoardError(action, "; ".join(said[:4]) or "apt failed and said nothing", hint=hint)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _intact(path: Path, package: Package) -> bool:
    if _size(path) != package.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == package.sha256

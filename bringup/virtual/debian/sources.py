"""Which Debian archive this host already uses: reading apt's source lists.

Formats: sources.list(5), both the deb822 style (``*.sources``) and the one-line style (``*.list``). Only the archive's
address and the key it is verified with are taken; the suite is the virtual board's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bringup.errors import VirtualBoardError

__all__ = ["MIRROR_VARIABLE", "Archive", "Source", "host_archive", "parse_deb822", "parse_one_line"]

MIRROR_VARIABLE = "BRINGUP_DEBIAN_MIRROR"
KEYRING_VARIABLE = "BRINGUP_DEBIAN_KEYRING"

_KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
_SUITES = {
    *("buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
    *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
}
_ONE_LINE = re.compile(r"^(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of a source list. ``signed_by`` is a path, a fingerprint or a whole key, as it was written."""

    types: tuple[str, ...]
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """A Debian archive: where it is and, if stated, what its signatures are checked against.

    :param signed_by: value of ``Signed-By``; empty means the keys in apt's own trusted.gpg.d.
    """

    uri: str
    signed_by: str = ""


def parse_deb822(text: str) -> list[Source]:
    """Read a ``*.sources`` file. Stanzas with ``Enabled: no`` are left out."""
    found = []
    for stanza in _stanzas(text):
        if stanza.get("enabled", "yes").strip().lower() in ("no", "false", "0", "off", "without", "disable"):
            continue
        types, uris, suites, components = (
            tuple(stanza.get(key, "").split()) for key in ("types", "uris", "suites", "components")
        )
        found.append(Source(types, uris, suites, components, stanza.get("signed-by", "").strip()))
    return found


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    key = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, key = {}, ""
        elif line[0] in " \t":
            if key:
                fields[key] += "\n" + line
        elif ":" in line:
            name, _, value = line.partition(":")
            key = name.strip().lower()
            fields[key] = value.strip()


def parse_one_line(text: str) -> list[Source]:
    """Read a ``*.list`` file."""
    found = []
    for line in text.splitlines():
        match = _ONE_LINE.match(line.split("#", 1)[0].strip())
        if match is None:
            continue
        kind, options, uri, suite, components = match.groups()
        pairs = dict(option.partition("=")[::2] for option in (options or "").split())
        signed_by = {name.lower(): value for name, value in pairs.items()}.get("signed-by", "")
        found.append(Source((kind,), (uri,), (suite,), tuple(components.split()), signed_by))
    return found


def host_archive(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> Archive:
    """The Debian archive that this host takes its own packages from, or the one that the environment names.

    :param root: where ``etc/apt`` and ``etc/os-release`` lie.
    :raises VirtualBoardError: no Debian, or no usable entry.
    """
    environ = os.environ if environ is None else environ
    given = environ.get(MIRROR_VARIABLE, "").strip()
    if given:
        return Archive(given, _keyring(environ))
    best = max(_candidates(root / "etc/apt"), key=_likeness, default=None) if _is_debian(root) else None
    if best is None:
        raise VirtualBoardError(
            "find a Debian archive for the board's packages",
            "this host's apt sources name none",
            hint=f"set {MIRROR_VARIABLE} to the address of a Debian archive (the part before /dists/) "
            "and install debian-archive-keyring",
        )
    return best if best.signed_by else Archive(best.uri, environ.get(KEYRING_VARIABLE, ""))


def _keyring(environ: Mapping[str, str]) -> str:
    given = environ.get(KEYRING_VARIABLE, "").strip()
    found = given or next((str(path) for path in _KEYRINGS if path.exists()), "")
    if not found:
        raise VirtualBoardError(
            "find the key that Debian's archive is signed with",
            "there is no debian-archive-keyring on this host",
            hint=f"sudo apt-get install debian-archive-keyring, or set {KEYRING_VARIABLE} to a keyring file",
        )
    return found


def _is_debian(root: Path) -> bool:
    try:
        lines = (root / "etc/os-release").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.strip() in ("ID=debian", 'ID="debian"') for line in lines)


def _candidates(etc_apt: Path) -> list[Archive]:
    files = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*"))]
    found: list[Archive] = []
    for path in files:
        parse = {".list": parse_one_line, ".sources": parse_deb822}.get(path.suffix)
        if parse is None or not path.is_file():
            continue
        for source in parse(path.read_text(encoding="utf-8", errors="replace")):
            if "deb" in source.types and "main" in source.components and _SUITES.intersection(source.suites):
                found.extend(Archive(uri, source.signed_by) for uri in source.uris if not uri.startswith("cdrom:"))
    return found


def _likeness(archive: Archive) -> tuple[bool, bool]:
    """Third parties use Debian's suite names, too; Debian's key and the usual path distinguish Debian."""
    path = urlsplit(archive.uri).path.rstrip("/")
    return "debian-archive" in archive.signed_by, path.endswith("/debian")

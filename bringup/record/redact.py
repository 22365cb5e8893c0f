"""A record or a report without what identifies a unit, its network and the people who built its software.

Each identifier becomes ``redacted-`` and eight hexadecimal digits, the same ones wherever it stands: what was redacted
with one key can still be compared. The digits depend on a key that stays on this host, because serial numbers and
addresses are few enough to be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from bringup.errors import HostError, UsageError, os_reason
from bringup.files import PRIVATE, open_input, write_file
from bringup.record.journal import JOURNAL
from bringup.record.load import Record, load_record
from bringup.results.run import Run
from bringup.text import from_board

__all__ = ["Redactor", "read_key", "redact_document", "redact_record"]

_Document = TypeVar("_Document", bound=msgspec.Struct)
_HEX: Final = "[0-9A-Fa-f]"
#: boot_id and other UUIDs; MAC, IPv4 and whole IPv6 addresses; IMEI; USER@HOST of a kernel's banner.
_PATTERN: Final = re.compile(
    rf"(?<!{_HEX}){_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}(?!{_HEX})"
    rf"|(?<![0-9A-Fa-f:-]){_HEX}{{2}}(?:[:-]{_HEX}{{2}}){{5}}(?![0-9A-Fa-f:-])"
    rf"|(?<![0-9A-Fa-f:]){_HEX}{{1,4}}(?::{_HEX}{{1,4}}){{7}}(?![0-9A-Fa-f:])"
    rf"|(?<![0-9A-Fa-f:])[Ff][Ee]80::{_HEX}{{1,4}}(?::{_HEX}{{1,4}}){{0,3}}"
    r"|(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])"
    r"|(?<![0-9A-Za-z])[0-9]{15}(?![0-9A-Za-z])"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){0,8}(?![\w@])",
    re.ASCII,
)
#: Words in the name of a property, a parameter or a line of /proc/cpuinfo whose value identifies a unit or a person.
_NAMES: Final = (
    "serial",
    "imei",
    "meid",
    "iccid",
    "imsi",
    "mac",
    "ethaddr",
    "btaddr",
    "bdaddr",
    "hostname",
    "wifi.addr",
)
_EXACT_NAMES: Final = ("ro.build.host", "ro.build.user", "ro.boot.cid", "ro.boot.uid")
#: Shorter values, and values that any board may have, would be found in other words.
_LEAST, _COMMON = 4, frozenset(("unknown", "none", "null", "true", "false", "root", "build", "default", "system"))
#: Of a journal's line: names of files in the record, hashes, and trace buffers, whose letters are no text.
_KEPT: Final = ("t", "schema", "stored", "sha256", "made", "closed")


class Redactor:
    """Replaces identifiers: those that have a form of their own, and those that were added.

    :param key: what the replacements depend on.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._tokens: dict[str, str] = {}
        self._any: re.Pattern[str] | None = None

    def add(self, *values: str) -> None:
        """These texts identify the unit, wherever they stand."""
        for value in values:
            if len(value) >= _LEAST and value.lower() not in _COMMON:
                self._tokens[value] = self._token(value)
        longest_first = sorted(self._tokens, key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, longest_first))) if self._tokens else None

    def text(self, text: str) -> str:
        """The text without them."""
        if self._any is not None:
            text = self._any.sub(lambda match: self._tokens[match[0]], text)
        return _PATTERN.sub(lambda match: self._token(match[0]), text)

    def value(self, value: Any) -> Any:
        """The same for every text in lists and objects, whose names stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: item if name in _KEPT else self.value(item) for name, item in value.items()}
        return [self.value(item) for item in value] if isinstance(value, list | tuple) else value

    def _token(self, value: str) -> str:
        return f"redacted-{hmac.new(self._key, value.encode('utf-8', 'replace'), hashlib.sha256).hexdigest()[:8]}"


def read_key(folder: Path) -> bytes:
    """The key of this host, kept in a file for its owner alone; made when it is first needed.

    :raises HostError: it can neither be read nor made, or is empty.
    """
    file = folder / "redact.key"
    action, hint = f"read the key of this host, {file}", "XDG_CONFIG_HOME names another folder of configurations"
    try:
        if not file.exists():
            write_file(file, os.urandom(32).hex(), action=action, hint=hint, mode=PRIVATE)
        with open_input(file) as opened:
            key = opened.read(1024)
    except UsageError as error:  # nobody named this file: this host has something in its way
        raise HostError(action, error.seen, hint=hint) from error
    except OSError as error:
        raise HostError(action, os_reason(error), hint=hint) from error
    if not key:
        raise HostError(action, "it is empty", hint="remove it: another one is made")
    return key


def redact_record(folder: Path, key: bytes) -> None:
    """Redact a record's folder in place.

    :raises RecordError: it cannot be read.
    :raises HostError: it cannot be written.
    """
    redactor = Redactor(key)
    redactor.add(*_identifiers(load_record(folder)))
    stored = {}
    try:
        for path in sorted(path for path in (folder / "files").rglob("*") if path.is_file() and not path.is_symlink()):
            data = redactor.text(path.read_bytes().decode("latin-1")).encode("latin-1")
            path.write_bytes(data)
            stored[path.relative_to(folder).as_posix()] = {
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        with open_input(folder / JOURNAL) as journal:
            lines = [_line(msgspec.json.decode(raw), redactor, stored) for raw in journal if raw.endswith(b"\n")]
        write_file(folder / JOURNAL, "".join(lines), mode=PRIVATE)
    except OSError as error:
        raise HostError(f"redact the record {folder}", os_reason(error)) from error


def _line(line: dict[str, Any], redactor: Redactor, stored: dict[str, dict[str, Any]]) -> str:
    changed = redactor.value(line)
    for place in (changed, changed.get("stdout"), changed.get("stderr")):
        if isinstance(place, dict) and place.get("stored") in stored:
            place.update(stored[place["stored"]])
    return msgspec.json.encode(changed).decode() + "\n"


def _identifiers(record: Record) -> Iterator[str]:
    """What the record says that identifies its unit: the serial, and values whose names say so."""
    yield record.board.serial
    yield record.board.place
    yield record.board.serial.rpartition(":")[0]
    ran = record.ran("/system/bin/getprop")
    for line in from_board(ran.stdout.data()).split("\n") if ran is not None else ():
        name, found, value = line.removeprefix("[").partition("]: [")
        if found and _identifies(name):
            yield value.removesuffix("]")
    for path in ("/proc/cmdline", "/proc/bootconfig", "/proc/cpuinfo"):
        entry = record.file(path)
        text = from_board(entry.data()) if entry is not None else ""
        for word in text.split("\n") if path != "/proc/cmdline" else text.split():
            name, found, value = word.partition("=") if "=" in word else word.partition(":")
            if found and _identifies(name):
                yield value.strip().strip('"')


def _identifies(name: str) -> bool:
    name = name.strip().lower()
    return name in _EXACT_NAMES or any(word in name for word in _NAMES)


def redact_document(document: _Document, key: bytes) -> _Document:
    """A run or a comparison without identifiers."""
    redactor = Redactor(key)
    data = msgspec.to_builtins(document)
    if isinstance(document, Run):
        redactor.add(*(part for board in document.boards for part in (board.serial, board.serial.rpartition(":")[0])))
        redactor.add(*(board.place for board in document.boards if board.place is not None))
        # Names of places, their tags, the coordinator's address; not a profile of ours, nor a number of seconds.
        options = zip(document.chosen_by[::2], document.chosen_by[1::2], strict=False)
        named = [value for option, value in options if option not in ("--virtual", "--reserve")]
        redactor.add(*(part for value in named for part in (value, value.rpartition(":")[0])))
    else:
        redactor.add(*(str(serial) for name in ("compared", "only_before", "only_after") for serial in data[name]))
    redacted = redactor.value(data)
    if "still_unknown" in redacted:  # of a comparison: by serial
        redacted["still_unknown"] = {redactor.text(name): count for name, count in redacted["still_unknown"].items()}
    return msgspec.convert(redacted, type(document))

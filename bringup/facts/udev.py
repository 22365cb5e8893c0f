"""udev's rules for heaps, on a Linux that is not Android: which mode, owner and group they give a node.

Source: udev(7) of systemd 257; where a rule gives a group and no mode, the mode is 0660 (src/udev/udev-event.c:
update_devnode). The tag uaccess gives users who are logged in at the board an entry in the node's access control list
(src/udev/udev-builtin-uaccess.c). 73-seat-late.rules does so (src/login/73-seat-late.rules.in): in a file behind that
the tag comes too late. A program may give such entries, too (qualcomm/fastrpc#366).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from weakref import WeakKeyDictionary

from bringup.allocator.answer import State
from bringup.facts.board import Facts, UeventdRule
from bringup.record.load import FileEntry

__all__ = ["UdevRule", "udev_node", "udev_rules", "unread_rules"]

#: The first folder wins where two have a file of the same name.
_FOLDERS = ("/etc/udev/rules.d/", "/lib/udev/rules.d/")
_TOKEN = re.compile(r'([A-Z]+)(?:\{[^}"]*\})?\s*(==|!=|\+=|-=|:=|=)\s*[ei]*"([^"\\]*)"')
_LONGEST_RULE = 2048
_USES_TAGS = "73-seat-late.rules"
_BY_TAG = "opens the node to users who are logged in at the board (uaccess)"
#: Conditions that always hold for a heap's node; with any other, it is not known whether a rule applies.
_CERTAIN = ("SUBSYSTEM", "KERNEL", "ACTION")


@dataclass(frozen=True, slots=True)
class UdevRule:
    """A rule for nodes of the subsystem dma_heap.

    :param names: shell patterns for the node's name; empty for every node.
    :param given: what it sets: OWNER, GROUP, MODE.
    :param is_certain: it has no further condition.
    :param access: what it gives by the node's access control list, as a part of a sentence; empty: nothing.
    :param too_late: what stands in it and has no effect there, in the same way.
    """

    names: tuple[str, ...]
    given: dict[str, str]
    is_certain: bool
    place: str
    access: str = ""
    too_late: str = ""

    def covers(self, name: str) -> bool:
        """Whether it is about this heap's node."""
        return not self.names or any(fnmatchcase(name, pattern) for pattern in self.names)


#: What each heap is asked about is parsed once per board.
_KNOWN: MutableMapping[Facts, tuple[UdevRule, ...]] = WeakKeyDictionary()


def udev_rules(facts: Facts) -> tuple[UdevRule, ...]:
    """The rules for heaps, in the order in which udev applies them: files by name, whatever their folder."""
    if facts not in _KNOWN:
        _KNOWN[facts] = tuple(rule for entry in _files(facts) if entry.state is State.OK for rule in _rules(entry))
    return _KNOWN[facts]


def unread_rules(facts: Facts) -> tuple[str, ...]:
    """Files of rules that could not be read, or not to their end."""
    return tuple(entry.path for entry in _files(facts) if entry.state is not State.OK or entry.truncated)


def udev_node(facts: Facts, name: str) -> UeventdRule | None:
    """What the rules together give a node; ``None`` where no rule without further conditions is about it."""
    rules = [rule for rule in udev_rules(facts) if rule.is_certain and rule.given and rule.covers(name)]
    given: dict[str, str] = {}
    for rule in rules:
        given |= rule.given
    mode = given.get("MODE") or ("0660" if given.get("GROUP", "root") != "root" else "0600")
    if not given or not re.fullmatch("0?[0-7]{3}", mode):
        return None
    owner, group = given.get("OWNER", "root"), given.get("GROUP", "root")
    return UeventdRule(f"/dev/dma_heap/{name}", int(mode, 8), owner, group, rules[-1].place)


def _files(facts: Facts) -> list[FileEntry]:
    by_name: dict[str, FileEntry] = {}
    for folder in _FOLDERS:
        for entry in facts.record.files(folder, ".rules"):
            by_name.setdefault(entry.path.rpartition("/")[2], entry)
    return [by_name[name] for name in sorted(by_name)]


def _rules(entry: FileEntry) -> Iterator[UdevRule]:
    number, lines = 0, entry.text().splitlines()
    while number < len(lines):
        first, text = number, lines[number]
        while text.endswith("\\") and number + 1 < len(lines):
            number += 1
            text = text[:-1] + lines[number]
        number += 1
        if "dma_heap" in text and len(text) <= _LONGEST_RULE and not text.lstrip().startswith("#"):
            rule = _rule(text, f"{entry.path}:{first + 1}")
            if rule is not None:
                yield rule


def _rule(text: str, place: str) -> UdevRule | None:
    """The rule, if its subsystem is that of heaps and it sets something."""
    tokens = [(match[1], match[2], match[3]) for match in _TOKEN.finditer(text)]
    subsystem = [value for key, operator, value in tokens if (key, operator) == ("SUBSYSTEM", "==")]
    if not any("dma_heap" in value.split("|") for value in subsystem):
        return None
    names = tuple(
        name for key, operator, value in tokens if (key, operator) == ("KERNEL", "==") for name in value.split("|")
    )
    given = {
        key: value for key, operator, value in tokens if key in ("OWNER", "GROUP", "MODE") and operator in ("=", ":=")
    }
    conditions = [(key, operator) for key, operator, _ in tokens if operator in ("==", "!=")]
    certain = all(key in _CERTAIN and (operator == "==" or key == "ACTION") for key, operator in conditions)
    access = next(filter(None, (_access(*token) for token in tokens)), "")
    if access == _BY_TAG and place.rpartition("/")[2] > _USES_TAGS:
        too_late = f"has the tag uaccess, which {_USES_TAGS} has used by then"
        return UdevRule(names, given, certain, place, too_late=too_late)
    return UdevRule(names, given, certain, place, access) if given or access else None


def _access(key: str, operator: str, value: str) -> str:
    if (key, operator, value) == ("TAG", "+=", "uaccess"):
        return _BY_TAG
    is_run = key in ("RUN", "PROGRAM") and operator != "!="
    return "opens the node by an access control list (setfacl)" if is_run and "setfacl" in value else ""

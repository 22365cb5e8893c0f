"""SELinux in the kernel's log: accesses to heaps that were denied, and whether lines are missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bringup.facts.board import Facts
from bringup.facts.expected_node import expected_label

__all__ = ["NOT_LABELLED", "Denial", "denials", "lost_lines"]

#: A name that is not plain text comes as hexadecimal digits without quotes (kernel/audit.c: audit_log_untrustedstring).
_FIELD = re.compile(r'\b(?P<key>comm|name|path|dev|permissive)=(?:"(?P<text>[^"]{0,512})"|(?P<bare>\S{1,4096}))')
_NAMES = ("comm", "name", "path")
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
#: Lines that the test allocator causes when it is not root; the kernel logs 15 characters of a process's name.
_OWN = "bringup"
_UDMABUF = "udmabuf"
_ABOUT_HEAPS = ("dma_heap", "dmabuf", "/dev/ion", "ion_device")
#: kernel/audit.c: printk_ratelimit() where no daemon listens; else audit_log_lost() (Android's logd.rc: auditctl -r 5).
_LOST = re.compile(r"kauditd_printk_skb: \d+ callbacks suppressed|audit: audit_lost=|audit: \w+ limit exceeded")
#: The type of a node that no file_contexts names: ``device`` from the file system, ``unlabeled`` from a lost policy.
NOT_LABELLED = ("device", "unlabeled")


@dataclass(frozen=True, slots=True)
class Denial:
    """One avc line about a heap.

    :param domain: the SELinux type that was refused; ``type``: the SELinux type of what it tried to access.
    :param name: the file's name, where the line has it.
    :param let_pass: the access was allowed because SELinux, or the domain, is permissive.
    :param on_android: whether the board runs Android.
    """

    line: str
    domain: str
    type: str
    cls: str
    rights: tuple[str, ...]
    name: str | None
    let_pass: bool = False
    on_android: bool = True

    @property
    def only_looks(self) -> bool:
        """Whether nobody asked for a heap: a program that walks through /dev, or asks for a node's mode.

        On Android a program searches the folder in order to open a heap, so that counts.
        """
        if self.cls == "dir":
            return "search" not in self.rights or not self.on_android
        return self.cls in ("chr_file", "lnk_file") and set(self.rights) <= {"getattr"}

    @property
    def is_harmless(self) -> bool:
        """Whether it asked only for the size of the DMA-BUF file system: no program depends on the answer."""
        return self.cls == "filesystem" and self.rights == ("getattr",)


def denials(facts: Facts) -> tuple[Denial, ...]:
    """The avc lines about heaps in the kernel's log, except those that the test allocator caused."""
    return tuple(_denials(facts))


def lost_lines(facts: Facts) -> tuple[str, ...]:
    """Lines that report lost lines; a lost line may be an avc line about a heap."""
    return tuple(line for line in facts.dmesg or () if _LOST.search(line))


def _denials(facts: Facts) -> Iterator[Denial]:
    for line in facts.dmesg or ():
        avc = _parse(line)
        if avc is None:
            continue
        fields = dict(_fields(avc.others))
        name = fields.get("name") or fields.get("path", "").rpartition("/")[2] or None
        if fields.get("comm", "").startswith(_OWN) or not _is_about_a_heap(facts, avc, fields, name):
            continue
        passed = fields["permissive"] == "1" if "permissive" in fields else facts.selinux_mode == "permissive"
        domain, type_ = (context.split(":")[2] for context in (avc.source, avc.target))
        yield Denial(line, domain, type_, avc.cls, avc.rights, name, passed, facts.is_android)


@dataclass(frozen=True, slots=True)
class _Avc:
    """The parts of an avc line. ``others``: the rest of it, with the fields that not every line has."""

    rights: tuple[str, ...]
    source: str
    target: str
    cls: str
    others: str


def _parse(line: str) -> _Avc | None:
    """``avc:  denied  { RIGHTS } for … scontext=CONTEXT tcontext=CONTEXT tclass=CLASS …``; ``None``: another line.

    As the kernel writes it (security/selinux/avc.c: two blanks) and as Android's logd does when it passes it on (one).
    """
    _, found, said = line.partition("avc:")
    verb, brace, said = said.partition("{")
    rights, closed, said = said.partition("}")
    before, given, said = said.rpartition("scontext=")  # the last: a file may have that name
    words = said.split(None, 3)
    if not (found and brace and closed and given) or verb.strip() != "denied" or len(words) < 3:
        return None
    source, target, cls = words[0], words[1].removeprefix("tcontext="), words[2].removeprefix("tclass=")
    if target == words[1] or cls == words[2] or min(source.count(":"), target.count(":")) < 2:
        return None
    return _Avc(tuple(rights.split()), source, target, cls, f"{before} {' '.join(words[3:])}")


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for field in _FIELD.finditer(text):
        bare = field["bare"]
        if bare is None:
            yield field["key"], field["text"]
        elif field["key"] in _NAMES and _HEX.fullmatch(bare):
            yield field["key"], bytes.fromhex(bare).decode("utf-8", "replace")
        else:
            yield field["key"], bare


def _is_about_a_heap(facts: Facts, avc: _Avc, fields: dict[str, str], name: str | None) -> bool:
    """Whether the line denies access to a heap: by type or path, or because a heap's node has this name.

    The kernel logs only the last part of a path. So a heap without a label of its own shows as ``name="system"`` with
    the label of all of ``/dev``. Another file of that name (such as ``/dev/log/system``) has another label.
    """
    type_ = avc.target.split(":")[2]
    texts = (type_, fields.get("path", ""), fields.get("name", ""), fields.get("dev", ""))
    if name == _UDMABUF:  # it makes DMA-BUFs of a program's own memory, and Fedora gives it the type of the heaps
        return False
    if any(word in text for word in _ABOUT_HEAPS for text in texts):
        return True
    node = (facts.heap_nodes or {}).get(name or "")
    if node is None or avc.cls != "chr_file" or "path" in fields:
        return False
    return node.label in (None, avc.target) or type_ in (expected_label(facts, name), *NOT_LABELLED)

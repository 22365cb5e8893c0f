"""What the kernel's log says of SELinux: who was refused a heap, and whether the log says all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bringup.facts.board import Facts
from bringup.facts.expected_node import expected_label

__all__ = ["NOT_LABELLED", "Denial", "denials", "lost_lines"]

#: As the kernel writes it (security/selinux/avc.c: two blanks) and as Android's logd does when it passes it on (one).
_DENIAL = re.compile(
    r"avc:\s+denied\s+\{ (?P<rights>[^}]*)\}(?P<of>.*?)"
    r"scontext=(?P<source>[^\s:]+:[^\s:]+:(?P<domain>[^\s:]+)\S*)\s+"
    r"tcontext=(?P<target>[^\s:]+:[^\s:]+:(?P<type>[^\s:]+)\S*)\s+tclass=(?P<cls>\w+)(?P<rest>.*)"
)
#: A name that is not plain text comes as hexadecimal digits without quotes (kernel/audit.c: audit_log_untrustedstring).
_FIELD = re.compile(r'\b(?P<key>comm|name|path|dev|permissive)=(?:"(?P<text>[^"]*)"|(?P<bare>\S+))')
_NAMES = ("comm", "name", "path")
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
#: Lines that the test allocator brings about when it is not root; a process is told by 15 characters of its name.
_OWN = "bringup"
_ABOUT_HEAPS = ("dma_heap", "dmabuf", "/dev/ion", "ion_device")
#: kernel/audit.c: printk_ratelimit() where no daemon listens; else audit_log_lost() (Android's logd.rc: auditctl -r 5).
_LOST = re.compile(r"kauditd_printk_skb: \d+ callbacks suppressed|audit: audit_lost=|audit: \w+ limit exceeded")
#: What a node has that no file_contexts names: ``device`` from the file system, ``unlabeled`` from a lost policy.
NOT_LABELLED = ("device", "unlabeled")


@dataclass(frozen=True, slots=True)
class Denial:
    """One avc line about a heap.

    :param domain: who was refused, and ``type`` what: SELinux types.
    :param name: the file's name, where the line tells it.
    :param let_pass: it was not refused: SELinux, or the domain, is permissive.
    """

    line: str
    domain: str
    type: str
    cls: str
    rights: tuple[str, ...]
    name: str | None
    let_pass: bool = False

    @property
    def is_harmless(self) -> bool:
        """Asking for the size of the file system that all DMA-BUFs are in: nobody depends on the answer."""
        return self.cls == "filesystem" and self.rights == ("getattr",)


def denials(facts: Facts) -> tuple[Denial, ...]:
    """The avc lines about heaps in the kernel's log, but for those that the test allocator brought about."""
    return tuple(_denials(facts))


def lost_lines(facts: Facts) -> tuple[str, ...]:
    """Lines that say that the log lacks others: an avc line about a heap may be among them."""
    return tuple(line for line in facts.dmesg or () if _LOST.search(line))


def _denials(facts: Facts) -> Iterator[Denial]:
    for line in facts.dmesg or ():
        found = _DENIAL.search(line)
        if found is None:
            continue
        told = dict(_fields(found["of"] + found["rest"]))
        name = told.get("name") or told.get("path", "").rpartition("/")[2] or None
        if told.get("comm", "").startswith(_OWN) or not _is_about_a_heap(facts, found, told, name):
            continue
        passed = told["permissive"] == "1" if "permissive" in told else facts.selinux_mode == "permissive"
        yield Denial(line, found["domain"], found["type"], found["cls"], tuple(found["rights"].split()), name, passed)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for one in _FIELD.finditer(text):
        bare = one["bare"]
        if bare is None:
            yield one["key"], one["text"]
        elif one["key"] in _NAMES and _HEX.fullmatch(bare):
            yield one["key"], bytes.fromhex(bare).decode("utf-8", "replace")
        else:
            yield one["key"], bare


def _is_about_a_heap(facts: Facts, found: re.Match[str], told: dict[str, str], name: str | None) -> bool:
    """Whether the thing refused is a heap: by its type or path, or as a node that is there under this name.

    The kernel tells the last part of a path only, so a heap that was never labelled shows as ``name="system"`` with the
    label of all of ``/dev``. Another file of that name (``/dev/log/system`` was one) has another label than the heap.
    """
    thing = (found["type"], told.get("path", ""), told.get("name", ""), told.get("dev", ""))
    if any(word in one for word in _ABOUT_HEAPS for one in thing):
        return True
    node = (facts.heap_nodes or {}).get(name or "")
    if node is None or found["cls"] != "chr_file" or "path" in told:
        return False
    return node.label in (None, found["target"]) or found["type"] in (expected_label(facts, name), *NOT_LABELLED)

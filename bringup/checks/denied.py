"""Why a heap's node may not be opened: its mode, SELinux, or what else can refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bringup.checks import changes
from bringup.checks.facts import HEAP_FOLDER, Facts, UeventdRule
from bringup.checks.owners import uid_of
from bringup.checks.promised import promise_of
from bringup.checks.verdict import Alternative, Change, Diagnosis
from bringup.errors import UsageError
from bringup.outcome import Cause
from bringup.record.load import NodeFact

__all__ = ["Denial", "denials", "refused_as_meant", "why_denied", "why_refused"]

_DENIAL = re.compile(
    r"avc:\s+denied\s+\{ (?P<rights>[^}]*)\}.*?"
    r"scontext=(?P<source>[^\s:]+:[^\s:]+:(?P<domain>[^\s:]+)\S*)\s+"
    r"tcontext=(?P<target>[^\s:]+:[^\s:]+:(?P<type>[^\s:]+)\S*)\s+tclass=(?P<cls>\w+)"
)
_NAME = re.compile(r'\bname="(?P<name>[^"]+)"')
#: Lines that the test allocator brings about when it is not root; a process is told by 15 characters of its name.
_OWN = re.compile(r'\bcomm="bringup')
_ABOUT_HEAPS = ("dma_heap", "dmabuf", "/dev/ion", "ion_device")


@dataclass(frozen=True, slots=True)
class Denial:
    """One avc line about a heap.

    :param domain: who was refused, and ``type`` what: SELinux types.
    :param name: the file's name, where the line tells it.
    """

    line: str
    domain: str
    type: str
    cls: str
    rights: tuple[str, ...]
    name: str | None

    @property
    def is_harmless(self) -> bool:
        """Asking for the size of the file system that all DMA-BUFs are in: nobody depends on the answer."""
        return self.cls == "filesystem" and self.rights == ("getattr",)


def denials(facts: Facts) -> tuple[Denial, ...]:
    """The avc lines about heaps in the kernel's log."""
    return tuple(_denials(facts.dmesg or ()))


def _denials(lines: tuple[str, ...]) -> Iterator[Denial]:
    for line in lines:
        about = any(word in line for word in _ABOUT_HEAPS) and not _OWN.search(line)
        found = _DENIAL.search(line) if about else None
        if found is not None:
            name = _NAME.search(line)
            rights = tuple(found["rights"].split())
            yield Denial(line, found["domain"], found["type"], found["cls"], rights, name["name"] if name else None)


def refused_as_meant(facts: Facts, name: str) -> str | None:
    """Why a refusal says nothing against the board: whoever the test allocator ran as is meant to be kept out."""
    hello, node = facts.record.hello, (facts.heap_nodes or {}).get(name)
    if hello is None or hello.uid == 0:
        return None
    promise = promise_of(facts, name)
    if promise is not None and node is not None and _mode_denies(node, hello.uid) and _is_kept(promise.rule, node):
        mode = f"{promise.rule.mode:04o} {promise.rule.user} {promise.rule.group}"
        return f"uid {hello.uid} may not open it, as {promise.place} wants: {mode}"
    domain = (hello.label or "").split(":")[2:3]
    if facts.selinux_mode == "enforcing" and domain == ["shell"] and not _mode_denies(node, hello.uid):
        return "the test allocator ran in the domain shell, which no Android policy lets open a heap"
    return None


def _is_kept(rule: UeventdRule, node: NodeFact) -> bool:
    return (rule.mode, uid_of(rule.user), uid_of(rule.group)) == (node.mode, node.uid, node.gid)


def why_denied(facts: Facts, name: str) -> Diagnosis:
    """Why opening a heap's node was refused: its mode, SELinux, or what else can refuse."""
    path = f"{HEAP_FOLDER}/{name}"
    hello, node = facts.record.hello, (facts.heap_nodes or {}).get(name)
    uid = hello.uid if hello else -1
    seen = () if node is None or node.mode is None else (f"{path} is {node.mode:04o} {node.uid}:{node.gid}",)
    refused = tuple(one for one in denials(facts) if one.name == name)
    enforcing = facts.selinux_mode == "enforcing"
    if _mode_denies(node, uid):
        assert node is not None
        cause = Cause("node.mode", f"{path} is {node.mode:04o}: uid {uid} may not open it")
        other = Alternative(Cause("selinux.denied", "SELinux may refuse it, too"), _TELL_SELINUX) if enforcing else None
        promise = promise_of(facts, name)
        wanted = (promise.rule.mode, promise.rule.user, promise.rule.group) if promise is not None else ()
        line = changes.ueventd_line(facts, name, *wanted)
        return Diagnosis(cause, seen, changes=line, alternatives=(other,) if other else ())
    if refused:
        return why_refused(facts, refused)
    denied = Cause("node.denied", f"{path} may not be opened by uid {uid}, and its mode does not say so")
    if enforcing:
        cause = Cause("selinux.denied", f"{path} was refused although its mode allows it: SELinux is enforcing")
        label = hello.label if hello else None
        who = (f"the test allocator ran as {label}",) if label else ()
        words = ("look for avc lines in dmesg; as root (adb root) the test allocator is not refused",)
        return Diagnosis(cause, (*seen, *who), words, alternatives=(Alternative(denied, _TELL_SELINUX),))
    return Diagnosis(denied, seen, ("run as root: adb root",))


_TELL_SELINUX = (
    "adb shell setenforce 0 (userdebug) and again: SELinux no longer refuses then; dontaudit hides avc lines"
)


def _mode_denies(node: NodeFact | None, uid: int) -> bool:
    """Whether the permission bits alone keep a user out, who is in none of the node's groups."""
    if node is None or node.mode is None or uid == 0:
        return False
    return not node.mode & (0o400 if uid == node.uid else 0o004)


def why_refused(facts: Facts, refused: tuple[Denial, ...]) -> Diagnosis:
    """What SELinux refused, and the rules that are missing: those that the platform's policy does not forbid."""
    words: dict[str, None] = {}
    rules: dict[str, None] = {}
    forbidden: dict[str, None] = {}
    for one in refused:
        try:
            rules |= dict.fromkeys(_rules(facts, one))
        except UsageError as error:
            forbidden[one.domain] = None
            words |= dict.fromkeys((error.seen, error.hint))
        if one.cls == "chr_file" and "write" in one.rights:
            words[f"{one.domain} opens it for writing; to allocate, O_RDONLY is enough (libdmabufheap does so)"] = None
    lines = tuple(one.line for one in refused[-8:])
    if forbidden and not rules:
        text = f"{', '.join(forbidden)}: a core domain may not open this heap, whatever the rules say"
        return Diagnosis(Cause("selinux.core-domain", text), lines, tuple(words))
    times = f"{len(refused)} times" if len(refused) > 1 else "once"
    change = (Change("sepolicy/heaps.te", tuple(rules)),) if rules else ()
    return Diagnosis(Cause("selinux.denied", f"SELinux refused access to a heap {times}"), lines, tuple(words), change)


def _rules(facts: Facts, one: Denial) -> tuple[str, ...]:
    """The rule that an avc line asks for; for a heap's node, the rights that allocating takes.

    :raises UsageError: the platform's policy forbids it.
    """
    if one.cls == "chr_file":
        rendered = changes.allowed(facts, one.name or "heap", one.type, one.domain)
        rules = tuple(line for change in rendered for line in change.lines if line.startswith("allow "))
        if rules:
            return rules
    return (f"allow {one.domain} {one.type}:{one.cls} {{ {' '.join(one.rights)} }};",)

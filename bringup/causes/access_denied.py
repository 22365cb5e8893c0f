"""Why a heap's node may not be opened: its mode, SELinux, or what else can refuse."""

from __future__ import annotations

from msgspec.structs import replace

from bringup.allocator.answer import NodeFact
from bringup.causes import fix_lines
from bringup.causes.known.nodes import (
    NODE_DENIED,
    NODE_LABEL,
    NODE_MODE,
    SELINUX_CORE_DOMAIN,
    SELINUX_DENIED,
    SELINUX_WOULD_REFUSE,
)
from bringup.errors import UsageError
from bringup.facts.android_ids import selinux_type, uid_of
from bringup.facts.board import HEAP_FOLDER, Facts, UeventdRule
from bringup.facts.expected_node import promise_of, promised_label
from bringup.facts.selinux_log import NOT_LABELLED, Denial, denials
from bringup.outcome import Cause
from bringup.render.sepolicy import PLATFORM_TYPES, platform_type
from bringup.results.verdict import Alternative, Change, Diagnosis, file_by_file

__all__ = [
    "has_wrong_label", "label_cause", "refused_as_meant", "relabel", "why_denied", "why_refused", "would_refuse",
]  # fmt: skip


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
    refused = tuple(one for one in denials(facts) if one.name == name and not one.let_pass)
    enforcing = facts.selinux_mode == "enforcing"
    if _mode_denies(node, uid):
        assert node is not None
        cause = NODE_MODE.here(f"{path} is {node.mode:04o}: uid {uid} may not open it")
        other = Alternative(SELINUX_DENIED.here("SELinux may refuse it, too"), _TELL_SELINUX) if enforcing else None
        promise = promise_of(facts, name)
        wanted = (promise.rule.mode, promise.rule.user, promise.rule.group) if promise is not None else ()
        line = fix_lines.ueventd_line(facts, name, *wanted)
        return Diagnosis(cause, seen, changes=line, alternatives=(other,) if other else ())
    if refused:
        return why_refused(facts, refused)
    denied = NODE_DENIED.here(f"{path} may not be opened by uid {uid}, and its mode does not say so")
    if enforcing:
        cause = SELINUX_DENIED.here(f"{path} was refused although its mode allows it: SELinux is enforcing")
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
    """What SELinux refused, and the rules that are missing: those that the platform's policy does not forbid.

    Where a node has another type than it should, the label is what has to change, and the rule is for the right type.
    """
    words: dict[str, None] = {}
    rules: dict[str, None] = {}
    forbidden: dict[str, None] = {}
    labels: dict[str, tuple[str, str]] = {}
    for one in refused:
        wanted = _wanted_type(facts, one)
        if has_wrong_label(facts, one):
            labels[one.name or ""] = _type_now(facts, one), wanted
        elif wanted != one.type:
            words[f"{HEAP_FOLDER}/{one.name} was {one.type} when it was refused; it is {wanted} now"] = None
        try:
            rules |= dict.fromkeys(_rules(facts, one, wanted))
        except UsageError as error:
            forbidden[one.domain] = None
            words |= dict.fromkeys((error.seen, error.hint))
        if one.cls == "chr_file" and "write" in one.rights:
            words[f"{one.domain} opens it for writing; to allocate, O_RDONLY is enough (libdmabufheap does so)"] = None
    lines = tuple(one.line for one in refused[-8:])
    change = (Change(_TE, tuple(rules)),) if rules else ()
    if forbidden and not rules:
        text = f"{', '.join(forbidden)}: a core domain may not open this heap, whatever the rules say"
        return Diagnosis(SELINUX_CORE_DOMAIN.here(text), lines, tuple(words))
    if labels:
        return _mislabelled(facts, labels, Diagnosis(None, lines, tuple(words), change))
    times = f"{len(refused)} times" if len(refused) > 1 else "once"
    return Diagnosis(SELINUX_DENIED.here(f"SELinux refused access to a heap {times}"), lines, tuple(words), change)


def would_refuse(why: Diagnosis, domains: tuple[str, ...]) -> Diagnosis:
    """The same of lines that refused nothing: what is missing is missing, and so far nobody feels it."""
    text = f"{', '.join(domains)} may open a heap only for as long as SELinux is permissive there"
    return replace(why, cause=SELINUX_WOULD_REFUSE.here(text))


def has_wrong_label(facts: Facts, one: Denial) -> bool:
    """Whether a heap's node was refused under another type than it should have, and still has another."""
    return _wanted_type(facts, one) not in (one.type, _type_now(facts, one))


def _type_now(facts: Facts, one: Denial) -> str:
    node = (facts.heap_nodes or {}).get(one.name or "")
    return selinux_type(node.label) if node is not None and node.label is not None else one.type


def label_cause(there: str) -> Cause:
    """That a node has the wrong type."""
    return NODE_LABEL.here(f"the node's SELinux type is {there}")


def relabel(name: str, there: str, wanted: str) -> str:
    """What to do about a node with the wrong type, in words."""
    return f"{HEAP_FOLDER}/{name} has to be {wanted}, not {there}; once file_contexts says so: restorecon or reboot"


def _mislabelled(facts: Facts, labels: dict[str, tuple[str, str]], found: Diagnosis) -> Diagnosis:
    """Labels first; the rules that their types need stand below the types' declarations."""
    words = dict.fromkeys(found.remedy)
    words |= dict.fromkeys(relabel(name, there, wanted) for name, (there, wanted) in labels.items())
    labelled = (one for name, (_, wanted) in labels.items() for one in fix_lines.labelled(facts, name, wanted))
    types = ", ".join(dict.fromkeys(there for there, _ in labels.values()))
    merged = file_by_file((*labelled, *found.changes))
    return replace(found, cause=label_cause(types), remedy=tuple(words), changes=merged)


_TE = "sepolicy/heaps.te"


def _wanted_type(facts: Facts, one: Denial) -> str:
    """The type that a refused node should have: as the config promises, else as the platform's file_contexts say where
    it has one of the platform's; a vendor's type may be meant.
    """
    if one.cls != "chr_file" or one.name not in (facts.heap_nodes or {}):
        return one.type
    if (promised := promised_label(facts, one.name)) is not None:
        return promised
    return platform_type(one.name) if one.type in (*PLATFORM_TYPES, *NOT_LABELLED) else one.type


def _rules(facts: Facts, one: Denial, wanted: str) -> tuple[str, ...]:
    """The rule that an avc line asks for; for a heap's node, the rights that allocating takes.

    :raises UsageError: the platform's policy forbids it.
    """
    if one.cls == "chr_file":
        rendered = fix_lines.allowed(facts, one.name or "heap", wanted, one.domain)
        rules = tuple(line for change in rendered for line in change.lines if line.startswith("allow "))
        if rules:
            return rules
    return (f"allow {one.domain} {one.type}:{one.cls} {{ {' '.join(one.rights)} }};",)

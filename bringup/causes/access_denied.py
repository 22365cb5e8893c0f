"""Why opening a heap's node was refused: its mode, SELinux, or something else."""

from __future__ import annotations

from collections.abc import MutableMapping
from errno import EACCES, EPERM
from weakref import WeakKeyDictionary

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
from bringup.causes.no_root import ways_to_root
from bringup.errors import UsageError
from bringup.facts.android_ids import selinux_type
from bringup.facts.board import HEAP_FOLDER, Facts, UeventdRule
from bringup.facts.expected_node import expected_label, expected_node, ids_of
from bringup.facts.selinux_log import NOT_LABELLED, Denial, denials
from bringup.outcome import Cause
from bringup.render.language import Refused
from bringup.render.sepolicy import PLATFORM_TYPES, platform_type
from bringup.results.verdict import Alternative, Diagnosis, file_by_file

__all__ = [
    "has_wrong_label",
    "label_cause",
    "relabel",
    "why_denied",
    "why_refusal_is_intended",
    "why_refused",
    "would_be_refused",
]  # fmt: skip


def why_refusal_is_intended(facts: Facts, name: str) -> str | None:
    """Why the refusal is intended: the test allocator ran as a user or domain that is denied on purpose."""
    hello, node = facts.record.hello, (facts.heap_nodes or {}).get(name)
    if hello is None or hello.uid == 0:
        return None
    expected = expected_node(facts, name)
    if (
        expected is not None
        and node is not None
        and _mode_denies(node, hello.uid)
        and _is_as_expected(facts, node, expected.rule)
    ):
        mode = f"{expected.rule.mode:04o} {expected.rule.user} {expected.rule.group}"
        return f"uid {hello.uid} may not open it, as {expected.place} says: {mode}"
    domain = (hello.label or "").split(":")[2:3]
    if facts.selinux_mode == "enforcing" and domain == ["shell"] and not _mode_denies(node, hello.uid):
        return "the test allocator ran in the domain shell, and no Android policy allows it to open a heap"
    return None


def _is_as_expected(facts: Facts, node: NodeFact, rule: UeventdRule) -> bool:
    return (rule.mode, *ids_of(facts, rule.user, rule.group)) == (node.mode, node.uid, node.gid)


def why_denied(facts: Facts, name: str) -> Diagnosis:
    """Why opening a heap's node was refused: its mode, SELinux, or something else."""
    path = f"{HEAP_FOLDER}/{name}"
    hello, node = facts.record.hello, (facts.heap_nodes or {}).get(name)
    uid = hello.uid if hello else -1
    seen = () if node is None or node.mode is None else (f"{path} is {node.mode:04o} {node.uid}:{node.gid}",)
    enforcing = facts.selinux_mode == "enforcing"
    if _mode_denies(node, uid):
        other = Alternative(SELINUX_DENIED.here("SELinux may refuse it, too"), _TRY_PERMISSIVE) if enforcing else None
        cause = _closed_cause(name, _closed_heaps(facts, name, uid), uid)
        return Diagnosis(
            cause, seen, fix_lines.node_words(facts), fix_lines.expected_line(facts, name), (other,) if other else ()
        )
    refused = tuple(denial for denial in denials(facts) if denial.name == name and not denial.let_pass)
    if refused:
        return why_refused(facts, refused)
    denied = NODE_DENIED.here(f"{path} may not be opened by uid {uid}, and its mode does not explain why")
    if enforcing:
        cause = SELINUX_DENIED.here(f"{path} was refused although its mode allows it: SELinux is enforcing")
        label = hello.label if hello else None
        who = (f"the test allocator ran as {label}",) if label else ()
        words = ("look for avc lines in dmesg; as root the test allocator is not refused", *ways_to_root(facts))
        return Diagnosis(cause, (*seen, *who), words, alternatives=(Alternative(denied, _TRY_PERMISSIVE),))
    return Diagnosis(denied, seen, ways_to_root(facts))


#: Each closed heap has a verdict with the same cause, which counts them all: they are looked for once per board.
_CLOSED: MutableMapping[Facts, dict[str, NodeFact]] = WeakKeyDictionary()


def _closed_heaps(facts: Facts, name: str, uid: int) -> dict[str, NodeFact]:
    """The heap and all others that were refused as well because of their mode, though nothing says they should be."""
    nodes = facts.heap_nodes or {}
    if facts not in _CLOSED:
        refused = {
            result.heap
            for result in facts.record.results
            if result.test == "open"
            and result.errno in (EACCES, EPERM)
            and why_refusal_is_intended(facts, result.heap) is None
        }
        _CLOSED[facts] = {other: node for other, node in nodes.items() if other in refused and _mode_denies(node, uid)}
    closed = _CLOSED[facts]
    return (
        closed if name in closed else {other: node for other, node in nodes.items() if other == name or other in closed}
    )


def _closed_cause(name: str, closed: dict[str, NodeFact], uid: int) -> Cause:
    """The cause of nodes whose mode denies this user: the same words for all of them, so that they are one finding."""
    modes = ", ".join(dict.fromkeys(f"{node.mode:04o}" for node in closed.values()))
    if len(closed) == 1:
        return NODE_MODE.here(f"{HEAP_FOLDER}/{name} is {modes}: uid {uid} may not open it")
    return NODE_MODE.here(f"{len(closed)} nodes in {HEAP_FOLDER} are {modes}: uid {uid} may not open them")


_TRY_PERMISSIVE = (
    "adb shell setenforce 0 (userdebug), then run again: SELinux no longer refuses; dontaudit can hide avc lines"
)


def _mode_denies(node: NodeFact | None, uid: int) -> bool:
    """Whether the permission bits alone deny a user who is not in the node's group."""
    if node is None or node.mode is None or uid == 0:
        return False
    return not node.mode & (0o400 if uid == node.uid else 0o004)


def why_refused(facts: Facts, refused: tuple[Denial, ...]) -> Diagnosis:
    """What SELinux refused, and the missing rules that the platform's policy does not forbid.

    If a node has the wrong type, the fix changes its label, and the rule is for the right type.
    """
    words: dict[str, None] = {}
    rules: dict[str, None] = {}
    forbidden: dict[str, None] = {}
    labels: dict[str, tuple[str, str]] = {}
    for denial in refused:
        right = _right_type(facts, denial)
        if has_wrong_label(facts, denial):
            labels[denial.name or ""] = _type_now(facts, denial), right
        elif right != denial.type:
            words[f"{HEAP_FOLDER}/{denial.name} was {denial.type} when it was refused; it is {right} now"] = None
        try:
            rules |= dict.fromkeys(_rules(facts, denial, right))
        except UsageError as error:
            forbidden[denial.domain] = None
            words |= dict.fromkeys((error.seen, error.hint))
        except Refused as error:
            words[f"no rule is written for {str(error.value)[:80]!r}: {error.why}"] = None
        if denial.cls == "chr_file" and "write" in denial.rights:
            words[f"{denial.domain} opens it for writing; to allocate, O_RDONLY is enough (as in libdmabufheap)"] = None
    lines = tuple(denial.line for denial in refused[-8:])
    change = fix_lines.merged_rules(rules)
    if forbidden and not rules:
        text = f"{', '.join(forbidden)}: a core domain may not open this heap, whatever the rules say"
        return Diagnosis(SELINUX_CORE_DOMAIN.here(text), lines, tuple(words))
    if labels:
        return _mislabelled(facts, labels, Diagnosis(None, lines, tuple(words), change))
    times = f"{len(refused)} times" if len(refused) > 1 else "once"
    return Diagnosis(SELINUX_DENIED.here(f"SELinux refused access to a heap {times}"), lines, tuple(words), change)


def would_be_refused(why: Diagnosis, domains: tuple[str, ...]) -> Diagnosis:
    """The same diagnosis for lines that permissive SELinux logged: an enforcing SELinux would deny the access."""
    text = f"{', '.join(domains)} may open a heap only while SELinux is permissive"
    return replace(why, cause=SELINUX_WOULD_REFUSE.here(text))


def has_wrong_label(facts: Facts, denial: Denial) -> bool:
    """Whether a heap's node had the wrong type when it was refused, and still has it."""
    return _right_type(facts, denial) not in (denial.type, _type_now(facts, denial))


def _type_now(facts: Facts, denial: Denial) -> str:
    node = (facts.heap_nodes or {}).get(denial.name or "")
    return selinux_type(node.label) if node is not None and node.label is not None else denial.type


def label_cause(type_: str) -> Cause:
    """The cause of a node that has the wrong type."""
    return NODE_LABEL.here(f"the node's SELinux type is {type_}")


def relabel(name: str, type_: str, right: str) -> str:
    """The fix for a node with the wrong type, as a sentence."""
    return f"{HEAP_FOLDER}/{name} has to be {right}, not {type_}; once file_contexts says so: restorecon or reboot"


def _mislabelled(facts: Facts, labels: dict[str, tuple[str, str]], diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with the label lines first, since the rules need the types that these declare."""
    words = dict.fromkeys(diagnosis.remedy)
    words |= dict.fromkeys(relabel(name, type_, right) for name, (type_, right) in labels.items())
    labelled = (change for name, (_, right) in labels.items() for change in fix_lines.labelled(facts, name, right))
    types = ", ".join(dict.fromkeys(type_ for type_, _ in labels.values()))
    merged = file_by_file((*labelled, *diagnosis.changes))
    return replace(diagnosis, cause=label_cause(types), remedy=tuple(words), changes=merged)


def _right_type(facts: Facts, denial: Denial) -> str:
    """The type that a refused node should have: by the board config, else by the platform's file_contexts.

    The latter only if the node has a type of the platform: a vendor's type may be intended.
    """
    if denial.cls != "chr_file" or denial.name not in (facts.heap_nodes or {}):
        return denial.type
    if (label := expected_label(facts, denial.name)) is not None:
        return label
    return platform_type(denial.name) if denial.type in (*PLATFORM_TYPES, *NOT_LABELLED) else denial.type


def _rules(facts: Facts, denial: Denial, right: str) -> tuple[str, ...]:
    """The rule that would allow what an avc line refuses; for a heap's node, with all rights that allocating needs.

    :raises UsageError: the platform's policy forbids it.
    :raises Refused: a word of the line is not an SELinux identifier.
    """
    changes = fix_lines.rule(denial.domain, denial.type, denial.cls, denial.rights)
    if denial.cls == "chr_file":
        rendered = fix_lines.allowed(facts, denial.name or "heap", right, denial.domain)
        changes = tuple(change for change in rendered if _rules_in(change.lines)) or changes
    return tuple(line for change in changes for line in _rules_in(change.lines))


def _rules_in(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in lines if line.startswith("allow "))

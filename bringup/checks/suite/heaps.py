"""The nodes under /dev/dma_heap: are the right ones there, with the right mode, owner and label?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from bringup.allocator.answer import State
from bringup.causes.access_denied import label_cause, relabel
from bringup.causes.fix_lines import expected_line, labelled, node_line, node_words
from bringup.causes.heap_absent import why_absent
from bringup.causes.heap_link import why_link_is_wrong
from bringup.causes.known.nodes import (
    HEAP_UNPLANNED,
    NODE_MODE,
    NODE_OPEN_TO_ALL,
    NODE_OWNER,
    UDEV_NO_RULE,
    UEVENTD_NO_LINE,
)
from bringup.checks.registry import Question, check
from bringup.config.schema import Heap, HeapKind
from bringup.facts.android_ids import selinux_type
from bringup.facts.board import HEAP_FOLDER, Facts, UeventdRule
from bringup.facts.expected_node import (
    ExpectedNode,
    expected_label,
    expected_node,
    ids_of,
    shown_owner,
    ueventd_rule,
)
from bringup.facts.memory.default_cma import linked_heap
from bringup.facts.udev import udev_node, udev_rules, unread_rules
from bringup.results.verdict import Cause, Change, Outcome, Verdict, file_by_file
from bringup.text import pluralize, shell_word

_ACCOUNTING = "/sys/module/dma_heap/parameters/mem_accounting"
_AOSP_HEAP = "libdmabufheap, dmabufheap-vts-unit-tests: TestDmabufSystemHeapCompliance"


@check(
    "heap.folder",
    f"{HEAP_FOLDER} exists",
    asks="Whether /dev/dma_heap is there and, if not, why (kernel, options, modules).",
    why="Without it no heap driver has registered, and every allocator of Android 12 and newer fails.",
    source="drivers/dma-buf/dma-heap.c of Linux 5.10, 6.12 and 7.3: dma_heap_devnode",
)
def folder(question: Question, facts: Facts) -> Iterator[Verdict]:
    node = facts.record.node(HEAP_FOLDER)
    if node is not None and node.state is State.OK:
        yield question.passed(f"{HEAP_FOLDER} holds {pluralize(len(facts.heap_nodes or ()), 'heap')}")
    elif _nothing_there(facts):
        yield question.because(Outcome.FAIL, why_absent(facts, HeapKind.SYSTEM), f"{HEAP_FOLDER} is not there")
    else:
        yield question.unknown(facts.why_unknown(HEAP_FOLDER))


def _nothing_there(facts: Facts) -> bool:
    """Whether the folder was looked for and is not there."""
    node, glob = facts.record.node(HEAP_FOLDER), facts.record.globs.get(HEAP_FOLDER)
    if node is not None:
        return node.state is State.MISSING
    return glob is not None and (glob.state is State.MISSING or (glob.state is State.OK and glob.count == 0))


@check(
    "heap.expected",
    "The heap is there",
    asks="Whether each heap of the board config has its node, under any name that it has on this kernel. "
    "Without a board config: whether system has one. A missing heap that is not required is skipped.",
    why="A program that asks for a heap that is not there gets no buffer. libdmabufheap of Android 12 to 16 "
    "tries ION then; later ones fail.",
    source=f"the board config; for system: {_AOSP_HEAP}",
)
def expected(question: Question, facts: Facts) -> Iterator[Verdict]:
    for heap in _expected_heaps(facts):
        yield _is_there(question.of(heap.name), facts, heap)


def _expected_heaps(facts: Facts) -> tuple[Heap, ...]:
    if facts.config is not None and facts.config.heaps:
        return facts.config.heaps
    return (Heap(name="system", kind=HeapKind.SYSTEM),)


def _is_there(question: Question, facts: Facts, heap: Heap) -> Verdict:
    if facts.heap_nodes is None:
        return question.unknown(facts.why_unknown(HEAP_FOLDER))
    names = heap.names_on(facts.version.release if facts.version else None)
    if not names:
        return question.skipped(f"kernel {facts.version} does not have it under any name that the board config knows")
    present = [name for name in names if name in facts.heap_nodes]
    nodes = [name for name in present if linked_heap(facts, name) is None]
    wrong = None if nodes or not present else why_link_is_wrong(facts, present[0], heap.kind)
    if wrong is not None:
        return question.because(Outcome.WARN, wrong)
    if present:
        return question.passed(*(f"{HEAP_FOLDER}/{name}" for name in present))
    missing = " and ".join(f"{HEAP_FOLDER}/{name}" for name in names)
    if not heap.required:
        return question.skipped(f"{missing} is not there, and the board config does not require it")
    there = ", ".join(sorted(facts.heap_nodes)) or "none"
    seen = f"{missing} is not there (heaps there: {there})"
    return question.because(Outcome.FAIL, why_absent(facts, heap.kind, heap), seen)


@check(
    "heap.unexpected",
    "The board config names every heap on the board",
    asks="Whether there is a node in /dev/dma_heap that the board config does not name.",
    why="Nobody manages the memory of a heap that nobody planned. From 6.19 on each reusable pool becomes a heap.",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 7.3: add_cma_heaps; "
    "https://docs.kernel.org/userspace-api/dma-buf-heaps.html",
)
def unexpected(question: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.config is None or not facts.config.heaps:
        yield question.skipped("no board config says which heaps to expect")
    elif facts.heap_nodes is None:
        yield question.unknown(facts.why_unknown(HEAP_FOLDER))
    else:
        names = (name for name in facts.heap_nodes if linked_heap(facts, name) is None)
        unplanned = sorted(name for name in names if facts.config.heap(name) is None)
        if unplanned:
            yield question.warned(
                *(f"{HEAP_FOLDER}/{name}" for name in unplanned),
                cause=HEAP_UNPLANNED.here(f"the board config does not name {', '.join(unplanned)}"),
                remedy=[f"add it to {facts.config.name}.yaml, or find out which pool or driver registers it"],
            )
        else:
            yield question.passed(f"{pluralize(len(facts.heap_nodes), 'heap')}, all known to {facts.config.name}")


@check(
    "heap.mode",
    "The node's mode is what the board config or ueventd.rc says",
    asks="Compares the permission bits of each node with the board config, else with the last line of ueventd.rc "
    "that matches it.",
    why="A node without a ueventd line stays 0600 root root: every HAL gets EACCES.",
    source="AOSP system/core/rootdir/ueventd.rc: /dev/dma_heap/system 0444 system system",
)
def mode(question: Question, facts: Facts) -> Iterator[Verdict]:
    yield from _as_expected(question, facts, _mode)


def _mode(question: Question, facts: Facts, name: str, node: _InspectedNode, node_rule: ExpectedNode) -> Verdict:
    rule = node_rule.rule
    seen = f"{node.path} is {node.mode:04o}, {node_rule.place} says {rule.mode:04o}"
    if node.mode == rule.mode:
        return question.passed(seen)
    cause = NODE_MODE.here(f"the node's mode is {node.mode:04o} instead of {rule.mode:04o}")
    return _differs(question, facts, name, node_rule, (seen, cause))


@check(
    "heap.owner",
    "The node's owner and group are what the board config or ueventd.rc says",
    asks="Compares the owner and group of each node with the board config, else with the last line of ueventd.rc "
    "that matches it.",
    why="With a mode such as 0660 only the owner and the group may open the heap.",
    source="AOSP system/core/rootdir/ueventd.rc; ids: libcutils, private/android_filesystem_config.h",
)
def owner(question: Question, facts: Facts) -> Iterator[Verdict]:
    yield from _as_expected(question, facts, _owner)


def _owner(question: Question, facts: Facts, name: str, node: _InspectedNode, node_rule: ExpectedNode) -> Verdict:
    rule = node_rule.rule
    expected_ids = ids_of(facts, rule.user, rule.group)
    seen = f"{node.path} is {shown_owner(facts, node.uid, node.gid)}, {node_rule.place} says {rule.user} {rule.group}"
    if None in expected_ids:
        return question.unknown(f"the id of {rule.user} or {rule.group} is not known here", seen)
    if expected_ids == (node.uid, node.gid):
        return question.passed(seen)
    cause = NODE_OWNER.here(f"the node belongs to {shown_owner(facts, node.uid, node.gid)}")
    return _differs(question, facts, name, node_rule, (seen, cause))


def _differs(question: Question, facts: Facts, name: str, expected: ExpectedNode, why: tuple[str, Cause]) -> Verdict:
    """The verdict with the line that is missing; where udev has a rule already, with why it may not act."""
    rule, (seen, cause) = expected.rule, why
    if facts.has_udev and expected.place.startswith("/"):
        node = f"/sys/class/dma_heap/{name}"
        words = (
            f"{expected.place} did not act: udevadm control --reload; udevadm trigger --subsystem-match=dma_heap",
            f"if that does not help: udevadm test {shell_word(node)} shows which rule is the last",
        )
        return question.failed(seen, cause=cause, remedy=words)
    changes = node_line(facts, name, rule.mode, rule.user, rule.group)
    return question.failed(seen, cause=cause, remedy=node_words(facts), changes=changes)


@check(
    "heap.label",
    "The node's SELinux type is what the board config says",
    asks="Compares the type in each node's SELinux label with the board config.",
    why="No core domain may open a heap of the type dmabuf_heap_device; each vendor heap needs a type of its own.",
    source="AOSP system/sepolicy: file_contexts, the neverallow on dmabuf_heap_device_type (API 31 to 202404)",
    since="5.6 and later, with Android 12 or later",
)
def label(question: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.selinux_mode is None:
        yield question.skipped("SELinux is not there or has no policy")
        return
    for name, node in _judgeable(facts):
        expected_type = expected_label(facts, name)
        if expected_type is None:
            yield question.of(name).skipped("the board config does not say which type it should have")
        elif node.label is None:
            yield question.of(name).unknown(f"the label of {node.path} could not be read")
        elif expected_type == selinux_type(node.label):
            yield question.of(name).passed(node.label)
        else:
            yield question.of(name).failed(
                f"{node.path} is {node.label}, the board config says {expected_type}",
                cause=label_cause(selinux_type(node.label)),
                remedy=[relabel(name, selinux_type(node.label), expected_type)],
                changes=labelled(facts, name, expected_type),
            )


@check(
    "heap.ueventd",
    "ueventd.rc has a line for the heap",
    asks="Whether a line of the board's ueventd.rc files matches each node. A node that is expected to be "
    "0600 root root needs no line.",
    why="ueventd makes a node without a line 0600 root root. The node may look right until the next boot.",
    source="AOSP system/core/init/README.ueventd.md",
)
def ueventd(question: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.ueventd_rules is None:
        yield question.skipped("there is no ueventd.rc on this board")
        return
    without: list[str] = []
    for name, _ in _judgeable(facts):
        rule = ueventd_rule(facts, name)
        if rule is not None:
            yield question.of(name).passed(f"{rule.place}: {rule.pattern} {rule.mode:04o} {rule.user} {rule.group}")
        elif (node_rule := expected_node(facts, name)) is not None and _is_default(node_rule.rule):
            yield question.of(name).passed(f"{node_rule.place} says 0600 root root, which a node without a line gets")
        else:
            without.append(name)
    cause = UEVENTD_NO_LINE.here(
        f"no ueventd.rc has a line for {_named(without)}; without one a node gets 0600 root root"
    )
    lines = _lines(expected_line, facts, without)
    for name in without:
        seen = f"no ueventd.rc names {HEAP_FOLDER}/{name}"
        yield question.of(name).warned(seen, cause=cause, changes=lines)


@check(
    "heap.udev",
    "udev has a rule for the heap",
    asks="Whether a rule of udev on the board sets the mode or group of each node, or its access control list. Not on "
    "Android, which has no udev.",
    why="devtmpfs makes a node without a rule 0600 root root: only root can allocate.",
    source="udev(7); drivers/base/devtmpfs.c of Linux 7.3",
)
def udev(question: Question, facts: Facts) -> Iterator[Verdict]:
    if not facts.has_udev:
        yield question.skipped("udev does not run on this board")
        return
    rules, unread, without = udev_rules(facts), unread_rules(facts), list[str]()
    for name, _ in _judgeable(facts):
        named = [rule for rule in rules if rule.covers(name)]
        if (rule := udev_node(facts, name)) is not None:
            yield question.of(name).passed(f"{rule.place} sets {rule.mode:04o} {rule.user} {rule.group}")
        elif lists := [rule for rule in named if rule.access and rule.is_certain]:
            yield question.of(name).passed(*(f"{rule.place} {rule.access}" for rule in lists))
        elif named:
            places = (f"{rule.place} {rule.too_late}".rstrip() for rule in named)
            yield question.of(name).unknown("whether a rule applies depends on more than the node", *places)
        elif unread:
            yield question.of(name).unknown(f"not every rule of udev could be read: {', '.join(unread[:4])}")
        else:
            without.append(name)
    cause = UDEV_NO_RULE.here(f"udev has no rule for {_named(without)}; without one a node stays 0600 root root")
    lines = _lines(expected_line, facts, without)
    for name in without:
        seen = f"no rule in /etc/udev/rules.d or /lib/udev/rules.d is about {HEAP_FOLDER}/{name}"
        yield question.of(name).warned(seen, cause=cause, remedy=node_words(facts), changes=lines)


@check(
    "heap.open-to-all",
    "Not every user may take memory that no cgroup counts",
    asks="Where udev runs: whether the node's mode lets everyone open it, and whether the kernel charges the heap's "
    "pages to the cgroup of who takes them. On Android, SELinux says who may open a heap.",
    why="A user without any other right can use up the memory of the board.",
    source="systemd pull request 33738; drivers/dma-buf/dma-heap.c of Linux 7.3: mem_accounting",
)
def open_to_all(question: Question, facts: Facts) -> Iterator[Verdict]:
    if not facts.has_udev:
        yield question.skipped("udev does not run on this board")
        return
    charged = (facts.text(_ACCOUNTING) or "").strip() == "Y"
    is_open: dict[str, str] = {}
    for name, node in _judgeable(facts):
        seen = f"{node.path} is {node.mode:04o}"
        if not node.mode & 0o004:
            yield question.of(name).passed(seen)
        elif charged and name.startswith("system"):
            yield question.of(name).passed(seen, f"{_ACCOUNTING} is Y")
        else:
            is_open[name] = seen
    cause = NODE_OPEN_TO_ALL.here(f"every user may take memory from {_named(is_open)}, and no cgroup counts it")
    lines = _lines(node_line, facts, is_open)
    for name, seen in is_open.items():
        yield question.of(name).warned(seen, cause=cause, remedy=node_words(facts), changes=lines)


def _named(names: Collection[str]) -> str:
    """The nodes of a finding: what is wrong with several of them in the same way is one finding."""
    return f"{HEAP_FOLDER}/{next(iter(names))}" if len(names) == 1 else f"{len(names)} nodes in {HEAP_FOLDER}"


def _lines(line: Callable[[Facts, str], tuple[Change, ...]], facts: Facts, names: Iterable[str]) -> tuple[Change, ...]:
    return file_by_file(change for name in names for change in line(facts, name))


def _is_default(rule: UeventdRule) -> bool:
    return (rule.mode, rule.user, rule.group) == (0o600, "root", "root")


@dataclass(frozen=True, slots=True)
class _InspectedNode:
    """A heap's node whose mode and owner are known."""

    path: str
    mode: int
    uid: int
    gid: int
    label: str | None


def _judgeable(facts: Facts) -> Iterator[tuple[str, _InspectedNode]]:
    """The heaps whose node has a known mode and owner; heap.expected and heap.folder report the others.

    A link has no mode of its own: its target's counts, and that is another of these nodes.
    """
    for name, node in (facts.heap_nodes or {}).items():
        is_node = linked_heap(facts, name) is None
        if is_node and node.mode is not None and node.uid is not None and node.gid is not None:
            yield name, _InspectedNode(node.path, node.mode, node.uid, node.gid, node.label)


_Judge = Callable[[Question, Facts, str, _InspectedNode, ExpectedNode], Verdict]


def _as_expected(question: Question, facts: Facts, judge: _Judge) -> Iterator[Verdict]:
    """Every node, compared with what the board config or ueventd.rc says about it."""
    for name, node in _judgeable(facts):
        node_rule = expected_node(facts, name)
        if node_rule is None:
            yield question.of(name).skipped("neither the board config nor a rule on the board says what it should be")
        else:
            yield judge(question.of(name), facts, name, node, node_rule)

"""Does the board have what was rendered for it? Each line that differs is reported, as rendered and as on the board."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bringup.allocator.answer import NodeFact
from bringup.causes.known.known_cause import KnownCause
from bringup.causes.known.surroundings import (
    DRIFT_CMDLINE,
    DRIFT_DEVICE_TREE,
    DRIFT_FILE_CONTEXTS,
    DRIFT_UDEV,
    DRIFT_UEVENTD,
)
from bringup.checks.registry import Question, check
from bringup.facts.android_ids import selinux_type
from bringup.facts.board import HEAP_FOLDER, Facts
from bringup.facts.expected_node import ids_of, shown_owner
from bringup.facts.memory.default_cma import linked_heap
from bringup.facts.memory.kept_pool import keeps
from bringup.facts.memory.reserved_memory import RESERVED_MEMORY, ReservedNode, reserved_memory
from bringup.render.dts import show_numbers
from bringup.render.expected_lines import (
    ExpectedLines,
    LabelLine,
    NodeLine,
    ParameterLine,
    PoolLine,
    expected_by,
    read_back,
)
from bringup.results.verdict import Verdict


@dataclass(frozen=True, slots=True)
class _Fragment:
    """One of the rendered files that are compared.

    :param command: what ``bringup render`` calls it.
    """

    name: str
    command: str
    title: str
    cause: KnownCause


_DEVICE_TREE = _Fragment(
    "device-tree", "device-tree", "The device tree's reserved memory is as rendered", DRIFT_DEVICE_TREE
)
_CMDLINE = _Fragment("cmdline", "cmdline", "The kernel's command line is as rendered", DRIFT_CMDLINE)
_UEVENTD = _Fragment("ueventd", "ueventd", "The nodes' modes and owners are as rendered", DRIFT_UEVENTD)
_UDEV = _Fragment("udev", "udev", "The nodes' modes and owners are as rendered", DRIFT_UDEV)
_FILE_CONTEXTS = _Fragment("file_contexts", "sepolicy", "The nodes' SELinux types are as rendered", DRIFT_FILE_CONTEXTS)


@dataclass(slots=True)
class _Drift:
    """The comparison of a fragment: how many lines, those that differ or could not be compared, why it was skipped.

    :param kept: lines that differ, and the board gives at least what they say.
    """

    fragment: _Fragment
    lines: int = 0
    skip: str = ""
    differ: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def verdict(self, question: Question, facts: Facts) -> Verdict:
        where = "the rendered files" if facts.rendered is not None else f"the board config {_name(facts)}"
        if self.differ:
            count = f"{len(self.differ)} places" if len(self.differ) > 1 else "1 place"
            text = f"the board drifted from its rendered {self.fragment.name} in {count}"
            render = f"bringup render {self.fragment.command} --board {_name(facts)}"
            remedy = [f"build what '{render}' writes into the image, or change the board config"]
            return question.failed(
                *self.differ, *self.kept, *self.unknown, cause=self.fragment.cause.here(text), remedy=remedy
            )
        if self.unknown:
            return question.unknown(f"{len(self.unknown)} lines could not be compared", *self.unknown)
        if self.skip:
            return question.skipped(self.skip)
        if self.kept:
            places = "1 place" if len(self.kept) == 1 else f"{len(self.kept)} places"
            text = f"the board's {self.fragment.name} differs in {places} and gives at least what {_name(facts)} says"
            remedy = [f"if it is meant to be so, write it in {_name(facts)}.yaml"]
            return question.warned(*self.kept, cause=self.fragment.cause.here(text), remedy=remedy)
        lines = "line" if self.lines == 1 else "lines"
        return question.passed(f"the board agrees with {self.lines} {lines} of {where}")


def _name(facts: Facts) -> str:
    return facts.config.name if facts.config is not None else ""


@check(
    "drift",
    "The board has what was rendered for it",
    asks="Compares line by line what the board config renders to (or the files that --rendered names) with the "
    "device tree, the command line, the nodes and their labels on the board: drift.device-tree, drift.cmdline, "
    "drift.ueventd or, where udev runs, drift.udev, drift.file_contexts.",
    why="A boot loader with another device tree or command line undoes a fragment that is right in the source tree.",
    source="bringup render with the board config, or the files that --rendered names; heap.mode, heap.owner and "
    "heap.label compare the nodes with the board config itself",
    since="any",
)
def drift(question: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.config is None:
        yield question.skipped("no board config says what is rendered for this board")
    elif facts.version is None:
        yield question.unknown("the kernel's release was not observed")
    else:
        expected = expected_by(facts.config, facts.version)
        if facts.rendered is not None:
            expected = read_back(facts.rendered, facts.config.name)
        yield from _compare(question, facts, expected)


def _compare(question: Question, facts: Facts, expected: ExpectedLines) -> Iterator[Verdict]:
    """One verdict per fragment. heap.mode, heap.owner and heap.label judge the nodes of the board config itself."""
    compared = (
        _device_tree(facts, expected.pools or ()),
        _cmdline(facts, expected),
        _nodes(facts, expected),
        _file_contexts(facts, expected.labels or ()),
    )
    with_lines = [drift for drift in compared if drift.lines]
    if not with_lines:
        yield question.skipped("nothing rendered for this board reserves memory or sets the command line")
    for drift in with_lines:
        yield drift.verdict(Question(f"{question.id}.{drift.fragment.name}", drift.fragment.title), facts)


def _device_tree(facts: Facts, lines: tuple[PoolLine, ...]) -> _Drift:
    drift = _Drift(_DEVICE_TREE, len(lines))
    there = reserved_memory(facts)
    if there is None:
        drift.unknown.append(facts.why_unknown(RESERVED_MEMORY))
        return drift
    for node in dict.fromkeys(line.node for line in lines):
        own = [line for line in lines if line.node == node]
        if node not in there.nodes:
            if _is_optional(facts, node):
                continue
            drift.differ.append(f"{own[0].place}: {node} is not in the board's /reserved-memory")
        else:
            _pool(drift, own, there.nodes[node], is_exact=facts.rendered is not None)
    return drift


def _is_optional(facts: Facts, name: str) -> bool:
    """Whether the board may lack the heap of this name or with this device tree node."""
    heaps = facts.config.heaps if facts.config is not None else ()
    named = [heap for heap in heaps if name in heap.names_on(None) or (heap.region and heap.region.node_name == name)]
    return bool(named) and not any(heap.required for heap in named)


def _pool(drift: _Drift, lines: list[PoolLine], node: ReservedNode, *, is_exact: bool) -> None:
    """Compare one pool. A board config says the least that there has to be; rendered files say what was built in."""
    # Both directions: rendered lines that the board does not have, then properties that only the board has.
    on_board = _properties(node)
    expected = {line.property: line.value for line in lines if line.property}

    def differ(name: str, text: str) -> None:
        kept = not is_exact and keeps(expected, name, node)
        (drift.kept if kept else drift.differ).append(text)

    for line in lines:
        if not line.property:
            continue
        rendered = f"{line.place}: {line.node}: {_written(line.property, line.value)}"
        if line.property in node.unread:
            drift.unknown.append(f"{rendered}; the board's could not be read")
        elif line.property not in on_board:
            differ(line.property, f"{rendered}; the board does not have it")
        elif on_board[line.property] != line.value:
            differ(line.property, f"{rendered}; the board has {on_board[line.property]}")
    for name, value in on_board.items():
        if name not in expected:
            differ(name, f"{lines[0].place}: {node.name}: the board also has {_written(name, value)}")


def _written(name: str, value: str) -> str:
    return f"{name} {value}" if value else name


def _properties(node: ReservedNode) -> dict[str, str]:
    """The node's properties that have an effect, written as in the rendered lines.

    Beside ``reg`` the others have none (drivers/of/of_reserved_mem.c of Linux 5.10, 6.12 and 7.3).
    """
    properties = {
        "compatible": ", ".join(node.compatible),
        "reg": show_numbers(node.regions),
        "size": "" if node.size is None else f"0x{node.size:x}",
        "alignment": "" if node.alignment is None else f"0x{node.alignment:x}",
        "alloc-ranges": show_numbers(node.ranges),
    }
    if node.regions:
        properties = {name: properties[name] for name in ("compatible", "reg")}
    return {name: value for name, value in properties.items() if value} | dict.fromkeys(node.flags, "")


def _cmdline(facts: Facts, expected: ExpectedLines) -> _Drift:
    lines = expected.parameters or ()
    default = next((line for line in expected.pools or () if line.property == "linux,cma-default"), None)
    if any(line.text.startswith("cma=") for line in lines):
        default = None
    drift = _Drift(_CMDLINE, len(lines) + (default is not None))
    if facts.cmdline is None:
        drift.unknown.append(facts.why_unknown("/proc/cmdline"))
        return drift
    for line in lines:
        _parameter(drift, line, facts.cmdline)
    area = [word for word in facts.cmdline if word.startswith("cma=")][-1:]
    if default is not None and area:
        rendered = f"{default.place}: {default.node} is the default area"
        drift.differ.append(f"{rendered}; the board's command line has {area[0]}, which takes its place")
    return drift


def _parameter(drift: _Drift, line: ParameterLine, there: tuple[str, ...]) -> None:
    """Of several cma= the kernel takes the last; other parameters may be given more than once."""
    name, equals, _ = line.text.partition("=")
    same = [word for word in there if equals and word.startswith(f"{name}=")]
    if line.text not in there or (name == "cma" and same[-1] != line.text):
        drift.differ.append(f"{line.place}: {line.text}; the board has {same[-1] if same else 'none'}")


def _own_nodes(facts: Facts) -> Iterator[NodeFact]:
    """The heaps' nodes without links, which have no mode or type of their own."""
    return (node for name, node in (facts.heap_nodes or {}).items() if linked_heap(facts, name) is None)


def _nodes(facts: Facts, expected: ExpectedLines) -> _Drift:
    """Of the two sets of rendered files the one that this board uses, if it uses one of them."""
    lines = () if facts.is_other_linux else expected.nodes or ()
    if facts.has_udev:
        lines = expected.udev or ()
    drift = _Drift(_UDEV if facts.has_udev else _UEVENTD, len(lines))
    if facts.heap_nodes is None:
        drift.unknown.append(facts.why_unknown(HEAP_FOLDER))
        return drift
    for line in lines:
        matching = [node for node in _own_nodes(facts) if fnmatchcase(node.path, line.path)]
        if not matching and not _is_optional(facts, line.path.rpartition("/")[2]):
            drift.differ.append(f"{line.place}: {line.path} is not there")
        for node in matching:
            _mode(facts, drift, line, node)
    return drift


def _mode(facts: Facts, drift: _Drift, line: NodeLine, node: NodeFact) -> None:
    rendered = f"{line.place}: {node.path} {line.mode:04o} {line.owner} {line.group}"
    ids = ids_of(facts, line.owner, line.group)
    if node.mode is None or node.uid is None or node.gid is None:
        drift.unknown.append(f"{rendered}; the node could not be looked at")
    elif None in ids:
        drift.unknown.append(f"{rendered}; the id of {line.owner} or {line.group} is not known here")
    elif (line.mode, *ids) != (node.mode, node.uid, node.gid):
        drift.differ.append(f"{rendered}; the board has {node.mode:04o} {shown_owner(facts, node.uid, node.gid)}")


def _file_contexts(facts: Facts, lines: tuple[LabelLine, ...]) -> _Drift:
    drift = _Drift(_FILE_CONTEXTS, len(lines))
    if facts.selinux_mode is None:
        drift.skip = "SELinux is not there or has no policy"
        return drift
    if facts.heap_nodes is None:
        drift.unknown.append(facts.why_unknown(HEAP_FOLDER))
        return drift
    for line in lines:
        pattern = re.compile(line.pattern.encode("utf-8", "surrogateescape"))
        matching = [n for n in _own_nodes(facts) if pattern.fullmatch(n.path.encode("utf-8", "surrogateescape"))]
        if not matching and not _is_optional(facts, line.pattern.rpartition("/")[2]):
            drift.differ.append(f"{line.place}: {line.pattern} is not there")
        for node in matching:
            if node.label is None:
                drift.unknown.append(f"{line.place}: {node.path} {line.type}; the board's label could not be read")
            elif selinux_type(node.label) != line.type:
                drift.differ.append(f"{line.place}: {node.path} {line.type}; the board has {selinux_type(node.label)}")
    return drift

"""The lines that fix a board, rendered by the templates of ``bringup render`` for this board and this kernel.

If the board config lacks a value that a template needs, the value comes from the record or is Android's usual one. If
that is not enough, there are no lines, and the fix is words only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from bringup.allocator.answer import State
from bringup.causes.known.nodes import UDEV_NO_RULE
from bringup.causes.rendered_lines import basis_of, rendered_lines, with_heap
from bringup.config.schema import DeclaredIn, Heap, HeapKind, Region
from bringup.facts.board import Facts
from bringup.facts.expected_node import expected_node
from bringup.facts.memory.cma_areas import cma_granule
from bringup.facts.memory.reserved_memory import ReservedNode
from bringup.render.language import LANGUAGES
from bringup.render.sepolicy import make_policy
from bringup.render.udev import LINUX_NODE
from bringup.results.verdict import Change

__all__ = [
    "aligned_region",
    "allowed",
    "expected_line",
    "kconfig",
    "labelled",
    "merged_rules",
    "modules_load",
    "node_line",
    "node_words",
    "options_for",
    "rule",
    "split_kconfig",
]  # fmt: skip

_OPTION = re.compile(r"CONFIG_[A-Za-z0-9_]+=\S+|# CONFIG_[A-Za-z0-9_]+ is not set")
#: Of all options in a board config's fragment, those of heaps and of what heaps need.
_OF_HEAPS = re.compile(r"DMABUF_HEAPS|CMA|DMA_CMA|TEE$|OPTEE$|DMA_SHARED_BUFFER")
_MODE, _OWNER = "0444", "system"


def kconfig(lines: Iterable[str]) -> tuple[Change, ...]:
    """Options as lines of a fragment; empty if there are none."""
    kept = tuple(dict.fromkeys(lines))
    return (Change("kconfig.fragment", kept),) if kept else ()


def split_kconfig(remedy: Iterable[str]) -> tuple[tuple[str, ...], tuple[Change, ...]]:
    """A requirement's fix in two parts: the words, and the options as lines of a fragment."""
    lines = tuple(remedy)
    return tuple(line for line in lines if not _OPTION.fullmatch(line)), kconfig(filter(_OPTION.fullmatch, lines))


def options_for(facts: Facts, heap: Heap | None) -> tuple[str, ...]:
    """Options that the board config's fragment sets for this heap and that have another value in this kernel."""
    config, version = facts.kernel_config, facts.version
    if config is None or version is None or heap is None or facts.config is None:
        return ()
    from bringup.render.kconfig import kernel_options

    expected = kernel_options(facts.config, (heap,), version)
    return tuple(
        f"# CONFIG_{option.symbol} is not set" if option.value == "n" else f"CONFIG_{option.symbol}={option.value}"
        for option in expected
        if _OF_HEAPS.match(option.symbol) and (config.get(option.symbol) or "n") != option.value
    )


def node_line(facts: Facts, name: str, mode: int | None = None, user: str = "", group: str = "") -> tuple[Change, ...]:
    """The line that gives a heap's node its mode and owner, for ueventd or udev; default: the usual ones there."""
    if _has_other_rules(facts):
        return ()
    if _speaks_udev(facts):
        usual = dict(zip(("mode", "owner", "group"), LINUX_NODE, strict=True))
        given = {"mode": f"{mode:04o}", "owner": user, "group": group} if mode is not None else {}
        changes = _rendered(facts, "udev", _UDEV, heap=_heap(facts, name, node=usual | given))
        return tuple(change for change in changes if change.file != _SYSUSERS or _adds_group(facts, change))
    node = {"mode": _MODE if mode is None else f"{mode:04o}", "owner": user or _OWNER, "group": group or _OWNER}
    return _rendered(facts, "ueventd", {"ueventd.rc": ""}, heap=_heap(facts, name, node=node))


def expected_line(facts: Facts, name: str) -> tuple[Change, ...]:
    """The line of :func:`node_line` as the board config or the board's rules expect the node; else the usual one."""
    expected = expected_node(facts, name)
    rule = (expected.rule.mode, expected.rule.user, expected.rule.group) if expected is not None else ()
    return node_line(facts, name, *rule)


def node_words(facts: Facts) -> tuple[str, ...]:
    """What to do besides the line of :func:`node_line`: udev's rules act when they are read, ueventd's at boot."""
    if _has_other_rules(facts):
        return (_OTHER_RULES,)
    if not _speaks_udev(facts):
        return ()
    node = facts.record.node(_UDMABUF)
    there = node is not None and node.state is State.OK
    instead = (f"or use {_UDMABUF}, which this board has: DMA-BUFs of a program's own memory",) if there else ()
    return (*UDEV_NO_RULE.fix, *instead)


def _has_other_rules(facts: Facts) -> bool:
    """Whether it is a Linux without udev, which reads rules of another kind or none."""
    return facts.is_other_linux and not facts.has_udev


def _speaks_udev(facts: Facts) -> bool:
    """Whether the board has udev, or its record is older than that question and shows nothing of Android."""
    is_asked = "/run/udev" in facts.record.globs
    return facts.has_udev or not (is_asked or facts.is_android or facts.ueventd_rules)


_OTHER_RULES = "neither ueventd nor udev runs here: set mode and owner in what makes the nodes, as mdev.conf"
_UDMABUF = "/dev/udmabuf"
_SYSUSERS = "udev/sysusers-heaps.conf"
_UDEV = {"udev/70-heaps.rules": ".rules", _SYSUSERS: ".conf"}


def _adds_group(facts: Facts, change: Change) -> bool:
    """Whether the board lacks a group that sysusers.d would add."""
    return any(line.split()[1] not in facts.groups for line in change.lines)


def labelled(facts: Facts, name: str, label: str) -> tuple[Change, ...]:
    """The type of a heap's node: its line in file_contexts and, where it is not the platform's, its declaration."""
    heap = _heap(facts, name, node={"label": label}, used_by=())
    return _rendered(facts, "sepolicy", _SEPOLICY, heap=heap)


def allowed(facts: Facts, name: str, label: str, domain: str) -> tuple[Change, ...]:
    """The rule that allows a domain to open a heap of that type.

    :raises UsageError: a neverallow rule of the platform forbids it.
    """
    heap = _heap(facts, name, node={"label": label}, used_by=(domain,))
    try:
        config = with_heap(basis_of(facts).config, heap, {})
    except ValidationError:
        return ()
    make_policy(config, ((name, config.heaps[0]),))
    changes = _rendered(facts, "sepolicy", _SEPOLICY, heap=heap)
    return tuple(change for change in changes if change.file.endswith(".te"))


def rule(domain: str, type_: str, cls: str, rights: Iterable[str]) -> tuple[Change, ...]:
    """The rule that allows what a line of the log denies.

    :raises Refused: a word is not an SELinux identifier. m4 reads the file, and would run what the log says.
    """
    words = [LANGUAGES["te"].bare(word) for word in (domain, type_, cls, *rights)]
    return merged_rules([f"allow {words[0]} {words[1]}:{words[2]} {{ {' '.join(words[3:])} }};"])


def merged_rules(lines: Iterable[str]) -> tuple[Change, ...]:
    """Rules that :func:`allowed` and :func:`rule` made, as one change without repetitions; empty if there are none."""
    kept = tuple(dict.fromkeys(lines))
    return (Change(_TE, kept),) if kept else ()


_TE = "sepolicy/heaps.te"
_SEPOLICY = {_TE: ".te", "sepolicy/file_contexts": "file_contexts"}


def modules_load(facts: Facts, modules: tuple[str, ...]) -> tuple[Change, ...]:
    """Lines of modules.load for heap drivers that are modules."""
    return _rendered(facts, "modules", {"modules.load": "modules.load"}, kernel={"modules": modules})


def aligned_region(facts: Facts, node: ReservedNode) -> Region | None:
    """The node's region, moved and enlarged to CMA's alignment on this kernel, and reusable."""
    granule, (base, size) = cma_granule(facts), node.extent
    if size is None or granule is None:
        return None
    begin = None if base is None else base // granule * granule
    length = size if base is None or begin is None else base + size - begin
    return Region(
        declared_in=DeclaredIn.DEVICE_TREE,
        base=begin,
        size=-(-length // granule) * granule,
        reusable=True,
        default=node.is_default,
    )


def _heap(facts: Facts, name: str, **more: Any) -> dict[str, Any]:
    known = facts.config.heap(name) if facts.config else None
    kind = known.kind if known else HeapKind.CMA if "cma" in name else HeapKind.SYSTEM
    return {"name": name, "kind": kind, **more}


def _rendered(
    facts: Facts,
    fragment: str,
    files: dict[str, str],
    *,
    heap: dict[str, Any] | None = None,
    kernel: dict[str, Any] | None = None,
) -> tuple[Change, ...]:
    return rendered_lines(basis_of(facts), fragment, files, heap=heap, kernel=kernel)

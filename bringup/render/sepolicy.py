"""SELinux types, contexts and rules for the heaps that a config labels, within the platform's neverallow rules.

The rule that matters (private/coredomain.te, since Android 12): no coredomain but init and ueventd may open a heap
unless its type is dmabuf_system_heap_device or dmabuf_system_secure_heap_device. A rule for an attribute such as
hal_camera would include its clients, some of which are core domains; so rules are written for domain types only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bringup.config.schema import BoardConfig, Heap
from bringup.errors import UsageError

__all__ = ["PLATFORM_TYPES", "Policy", "make_policy", "platform_type"]

PLATFORM_TYPES = ("dmabuf_heap_device", "dmabuf_system_heap_device", "dmabuf_system_secure_heap_device")
"""Types that the platform declares (public/device.te)."""
_OPEN_TO_CORE = PLATFORM_TYPES[1:]
_EXEMPT = ("init", "ueventd")
_UNLABELLED = "device"
"""The type of a node in /dev that file_contexts does not name; public/domain.te lets no domain open such a node."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a config needs from SELinux.

    :param types: types to declare, none of them the platform's.
    :param contexts: (node name, type) where the platform's file_contexts would give another type.
    :param rules: (domain, type) of domains that open a heap.
    """

    types: tuple[str, ...]
    contexts: tuple[tuple[str, str], ...]
    rules: tuple[tuple[str, str], ...]


def make_policy(config: BoardConfig, nodes: tuple[tuple[str, Heap], ...]) -> Policy:
    """Arrange labels and users of the heaps behind ``nodes`` (node name, heap).

    :raises UsageError: a rule would break a neverallow rule of the platform.
    """
    types: dict[str, None] = {}
    contexts: list[tuple[str, str]] = []
    rules: dict[tuple[str, str], None] = {}
    for name, heap in nodes:
        label = heap.node.label if heap.node else None
        if label is not None and label != platform_type(name):
            contexts.append((name, label))
        label = label or platform_type(name)
        if label == _UNLABELLED:
            raise UsageError(
                f"label heap '{heap.name}' of {config.name}",
                f"neverallow: no domain may open a character device of the type {label}",
                hint=f"leave the label out ({platform_type(name)}), or give the heap a type of its own",
            )
        if label not in PLATFORM_TYPES:
            types[label] = None
        for domain in heap.used_by:
            _check(config, heap, domain, label)
            rules[domain, label] = None
    return Policy(tuple(types), tuple(contexts), tuple(rules))


def platform_type(name: str) -> str:
    """The type that the platform's file_contexts give to a node in /dev/dma_heap."""
    if name in {"system", "system-uncached"}:
        return "dmabuf_system_heap_device"
    return "dmabuf_system_secure_heap_device" if name.startswith("system-secure") else "dmabuf_heap_device"


def _check(config: BoardConfig, heap: Heap, domain: str, label: str) -> None:
    kind = _platform_names().get(domain)
    action = f"let {domain} use heap '{heap.name}' of {config.name}"
    if label in _OPEN_TO_CORE:
        return
    if kind == "attribute":
        hint = "name the domain types of this board's HALs in used_by, e.g. hal_camera_default"
        raise UsageError(action, f"{domain} is an attribute, and its members may be core domains", hint=hint)
    if kind == "coredomain" and domain not in _EXEMPT:
        raise UsageError(
            action,
            f"neverallow: {domain} is a core domain and may open only {' and '.join(_OPEN_TO_CORE)}, not {label}",
            hint="let a vendor HAL allocate from it and pass the buffer on, or allocate from 'system'",
        )


@cache
def _platform_names() -> Mapping[str, str]:
    """Name → coredomain or attribute."""
    names: dict[str, str] = {}
    for line in Path(__file__).with_name("platform-policy.txt").read_text(encoding="ascii").splitlines():
        kind, *words = line.split()
        if kind == "hal":
            for word in words:
                names |= dict.fromkeys((f"hal_{word}", f"hal_{word}_client", f"hal_{word}_server"), "attribute")
        elif kind in {"coredomain", "attribute"}:
            names |= dict.fromkeys(words, kind)
    return names

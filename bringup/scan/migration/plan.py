"""The order of the work, step by step: what is done, what is left, and who has to act.

The order is that of "Destaging ION" (J. Stultz, S. Semwal, Linaro Connect 2021) and of Android's own page on the
transition (source.android.com, "Transition from ION to DMA-BUF heaps"): heaps first, so that what is moved finds them;
permissions before users; ION off at the end.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bringup.scan.document import Hit, Scan, count_lines
from bringup.text import pluralize

__all__ = ["Step", "plan"]

_MOST = 8
_DOMAIN = re.compile(r"^\s*allow(?:xperm)?\s+(\{[^}]{1,200}\}|[\w$-]+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the work.

    :param title: what is to do.
    :param done: lines that have their replacement beside them.
    :param left: lines that have none.
    :param who: components or owners with most left, each with its number.
    :param lines: what exactly: heaps, domains, modules.
    """

    title: str
    done: int
    left: int
    who: tuple[str, ...]
    lines: tuple[str, ...] = ()


_STEPS: tuple[tuple[str, frozenset[str]], ...] = (
    ("choose a heap for each combination of mask and flags", frozenset({"ion.heap", "ion.flag", "ion.heap-name"})),
    ("permissions of the heaps' nodes in ueventd", frozenset({"ion.ueventd"})),
    ("link libdmabufheap, include its headers", frozenset({"ion.library", "ion.header"})),
    (
        "calls of libion, ioctls and Codec2",
        frozenset(
            {
                *("ion.open", "ion.alloc", "ion.sync", "ion.query", "ion.version", "ion.ioctl", "ion.device"),
                *("ion.codec2", "ion.codec2-property"),
            }
        ),
    ),
    ("SELinux: a rule for the heap, per domain", frozenset({"ion.sepolicy"})),
    (
        "kernel: drivers, device tree and modules",
        frozenset({"ion.client", "ion.provider", "ion.devicetree", "ion.module"}),
    ),
    ("logs and statistics", frozenset({"ion.sysfs"})),
    (
        "ION off: kconfig, switches of the build, ways back",
        frozenset({"ion.kconfig", "ion.switch", "ion.fallback", "ion.source"}),
    ),
)


def plan(scan: Scan) -> tuple[Step, ...]:
    """The steps of a migration, in their order; with those that have nothing in this tree."""
    known = {rule for _, rules in _STEPS for rule in rules}
    owners = {component.name: component.owners for component in scan.components}
    steps = []
    for title, rules in (*_STEPS, ("the rest", frozenset(hit.rule for hit in scan.hits if hit.ion) - known)):
        hits = [hit for hit in scan.hits if hit.ion and hit.rule in rules and not hit.suppressed]
        left = [hit for hit in hits if hit.is_left]
        done = count_lines((hit for hit in hits if hit.status in ("moved", "way back")), but=left)
        if hits or rules & known:
            steps.append(Step(title, done, count_lines(left), _who(left, owners), tuple(_details(rules, left))))
    return tuple(steps)


def _who(left: Sequence[Hit], owners: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    lines = {(hit.path, hit.line): hit.component for hit in left}
    counts = Counter(" ".join(owners.get(component, ())[:1]) or component for component in lines.values())
    names = [f"{name} ({count:,})" for name, count in counts.most_common(3)]
    return (*names, f"{len(counts) - 3:,} more") if len(counts) > 3 else tuple(names)


def _details(rules: frozenset[str], left: Sequence[Hit]) -> Iterator[str]:
    lines = _heaps(left) if "ion.heap" in rules else _domains(left) if "ion.sepolicy" in rules else iter(())
    yield from islice(lines, _MOST)
    if more := sum(1 for _ in lines):
        yield f"… {more:,} more"


def _heaps(left: Sequence[Hit]) -> Iterator[str]:
    """Words of one line belong to one call: mask and flags together choose the heap."""
    calls: dict[tuple[str, int], list[Hit]] = defaultdict(list)
    for hit in left:
        calls[hit.path, hit.line].append(hit)
    combinations: Counter[tuple[str, str]] = Counter()
    for hits in calls.values():
        heaps = [hit.heap for hit in hits if hit.heap]
        words = " ".join(dict.fromkeys(hit.word for hit in hits))
        combinations[words, min(heaps, key=len, default="")] += 1
    for (words, heap), count in combinations.most_common():
        yield f"{words} → {heap or 'the board decides'} ({pluralize(count, 'line')})"


def _domains(left: Sequence[Hit]) -> Iterator[str]:
    lines = {(hit.path, hit.line): hit.text for hit in left}
    domains = Counter(match[1] for text in lines.values() if (match := _DOMAIN.match(text)))
    for domain, count in domains.most_common():
        yield f"{domain} has ion_device and no rule for a heap ({pluralize(count, 'line')})"

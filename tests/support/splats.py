"""Complaints of real kernels, rebuilt from public reports: the lines that name kind, place and process, and a few frames.

Each is in the form in which its device printed it. What the report has beside these facts (registers, modules, addresses) is
left out or made up. ``splats.txt`` has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["SPLATS", "RebuiltSplat"]


@dataclass(frozen=True)
class RebuiltSplat:
    """A complaint, and what it says.

    :param source: where it was reported; a kernel's source file: written from that.
    :param heap_frame: its first function of a heap, DMA-BUF or CMA.
    """

    name: str
    source: str
    kind: str
    where: str
    process: str
    heap_frame: str
    text: str


def _read(section: str) -> RebuiltSplat:
    head, _, text = section.partition("---\n")
    name, *fields = head.splitlines()
    source, kind, where, process, heap_frame = (field.partition(":")[2].strip() for field in fields)
    return RebuiltSplat(name, source, kind, where, process, heap_frame, text)


SPLATS = tuple(map(_read, Path(__file__).with_suffix(".txt").read_text().split("=== ")[1:]))

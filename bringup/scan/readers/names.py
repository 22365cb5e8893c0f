"""Names that are more than an identifier: nodes, files of sysfs, libraries, modules, headers, folders, compatibles."""

from __future__ import annotations

import re
from functools import cache

from bringup.scan.knowledge.entry import Entry, Kind
from bringup.scan.knowledge.shipped import find, knowledge

__all__ = ["compatible", "folder", "header", "library", "module", "node", "switch", "sysfs"]

_NODE = re.compile(r"(?<![\w.-])/dev/ion(?![\w.-])")
_LIBRARY_END = re.compile(r"(?:\.so(?:\.[0-9.]{1,16})?|\.a|\.la)\Z")
_OF_LIBION = re.compile(r"(?:^|/)libion(?:_\w{1,16})?/ion\.h\Z")
_MODULE_END = re.compile(r"\.ko(?:\.[gx]z|\.zst)?\Z")


def node(name: str) -> Entry | None:
    """``/dev/ion`` itself, whatever stands before it."""
    return find("/dev/ion", Kind.NODE) if _NODE.search(name) else None


@cache
def _sysfs_paths() -> tuple[tuple[Entry, re.Pattern[str]], ...]:
    entries = sorted((e for e in knowledge().entries if e.kind is Kind.SYSFS), key=lambda e: -len(e.name))
    return tuple((entry, re.compile(rf"{re.escape(entry.name)}(?![\w.-])")) for entry in entries)


def sysfs(name: str) -> Entry | None:
    """A file or folder in which ION shows its state."""
    if "ion" not in name or "/" not in name:
        return None
    return next((entry for entry, pattern in _sysfs_paths() if pattern.search(name)), None)


def library(name: str) -> Entry | None:
    """A library by its module's name, file name, path, or as ``-lNAME``."""
    base = name.rpartition("/")[2].lstrip(":")
    if base.startswith("-l"):
        base = f"lib{base[2:]}"
    return find(_LIBRARY_END.sub("", base), Kind.LIBRARY)


def module(name: str, *, bare: bool = False) -> Entry | None:
    """A kernel module by its file, whatever its folder.

    :param bare: its name may stand without ``.ko`` and without a folder, as in ``modules.blocklist``.
    """
    base = name.rpartition("/")[2].rstrip(":")
    stem = _MODULE_END.sub("", base)
    if stem == base and (not bare or "/" in name):
        return None
    return find(stem, Kind.MODULE) or find(stem.replace("-", "_"), Kind.MODULE)


def header(path: str) -> Entry | None:
    """A header by what an ``#include`` names: the longest known end of its path."""
    parts = path.split("/")
    ends = ("/".join(parts[at:]) for at in range(len(parts)))
    entry = next((entry for end in ends if (entry := find(end, Kind.HEADER)) is not None), None)
    if entry is not None and entry.shared and path.lstrip("./") != entry.name and not _OF_LIBION.search(path):
        return None  # <x/ion.h> is the header of x
    return entry


@cache
def _folders() -> tuple[tuple[Entry, re.Pattern[str]], ...]:
    entries = sorted((e for e in knowledge().entries if e.kind is Kind.FOLDER), key=lambda e: -len(e.name))
    return tuple((entry, re.compile(rf"(?<![\w.-]){re.escape(entry.name)}(?![\w.-])")) for entry in entries)


def folder(name: str) -> Entry | None:
    """A source folder or repository of ION."""
    return next((entry for entry, pattern in _folders() if pattern.search(name)), None)


# USE_ION, TARGET_USES_ION, GRALLOC_USE_ION_DMA_HEAP, gralloc_use_ion_dma_heap, target-uses-ion
_SWITCH = re.compile(
    r"(?:[a-z0-9]+_){0,6}(?:uses?|enabled?|have|has|with|without|supports?|no|disable)_(?:[a-z0-9]+_){0,4}ion(?:_[a-z0-9]+){0,6}"
    r"|(?:[a-z0-9]+_){0,6}ion_(?:support(?:ed)?|enabled?|abi_version)",
    re.IGNORECASE,
)


def switch(word: str) -> Entry | None:
    """A switch of the build: a known one; or a word of that form, whose entry is shared: others have such words."""
    known = find(word, Kind.SWITCH)
    if known is not None or len(word) > 80 or _SWITCH.fullmatch(word.replace("-", "_")) is None:
        return known
    return find("USE_ION_*", Kind.SWITCH)


def compatible(text: str) -> Entry | None:
    """A device-tree compatible; blanks in it do not count."""
    return find(text.replace(" ", ""), Kind.COMPATIBLE)

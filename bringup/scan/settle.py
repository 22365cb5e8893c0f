"""What the whole tree says of the uses in its files: whose a name is, and what is left to do about each use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from bringup.scan.document import Hit, Status
from bringup.scan.knowledge.entry import Kind
from bringup.scan.language import Language
from bringup.scan.readers import names
from bringup.scan.readers.source import FileReading

__all__ = ["settle"]

_FROZEN = re.compile(r"(?:^|/)prebuilts/api/")
_ION_FOLDERS = re.compile(
    r"(?:^|/)(?:drivers/(?:staging/android|gpu|dma-buf)/ion|libion(?:_[a-z]{1,16})?|libdmabufheap)/"
)
_TESTS = re.compile(
    r"(?:^|/)(?:tests?|unittests?|selftests?|benchmarks?)/"
    r"|(?:^|/)[^/]*(?:_test|_tests|-test|Test|_unittest)\.[^/]+\Z|(?:^|/)test_[^/]+\Z"
)
#: Headers of ION under any name that says so: linux_ion.h, ion_uapi.h.
_ION_HEADER = re.compile(r"(?:^|/)(?:\w+[_-])?ion(?:[_-][\w.-]+)?\.h\Z", re.IGNORECASE)
_UAPI = frozenset({Kind.IOCTL, Kind.STRUCTURE, Kind.FLAG})
_CODE = frozenset({Language.C, Language.PYTHON, Language.RUST})
_USAGE = "C2StoreIonUsage"
_LIBION = re.compile(r"lib(?:ion|dmabufheap)(?:[._-]?(?:exynos|google|mtk|headers|hisi|imx|ti|static|shared))*\Z")


def settle(readings: Iterable[FileReading], own_headers: Sequence[str] = ()) -> Iterator[Hit]:
    """The uses of a tree, each with its status; without those of names that the tree defines for itself.

    :param readings: of every file that was read, in the order in which the uses are wanted.
    :param own_headers: paths of headers of the tree that have a name of ION's, and none of its words.
    """
    tree = list(readings)
    ion_folders = _folders_of_libion(tree)
    itself = {reading.path: _is_ion_itself(reading, ion_folders) for reading in tree}
    has_ion = any(use.certain and use.ion for reading in tree for use in reading.uses)
    own = {name for reading in tree if not itself[reading.path] for name in reading.defines}
    for reading in tree:
        for use in reading.uses:
            if not use.certain and not itself[reading.path] and _is_own(use, own, own_headers, has_ion=has_ion):
                continue
            yield replace(use, status=_status(reading, use, is_ion_itself=itself[reading.path]))


def _is_own(use: Hit, own: set[str], own_headers: Sequence[str], *, has_ion: bool) -> bool:
    if use.kind is Kind.SWITCH:
        return not has_ion
    if use.kind is Kind.HEADER:
        wanted = "/" + use.word.rpartition("../")[2]
        return any(f"/{path}".endswith(wanted) for path in own_headers)
    return use.word in own


def _folders_of_libion(tree: Sequence[FileReading]) -> tuple[str, ...]:
    """Folders, with a slash at their ends, whose build file makes libion or a library like it; ``""`` is the tree."""
    return tuple(
        reading.path.rpartition("/")[0] + "/" if "/" in reading.path else ""
        for reading in tree
        if any(_LIBION.match(name) for name in reading.builds)
    )


def _is_ion_itself(reading: FileReading, folders: Sequence[str]) -> bool:
    if _ION_FOLDERS.search(reading.path) or any(reading.path.startswith(folder) for folder in folders):
        return True
    if reading.language is Language.ELF:
        return names.library(reading.path.rpartition("/")[2]) is not None
    if reading.language is not Language.C or _ION_HEADER.search(reading.path) is None:
        return False
    return any(use.kind in _UAPI and use.word in reading.defines for use in reading.uses)


def _status(reading: FileReading, use: Hit, *, is_ion_itself: bool) -> str:
    if not use.ion:
        return Status.TO_DO
    if _FROZEN.search(reading.path):
        return Status.FROZEN
    if is_ion_itself:
        return Status.ION_ITSELF
    if use.status is not Status.TO_DO:
        return use.status
    if use.rule == "ion.fallback" or (reading.names_heaps and reading.language in _CODE):
        return Status.WAY_BACK
    if reading.answers_usage and use.word.startswith(_USAGE):
        return Status.WAY_BACK
    return Status.TEST if _TESTS.search(reading.path) else Status.TO_DO

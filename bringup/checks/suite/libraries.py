"""Libraries that open heaps: are they built for the board's page size?"""

from __future__ import annotations

from collections.abc import Iterator

from bringup.allocator.answer import State
from bringup.allocator.elf import read_elf
from bringup.causes.known.surroundings import LIBRARY_ALIGNMENT
from bringup.checks.registry import Question, check
from bringup.config.units import show_size
from bringup.errors import AllocatorError
from bringup.facts.board import Facts
from bringup.record.load import FileEntry
from bringup.results.verdict import Verdict


@check(
    "library.page-alignment",
    "Libraries that open heaps are aligned to the board's pages",
    asks="Compares the alignment of the loaded segments of libdmabufheap, libion, gralloc and mappers in /system and "
    "/vendor with the page size. Kernel modules have no segments: their loader aligns them.",
    why="The dynamic linker refuses a library that is aligned to less than a page, and its HAL does not start.",
    source="https://source.android.com/docs/core/architecture/16kb-page-size/16kb; AOSP bionic/linker/linker_phdr.cpp",
    since="any",
)
def alignment(question: Question, facts: Facts) -> Iterator[Verdict]:
    libraries = [entry for entry in facts.record.files("/") if "/lib64/" in entry.path and entry.path.endswith(".so")]
    if facts.record.hello is None:
        yield question.unknown("the board's page size was not observed")
    elif facts.page_size <= 4096:
        yield question.skipped("pages of 4 KiB: every library fits")
    elif not libraries:
        yield question.skipped("no library that opens heaps is in /system/lib64 or /vendor/lib64")
    else:
        yield _compare(question, facts.page_size, libraries)


def _compare(question: Question, page: int, libraries: list[FileEntry]) -> Verdict:
    fitting: list[str] = []
    too_small: list[str] = []
    unknown: list[str] = []
    for entry in libraries:
        try:
            aligned = read_elf(entry.data()).alignment if entry.state is State.OK else 0
        except AllocatorError:
            aligned = 0
        known = unknown if not aligned else too_small if aligned % page else fitting
        known.append(f"{entry.path}: {f'aligned to {show_size(aligned)}' if aligned else 'could not be read'}")
    if too_small:
        number = f"{len(too_small)} of {len(libraries)} libraries are" if len(libraries) > 1 else "the library is"
        text = f"{number} not aligned to pages of {show_size(page)}"
        return question.failed(*too_small, *unknown, cause=LIBRARY_ALIGNMENT.here(text), remedy=LIBRARY_ALIGNMENT.fix)
    if unknown:
        return question.unknown("not every library could be read", *unknown)
    return question.passed(*fitting)

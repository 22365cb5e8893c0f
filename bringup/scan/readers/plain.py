"""Everything but C and ELF: words outside comments and messages, and what each language lets stand for ION."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bringup.scan.document import Side
from bringup.scan.knowledge.entry import Entry, Kind
from bringup.scan.knowledge.shipped import find
from bringup.scan.language import Language
from bringup.scan.readers import names
from bringup.scan.readers.candidates import Candidate, candidates
from bringup.scan.readers.grammar import Place, blanked, regions
from bringup.scan.readers.heap_names import heap_names
from bringup.scan.readers.messages import message_ranges
from bringup.scan.readers.moved import mark_moved
from bringup.scan.readers.occurrence import Occurrence, uses_of
from bringup.scan.readers.source import FileReading, Source

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig

__all__ = ["kinds_of", "read_plain", "rule_of"]

_CODE = (
    Kind.FUNCTION,
    Kind.STRUCTURE,
    Kind.IOCTL,
    Kind.ID,
    Kind.MASK,
    Kind.FLAG,
    Kind.CODEC2,
    Kind.METHOD,
    Kind.KCONFIG,
)
_BUILD = _CODE[2:]
#: Where a switch of the build is one.
_SWITCHES = frozenset(
    {
        Language.MAKE,
        Language.BLUEPRINT,
        Language.BAZEL,
        Language.MESON,
        Language.AUTOCONF,
        Language.BITBAKE,
        Language.SHELL,
        Language.PROPERTIES,
        Language.PYTHON,
        Language.KCONFIG,
    }
)
_IDENTIFIERS: dict[Language, tuple[Kind, ...]] = {
    Language.MAKE: _BUILD,
    Language.BLUEPRINT: _BUILD,
    Language.BAZEL: _BUILD,
    Language.MESON: _BUILD,
    Language.AUTOCONF: (*_BUILD, Kind.FUNCTION, Kind.STRUCTURE),
    Language.BITBAKE: _BUILD,
    Language.SHELL: _BUILD,
    Language.PYTHON: _CODE,
    Language.RUST: _CODE,
    Language.JAVA: (Kind.METHOD, Kind.IOCTL),
    Language.SEPOLICY: (Kind.SELINUX, Kind.IOCTL),
    Language.CIL: (Kind.SELINUX,),
    Language.KCONFIG: (Kind.KCONFIG,),
    Language.RC: (Kind.SELINUX,),
}


def _header_of(name: str) -> Entry | None:
    """A header that a probe of a build includes: with its folder."""
    entry = names.header(name) if "/" in name and name.endswith(".h") else None
    return None if entry is None or entry.shared else entry


_FINDERS: dict[Kind, Callable[[str], Entry | None]] = {
    Kind.NODE: names.node,
    Kind.SYSFS: names.sysfs,
    Kind.LIBRARY: names.library,
    Kind.MODULE: names.module,
    Kind.FOLDER: names.folder,
    Kind.HEADER: _header_of,
}
_NAMES = tuple(kind for kind in _FINDERS if kind is not Kind.HEADER)
_PATHS: dict[Language, tuple[Kind, ...]] = {
    language: _NAMES for language in Language if language not in (Language.ELF, Language.C)
} | {
    Language.DEVICE_TREE: (),
    Language.XML: (Kind.FOLDER, Kind.LIBRARY),
    Language.PYTHON: (*_NAMES, Kind.HEADER),
    Language.BAZEL: (*_NAMES, Kind.HEADER),
    Language.MESON: (*_NAMES, Kind.HEADER),
    Language.AUTOCONF: (*_NAMES, Kind.HEADER),
    Language.MAKE: (*_NAMES, Kind.HEADER),
    Language.KCONFIG: (Kind.FOLDER,),
    Language.SEPOLICY: (Kind.NODE, Kind.SYSFS),
    Language.CIL: (Kind.NODE, Kind.SYSFS),
    Language.MODULES: (Kind.MODULE,),
}
#: Languages whose strings may be the name of a heap.
_HEAP_NAMES = frozenset({Language.PYTHON, Language.RUST})
_HAS_PROPERTIES = frozenset({Language.MAKE, Language.PROPERTIES, Language.RC})
#: Functions and structures that only a driver in C can use.
_OF_DRIVERS = frozenset({"ion.client", "ion.provider"})
#: Where a node is a line of its own rule.
_NODE_RULES = {Language.RC: "ion.ueventd", Language.SEPOLICY: "ion.sepolicy", Language.CIL: "ion.sepolicy"}
_USES_PROPERTY = re.compile(rb"(?<![\w.])debug\.c2\.use_dmabufheaps(?:[ \t]*=[ \t]*|[ \t]+)(?:0|false|n|no|off)\b")
_SYMBOL_LINE = re.compile(
    rb"^[ \t]*(?:config|menuconfig|select|imply|depends[ \t]+on|default|if|visible[ \t]+if)[ \t][^\n]*"
    rb"|\b(?:depends[ \t]+on|select|if)[ \t][^\n]*",
    re.MULTILINE,
)
_SYMBOL = re.compile(rb"\b((?:MSM_|MTK_|QCOM_|EXYNOS_|AMLOGIC_|SUNXI_|SPRD_|TEGRA_|ROCKCHIP_)?ION(?:_[A-Z0-9_]+)?)\b")
_FIND_LIBRARY = re.compile(
    rb"\b(?:find_library|dependency|target_link_libraries|AC_CHECK_LIB|AC_SEARCH_LIBS)[ \t]*\("
    rb"[^)\n]{0,80}?[\s'\"(,\[](ion)[\s'\"),\]]"
)
_KBUILD = re.compile(rb"^[ \t]*obj-[\w$().-]+[ \t]*[:+]?=[^\n]*?(?<![\w/.-])(ion/)(?![\w.-])", re.MULTILINE)
_IS_KBUILD = re.compile(rb"^[ \t]*(?:obj|ccflags)-", re.MULTILINE)
_OFF = re.compile(rb"=n\b")


def kinds_of(language: Language) -> frozenset[Kind]:
    """What a file of this language is searched for."""
    kinds = {*_IDENTIFIERS.get(language, ()), *_PATHS[language]}
    kinds |= {Kind.SWITCH} if language in _SWITCHES else set()
    kinds |= {Kind.HEAP_NAME} if language in _HEAP_NAMES else set()
    kinds |= {Kind.PROPERTY} if language in _HAS_PROPERTIES else set()
    kinds |= {Kind.COMPATIBLE} if language is Language.DEVICE_TREE else set()
    return frozenset(kinds)


def rule_of(entry: Entry, language: Language) -> str | None:
    """The rule of an entry in a file of this language; ``None``: it is none of ION there."""
    if entry.kind is Kind.NODE:
        return _NODE_RULES.get(language, entry.rule)
    return None if entry.rule in _OF_DRIVERS else entry.rule


def read_plain(source: Source, board: BoardConfig | None = None) -> FileReading:
    """What a file of any language but C and ELF says."""
    comments = (one for one in regions(source.data, source.language) if one.place is Place.COMMENT)
    code = replace(source, data=blanked(source.data, comments))
    found = list(_occurrences(source, code))
    every = [*found, *heap_names(code)]
    if not every:
        return FileReading(source.path, source.language, builds=_builds(code))
    uses = uses_of(source, every, Side.KERNEL if _is_kernel(code) else Side.USER, board)
    return FileReading(
        source.path,
        source.language,
        tuple(mark_moved(code, uses)),
        builds=_builds(code),
        foreign=not found,
        names_heaps=_names_heaps(code),
    )


_BUILT = re.compile(
    rb'\bname:[ \t]*"(lib(?:ion|dmabufheap)[\w.-]{0,40})"'
    rb"|^[ \t]*LOCAL_MODULE[ \t]*:?=[ \t]*(lib(?:ion|dmabufheap)[\w.-]{0,40})",
    re.MULTILINE,
)


def _builds(source: Source) -> frozenset[str]:
    if source.language not in (Language.BLUEPRINT, Language.MAKE):
        return frozenset()
    return frozenset((match[1] or match[2]).decode() for match in _BUILT.finditer(source.data))


def _occurrences(source: Source, code: Source) -> Iterator[Occurrence]:
    """What the code says outside its messages. ``source``: with comments, which a message may only seem to have."""
    found = sorted([*_candidates(code), *_special(code)], key=lambda occurrence: occurrence.start)
    messages = message_ranges(source.data, source.language) if found else []
    for one in found:
        at = bisect_right(messages, one.start, key=lambda part: part[0]) - 1
        if at < 0 or one.start >= messages[at][1]:
            yield one


def _candidates(source: Source) -> Iterator[Occurrence]:
    reached = 0
    for candidate in candidates(source.data):
        if candidate.start < reached:
            continue
        path = _path(source, candidate)
        if path is not None:
            reached = candidate.name_end
            yield path
            continue
        yield from _identifier(source, candidate)


def _identifier(source: Source, candidate: Candidate) -> Iterator[Occurrence]:
    data, start = source.data, candidate.start
    if data[start : start + 1] == b"D" and data[max(0, start - 1) : start] == b"-":
        start += 1  # an option of the compiler: -DUSE_ION
    word = data[start : candidate.end].decode("ascii", "replace")
    kinds = _IDENTIFIERS.get(source.language, ())
    if source.language in _HEAP_NAMES and _is_quoted(data, start, candidate.end):
        kinds = (Kind.HEAP_NAME, *kinds)
    entry = find(word, *kinds)
    if entry is not None and rule_of(entry, source.language) is None:
        return
    if entry is not None:
        if not _is_off(source, candidate, entry):
            own = _own_type(source, start) if entry.kind is Kind.SELINUX else ()
            yield Occurrence(start, word, entry, certain=not entry.shared, replacement=own)
        return
    if source.language not in _SWITCHES:
        return
    option = data[candidate.name_start : candidate.name_end].decode("utf-8", "replace").strip(".,:@+/")
    places = [(word, start), (option, candidate.name_start)]
    for name, at in places if source.language is Language.AUTOCONF else places[:1]:
        entry = names.switch(name)
        if entry is not None:
            yield Occurrence(at, name, entry, certain=not entry.shared)
            return


def _is_quoted(data: bytes, start: int, end: int) -> bool:
    return start > 0 and data[start - 1 : start] in (b'"', b"'") and data[start - 1 : start] == data[end : end + 1]


_LABELLED = re.compile(rb"^[ \t]*(/[^\s]{1,128})[ \t][^\n]*?u:object_r:ion_device", re.MULTILINE)


def _own_type(source: Source, start: int) -> tuple[str, ...]:
    """For a node that is not ``/dev/ion`` and has ION's type: a type of its own."""
    line = source.data.rfind(b"\n", max(0, start - 400), start) + 1
    match = _LABELLED.match(source.data, line)
    if match is None or match[1] == b"/dev/ion":
        return ()
    node = match[1].decode("utf-8", "replace")
    return (
        f"a type of its own for {node} (dev_type), and allow rules for it: ion_device goes with /dev/ion",
        "a node of /dev/dma_heap has dmabuf_heap_device_type beside dev_type",
    )


def _path(source: Source, candidate: Candidate) -> Occurrence | None:
    start, end = candidate.name_start, candidate.name_end
    name = source.data[start:end].decode("utf-8", "replace").rstrip(".,:")
    for kind in _PATHS[source.language]:
        entry = names.module(name, bare=True) if source.language is Language.MODULES else _FINDERS[kind](name)
        if entry is not None:
            word = entry.name if entry.kind in (Kind.NODE, Kind.LIBRARY, Kind.FOLDER) else name
            return Occurrence(start, word, entry, rule=rule_of(entry, source.language))
    return None


def _is_off(source: Source, candidate: Candidate, entry: Entry) -> bool:
    return entry.kind is Kind.KCONFIG and bool(_OFF.match(source.data, candidate.end))


def _special(source: Source) -> Iterator[Occurrence]:
    """What no word alone shows: the language's own forms."""
    data, language = source.data, source.language
    if language in _HAS_PROPERTIES:
        entry = find("debug.c2.use_dmabufheaps", Kind.PROPERTY)
        assert entry is not None
        yield from (Occurrence(match.start(), entry.name, entry) for match in _USES_PROPERTY.finditer(data))
    if language is Language.KCONFIG:
        yield from _symbols(data)
    if language in (Language.MESON, Language.AUTOCONF, Language.MAKE, Language.PYTHON):
        library = find("libion", Kind.LIBRARY)
        assert library is not None
        yield from (Occurrence(match.start(1), "ion", library) for match in _FIND_LIBRARY.finditer(data))
    if language is Language.MAKE:
        folder = find("drivers/staging/android/ion", Kind.FOLDER)
        assert folder is not None
        yield from (Occurrence(match.start(1), "ion/", folder) for match in _KBUILD.finditer(data))
    if language is Language.DEVICE_TREE:
        yield from _compatibles(data)


def _symbols(data: bytes) -> Iterator[Occurrence]:
    for line in _SYMBOL_LINE.finditer(data):
        for match in _SYMBOL.finditer(data, line.start(), line.end()):
            word = match[1].decode()
            entry = find(f"CONFIG_{word}", Kind.KCONFIG)
            if entry is not None:
                yield Occurrence(match.start(1), word, entry)


def _compatibles(data: bytes) -> Iterator[Occurrence]:
    for match in re.finditer(rb'"([^"\n]{1,128})"', data):
        text = match[1].decode("utf-8", "replace")
        if "ion" in text and (entry := names.compatible(text)) is not None:
            yield Occurrence(match.start(1), text, entry)


_HEAPS = re.compile(
    rb"dmabuf_(?:system_|\w{1,40}_)?heap_device|libdmabufheap|/dev/dma_heap|DMABUF_HEAPS|dma_heap|dmabufheap",
    re.IGNORECASE,
)


def _names_heaps(source: Source) -> bool:
    return _HEAPS.search(source.data) is not None


def _is_kernel(source: Source) -> bool:
    if source.language in (Language.KCONFIG, Language.DEVICE_TREE, Language.MODULES):
        return True
    return source.language is Language.MAKE and _IS_KBUILD.search(source.data) is not None

"""C and C++: words in code, in literals and in directives; what a call asks for; what the file defines itself."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bringup.scan.asked import Asked, asked_by
from bringup.scan.document import Side
from bringup.scan.knowledge.entry import Asks, Entry, Kind
from bringup.scan.knowledge.shipped import find
from bringup.scan.readers import names
from bringup.scan.readers.c_directives import is_kernel_code
from bringup.scan.readers.c_functions import Scope, is_declaration, is_static, opens_class, scope_of
from bringup.scan.readers.c_syntax import Syntax, parse
from bringup.scan.readers.c_text import Code, Statement, flags_are_constant, is_definition, statement_at
from bringup.scan.readers.candidates import Candidate, candidates
from bringup.scan.readers.grammar import Place, Region, regions
from bringup.scan.readers.heap_names import heap_names
from bringup.scan.readers.occurrence import Occurrence, uses_of
from bringup.scan.readers.source import FileReading, Source

if TYPE_CHECKING:
    from bringup.config.schema import BoardConfig

__all__ = ["C_KINDS", "read_c"]

_IN_CODE = (
    Kind.FUNCTION,
    Kind.STRUCTURE,
    Kind.IOCTL,
    Kind.ID,
    Kind.MASK,
    Kind.FLAG,
    Kind.OTHER,
    Kind.CODEC2,
    Kind.METHOD,
    Kind.KCONFIG,
)
#: What a file is searched for.
C_KINDS = frozenset(
    {
        *_IN_CODE,
        Kind.HEAP_NAME,
        Kind.SWITCH,
        Kind.NODE,
        Kind.SYSFS,
        Kind.LIBRARY,
        Kind.MODULE,
        Kind.HEADER,
        Kind.COMPATIBLE,
    }
)
_ASKING = frozenset({Kind.MASK, Kind.ID, Kind.FLAG})
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include(?:_next)?[ \t]*[<\"]([^>\"\n]{1,256})[>\"]", re.MULTILINE)
_HEAP_LISTS = frozenset({"ion_heap_data", "ion_heap_query", "ion_query_get_heaps", "ION_IOC_HEAP_QUERY"})
_CMA = Asks(heap="cma", contiguous=True)
#: A field of ION's structures by which a heap is chosen.
_FIELD = "heap_id_mask"
_DECLARES = re.compile(rb"\s*(?:__u32|u32|uint32_t|unsigned(?:[ \t]+int)?)[ \t]+")
#: Names as EXYNOS_ION_UTILS_H: no name of ION's ends so.
_INCLUDE_GUARD = re.compile(r"_H_{0,2}\Z")
_BRACE = re.compile(rb"[{}]")
#: So far back an open brace is looked for.
_NEAR = 4096
_OPENS_STRUCTURE = re.compile(rb"\b(?:struct|union)(?:\s+\w{1,128}){0,4}\s*\Z")
_OPENS_ENUM = re.compile(rb"\benum(?:\s+class)?(?:\s+\w{1,128})?(?:\s*:\s*\w{1,128})?\s*\Z")
#: Functions of libdmabufheap's class: its members.
_OF_A_CLASS = "ion.fallback"
_HEADERS = (".h", ".hh", ".hpp", ".hxx", ".inl", ".ipp", ".h.in")
_TYPE = re.compile(rb"\b(?:struct|class|enum|union)\s+\Z")
_DIRECTIVE = re.compile(rb"[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|define|undef)\b")
_DEFINE = re.compile(rb"[ \t]*#[ \t]*define[ \t]+")
_IS_SWITCHED = re.compile(rb"[ \t]*+\(?(?:[01]|true|false)?\)?[ \t]*(?:\r?\n|\Z)")
_COMMAND = re.compile(r"\$\(|(?:\A|[\s;|&])(?:cat|ls|echo|find|grep|chmod|chown|mount)\s")
_HEAPS = re.compile(
    rb"dma_heap_find|MapNameToIonHeap|MapDmabufHeapNameToIonHeap|dma_heap_buffer_alloc|DMA_HEAP_IOCTL_ALLOC|/dev/dma_heap|(?<!\w)BufferAllocator|DmabufHeap|dma_heap_allocation_data"
    rb"|linux/dma-heap\.h|C2DmaBufAllocator|C2AllocatorDmaBuf|DMABUFHEAP|DMABUF_HEAPS|dma_heap_get_dev"
)
_ANSWERS_USAGE = re.compile(rb"C2StoreDmaBufUsageInfo")


def read_c(source: Source, board: BoardConfig | None = None) -> FileReading:
    """What a file of C or C++ says."""
    found = [one for one in candidates(source.data) if _may_be(source.data, one)]
    heaps = heap_names(source)
    if not found and not heaps:
        return FileReading(source.path, source.language)
    return _Reader(source).reading(found, heaps, board)


def _may_be(data: bytes, candidate: Candidate) -> bool:
    """Whether a word of the data may stand here; comments and the language are not looked at yet."""
    word = data[candidate.start : candidate.end].decode("ascii", "replace")
    if find(word, *_IN_CODE, Kind.HEAP_NAME) is not None or word == "ION_HEAP" or names.switch(word) is not None:
        return True
    if candidate.name_end - candidate.name_start == candidate.end - candidate.start:
        return word == "libion"
    name = data[candidate.name_start : candidate.name_end].decode("utf-8", "replace")
    return any(look(name) for look in _NAME_READERS) or "::" in name


_NAME_READERS = (names.node, names.sysfs, names.library, names.module, names.header, names.compatible)


class _Reader:
    """One file; comments, literals and lines are found once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._data = source.data
        self._regions = list(regions(source.data, source.language))
        self._code = Code(source.data, self._regions)
        self._disabled = self._code.disabled
        self._includes = [match.span(1) for match in _INCLUDE.finditer(source.data)]
        self._defines: set[str] = set()
        self._found: list[Candidate] = []

    @cached_property
    def _syntax(self) -> Syntax | None:
        return parse(self._source.path, self._code.text)

    def reading(self, found: list[Candidate], heaps: list[Occurrence], board: BoardConfig | None) -> FileReading:
        self._found = found
        occurrences = list(self._occurrences(found))
        heaps = [self._in_ion(heap, occurrences) for heap in heaps]
        side = Side.KERNEL if is_kernel_code(self._source.path, self._code.text) else Side.USER
        code = [one for one in heaps if self._is_compiled(one.start)]
        return FileReading(
            self._source.path,
            self._source.language,
            uses_of(self._source, [*occurrences, *code], side, board),
            defines=frozenset(self._defines),
            foreign=all(one.entry.shared for one in occurrences),
            names_heaps=bool(occurrences) and self._names(_HEAPS),
            answers_usage=bool(occurrences) and self._names(_ANSWERS_USAGE),
        )

    def _in_ion(self, heap: Occurrence, occurrences: list[Occurrence]) -> Occurrence:
        """``"linux,cma"`` beside ION's list of heaps is the name of an ION heap."""
        asks_ion = any(one.word in _HEAP_LISTS or one.entry.kind is Kind.HEAP_NAME for one in occurrences)
        in_string = self._data[max(0, heap.start - 1) : heap.start] == b'"'
        if not asks_ion or not in_string or heap.entry.rule != "heap.cma-name":
            return heap
        return Occurrence(heap.start, heap.word, replace(heap.entry, rule="ion.heap-name", asks=_CMA))

    def _occurrences(self, found: list[Candidate]) -> Iterator[Occurrence]:
        reached = 0
        for candidate in found:
            place, region = self._place(candidate.start)
            if candidate.start < reached or place is Place.COMMENT or self._is_disabled(candidate.start):
                continue
            if place is Place.STRING:
                assert region is not None
                occurrence = self._in_include(candidate) or self._in_string(region)
                if occurrence is not None:
                    reached = region.end
            else:
                occurrence = self._in_include(candidate) or self._in_code(candidate)
                if occurrence is not None and occurrence.entry.kind is Kind.HEADER:
                    reached = candidate.name_end
            if occurrence is not None:
                yield occurrence

    # ---- places

    def _place(self, offset: int) -> tuple[Place, Region | None]:
        at = bisect_right(self._regions, offset, key=lambda region: region.start) - 1
        if at >= 0 and offset < self._regions[at].end:
            return self._regions[at].place, self._regions[at]
        return Place.CODE, None

    def _is_disabled(self, offset: int) -> bool:
        at = bisect_right(self._disabled, offset, key=lambda part: part[0]) - 1
        return at >= 0 and offset < self._disabled[at][1]

    def _names(self, pattern: re.Pattern[bytes]) -> bool:
        return any(self._is_compiled(match.start()) for match in pattern.finditer(self._data))

    def _is_compiled(self, offset: int) -> bool:
        return self._place(offset)[0] is not Place.COMMENT and not self._is_disabled(offset)

    # ---- one candidate

    def _in_include(self, candidate: Candidate) -> Occurrence | None:
        at = bisect_right(self._includes, candidate.start, key=lambda part: part[0]) - 1
        if at < 0 or candidate.start >= self._includes[at][1]:
            return None
        start, end = self._includes[at]
        path = self._data[start:end].decode("utf-8", "replace")
        entry = names.header(path)
        return None if entry is None else Occurrence(start, path, entry, certain=not entry.shared)

    def _in_string(self, region: Region) -> Occurrence | None:
        text = self._data[region.start : min(region.end, region.start + 512)].decode("utf-8", "replace")
        content = text[1:-1] if region.end - region.start <= 512 else text[1:]
        if " " in content or len(content) > 256:
            return self._command(content, region) or self._compatible(content, region)
        start = region.start + 1
        for look in (names.node, names.sysfs, names.library, names.module):
            entry = look(content)
            if entry is not None:
                return Occurrence(start, entry.name if entry.kind is Kind.NODE else content, entry)
        entry = find(content, Kind.HEAP_NAME)
        if entry is not None:
            return Occurrence(start, content, entry)
        entry = find(content, Kind.FUNCTION)
        if entry is not None and self._looks_up_symbols():
            return Occurrence(start, content, entry, rule="ion.library")
        return self._compatible(content, region)

    def _command(self, content: str, region: Region) -> Occurrence | None:
        """A path of sysfs in a command of the shell; in a message it is no use."""
        entry = names.sysfs(content) if _COMMAND.search(content) else None
        return None if entry is None else Occurrence(region.start + 1, entry.name, entry)

    def _compatible(self, content: str, region: Region) -> Occurrence | None:
        entry = names.compatible(content) if "," in content else None
        return None if entry is None else Occurrence(region.start + 1, content, entry)

    def _looks_up_symbols(self) -> bool:
        return b"dlsym" in self._code.text or b"dlopen" in self._code.text

    def _in_code(self, candidate: Candidate) -> Occurrence | None:
        start = candidate.start
        code = self._code.around(start)
        word = code[start : candidate.end].decode("ascii", "replace")
        scoped = self._scoped(candidate)
        if scoped is not None:
            return scoped
        if word == "ION_HEAP":
            return self._heap_macro(candidate)
        if _INCLUDE_GUARD.search(word):
            return None
        entry = find(word, *_IN_CODE)
        if entry is None:
            return self._switch(candidate, word)
        if is_definition(code, start, candidate.end, entry):
            self._defines.add(word)
        if not self._is_of_ion(entry, candidate, word) or (word == _FIELD and not self._is_field(candidate)):
            return None
        return Occurrence(start, word, entry, self._asked(candidate, entry), certain=not entry.shared)

    def _scoped(self, candidate: Candidate) -> Occurrence | None:
        name = self._data[candidate.name_start : candidate.name_end].decode("utf-8", "replace")
        if "::" not in name:
            return None
        last_two = "::".join(name.strip(":,.").split("::")[-2:])
        entry = find(last_two, Kind.CODEC2)
        return None if entry is None else Occurrence(candidate.name_start, last_two, entry)

    def _is_of_ion(self, entry: Entry, candidate: Candidate, word: str) -> bool:
        """Whether the name stands here as ION's does: a function of no class and of no file alone, a type of C."""
        start = candidate.start
        code = self._code.around(start)
        if entry.kind is Kind.FUNCTION and entry.rule != _OF_A_CLASS:
            scope = scope_of(code, start)
            return scope is Scope.GLOBAL or (scope is Scope.PLAIN and word not in self._own_functions)
        if entry.shared and entry.kind is Kind.STRUCTURE:
            return _TYPE.search(code[max(0, start - 40) : start]) is not None
        return not (entry.shared and code[max(0, start - 2) : start].endswith((b".", b"->")))

    @cached_property
    def _own_functions(self) -> frozenset[str]:
        """Names of ION's functions that are, in this file, static functions of its own or members of a class."""
        functions = (
            one
            for one in self._found
            if (entry := find(self._word(one), Kind.FUNCTION)) is not None and entry.rule != _OF_A_CLASS
        )
        return frozenset(self._word(one) for one in functions if self._is_own_function(one))

    def _is_own_function(self, candidate: Candidate) -> bool:
        start, end = candidate.start, candidate.end
        if not self._is_compiled(start):
            return False
        code = self._code.around(start)
        if is_static(code, start, end):
            return not self._source.path.endswith(_HEADERS)  # a header's is for all who include it
        if is_declaration(code, start, end):
            return scope_of(code, start) is Scope.MEMBER or opens_class(self._around(start))
        return False

    def _is_field(self, candidate: Candidate) -> bool:
        """Whether it is accessed or declared as a field; a variable may have the same name."""
        code = self._code.around(candidate.start)
        before = code[max(0, candidate.start - 80) : candidate.start].rpartition(b"\n")[2]
        if before.rstrip().endswith((b".", b"->")):
            return True
        declares = _DECLARES.fullmatch(before) is not None and code[
            candidate.end : candidate.end + 8
        ].lstrip().startswith(b";")
        return declares and _OPENS_STRUCTURE.search(self._around(candidate.start)) is not None

    def _around(self, start: int) -> bytes:
        """What stands before the innermost brace that is open there; empty: none is, nearby."""
        near, depth = self._code.around(start)[max(0, start - _NEAR) : start], 0
        for brace in _BRACE.finditer(near[::-1]):
            depth += 1 if brace[0] == b"}" else -1
            if depth < 0:
                return near[: len(near) - brace.end()]
        return b""

    def _heap_macro(self, candidate: Candidate) -> Occurrence | None:
        match = re.compile(rb"[ \t]*\(([^()\n]{0,80})\)").match(self._code.text, candidate.end)
        entry = find("ION_HEAP_DUMMY", Kind.MASK)
        if match is None or entry is None:
            return None
        inner = match[1].decode("utf-8", "replace").strip()
        if find(inner, Kind.ID, Kind.MASK) is not None:
            return None
        word = f"ION_HEAP({inner})"
        return Occurrence(candidate.start, word, entry, Asked(heap="named"))

    def _switch(self, candidate: Candidate, word: str) -> Occurrence | None:
        entry = names.switch(word)
        if entry is None:
            return None
        before = self._code.text[max(0, candidate.start - 400) : candidate.start].rpartition(b"\n")[2]
        if _DIRECTIVE.match(before) is None or (entry.shared and self._is_value(candidate, before)):
            return None
        return Occurrence(candidate.start, word, entry, certain=not entry.shared)

    def _is_value(self, candidate: Candidate, before: bytes) -> bool:
        """Whether a macro with a name like a switch's stands for a value that is neither on nor off."""
        return _DEFINE.fullmatch(before) is not None and _IS_SWITCHED.match(self._code.text, candidate.end) is None

    def _asked(self, candidate: Candidate, entry: Entry) -> Asked:
        is_asked = entry.kind in _ASKING or entry.rule == "ion.alloc"
        if not is_asked or _OPENS_ENUM.search(self._around(candidate.start)) is not None:  # a list of all is no call
            return asked_by([entry.asks])
        statement: Statement = statement_at(self._code.text, candidate.start)
        values = None if self._syntax is None else self._syntax.values_at(candidate.start, candidate.end)
        words = set(statement.words) if values is None else set(statement.words) | values.certain
        possible = frozenset[str]() if values is None else values.possible
        is_known = flags_are_constant(statement) or (values is not None and values.flags_are_known)
        asks = _asks(words - {self._word(candidate)})
        return asked_by([entry.asks, *asks], possible=_asks(possible), flags_are_known=is_known and not possible)

    def _word(self, candidate: Candidate) -> str:
        return self._data[candidate.start : candidate.end].decode("ascii", "replace")


def _asks(words: Iterable[str]) -> list[Asks]:
    """What several words ask for, in a fixed order."""
    entries = (find(word, Kind.FLAG, Kind.MASK, Kind.ID) for word in sorted(words))
    return [entry.asks for entry in entries if entry is not None]

"""The mechanical part of a migration, as patches for ``git apply``: what needs no judgement, and nothing else."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bringup.scan.document import Hit, Scan
from bringup.scan.load import LARGEST
from bringup.scan.migration.calls import moved_calls

__all__ = ["patches"]

_SAFE_PATH = re.compile(r"[A-Za-z0-9_./+@,-]+")
_UEVENTD = re.compile(r"^(/dev/ion)([ \t]+\d{3,4}[ \t]+\w+[ \t]+\w+[^\n]*)$")
_ALLOW = re.compile(r"^([ \t]*)allow[ \t]+(\w+)[ \t]+ion_device[ \t]*:[ \t]*chr_file[ \t]")
_HEAP_RULE = "dmabuf_system_heap_device:chr_file r_file_perms;"
_MODULES = (
    (re.compile(r"(?:drivers/staging/android/ion/(?:heaps/)?)?\bion_sys_heap\.ko\b"), "system_heap.ko"),
    (re.compile(r"(?:drivers/staging/android/ion/(?:heaps/)?)?\bion_cma_heap\.ko\b"), "cma_heap.ko"),
)
_STAGING = "drivers/staging/android/ion/"
_FRAMEWORK = re.compile(r"\bion[-_]alloc\.ko\b")
_QUOTED = re.compile(r'"libion"')
_BARE = re.compile(r"(?<![\w./-])libion(?![\w./-])")
_FLAG = re.compile(r"(?<![\w-])-lion(?![\w-])")

_Edit = Callable[[str], Sequence[str]]


def patches(scan: Scan, tree: Path) -> Mapping[str, str]:
    """File name → a patch: ``ueventd``, ``sepolicy``, ``modules``, ``code`` and ``build``, those that are not empty.

    :param tree: the folder that was scanned.
    """
    left: dict[str, list[Hit]] = defaultdict(list)
    for hit in scan.hits:
        if hit.is_left and _SAFE_PATH.fullmatch(hit.path):
            left[hit.path].append(hit)
    texts = {path: text for path in left if (text := _read(tree / path)) is not None}
    code = {path: moved for path, text in texts.items() if (moved := moved_calls(text, left[path])) is not None}
    still = _Open(hit for path, hits in left.items() if path not in code for hit in hits if _is_code(hit))
    diffs: dict[str, list[str]] = defaultdict(list)
    for path, text in texts.items():
        if path in code:
            diffs["code"].append(_diff(path, text, code[path]))
            continue
        for name, edited in _edited(text, left[path], still):
            diffs[name].append(_diff(path, text, edited))
    return {f"{name}.patch": "".join(parts) for name, parts in sorted(diffs.items()) if any(parts)}


def _read(path: Path) -> str | None:
    """A file's text, each byte a character, so that it is written as it was."""
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            return None
        return path.read_bytes().decode("latin-1")
    except OSError:
        return None


def _is_code(hit: Hit) -> bool:
    return hit.rule not in ("ion.library", "ion.switch", "ion.ueventd", "ion.sepolicy", "ion.module")


class _Open:
    """Code that still needs libion: its components and folders."""

    def __init__(self, uses: Iterable[Hit]) -> None:
        self._components: set[str] = set()
        self._folders: set[str] = set()
        for use in uses:
            self._components.add(use.component)
            self._folders.add(use.path.rpartition("/")[0])

    def needs(self, library: Hit) -> bool:
        """Whether what a line of a build file links is still needed: by its component, or by code beside or below it.

        A file may be built by several build files, and a component names one of them.
        """
        below = library.path.rpartition("/")[0]
        return library.component in self._components or any(
            not below or folder == below or folder.startswith(f"{below}/") for folder in self._folders
        )


def _edited(text: str, hits: Sequence[Hit], still: _Open) -> Iterator[tuple[str, str]]:
    """What becomes of one file, by the patch that it belongs to."""
    by_rule: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_rule[hit.rule].append(hit)
    edits: dict[str, tuple[str, _Edit]] = {
        "ion.ueventd": ("ueventd", _ueventd),
        "ion.sepolicy": ("sepolicy", _sepolicy),
        "ion.module": ("modules", _module),
    }
    for rule, (name, edit) in edits.items():
        if rule in by_rule:
            uses = _first_of_each_rule(by_rule[rule], text.split("\n")) if rule == "ion.sepolicy" else by_rule[rule]
            yield name, _by_line(text, {hit.line: edit for hit in uses})
    if "ion.library" in by_rule and "libdmabufheap" not in text:
        packages = _package_lines(text)
        lines: dict[int, _Edit] = {
            hit.line: _beside if hit.line in packages or still.needs(hit) else _instead
            for hit in by_rule["ion.library"]
        }
        yield "build", _by_line(text, lines)


def _by_line(text: str, edits: Mapping[int, _Edit]) -> str:
    lines = text.split("\n")
    out: list[str] = []
    for number, line in enumerate(lines, start=1):
        end = "\r" if line.endswith("\r") else ""
        edited = edits[number](line.removesuffix("\r")) if number in edits else [line.removesuffix("\r")]
        out += (one + end for one in edited)
    return "\n".join(out)


def _package_lines(text: str) -> frozenset[int]:
    """Lines of ``PRODUCT_PACKAGES``: what a product installs is also for blobs, of which nothing here knows."""
    found: set[int] = set()
    is_inside = False
    for number, line in enumerate(text.split("\n"), start=1):
        is_inside = is_inside or "PRODUCT_PACKAGES" in line
        if is_inside:
            found.add(number)
        is_inside = is_inside and line.rstrip().endswith("\\")
    return frozenset(found)


def _ueventd(line: str) -> Sequence[str]:
    match = _UEVENTD.match(line)
    return [line] if match is None else [line, "/dev/dma_heap/system 0444 system system"]


def _sepolicy(line: str) -> Sequence[str]:
    match = _ALLOW.match(line)
    return [line] if match is None else [line, f"{match[1]}allow {match[2]} {_HEAP_RULE}"]


def _first_of_each_rule(uses: Iterable[Hit], lines: Sequence[str]) -> Iterable[Hit]:
    """A domain may have several rules for ION in one file: one for the heap is enough.

    One that is indented may hold on some builds only (``userdebug_or_eng``), and does not stand for one that is not.
    """
    first: dict[tuple[str, ...], Hit] = {}
    for use in uses:
        match = _ALLOW.match(lines[use.line - 1])
        first.setdefault((match[1], match[2]) if match else (f"{use.line}",), use)
    return first.values()


def _module(line: str) -> Sequence[str]:
    """ION's framework goes, where its line holds nothing else and is not a list's last; its heaps are replaced."""
    is_inside_list = line.rstrip().endswith("\\") or not line[:1].isspace()
    if _FRAMEWORK.search(line) and is_inside_list and len(line.rstrip().removesuffix("\\").split()) == 1:
        return []
    for pattern, name in _MODULES:
        match = pattern.search(line)
        if match is not None:
            new = f"drivers/dma-buf/heaps/{name}" if match[0].startswith(_STAGING) else name
            line = f"{line[: match.start()]}{new}{line[match.end() :]}"
    return [line]


def _instead(line: str) -> Sequence[str]:
    line = _QUOTED.sub('"libdmabufheap"', line)
    return [_FLAG.sub("-ldmabufheap", _BARE.sub("libdmabufheap", line) if '"libdmabufheap"' not in line else line)]


def _beside(line: str) -> Sequence[str]:
    """libdmabufheap after libion, which code of the same component still needs."""
    if '"libion"' in line:
        if line.strip() in ('"libion",', '"libion"'):
            return [
                line if line.rstrip().endswith(",") else f"{line.rstrip()},",
                line.replace("libion", "libdmabufheap"),
            ]
        return [_QUOTED.sub('"libion", "libdmabufheap"', line)]
    return [_FLAG.sub("-lion -ldmabufheap", _BARE.sub("libion libdmabufheap", line))]


def _diff(path: str, before: str, after: str) -> str:
    if before == after:
        return ""
    lines = difflib.unified_diff(_kept(before), _kept(after), f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _kept(text: str) -> list[str]:
    """Lines with their ends; only a newline ends one."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [text.rpartition("\n")[2]] * (not text.endswith("\n"))

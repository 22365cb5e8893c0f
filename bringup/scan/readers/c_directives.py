"""What the preprocessor's directives say without preprocessing: what is switched off, and that this is kernel code."""

from __future__ import annotations

import re

__all__ = ["DIRECTIVE", "directive_ranges", "disabled_ranges", "is_kernel_code"]

#: A directive, with the lines on which it goes on.
DIRECTIVE = re.compile(rb"^[ \t]*#(?:[^\\\n]++|\\\r?\n|\\)*+", re.MULTILINE)
_CONDITION = re.compile(rb"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b[ \t]*([^\n]*)", re.MULTILINE)
_NEVER = re.compile(rb"(?:0|false|\(0\))[ \t\r]*\Z")
_ALWAYS = re.compile(rb"(?:1|true|\(1\))[ \t\r]*\Z")
_KERNEL_FOLDERS = re.compile(
    r"^(?:drivers/[\w-]+|sound|include/soc)/|(?:^|/)(?:drivers/(?:staging|gpu|media|misc|soc|video|char|dma-buf|iommu|crypto|input|usb|net|platform|firmware|base)"
    r"|arch/[a-z0-9]+|techpack|sound/soc|include/linux|kernel/(?:mm|drivers)|mm|fs/[a-z0-9]+)/"
)
_KERNEL_HEADERS = re.compile(
    rb"^[ \t]*#[ \t]*include[ \t]*<linux/(?:module|slab|kernel|device|platform_device|mutex|uaccess|of|list|interrupt"
    rb"|workqueue|dma-mapping|debugfs|delay|spinlock|iommu|err|miscdevice|scatterlist|export|init|of_device|kref|mm|vmalloc"
    rb"|highmem|genalloc|atomic|rbtree|seq_file|compat|clk|pm_runtime|kthread|wait|completion|idr|bitops|cdev)\.h>",
    re.MULTILINE,
)
# A client of ION is a structure in the kernel, and a file descriptor in user space.
_KERNEL_WORDS = re.compile(
    rb"\b(?:EXPORT_SYMBOL(?:_GPL)?|MODULE_LICENSE|module_init|copy_from_user|IS_ERR_OR_NULL|struct[ \t]+ion_client)\b"
)


def directive_ranges(code: bytes) -> list[tuple[int, int]]:
    """Directives, with the lines on which they go on. In order, apart."""
    return [match.span() for match in DIRECTIVE.finditer(code)]


def disabled_ranges(code: bytes) -> list[tuple[int, int]]:
    """Offsets between ``#if 0`` and its ``#else`` or ``#endif``; of ``#if 1`` its ``#else``. In order, apart.

    :param code: without comments and literals, as for all functions here: a directive in one is none.
    """
    ranges: list[tuple[int, int]] = []
    #: for each open #if: where what is switched off began, and whether a branch was taken for certain
    stack: list[tuple[int | None, bool]] = []
    for match in _CONDITION.finditer(code):
        word, condition = match[1], match[2]
        if word in (b"if", b"ifdef", b"ifndef"):
            never = word == b"if" and _NEVER.match(condition) is not None
            stack.append((match.end() if never else None, word == b"if" and _ALWAYS.match(condition) is not None))
        elif stack:
            began, taken = stack.pop()
            if began is not None:
                ranges.append((began, match.start()))
            if word != b"endif":
                off = taken or (word == b"elif" and _NEVER.match(condition) is not None)
                stack.append((match.end() if off else None, taken))
    ranges += [(began, len(code)) for began, _ in stack if began is not None]
    return _outermost(sorted(ranges))


def _outermost(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of sorted ranges, apart or one in another, that are in no other."""
    outermost: list[tuple[int, int]] = []
    for start, end in ranges:
        if not outermost or start >= outermost[-1][1]:
            outermost.append((start, end))
    return outermost


def is_kernel_code(path: str, code: bytes) -> bool:
    """Whether a file is part of a kernel or of a module: by its folder, or by headers that only the kernel has."""
    if _KERNEL_FOLDERS.search(path) is not None:
        return True
    return _KERNEL_HEADERS.search(code) is not None or _KERNEL_WORDS.search(code) is not None

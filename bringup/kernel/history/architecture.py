"""What a person calls an architecture, as the kernel's ``arch/`` spells it."""

from __future__ import annotations

from bringup.errors import UsageError
from bringup.text import visible

__all__ = ["ALSO", "arch_named"]

#: The folders below arch/ of Linux 7.3, and those of 4.4 and later that went since.
_FOLDERS = frozenset({
    "alpha", "arc", "arm", "arm64", "avr32", "blackfin", "c6x", "cris", "csky", "frv", "h8300", "hexagon", "ia64",
    "loongarch", "m32r", "m68k", "metag", "microblaze", "mips", "mn10300", "nds32", "nios2", "openrisc", "parisc",
    "powerpc", "riscv", "s390", "score", "sh", "sparc", "tile", "um", "unicore32", "x86", "xtensa",
})  # fmt: skip
#: What uname -m, a compiler or Android calls them.
ALSO = {
    "aarch64": "arm64",
    "arm64-v8a": "arm64",
    "amd64": "x86",
    "armeabi-v7a": "arm",
    "armv7": "arm",
    "armv7l": "arm",
    "armv8l": "arm",
    "i386": "x86",
    "i686": "x86",
    "loongarch64": "loongarch",
    "ppc64": "powerpc",
    "ppc64le": "powerpc",
    "riscv64": "riscv",
    "x86_64": "x86",
    "x86-64": "x86",
}


def arch_named(name: str) -> str:
    """``arm64`` for ``arm64`` and for ``aarch64``.

    A name that is none must not be let through: requirements that are asked of one architecture would be skipped.

    :raises UsageError: no kernel has such an architecture.
    """
    found = ALSO.get(name, name)
    if found not in _FOLDERS:
        hint = f"as the kernel's arch/ spells it: {', '.join(sorted({*ALSO.values()}))}, …"
        raise UsageError("read --arch", f"{visible(name[:80])!r} is no architecture of the kernel", hint=hint)
    return found

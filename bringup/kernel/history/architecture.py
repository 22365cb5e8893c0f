"""The kernel's architectures: what ``uname -m``, a compiler or Android calls them, as ``arch/`` spells them."""

from __future__ import annotations

from bringup.errors import UsageError
from bringup.text import visible

__all__ = ["arch_named", "arch_of_machine"]

#: The folders below arch/ of Linux 7.3, and those of 4.4 and later that are gone now.
_FOLDERS = frozenset({
    "alpha", "arc", "arm", "arm64", "avr32", "blackfin", "c6x", "cris", "csky", "frv", "h8300", "hexagon", "ia64",
    "loongarch", "m32r", "m68k", "metag", "microblaze", "mips", "mn10300", "nds32", "nios2", "openrisc", "parisc",
    "powerpc", "riscv", "s390", "score", "sh", "sparc", "tile", "um", "unicore32", "x86", "xtensa",
})  # fmt: skip
#: Other names → the folder.
_OTHER_NAMES = {
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
    "s390x": "s390",
    "x86_64": "x86",
    "x86-64": "x86",
}


def arch_of_machine(name: str) -> str | None:
    """``arm64`` for ``arm64`` and for ``aarch64``; ``None`` where no kernel has such an architecture."""
    folder = _OTHER_NAMES.get(name, name)
    return folder if folder in _FOLDERS else None


def arch_named(name: str) -> str:
    """As :func:`arch_of_machine`, for a name that a person wrote. With a wrong one requirements would be skipped.

    :raises UsageError: no kernel has such an architecture.
    """
    folder = arch_of_machine(name)
    if folder is None:
        hint = f"as the kernel's arch/ spells it: {', '.join(sorted({*_OTHER_NAMES.values()}))}, …"
        raise UsageError("read --arch", f"{visible(name[:80])!r} is not an architecture of the kernel", hint=hint)
    return folder

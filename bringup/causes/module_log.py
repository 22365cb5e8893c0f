"""Why a module did not load, in the words of the kernel's log."""

from __future__ import annotations

from bringup.facts.board import Facts

__all__ = ["refusals_to_load"]

_REBUILD = "build the module from the sources and the configuration of the kernel that runs"
#: What the log says of a module that did not load, and what to do. kernel/module of Linux 5.10, 6.12 and 7.3;
#: AOSP system/core/libmodprobe.
_WORDS = {
    "Unknown symbol": "load the module that exports this symbol first, or build a kernel that exports it",
    "disagrees about version of symbol": _REBUILD,
    "version magic": _REBUILD,
    "nvalid module format": _REBUILD,
    "exports protected symbol": "the kernel's own module has to export this symbol: take that module",
    "exports duplicate symbol": "two modules, or the kernel and a module, bring the same driver: keep one of them",
    "module is rejected": "sign the module with a key that this kernel knows",
    "Required key not available": "sign the module with a key that this kernel knows",
    "Failed to insmod": "see the error at the end of this line",
    "Failed to load module": "see the error at the end of this line",
}


def refusals_to_load(facts: Facts, module: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines that say why this module did not load, and what to do about them; both empty where there is none."""
    spellings = (module, module.replace("_", "-"))
    lines: list[str] = []
    advice: dict[str, None] = {}
    for line in facts.dmesg or ():
        if any(spelling in line for spelling in spellings):
            words = [steps for shown, steps in _WORDS.items() if shown in line]
            lines += [line] if words else []
            advice |= dict.fromkeys(words[:1])
    return tuple(lines[-4:]), tuple(advice)

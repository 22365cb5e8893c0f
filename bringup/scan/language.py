"""What a file is written in, by its name: which grammar of comments and strings it has."""

from __future__ import annotations

import enum
import re

__all__ = ["ELF_MAGIC", "Language", "language_of"]

ELF_MAGIC = b"\x7fELF"


class Language(enum.StrEnum):
    """What a file is written in. The value is shown to people."""

    C = "C, C++"
    BLUEPRINT = "Android.bp"
    MAKE = "make, CMake"
    SEPOLICY = "sepolicy"
    CIL = "sepolicy, compiled (CIL)"
    RC = "init, ueventd"
    PROPERTIES = "properties"
    DEVICE_TREE = "device tree"
    KCONFIG = "kconfig"
    MODULES = "lists of kernel modules"
    JAVA = "Java, Kotlin"
    RUST = "Rust"
    PYTHON = "Python, waf"
    SHELL = "shell"
    BAZEL = "Bazel, GN"
    MESON = "Meson"
    AUTOCONF = "autoconf"
    BITBAKE = "BitBake"
    XML = "XML"
    ELF = "ELF"


_NAMES = (
    (Language.C, r".*\.(?:c|h|cc|cpp|cxx|c\+\+|hh|hpp|hxx|inl|ipp|tcc|[ch]\.in)"),
    (Language.BLUEPRINT, r".*\.bp"),
    (Language.BAZEL, r"(?:build|workspace|module)(?:\.bazel)?|.*\.(?:bzl|bazel|gn|gni)"),
    (Language.MESON, r"meson\.build|meson_options\.txt|meson\.options"),
    (Language.AUTOCONF, r"configure\.(?:ac|in)|.*\.m4"),
    (Language.MAKE, r".*\.(?:mk|cmake|am)|(?:gnu)?makefile.*|kbuild.*|cmakelists\.txt"),
    (Language.SEPOLICY, r".*\.te|.*_contexts|te_macros|attributes|ioctl_(?:defines|macros)|global_macros"),
    (Language.CIL, r".*\.cil"),
    (Language.RC, r".*\.rc|ueventd\..*"),
    (Language.PROPERTIES, r".*\.prop"),
    (Language.DEVICE_TREE, r".*\.dts[io]?"),
    (Language.MODULES, r"modules\.(?:load|blocklist|order|dep|alias|softdep).*|.*\.modules(?:\.load|\.blocklist)?"),
    (Language.KCONFIG, r"kconfig.*|.*defconfig|\.config|.*\.(?:config|cfg|fragment)"),
    (Language.JAVA, r".*\.(?:java|kts?|aidl)"),
    (Language.RUST, r".*\.rs"),
    (Language.PYTHON, r".*\.pyi?|wscript"),
    (Language.SHELL, r".*\.(?:sh|bash)"),
    (Language.BITBAKE, r".*\.(?:bb|bbappend|bbclass|inc)"),
    (Language.XML, r".*\.xml"),
    (Language.ELF, r".*\.(?:so(?:\.[0-9.]+)?|ko|o|a)"),
)
_LANGUAGES = tuple((language, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for language, pattern in _NAMES)


def language_of(name: str, head: bytes = b"") -> Language | None:
    """The language of a file with this name; ``None``: no reader reads it.

    :param head: the file's first bytes, where they are at hand: an ELF file and a script are known by them alone.
    """
    if head.startswith(ELF_MAGIC):
        return Language.ELF
    found = next((language for language, pattern in _LANGUAGES if pattern.fullmatch(name)), None)
    if found is None and re.match(rb"#![^\n]{0,80}\b(?:ba|da|z|k|mk)?sh\b", head):
        return Language.SHELL
    if found is None and re.match(rb"#![^\n]{0,80}\bpython[0-9.]*\b", head):
        return Language.PYTHON
    return found

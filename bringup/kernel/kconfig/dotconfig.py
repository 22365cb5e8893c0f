"""``.config`` text → symbols and values. "Not set" and "not mentioned" are two different things here.

The format is what the kernel's ``scripts/kconfig/confdata.c`` writes and reads: ``CONFIG_X=value`` and
``# CONFIG_X is not set``; the head comment ``# Linux/arm64 6.12.107 Kernel Configuration`` names architecture and
version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from bringup.errors import ConfigError, UsageError
from bringup.kernel.history.architecture import arch_of_machine
from bringup.kernel.history.version import Flavour, KernelVersion

__all__ = ["KernelConfig", "OddLine", "Override", "merge", "parse_config", "remember_blocks", "unquote"]

# A Debian or allmodconfig file has some 300 KiB and 20 000 lines.
_MAX_BYTES = 16 << 20
_MAX_SYMBOLS = 200_000
_MAX_LINE = 64 << 10
_MAX_KNOWN = 16 << 20
_READ = "give a .config or a fragment of one, a kernel, a boot image or a record"
# Beyond this many odd lines, or beyond the number of settings if that is larger than 20: it is another kind of file.
_MAX_ODD = 1000
_FEW_ODD = 20

_HEAD = r"^#\s+Linux/(\S{1,32}) (\S{1,120}) Kernel Configuration"
# Before 2.6.33: no architecture.
_OLD_HEAD = r"^# Linux kernel version:() (\S{1,120})$"
_NUMBER = r"-?[0-9]{1,20}|0[xX][0-9a-fA-F]{1,16}"
_STRING = r'"(?:[^"\\\n]++|\\.)*+"'
# A line as the kernel writes it: everything that stands between two of these is a comment, or is read line by line.
_LINE = rf"^(?:CONFIG_(?=\w+=)|# CONFIG_(?=\w+ ))(\w+)(?:=([ymn]|{_NUMBER}|{_STRING})| is not set)$"
_NOT_SET = " is not set"
# Only Android Common Kernels know these (init/Kconfig.gki, drivers/android/Kconfig); a mainline config mentions none.
_ACK_ONLY = ("ANDROID_VENDOR_HOOKS", "GKI_HACKS_TO_FIX", "ANDROID_KABI_RESERVE", "GKI_HIDDEN_DRM_CONFIGS")
_VENDOR_ONLY = (
    "QCOM_DMABUF_HEAPS",
    "DEVICE_MODULES_DMABUF_HEAPS_SYSTEM",
    "AMLOGIC_HEAP_CMA",
    "AMLOGIC_HEAP_CODEC_MM",
    "DMABUF_HEAPS_ROCKCHIP_SYSTEM",
    "DMABUF_HEAPS_CARVEOUT",
    "DMABUF_HEAPS_SRAM",
    "DMABUF_HEAPS_DSP",
    "DMABUF_HEAPS_DEFERRED_FREE",
    "DMABUF_SAMSUNG_HEAPS",
    "ION_MSM",
    "MSM_KGSL",
    "QCOM_KGSL",
)


class OddLine(Struct, frozen=True):
    """A line that the kernel's ``conf`` leaves out, or reads with a warning (``conf_read_simple`` in ``confdata.c``).

    :param text: what is odd, and what was made of it.
    :param symbol: the symbol whose value is in doubt because of it; empty where none is.
    """

    source: str
    line: int
    text: str
    symbol: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.text}"

    def error(self) -> ConfigError:
        """The line as an error, where it cannot be passed over."""
        return ConfigError(self.source, self.text, line=self.line, hint=self.hint)


class KernelConfig(Struct, frozen=True):
    """One kernel configuration.

    :param values: symbol (without ``CONFIG_``) → its value as written: ``y``, ``m``, ``n`` (said to be not set),
        a number, ``0x…`` or a quoted string. A symbol that is not mentioned is not a key.
    :param source: what it was read from, for people.
    :param version: the kernel version of the head comment, where there is one.
    :param arch: the architecture of the head comment, as the kernel spells it (``arm64``, ``x86``).
    :param complete: a whole ``.config``, in which an absent symbol is off; ``False`` for a fragment or defconfig,
        in which an absent symbol has its default.
    :param lines: symbol → its line, where that was asked for.
    :param odd: lines that are not as the kernel writes them.
    """

    values: Mapping[str, str]
    source: str
    version: KernelVersion | None = None
    arch: str | None = None
    complete: bool = True
    lines: Mapping[str, int] = {}
    odd: tuple[OddLine, ...] = ()

    def __contains__(self, symbol: str) -> bool:
        return symbol in self.values

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def get(self, symbol: str) -> str | None:
        """The value as written, ``"n"`` where the file says "is not set", ``None`` where it says nothing."""
        return self.values.get(symbol)

    def enabled(self, symbol: str) -> bool:
        """Whether the symbol is ``y`` or ``m``."""
        return self.values.get(symbol) in {"y", "m"}

    def line(self, symbol: str) -> str:
        """The symbol's state as a line of a ``.config`` (or that there is none), for evidence."""
        value = self.values.get(symbol)
        if value is None:
            return f"CONFIG_{symbol} is not mentioned"
        return f"# CONFIG_{symbol} is not set" if value == "n" else f"CONFIG_{symbol}={value}"

    @property
    def flavour(self) -> Flavour:
        """Whose tree this was configured from, by symbols that only such trees have.

        A GKI kernel has GKI's own symbols on; a vendor's tree that is based on Android's names them, and has them off.
        """
        values = self.values
        if self.version and self.version.flavour:
            return self.version.flavour
        if "GKI_HACKS_TO_FIX" in values:
            return Flavour.GKI if values["GKI_HACKS_TO_FIX"] == "y" else Flavour.VENDOR
        if any(values.get(symbol) == "y" for symbol in _ACK_ONLY):
            return Flavour.GKI
        is_vendor = any(symbol in values for symbol in (*_ACK_ONLY, *_VENDOR_ONLY))
        return Flavour.VENDOR if is_vendor else Flavour.MAINLINE


class Override(Struct, frozen=True):
    """A later file gave a symbol another value than an earlier one."""

    symbol: str
    old: str
    new: str
    old_source: str
    new_source: str


def parse_config(
    text: str,
    source: str,
    *,
    complete: bool = True,
    may_be_empty: bool = False,
    numbered: bool = False,
) -> KernelConfig:
    """Read a ``.config``, defconfig or fragment.

    :param source: its name in messages.
    :param complete: see :class:`KernelConfig`.
    :param may_be_empty: accept a file with no symbol at all (an empty fragment is one).
    :param numbered: also note the line of each symbol.
    :raises ConfigError: not a kernel configuration, or beyond the size limits. A line that is not as the kernel writes
        it does not stop the file: see :attr:`KernelConfig.odd`.
    """
    if len(text) > _MAX_BYTES:
        raise ConfigError(source, f"larger than {_MAX_BYTES >> 20} MiB: not a kernel configuration")
    plain = text.removeprefix("\ufeff")
    lines: dict[str, int] = {}
    odd: list[OddLine] = []
    values = None
    if not numbered:
        values = _read_known_blocks(plain) if _KNOWN.used else _read_at_once(plain)
    if values is None:
        values, lines, odd = _read_by_line(plain, source)
        # Without any option it is another kind of file, unless one line means to set one, or it may have none.
        telling = odd if may_be_empty or values else [line for line in odd if "CONFIG_" in line.text.partition(": ")[0]]
        if telling and (not values or len(odd) > max(_FEW_ODD, len(values))):
            raise telling[0].error()
    if len(values) > _MAX_SYMBOLS:
        raise ConfigError(source, f"{len(values)} symbols: not a kernel configuration")
    if not values and not may_be_empty:
        raise ConfigError(source, "holds no CONFIG_ line: not a kernel configuration", hint=_READ)
    version, arch = _head(text)
    return KernelConfig(values, source, version, arch, complete, lines if numbered else {}, tuple(odd))


def _read_at_once(text: str) -> dict[str, str] | None:
    """The settings of a file in which every line is as the kernel writes it.

    :returns: ``None`` where a line is not, or may not be: then :func:`_read_by_line` reads it, and says where.
    """
    parts = re.split(_LINE, text, flags=re.ASCII | re.MULTILINE)
    symbols = parts[1::3]
    settings = [value or "n" for value in parts[2::3]]
    for line in "".join(parts[::3]).split("\n"):
        if line and (line[0] != "#" or _NOT_SET in line):
            return None
    values = dict(zip(symbols, settings, strict=True))
    if len(values) != len(symbols) or (settings and max(map(len, settings)) > _MAX_LINE):
        return None
    return values


class _KnownBlocks(dict[str, dict[str, str]]):
    """Block of lines → its settings. Filled as blocks are asked for, up to :data:`_MAX_KNOWN` characters.

    :ivar used: see :func:`remember_blocks`.
    """

    used = False
    _size = 0

    def __missing__(self, block: str) -> dict[str, str]:
        """:raises KeyError: a line is not as the kernel writes it."""
        settings = _read_at_once(block)
        if settings is None:
            raise KeyError(block)
        if self._size + len(block) <= _MAX_KNOWN:
            self._size += len(block)
            self[block] = settings
        return settings


_KNOWN = _KnownBlocks()


def remember_blocks() -> None:
    """Read each different block once from now on: many configurations have most of their blocks in common."""
    _KNOWN.used = True


def _read_known_blocks(text: str) -> dict[str, str] | None:
    """As :func:`_read_at_once`, block by block: a new one begins where the kernel writes the head of a menu."""
    values: dict[str, str] = {}
    count = 0
    try:
        for block in text.split("\n\n#\n"):
            settings = _KNOWN[block]
            values.update(settings)
            count += len(settings)
    except KeyError:
        return None
    return values if len(values) == count else None


def _read_by_line(text: str, source: str) -> tuple[dict[str, str], dict[str, int], list[OddLine]]:
    """The settings and their lines as ``conf`` takes them, of two values the later; and the lines that are odd.

    :raises ConfigError: there are too many odd lines.
    """
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    odd: list[OddLine] = []
    for number, line in enumerate(text.split("\n"), 1):
        symbol, value, problem = _read_line(line)
        if problem:
            odd.append(OddLine(source, number, problem, "" if value else symbol))
            if len(odd) > _MAX_ODD:
                raise odd[0].error()
        if not value:
            continue
        if values.get(symbol, value) != value:
            odd.append(_second_value(source, number, symbol, values[symbol], value, lines[symbol]))
        values[symbol] = value
        lines[symbol] = number
    return values, lines, odd


def _read_line(line: str) -> tuple[str, str, str]:
    """Symbol, value and what is odd about the line; the value is empty where the line sets nothing."""
    if line.startswith("CONFIG_"):
        name, equals, value = line[7:].partition("=")
        if not equals or not _is_name(name):
            return _symbol_in(line), "", f"{_shown(line)}: expected CONFIG_NAME=value"
        value = value.rstrip()
        if value in {"y", "m", "n"} or _is_value(value):
            return name, value, ""
        kept = _before_comment(value)
        if kept:
            return name, kept, f"{_shown(line)}: the kernel reads {kept} and ignores the rest of the line"
        return name, "", f"{_shown(line)}: the value is not y, m, n, a number or a quoted string"
    stripped = line.strip()
    if stripped.startswith("# CONFIG_") and stripped.endswith(_NOT_SET) and line[0] == "#":
        name = stripped[9:-11]
        return (name, "n", "") if _is_name(name) else ("", "", f"{_shown(stripped)}: expected CONFIG_NAME=value")
    if not stripped or stripped[0] == "#":
        return "", "", ""
    return _symbol_in(line), "", f"{_shown(stripped)}: neither CONFIG_NAME=value nor a comment; the kernel ignores it"


def _before_comment(value: str) -> str:
    """What the kernel reads of ``y # text`` and ``"text" # text``; empty where it refuses the value."""
    first, _, rest = value.partition(" ")
    if first in {"y", "m", "n"} and rest.lstrip()[:1] == "#":
        return first
    quoted = re.match(_STRING, value) if value[:1] == '"' and len(value) <= _MAX_LINE else None
    return quoted[0] if quoted and value[quoted.end() :].lstrip()[:1] == "#" else ""


def _symbol_in(line: str) -> str:
    """The symbol that a line is about, as far as it can be seen."""
    _, found, rest = line.partition("CONFIG_")
    match = re.match(r"\w+", rest, re.ASCII) if found else None
    return match[0] if match else ""


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("_", "").isalnum()


def _is_value(value: str) -> bool:
    if len(value) > _MAX_LINE:
        return False
    return re.fullmatch(_STRING if value[:1] == '"' else _NUMBER, value) is not None


def _shown(line: str) -> str:
    return repr(line if len(line) <= 80 else line[:77] + "...")


def _second_value(source: str, line: int, symbol: str, old: str, new: str, first: int) -> OddLine:
    text = f"CONFIG_{symbol} has two values: {old} in line {first}, {new} here, which counts"
    hint = "keep one of them; for fragments that override each other name the files one by one, later wins"
    return OddLine(source, line, text, symbol, hint)


def _head(text: str) -> tuple[KernelVersion | None, str | None]:
    match = re.search(_HEAD, text[:4096], re.MULTILINE) or re.search(_OLD_HEAD, text[:4096], re.MULTILINE)
    if match is None:
        return None, None
    arch = arch_of_machine(match[1]) or match[1] or None  # 2.6 said x86_64
    try:
        return KernelVersion.parse(match[2]), arch
    except UsageError:
        return None, arch


def unquote(value: str) -> str:
    """The text of a quoted value (``"a\\"b"`` → ``a"b``); other values as they are."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def merge(configs: Iterable[KernelConfig]) -> tuple[KernelConfig, list[Override]]:
    """Lay configurations over each other in order, as ``merge_config.sh`` does: later wins.

    :returns: the result and every value that was replaced by a different one, in order.
    :raises UsageError: there is none to merge.
    """
    parts = list(configs)
    if not parts:
        raise UsageError("merge kernel configurations", "none was named")
    values: dict[str, str] = {}
    origin: dict[str, str] = {}
    overrides: list[Override] = []
    for part in parts:
        for symbol, value in part.values.items():
            old = values.get(symbol)
            if old is not None and old != value:
                overrides.append(Override(symbol, old, value, origin[symbol], part.source))
            values[symbol] = value
            origin[symbol] = part.source
    version = next((part.version for part in reversed(parts) if part.version), None)
    arch = next((part.arch for part in reversed(parts) if part.arch), None)
    source = " + ".join(part.source for part in parts)
    complete = any(part.complete for part in parts)
    odd = tuple(line for part in parts for line in part.odd)
    return KernelConfig(values, source, version, arch, complete, odd=odd), overrides

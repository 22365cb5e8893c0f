"""Android's own kernel requirements, read as they are: compatibility matrices and ``kernel/configs``.

A matrix has ``<kernel version="6.1.25">`` with ``<config><key/><value type=/></config>`` and, for some of them,
``<conditions>``; ``android-base-conditional.xml`` has the same inside ``<group>``; ``android-base.config`` is a
fragment. The point release that a matrix names is not compared: only configurations are judged here.
What counts as equal follows libvintf: ``n`` holds for a symbol that is not mentioned, ranges include both ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bringup.errors import ConfigError, UsageError, os_reason
from bringup.files import read_input
from bringup.kernel.history.version import ANY_VERSION, KernelVersion, VersionRange
from bringup.kernel.kconfig.dotconfig import parse_config
from bringup.kernel.requirements.reading.xml_elements import Element, read_xml
from bringup.kernel.requirements.requirement import AllOf, Need, Requirement, SymbolNeed
from bringup.kernel.requirements.verdict import Severity
from bringup.text import from_board, parse_number

__all__ = ["load_vintf", "vintf_requirements"]

_MAX_BYTES = 16 << 20
_BRANCH = re.compile(r"android-(\d+\.\d+)$")
_NUMBER = r"(?:0[xX][0-9a-fA-F]{1,16}|-?[0-9]{1,20})"
_RANGE = re.compile(rf"({_NUMBER})-({_NUMBER})")
_SYMBOL = re.compile(r"CONFIG_([A-Za-z0-9_]+)", re.ASCII)


def load_vintf(path: Path) -> tuple[Requirement, ...]:
    """Read a compatibility matrix, an ``android-base-conditional.xml`` or an ``android-*.config``.

    For a fragment below ``android-6.6/`` the folder's name says of which kernels it is asked.

    :raises ConfigError: it cannot be read, is neither XML nor a fragment, or has entities; with the place.
    """
    try:
        raw = read_input(path, _MAX_BYTES)
    except OSError as error:
        raise ConfigError(path, os_reason(error)) from error
    branch = _BRANCH.search(path.resolve().parent.name)
    asked = VersionRange.parse(branch[1]) if branch else ANY_VERSION
    return vintf_requirements(raw, str(path), asked, required="recommended" not in path.name)


def vintf_requirements(
    raw: bytes, source: str, asked: VersionRange = ANY_VERSION, *, required: bool = True
) -> tuple[Requirement, ...]:
    """Read the bytes of such a file.

    :param asked: the kernels that a fragment is asked of; a matrix says it itself.
    :param required: whether what does not hold fails, or is only recommended.
    :raises ConfigError: as :func:`load_vintf`.
    """
    severity = Severity.REQUIRED if required else Severity.RECOMMENDED
    if raw.lstrip().removeprefix(b"\xef\xbb\xbf").startswith(b"<"):
        found = list(_from_xml(read_xml(raw, source), source, asked, severity))
    else:
        found = list(_from_fragment(raw, source, asked, severity))
    return tuple(found)


def _from_fragment(raw: bytes, source: str, asked: VersionRange, severity: Severity) -> Iterator[Requirement]:
    config = parse_config(from_board(raw), source, complete=False, may_be_empty=True, numbered=True)
    for line in config.odd:  # a requirement that is left out would pass
        raise line.error()
    for symbol, value in config.values.items():
        need = SymbolNeed(symbol, frozenset({value}))
        yield _requirement(need, None, f"{source}:{config.lines[symbol]}", asked, severity)


def _from_xml(root: Element, source: str, asked: VersionRange, severity: Severity) -> Iterator[Requirement]:
    if root.name == "compatibility-matrix":
        for kernel in root.all("kernel"):
            yield from _group(kernel, source, _series(kernel, source, asked), severity)
        return
    if root.name not in {"fragment", "kernel", "group"}:
        raise ConfigError(
            source, f"<{root.name}> is no VINTF kernel requirement", hint="--vintf reads matrices and kernel/configs"
        )
    parts = root.children if root.name == "fragment" else [root]
    for part in parts:
        asked = _series(part, source, asked) if part.name == "kernel" else asked
        if part.name in {"kernel", "group"}:
            yield from _group(part, source, asked, severity)


def _series(kernel: Element, source: str, asked: VersionRange) -> VersionRange:
    text = kernel.attributes.get("version") or kernel.attributes.get("minlts")
    if text is None:
        return asked
    try:
        version = KernelVersion.parse(text)
    except UsageError as error:
        raise ConfigError(source, error.seen, line=kernel.line) from error
    return VersionRange(version.series, version.series)


def _group(group: Element, source: str, asked: VersionRange, severity: Severity) -> Iterator[Requirement]:
    conditions = group.first("conditions")
    when: Need | None = None
    if conditions is not None:
        parts = tuple(_symbol_need(config, source) for config in conditions.all("config"))
        when = parts[0] if len(parts) == 1 else AllOf(parts) if parts else None
    for config in group.all("config"):
        yield _requirement(_symbol_need(config, source), when, f"{source}:{config.line}", asked, severity)


def _symbol_need(config: Element, source: str) -> SymbolNeed:
    key, value = config.first("key"), config.first("value")
    match = _SYMBOL.fullmatch(key.text.strip()) if key is not None else None
    if match is None or value is None:
        raise ConfigError(source, "a <config> needs <key>CONFIG_…</key> and <value>", line=config.line)
    kind, text = value.attributes.get("type", ""), value.text.strip()
    if kind in {"tristate", "bool"} and text in {"y", "m", "n"}:
        return SymbolNeed(match[1], frozenset({text}))
    if kind == "string":
        return SymbolNeed(match[1], frozenset({text.strip('"')}))
    if kind == "int" and re.fullmatch(_NUMBER, text):
        return SymbolNeed(match[1], frozenset(), ((_number(text), _number(text)),))
    if kind == "range" and (ends := _RANGE.fullmatch(text)):
        return SymbolNeed(match[1], frozenset(), ((_number(ends[1]), _number(ends[2])),))
    raise ConfigError(source, f"CONFIG_{match[1]}: {text!r} is no value of type {kind!r}", line=value.line)


def _number(text: str) -> int:
    return parse_number(text, 0, signed=True) or 0


def _requirement(
    need: SymbolNeed, when: Need | None, place: str, asked: VersionRange, severity: Severity
) -> Requirement:
    return Requirement(
        id=f"vintf.{need.symbol.lower().replace('_', '-')}",
        title=f"Android asks for {need}",
        need=need,
        severity=severity,
        kernel=asked,
        when=when,
        why="part of the kernel requirements of an Android release",
        sources=(place,),
        origin=place,
    )

"""A stream of kernel bytes → the configuration inside it (IKCONFIG), and the kernel's release.

``kernel/configs.c`` puts the gzipped ``.config`` between ``IKCFG_ST`` and ``IKCFG_ED``; ``scripts/extract-ikconfig`` is
the reference. ``init/version.c`` puts the release into ``Linux version 6.12.1-… (``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from bringup.errors import ConfigError
from bringup.kernel.sources.decompress import decompress

__all__ = ["MAX_CONFIG", "KernelBytes", "scan_kernel"]

MAX_CONFIG = 16 << 20
"""The largest configuration that is read, in bytes. allmodconfig has 300 KiB."""

_START = b"IKCFG_ST"
_END = b"IKCFG_ED"
_START_GZIP = _START + b"\x1f\x8b\x08"
_BANNER_START = b"Linux version "
_BANNER = re.compile(rb"Linux version (\d[\x21-\x7e]{1,120}) \(")
_MAX_PACKED = 4 << 20
# How much further to look for the release once the configuration is found. The banner comes first in practice.
_BANNER_REACH = 8 << 20
_OVERLAP = 256


class KernelBytes(Struct, frozen=True):
    """What is found in a kernel's bytes.

    :param config: the ``.config`` it was built with, byte for byte; ``None`` when it carries none.
    :param release: what ``uname -r`` would say; ``None`` when no banner was seen.
    """

    config: bytes | None
    release: str | None


def scan_kernel(pieces: Iterable[bytes | memoryview], source: str) -> KernelBytes:
    """Look through a kernel, piece by piece, and stop as soon as both facts are found.

    :raises ConfigError: the configuration inside is damaged, cut short or too large.
    """
    packed: bytearray | None = None
    config: bytes | None = None
    release: str | None = None
    tail = b""
    since = 0
    for piece in pieces:
        window = tail + bytes(piece)
        release = release or _release(window)
        if config is None:
            packed, config = _collect(packed, window if packed is None else bytes(piece), source)
        else:
            since += len(piece)
        if config is not None and (release is not None or since > _BANNER_REACH):
            break
        tail = window[-_OVERLAP:]
    if packed is not None and config is None:
        raise ConfigError(source, "the configuration inside the kernel is cut short: no IKCFG_ED behind IKCFG_ST")
    return KernelBytes(config, release)


def _release(window: bytes) -> str | None:
    # bytes.find is ten times faster over a kernel than a regular expression
    at = window.find(_BANNER_START)
    while at >= 0:
        if banner := _BANNER.match(window, at):
            return banner[1].decode("ascii")
        at = window.find(_BANNER_START, at + 1)
    return None


def _collect(packed: bytearray | None, data: bytes, source: str) -> tuple[bytearray | None, bytes | None]:
    """Gather what stands between the markers. :returns: what is gathered so far, and the configuration once whole."""
    if packed is None:
        start = data.find(_START_GZIP)
        if start < 0:
            return None, None
        packed = bytearray(data[start + len(_START) :])
        searched = 0
    else:
        searched = max(0, len(packed) - len(_END))
        packed += data
    end = packed.find(_END, searched)
    if end < 0 and len(packed) > _MAX_PACKED:
        raise ConfigError(source, f"the configuration inside the kernel is larger than {_MAX_PACKED >> 20} MiB, packed")
    if end < 0:
        return packed, None
    return packed, decompress(bytes(packed[:end]), f"{source} (IKCONFIG)", limit=MAX_CONFIG)

"""Where a kernel configuration comes from."""

from __future__ import annotations

from bringup.kernel.config import KernelConfig, parse_config
from bringup.kernel.decompress import compression_of, decompress
from bringup.text import from_board

__all__ = ["config_from_bytes"]

_MAX_CONFIG = 16 << 20


def config_from_bytes(raw: bytes, source: str, *, complete: bool = True) -> KernelConfig:
    """Read a configuration as a file or a board gives it (``/proc/config.gz``): plain or packed text.

    :raises ConfigError: damaged, cut short, larger than 16 MiB unpacked, or not a kernel configuration.
    """
    if compression_of(raw) is not None:
        raw = decompress(raw, source, limit=_MAX_CONFIG)
    return parse_config(from_board(raw), source, complete=complete)

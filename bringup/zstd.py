"""The standard library's zstd: ``compression.zstd`` from Python 3.14 on, its backport before."""

from __future__ import annotations

import sys
from typing import Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["MAX_WINDOW_LOG", "decompressor", "zstd"]

#: The largest window that is accepted, 128 MiB; ``zstd --ultra -22`` writes that, and no kernel's build more.
MAX_WINDOW_LOG: Final = 27


def decompressor() -> zstd.ZstdDecompressor:
    """For one frame from a stranger: a larger window is refused instead of allocated."""
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: MAX_WINDOW_LOG})

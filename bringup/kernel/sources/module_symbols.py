"""Kernel modules that allocate from heaps inside the kernel, recognised by what they import.

Mainline has no such interface (include/linux/dma-heap.h of 7.3), so each of them hangs on an Android Common Kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bringup.errors import ConfigError, os_reason
from bringup.kernel.sources.decompress import compression_of, decompress
from bringup.kernel.sources.modules_load import module_name

__all__ = ["INTERFACE", "heap_users"]

#: What Android Common Kernels export beside mainline's dma_heap_add, dma_heap_get_name and dma_heap_get_drvdata.
INTERFACE = (
    "dma_heap_find",
    "dma_heap_put",
    "dma_heap_buffer_alloc",
    "dma_heap_buffer_free",
    "dma_heap_bufferfd_alloc",
    "dma_heap_get_dev",
    "dma_heap_try_get_pool_size_kb",
)
_ELF = b"\x7fELF"
_LARGEST = 512 << 20
_MOST = 20_000


def heap_users(folder: Path) -> dict[str, tuple[str, ...]]:
    """Look through the modules below a folder: a build's staging folder, an unpacked vendor_dlkm.

    :returns: function of the interface → the modules that name it, as ``/proc/modules`` spells them.
    :raises ConfigError: there is no module, one is damaged or no ELF file, or there are more than 20 000.
    """
    found: dict[str, set[str]] = {}
    paths = list(_modules(folder))
    if not paths:
        raise ConfigError(folder, "holds no kernel module (*.ko)")
    for path in paths:
        data = _content(path)
        for name in INTERFACE:
            if b"\0" + name.encode() + b"\0" in data:  # a whole entry of its symbol table's strings
                found.setdefault(name, set()).add(module_name(path.name.partition(".ko")[0]))
    return {name: tuple(sorted(found[name])) for name in INTERFACE if name in found}


def _modules(folder: Path) -> Iterator[Path]:
    count = 0
    for pattern in ("*.ko", "*.ko.gz", "*.ko.xz", "*.ko.zst"):
        for path in sorted(folder.rglob(pattern)):
            count += 1
            if count > _MOST:
                raise ConfigError(folder, f"holds more than {_MOST} modules")
            if path.is_file():
                yield path


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(path, f"is larger than {_LARGEST >> 20} MiB: no kernel module")
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, os_reason(error)) from error
    if compression_of(data) is not None:
        data = decompress(data, str(path), limit=_LARGEST)
    if not data.startswith(_ELF):
        raise ConfigError(path, "is no kernel module: it does not begin as an ELF file does")
    return data

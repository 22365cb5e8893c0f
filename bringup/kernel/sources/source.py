"""Where a kernel configuration comes from: a file of any kind, several laid over each other, or bytes of a board."""

from __future__ import annotations

import enum
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from bringup.errors import BringupError, ConfigError, UsageError, os_reason
from bringup.kernel.history.version import KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig, Override, merge, parse_config
from bringup.kernel.sources.modules_load import modules_listed
from bringup.text import from_board

if TYPE_CHECKING:
    from bringup.kernel.sources.boot_image import BootImage

__all__ = ["Source", "SourceKind", "config_from_bytes", "open_source", "read_modules_load", "source_from_bytes"]

_MAX_FILE = 1 << 30
_MAX_CONFIG = 16 << 20
_HEAD = 4096
_TEXT = bytes({9, 10, 12, 13, *range(0x20, 0x7F), *range(0x80, 0x100)})
# bzip2, zstd, boot and vendor_boot: magics that could be text.
_BINARY = (b"BZh", b"(\xb5/\xfd", b"ANDROID!", b"VNDRBOOT")
_WHOLE = r"^# (\s*Linux/\S+ \S+ Kernel Configuration|Automatically generated file; DO NOT EDIT)"
# A defconfig of savedefconfig says "is not set" only against a default; a whole .config says it hundreds of times.
_WHOLE_UNSET = 300


class SourceKind(enum.StrEnum):
    """What was read."""

    CONFIG = "configuration"
    FRAGMENT = "fragment"
    MERGED = "merged configuration"
    KERNEL = "kernel image"
    BOOT = "boot image"
    TREE = "source tree"


class Source(Struct, frozen=True):
    """A configuration and everything that was learnt beside it. ``None`` always means: not known.

    :param name: what was read, for people.
    :param config: ``None`` when there is none inside; ``reason`` says why.
    :param raw: the configuration byte for byte, where it came out of one file.
    :param release: what ``uname -r`` of that kernel would say.
    :param layers: how it was wrapped, from the outside in.
    :param overrides: values that a later fragment replaced.
    :param notes: what could not be read beside the configuration.
    """

    name: str
    kind: SourceKind
    config: KernelConfig | None
    reason: str = ""
    raw: bytes | None = None
    release: str | None = None
    layers: tuple[str, ...] = ()
    cmdline: str | None = None
    bootconfig: str | None = None
    dtbs: tuple[bytes, ...] = ()
    modules_load: frozenset[str] | None = None
    overrides: tuple[Override, ...] = ()
    notes: tuple[str, ...] = ()

    def require_config(self, action: str) -> KernelConfig:
        """The configuration.

        :param action: what it is wanted for.
        :raises BringupError: there is none; it says why. Nobody's mistake, so the exit status is 3.
        """
        if self.config is None:
            hint = "name the .config itself; a board shows its own with CONFIG_IKCONFIG_PROC=y"
            raise BringupError(action, f"{self.name}: {self.reason}", hint=hint)
        return self.config

    @property
    def version(self) -> KernelVersion | None:
        """The release the kernel names itself by, else the configuration's head comment."""
        if self.release is not None:
            try:
                return KernelVersion.parse(self.release)
            except UsageError:
                pass
        return self.config.version if self.config else None


def config_from_bytes(raw: bytes, source: str, *, complete: bool | None = None) -> KernelConfig:
    """Read a configuration as a file or a board gives it (``/proc/config.gz``): plain or packed text.

    :param complete: whether it is a whole ``.config``; ``None`` looks at the text.
    :raises ConfigError: damaged, cut short, larger than 16 MiB unpacked, or not a kernel configuration.
    """
    if not _is_text(raw):
        from bringup.kernel.sources.decompress import compression_of, decompress

        if compression_of(raw) is not None:
            raw = decompress(raw, source, limit=_MAX_CONFIG)
    text = from_board(raw)
    if complete is None:
        named = re.search(_WHOLE, text[:4096], re.MULTILINE) is not None
        complete = named or text.count(" is not set\n") >= _WHOLE_UNSET
    return parse_config(text, source, complete=complete)


def open_source(paths: Path | Sequence[Path]) -> Source:
    """Read one file of any kind, or a defconfig and fragments laid over it in order (later wins).

    Boot images without a kernel (vendor_boot, init_boot) add what they pass to it: command line, modules, device trees.

    :raises ConfigError: the file is none that is known here, is damaged, or its sizes lie; with the place.
    :raises UsageError: there is nothing to read.
    :raises HostError: its packing needs a library that is not installed.
    """
    names = [paths] if isinstance(paths, Path) else list(paths)
    if not names:
        raise UsageError("read a kernel configuration", "no file was named")
    sources = [source_from_bytes(_read(path), str(path)) for path in names]
    if len(sources) == 1:
        return sources[0]
    base = _merged([source for source in sources if not _is_beside(source)] or sources)
    return _with_beside(base, sources) if any(map(_is_beside, sources)) else base


def _merged(sources: Sequence[Source]) -> Source:
    """Configurations laid over each other; the first of them is the kernel's."""
    if len(sources) == 1:
        return sources[0]
    merged, overrides = merge(source.require_config("merge configurations") for source in sources)
    return replace(
        sources[0],
        name=merged.source,
        kind=SourceKind.MERGED,
        config=merged,
        raw=None,
        overrides=tuple(overrides),
    )


def _is_beside(source: Source) -> bool:
    """A boot image without a kernel: it goes with one, and says how that is started."""
    return source.kind is SourceKind.BOOT and source.config is None and source.release is None


def _with_beside(base: Source, sources: Sequence[Source]) -> Source:
    """The kernel with what all images pass to it; the vendor's command line stands first, as bootloaders put it."""
    passed = sorted(sources, key=lambda source: not _is_beside(source))
    modules = [source.modules_load for source in sources if source.modules_load is not None]
    return replace(
        base,
        name=" + ".join(source.name for source in sources),
        cmdline=" ".join(source.cmdline for source in passed if source.cmdline) or base.cmdline,
        bootconfig="\n".join(source.bootconfig for source in passed if source.bootconfig) or None,
        dtbs=tuple(dtb for source in sources for dtb in source.dtbs),
        modules_load=frozenset().union(*modules) if modules else None,
        notes=tuple(note for source in sources for note in source.notes),
    )


def read_modules_load(path: Path) -> list[str]:
    """The modules that a ``modules.load`` names, as ``/proc/modules`` spells them.

    :raises ConfigError: the file cannot be read.
    """
    return list(modules_listed(from_board(_read(path, may_be_empty=True))))


def _read(path: Path, *, may_be_empty: bool = False) -> bytes:
    """A file's bytes. Read, not mapped: a file that shrinks under a mapping kills the process.

    :raises ConfigError: it cannot be read, is no regular file, is empty, or is larger than 1 GiB.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # before it is opened: opening a pipe waits for someone to write
            raise ConfigError(path, "is no regular file")
        if status.st_size > _MAX_FILE:
            raise ConfigError(path, f"has {status.st_size} bytes: more than {_MAX_FILE >> 30} GiB are not read")
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise ConfigError(path, os_reason(error)) from error
    if not data and not may_be_empty:
        raise ConfigError(path, "is empty", hint="read or build it again: a copy that failed may leave an empty file")
    return data


def source_from_bytes(data: bytes | memoryview, name: str) -> Source:
    """Tell what the bytes are by their first ones, and read them.

    :raises ConfigError: as :func:`open_source`.
    :raises HostError: as :func:`open_source`.
    """
    view = memoryview(data)
    return _from_text(bytes(view), name) if _is_text(view) else _from_binary(view, name)


def _is_text(data: bytes | memoryview) -> bool:
    head = bytes(data[:_HEAD])
    return not head.translate(None, _TEXT) and not head.startswith(_BINARY)


def _from_binary(view: memoryview, name: str) -> Source:
    from bringup.kernel.sources.boot_image import is_boot_image, read_boot_image
    from bringup.kernel.sources.decompress import compression_of
    from bringup.kernel.sources.kernel_image import is_kernel_image

    if is_boot_image(view):
        return _from_boot(read_boot_image(view, name), name)
    if not is_kernel_image(view) and compression_of(view) is not None:
        text = _packed_text(view, name)
        return _from_kernel(view, name) if text is None else _from_text(text, name)
    return _from_kernel(view, name)


def _packed_text(view: memoryview, name: str) -> bytes | None:
    """The text inside packed bytes; ``None`` when what is inside is no text, and so may be a kernel."""
    from bringup.kernel.sources.decompress import unpack

    pieces: list[bytes] = []
    size = 0
    for piece in unpack(view, name, limit=1 << 40):
        size += len(piece)
        if b"\0" in piece:
            return None
        if size > _MAX_CONFIG:
            raise ConfigError(name, f"unpacks to more than {_MAX_CONFIG >> 20} MiB of text: no kernel configuration")
        pieces.append(piece)
    return b"".join(pieces)


def _from_text(raw: bytes, name: str) -> Source:
    if len(raw) > _MAX_CONFIG:
        raise ConfigError(name, f"has {len(raw)} bytes of text: no kernel configuration")
    config = config_from_bytes(raw, name)
    kind = SourceKind.CONFIG if config.complete else SourceKind.FRAGMENT
    return Source(name, kind, config, raw=raw)


def _from_kernel(view: memoryview, name: str) -> Source:
    from bringup.kernel.sources.kernel_image import read_kernel_image

    image = read_kernel_image(view, name)
    if image.config is None and image.release is None:
        raise ConfigError(
            name, "neither text, nor a kernel, nor a boot image", hint="bringup kconfig check --help lists what is read"
        )
    if image.config is None:
        reason = "the kernel carries no configuration (it was built without CONFIG_IKCONFIG)"
        return Source(name, SourceKind.KERNEL, None, reason, release=image.release, layers=image.layers)
    config = config_from_bytes(image.config, name, complete=True)
    return Source(name, SourceKind.KERNEL, config, raw=image.config, release=image.release, layers=image.layers)


def _from_boot(image: BootImage, name: str) -> Source:
    label = f"{image.kind} v{image.version}"
    if image.kernel is None:
        reason = f"{image.kind} holds no kernel"
        inside = Source(name, SourceKind.BOOT, None, reason)
    else:
        inside = _from_kernel(image.kernel, name)
    modules, notes = _modules_load(image, name)
    return replace(
        inside,
        kind=SourceKind.BOOT,
        layers=(label, *inside.layers),
        cmdline=" ".join(filter(None, (image.cmdline, _kernel_parameters(image.bootconfig)))),
        bootconfig=image.bootconfig or None,
        dtbs=tuple(bytes(dtb) for dtb in image.dtbs),
        modules_load=modules,
        notes=notes,
    )


def _kernel_parameters(bootconfig: str) -> str:
    """What a boot configuration adds to the command line: keys below ``kernel.`` (admin-guide/bootconfig.rst)."""
    words = []
    for line in bootconfig.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip().startswith("kernel."):
            words.append(f"{key.strip().removeprefix('kernel.')}={value.strip()}")
    return " ".join(words)


def _modules_load(image: BootImage, name: str) -> tuple[frozenset[str] | None, tuple[str, ...]]:
    """Modules that the ramdisk loads at boot (``None`` without such a list), and what could not be read."""
    from bringup.kernel.sources.ramdisk import ramdisk_files

    modules: set[str] = set()
    listed = False
    try:
        for ramdisk in image.ramdisks:
            files = ramdisk_files(ramdisk, f"{name} (ramdisk)", _MODULES_LOAD)
            listed = listed or bool(files)
            modules.update(name for raw in files.values() for name in modules_listed(from_board(raw)))
    except BringupError as error:  # the kernel beside it is still worth reading
        return None, (f"the ramdisk could not be read: {error}",)
    return (frozenset(modules) if listed else None), ()


_MODULES_LOAD = ("lib/modules/modules.load", "lib/modules/*/modules.load")

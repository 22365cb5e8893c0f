"""The small types of a board config: sizes, modes, names, kernel series, bit masks. Each says what it wanted to see."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from bringup.text import parse_number
from bringup.yaml_model import matching

__all__ = [
    "ION_FLAGS",
    "ION_HEAP_MASKS",
    "USAGE_BITS",
    "Address",
    "ByteSize",
    "Compatible",
    "ConfigName",
    "ConfigRef",
    "HeapName",
    "Identifier",
    "IonFlags",
    "IonHeapMask",
    "Mode",
    "PoolCompatible",
    "PropertyName",
    "Series",
    "SourceRefs",
    "Symbol",
    "Text",
    "TrueOrFalse",
    "UsageBit",
    "in_series",
    "parse_size",
    "series_key",
    "show_size",
]

_UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZE = re.compile(r"(0x[0-9a-fA-F]{1,16}|[0-9]{1,20}) ?([A-Za-z]*)")
_MAX_ADDRESS = (1 << 64) - 1


def _size(value: object) -> int:
    """Bytes, from a whole number or from text such as ``"256 MiB"``."""
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        match = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if match is None or match[2] not in _UNITS:
            raise ValueError("expected a size such as 256 MiB (B, KiB, MiB, GiB, TiB), or a number of bytes")
        number = (parse_number(match[1], 0) or 0) * _UNITS[match[2]]
    if not 0 <= number <= _MAX_ADDRESS:
        raise ValueError("expected a number that fits in 64 bits")
    return number


def _positive_size(value: object) -> int:
    number = _size(value)
    if number == 0:
        raise ValueError("expected a size above 0; leave out what is not known")
    return number


_SHORT_SIZE = re.compile(r"([0-9]{1,13}) ?([KMG]?)(?:i?B)?", re.IGNORECASE)
_SHORT_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def parse_size(text: str) -> int | None:
    """Bytes, from a size as a command line has it: ``4K``, ``64KiB``, ``2m``, ``4096``; ``None``: it is none."""
    match = _SHORT_SIZE.fullmatch(text)
    return None if match is None else (parse_number(match[1]) or 0) * _SHORT_UNITS[match[2].upper()]


def show_size(number: int) -> str:
    """A size in the largest unit that divides it, as configs write it: ``"256 MiB"``."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if number and number % _UNITS[unit] == 0:
            return f"{number // _UNITS[unit]} {unit}"
    return f"{number} B"


_SIZE_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": "^(0x[0-9a-fA-F]+|[0-9]+) ?(B|KiB|MiB|GiB|TiB)?$"},
    ]
}

ByteSize = Annotated[int, BeforeValidator(_positive_size), WithJsonSchema(_SIZE_SCHEMA)]
"""A size in bytes, above 0."""
Address = Annotated[int, BeforeValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
"""A physical address."""


def _mode(value: str) -> str:
    if not re.fullmatch(r"0[0-7]{3}", value):
        raise ValueError('expected four octal digits in quotes, such as "0444"')
    return value


Mode = Annotated[str, AfterValidator(_mode), WithJsonSchema({"type": "string", "pattern": "^0[0-7]{3}$"})]
"""A device node's permission bits, as ueventd.rc writes them."""


def _heap_name(value: str) -> str:
    if not value or value in {".", ".."}:
        raise ValueError("expected the name of a node in /dev/dma_heap")
    if "/" in value:
        raise ValueError("expected a name, not a path: leave out /dev/dma_heap/")
    if any(not char.isprintable() for char in value):
        raise ValueError("a heap's name holds no control characters and no line ends")
    if len(value.encode("utf-8", errors="surrogatepass")) > 255:
        raise ValueError("a node's name has at most 255 bytes")
    return value


HeapName = Annotated[str, AfterValidator(_heap_name)]
"""A file name in /dev/dma_heap. What a target language cannot hold is refused when it is rendered."""

_PROSE = r"[^\x00-\x08\x0b-\x1f\x7f]+"
Text = Annotated[
    str,
    StringConstraints(min_length=1),
    matching(_PROSE, "text without control characters"),
    WithJsonSchema({"minLength": 1, "pattern": f"^{_PROSE}$", "type": "string"}),
]
"""Prose for people."""

TrueOrFalse = Annotated[bool, Field(strict=True)]
"""``true`` or ``false``, and not a word such as ``yes``."""


_NAME = r"[a-z0-9][a-z0-9._-]*"
_NAME_WORDS = "a name of lower-case letters, digits, '.', '_' and '-'"
ConfigName = Annotated[str, matching(_NAME, _NAME_WORDS), StringConstraints(max_length=64)]
ConfigRef = Annotated[str, matching(f"({_NAME}/)?{_NAME}", _NAME_WORDS), StringConstraints(max_length=130)]
"""A config's name, with the folder it is in: ``common/android``."""
Compatible = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9._+-]*,[A-Za-z0-9._+-]+",
        "vendor,device as in a device tree; inside [...] put it in quotes, because a comma separates there",
    ),
]
PoolCompatible = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9,._+-]*", "a 'compatible' string")]
"""What claims a reserved-memory node: shared-dma-pool, or vendor,name."""
Identifier = Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and '_' only")]
"""An SELinux type, a Linux user or group, a kernel module."""
PropertyName = Annotated[str, matching(r"[A-Za-z0-9_.:@-]+", "the name of an Android property")]
Symbol = Annotated[str, matching(r"[A-Z0-9_]+", "a kernel option without CONFIG_")]
Series = Annotated[
    str,
    matching(r"[0-9]{1,3}\.[0-9]{1,3}", 'a kernel series in quotes, such as "6.12"'),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,3}\.[0-9]{1,3}$"}),
]
"""A kernel series: major.minor."""


def series_key(series: str) -> tuple[int, int]:
    """A kernel series or release as a pair that sorts: ``"6.12.107-1"`` → ``(6, 12)``.

    Whatever :meth:`bringup.kernel.history.version.KernelVersion.parse` reads has one.

    :raises ValueError: it does not begin with major.minor.
    """
    match = re.match(r"(?:v|Linux version |Linux )?([0-9]{1,5})\.([0-9]{1,5})(?![0-9])", series)
    if match is None:
        raise ValueError(f"'{series[:40]}' does not begin with a kernel version such as 6.12")
    return int(match[1]), int(match[2])


def in_series(kernel: str | None, first: str | None, last: str | None) -> bool:
    """Whether ``kernel`` lies from ``first`` to ``last``, both included; an unknown kernel always may."""
    if kernel is None:
        return True
    key = series_key(kernel)
    return (first is None or series_key(first) <= key) and (last is None or key <= series_key(last))


class UsageBit(enum.StrEnum):
    """A bit or mask of android.hardware.graphics.common.BufferUsage."""

    CPU_READ_RARELY = "CPU_READ_RARELY"
    CPU_READ_OFTEN = "CPU_READ_OFTEN"
    CPU_READ_MASK = "CPU_READ_MASK"
    CPU_WRITE_RARELY = "CPU_WRITE_RARELY"
    CPU_WRITE_OFTEN = "CPU_WRITE_OFTEN"
    CPU_WRITE_MASK = "CPU_WRITE_MASK"
    GPU_TEXTURE = "GPU_TEXTURE"
    GPU_RENDER_TARGET = "GPU_RENDER_TARGET"
    COMPOSER_OVERLAY = "COMPOSER_OVERLAY"
    COMPOSER_CLIENT_TARGET = "COMPOSER_CLIENT_TARGET"
    PROTECTED = "PROTECTED"
    COMPOSER_CURSOR = "COMPOSER_CURSOR"
    VIDEO_ENCODER = "VIDEO_ENCODER"
    CAMERA_OUTPUT = "CAMERA_OUTPUT"
    CAMERA_INPUT = "CAMERA_INPUT"
    RENDERSCRIPT = "RENDERSCRIPT"
    VIDEO_DECODER = "VIDEO_DECODER"
    SENSOR_DIRECT_DATA = "SENSOR_DIRECT_DATA"
    GPU_DATA_BUFFER = "GPU_DATA_BUFFER"
    GPU_CUBE_MAP = "GPU_CUBE_MAP"
    GPU_MIPMAP_COMPLETE = "GPU_MIPMAP_COMPLETE"
    HW_IMAGE_ENCODER = "HW_IMAGE_ENCODER"
    FRONT_BUFFER = "FRONT_BUFFER"


USAGE_BITS: Mapping[UsageBit, int] = {
    UsageBit.CPU_READ_RARELY: 0x2,
    UsageBit.CPU_READ_OFTEN: 0x3,
    UsageBit.CPU_READ_MASK: 0xF,
    UsageBit.CPU_WRITE_RARELY: 0x20,
    UsageBit.CPU_WRITE_OFTEN: 0x30,
    UsageBit.CPU_WRITE_MASK: 0xF0,
    UsageBit.GPU_TEXTURE: 1 << 8,
    UsageBit.GPU_RENDER_TARGET: 1 << 9,
    UsageBit.COMPOSER_OVERLAY: 1 << 11,
    UsageBit.COMPOSER_CLIENT_TARGET: 1 << 12,
    UsageBit.PROTECTED: 1 << 14,
    UsageBit.COMPOSER_CURSOR: 1 << 15,
    UsageBit.VIDEO_ENCODER: 1 << 16,
    UsageBit.CAMERA_OUTPUT: 1 << 17,
    UsageBit.CAMERA_INPUT: 1 << 18,
    UsageBit.RENDERSCRIPT: 1 << 20,
    UsageBit.VIDEO_DECODER: 1 << 22,
    UsageBit.SENSOR_DIRECT_DATA: 1 << 23,
    UsageBit.GPU_DATA_BUFFER: 1 << 24,
    UsageBit.GPU_CUBE_MAP: 1 << 25,
    UsageBit.GPU_MIPMAP_COMPLETE: 1 << 26,
    UsageBit.HW_IMAGE_ENCODER: 1 << 27,
    UsageBit.FRONT_BUFFER: 1 << 32,
}
"""Values of hardware/interfaces graphics/common BufferUsage.aidl (version 3), frozen interface."""

ION_FLAGS: Mapping[str, int] = {"ION_FLAG_CACHED": 1, "ION_FLAG_CACHED_NEEDS_SYNC": 2}
"""libion's kernel header before 4.12 (linux/ion.h)."""
ION_HEAP_MASKS: Mapping[str, int] = {
    "ION_HEAP_SYSTEM_MASK": 1 << 0,
    "ION_HEAP_SYSTEM_CONTIG_MASK": 1 << 1,
    "ION_HEAP_CARVEOUT_MASK": 1 << 2,
    "ION_HEAP_TYPE_DMA_MASK": 1 << 4,
}
"""libion's kernel header before 4.12 (linux/ion.h)."""


def _bits(names: Mapping[str, int]) -> tuple[BeforeValidator, WithJsonSchema]:
    """A 32-bit mask, written as a number or as a list of names."""

    def parse(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, list | tuple) and all(name in names for name in value):
            number = 0
            for name in value:
                number |= names[name]
        else:
            raise ValueError(f"expected a number, or a list of {', '.join(names)}")
        if not 0 <= number < 1 << 32:
            raise ValueError("expected a mask of 32 bits")
        return number

    schema = {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": (1 << 32) - 1},
            {"type": "array", "items": {"enum": list(names)}},
        ]
    }
    return BeforeValidator(parse), WithJsonSchema(schema)


IonFlags = Annotated[int, *_bits(ION_FLAGS)]
IonHeapMask = Annotated[int, *_bits(ION_HEAP_MASKS)]


def _refs(value: object) -> object:
    if isinstance(value, dict):
        return {key: _ref(ref) for key, ref in value.items()}
    return {"*": _ref(value)}


def _ref(value: object) -> tuple[object, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(value)
    raise ValueError("expected a key of 'sources', a list of them, or one per field")


_REF_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
}
SourceRefs = Annotated[
    dict[str, tuple[str, ...]],
    BeforeValidator(_refs),
    WithJsonSchema({"anyOf": [*_REF_SCHEMA["anyOf"], {"type": "object", "additionalProperties": _REF_SCHEMA}]}),
]
"""Where a block's facts are from: field → keys of ``sources``; the field ``*`` stands for the whole block."""

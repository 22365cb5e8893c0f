"""Streams in a board config: the buffers that cameras, codecs and display take, and which of them run together."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from bringup.config.block import Block, Model
from bringup.config.units import ByteSize, HeapName, TrueOrFalse, show_size
from bringup.streams.layout import Stream, frame_of
from bringup.streams.pixel_format import PixelFormat, find_format, format_names, is_compressed
from bringup.streams.stride_rules import PACKED, StrideRules, find_rules, rule_names
from bringup.text import did_you_mean
from bringup.yaml_model import matching

__all__ = [
    "MOST_BUFFERS",
    "MOST_PIXELS",
    "Alignment",
    "Scenario",
    "ScenarioName",
    "StreamConfig",
    "StreamName",
    "make_stream",
]

#: Pixels of a row, lines of a frame.
MOST_PIXELS = 1 << 16
MOST_BUFFERS = 4096
_MOST_BYTES = 1 << 40

StreamName = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "letters, digits, '.', '_' and '-'")]
"""The name of a stream."""
ScenarioName = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,255}", "letters, digits, '.', '_', '-' and '+'")]
"""The name of a scenario."""


def _known_format(name: str) -> str:
    if is_compressed(name):
        raise ValueError(f"{name} is compressed, and its driver says how large a frame is: give a size, for example 4M")
    if find_format(name) is None:
        raise ValueError(f"no such pixel format ({did_you_mean(name, format_names(), 'names of DRM or V4L2: NV12')})")
    return name


def _known_rules(name: str) -> str:
    if name not in rule_names():
        raise ValueError(f"no such rules ({did_you_mean(name, rule_names(), ', '.join(rule_names()))})")
    return name


PixelFormatName = Annotated[str, AfterValidator(_known_format)]
"""A pixel format as DRM or V4L2 names it: NV12, XRGB8888, XR24, SRGGB10P."""
RulesName = Annotated[str, AfterValidator(_known_rules)]
"""The driver whose layout of frames a stream has."""
Pixels = Annotated[int, Field(ge=1, le=MOST_PIXELS, strict=True)]


class Alignment(Model):
    """How a driver that bringup does not know pads frames."""

    width: Pixels = 1
    """The width is rounded up to so many pixels."""
    height: Pixels = 1
    """The height is rounded up to so many lines."""
    stride: ByteSize = 1
    """The first plane's row is rounded up to so many bytes."""
    plane: ByteSize = 1
    """Each plane is rounded up to so many bytes."""
    size: ByteSize = 1
    """Each buffer is rounded up to so many bytes."""
    extra: ByteSize | None = None
    """So many bytes follow the planes."""

    @property
    def rules(self) -> StrideRules:
        """The same as rules."""
        return StrideRules(
            "align", "", (), self.width, self.height, self.stride, (self.plane,), self.extra or 0, 0, self.size
        )


class StreamConfig(Block):
    """A queue of buffers of one kind: of frames, or of so many bytes each."""

    not_facts: ClassVar[frozenset[str]] = frozenset({"source", "name"})

    name: StreamName
    """What it is called: preview, record, still."""
    heap: HeapName
    """The heap that gives the buffers."""
    buffers: int = Field(ge=1, le=MOST_BUFFERS, strict=True)
    """How many there are at a time."""
    width: Pixels | None = None
    """Pixels of a row."""
    height: Pixels | None = None
    """Lines of a frame."""
    format: PixelFormatName | None = None
    """The pixel format, as DRM or V4L2 names it."""
    separate_planes: TrueOrFalse = False
    """Each plane is a buffer of its own; a name such as NV12M says so itself."""
    rules: RulesName | None = None
    """The driver whose layout the frames have."""
    align: Alignment | None = None
    """How frames are padded, where bringup does not know the driver."""
    stride: ByteSize | None = None
    """Bytes of the first plane's row, as the driver says (V4L2's bytesperline)."""
    lines: Pixels | None = None
    """Lines of the first plane, as the driver says."""
    size: ByteSize | None = None
    """Bytes of a buffer that has no frame, such as a codec's compressed data."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> StreamConfig:
        make_stream(self)
        return self


class Scenario(Block):
    """Streams that run at the same time."""

    not_facts: ClassVar[frozenset[str]] = frozenset({"source", "name"})

    name: ScenarioName
    """What it is called: preview+record."""
    streams: tuple[StreamName, ...] = Field(min_length=1)
    """The streams' names; a name that stands twice runs twice."""


def make_stream(config: StreamConfig) -> Stream:
    """The stream that a config describes.

    :raises ValueError: what is given does not fit together.
    """
    frame = {"width": config.width, "height": config.height, "format": config.format}
    if config.size is not None:
        layout = {"rules": config.rules, "align": config.align, "stride": config.stride, "lines": config.lines}
        if given := [name for name, value in (frame | layout).items() if value is not None]:
            raise ValueError(f"size is all of a buffer: remove it, or {', '.join(given)}")
        if config.size > _MOST_BYTES:
            raise ValueError(f"a buffer would take more than {show_size(_MOST_BYTES)}")
        return Stream(name=config.name, heap=config.heap, buffers=config.buffers, size=config.size)
    if missing := [name for name, value in frame.items() if value is None]:
        raise ValueError(f"{', '.join(missing)} is missing: a stream has width, height and format, or size")
    pixels = find_format(config.format or "")
    if pixels is None or config.width is None or config.height is None:
        raise ValueError("a stream has width, height and format")
    stream = Stream(
        name=config.name,
        heap=config.heap,
        buffers=config.buffers,
        pixels=pixels,
        width=config.width,
        height=config.height,
        rules=_rules(config, pixels),
        stride=config.stride,
        lines=config.lines,
        is_separate=config.separate_planes,
    )
    return _checked(stream, pixels)


def _rules(config: StreamConfig, pixels: PixelFormat) -> StrideRules:
    if config.rules is not None and config.align is not None:
        raise ValueError("rules and align exclude each other")
    if config.align is not None:
        return config.align.rules
    if config.rules is None:
        return PACKED
    rules = find_rules(config.rules, pixels.name)
    if rules is None:
        raise ValueError(f"the rules of {config.rules} are not known for {config.format}: give align or stride")
    return rules


def _checked(stream: Stream, pixels: PixelFormat) -> Stream:
    packed = pixels.planes[0].stride(stream.width)
    if stream.stride is not None and not packed <= stream.stride <= packed << 8:
        raise ValueError(f"a row of {stream.width} pixels takes {packed} bytes, and stride is {stream.stride}")
    if stream.lines is not None and stream.lines < stream.height:
        raise ValueError(f"lines ({stream.lines}) is less than height ({stream.height})")
    if max(frame_of(stream).buffers) > _MOST_BYTES:
        raise ValueError(f"a buffer would take more than {show_size(_MOST_BYTES)}")
    return stream
